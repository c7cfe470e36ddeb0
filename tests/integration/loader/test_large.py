"""Rows over 1 MB, here over some bytes: marked, set aside, and their neighbours as they were."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.segments import alias, event, write_segment

from whipstitch.core.projects import Somebody
from whipstitch.journal.checking import check
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.groups import COMMIT_START, seal_group
from whipstitch.loader import large
from whipstitch.loader.large import NO_COPY, larger_rows, separate

_LARGE = 2_000
_LARGEST = 5_000


def _row(number: int, size: int) -> bytes:
    bare = len(event(number, properties='{"x":""}'))
    return event(number, properties=json.dumps({"x": "x" * (size - bare)}, separators=(",", ":")))


@given(
    st.lists(
        st.lists(st.sampled_from([800, 1_999, 2_000, 2_001, 2_100, 4_999, 5_000, 5_001, 9_000]),
                 min_size=1, max_size=4),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_every_row_is_where_its_size_says(sizes: list[list[int]]) -> None:
    groups = [
        [_row(10 * number + at, size) for at, size in enumerate(group)]
        for number, group in enumerate(sizes)
    ]
    rows = [row for group in groups for row in group]
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patched:
        patched.setattr(large, "LARGEST_COPY", _LARGE)
        segment = Path(directory) / "00000000000000000001-0a1b2c3d.jsonl"
        segment.write_bytes(
            b"".join(seal_group([row + b"\n" for row in group], len(group)) for group in groups)
        )
        letters = DeadLetters(Path(directory) / "deadletters")
        found = larger_rows(segment)
        assert [end - start for start, end in found] == [len(r) for r in rows if len(r) > _LARGE]
        if not found:
            return
        part = separate(segment, found, _LARGEST, letters.keep_large)

        stored = [row for row in rows if len(row) <= _LARGEST]
        expected = [row if len(row) <= _LARGE else row[:-1] + NO_COPY for row in stored]
        lines = part.read_bytes().splitlines()
        assert [line for line in lines if not line.startswith(COMMIT_START)] == expected
        if stored:
            assert check(part) is None
        assert not larger_rows(part) if stored else True
        aside = [letter.row for letter in letters.letters()]
        assert sorted(aside) == sorted(row for row in rows if len(row) > _LARGEST)
        assert letters.count() == len(aside)


def test_a_row_that_is_set_aside_is_told_replayed_and_erased(tmp_path: Path) -> None:
    rows = [_row(1, 3 * 2**20), alias(2, "anon", "ada"), _row(3, 2 * 2**20)]
    segment = write_segment(tmp_path / "journal", rows)
    letters = DeadLetters(tmp_path / "deadletters")
    separate(segment, larger_rows(segment), 2**20, letters.keep_large)

    told = list(letters.letters())
    assert [one.fields["distinct_id"] for one in told] == ["user_1", "user_3"]
    assert "largest_row" in told[0].reason
    assert letters.erase(lambda names: {one: 2**62 for one in names if one[2] == "user_1"}) == 1
    assert [one.names for one in letters.letters()] == [{Somebody("proj_a", "live", "user_3")}]

    assert letters.replay(tmp_path / "again", 7) == 1
    assert letters.count() == 0
    (replayed,) = (tmp_path / "again").iterdir()
    assert check(replayed) is None
    assert replayed.read_bytes().splitlines()[0] == rows[2]


def test_no_client_can_say_the_mark() -> None:
    said = '{"a":1' + NO_COPY.decode()
    assert not event(1, properties=said).endswith(NO_COPY)
    row = event(1)[: -len(',"default_properties":{"$os":"ios"}}')]
    assert not (row + b',"default_properties":' + said.encode() + b"}").endswith(NO_COPY)
