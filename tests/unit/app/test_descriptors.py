import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.app.descriptors import share
from whipstitch.core.errors import SettingsError


@given(st.integers(256, 2**40), st.integers(0, 10**6))
def test_whatever_is_allowed_leaves_files_for_all_the_rest(files: int, wanted: int) -> None:
    room = share(files, wanted)
    assert 1 <= room.connections <= (wanted or 20_000)
    assert 2 * room.connections + room.backlog + 128 <= files


def test_too_few_files_are_an_error_that_says_how_many_it_takes() -> None:
    with pytest.raises(SettingsError, match="320 or more"):
        share(128, 0)
    assert share(320, 0).connections >= 8
