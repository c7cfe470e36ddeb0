"""Mending a journal line."""

import json

import pytest
from tests.support.segments import alias, event

from whipstitch.loader.bisect import mend


def test_a_sound_line_stays_as_it_is() -> None:
    line = event(1, properties='{"a": [1, null]}') + b"\n"
    assert mend(line) == line


def test_a_mended_copy_stands_beside_what_was_sent() -> None:
    line = event(1, properties='{"a":1e999}') + b"\n"
    row = json.loads(mend(line))
    assert row["repaired"] == '{"a": "1e999"}'
    assert "default_repaired" not in row
    assert b'"properties":{"a":1e999}' in mend(line)
    assert mend(line).endswith(b"}\n")


def test_other_kinds_have_nothing_to_mend() -> None:
    line = alias(1, "a", "b") + b"\n"
    assert mend(line) == line


@pytest.mark.parametrize("line", [b"\n", b'{"k":"track"', b"\xff\n", b'{"k":"\xff"}\n'])
def test_a_line_that_is_no_row_cannot_be_mended(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|decode|truncated"):
        mend(line)
