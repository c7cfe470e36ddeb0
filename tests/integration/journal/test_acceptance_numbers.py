"""Numbers of acceptance when the clock is set back, or was ahead."""

import json
from pathlib import Path

from whipstitch.journal.groups import seal_group
from whipstitch.journal.journal import Journal
from whipstitch.journal.segments import OPEN


def row(number: int) -> bytes:
    return json.dumps({"k": "track", "accepted": number, "name": f"e{number}"}).encode() + b"\n"


def group(*numbers: int) -> bytes:
    return seal_group(map(row, numbers), len(numbers))


def journal_in(directory: Path, now: int) -> Journal:
    return Journal(directory, backlog_limit=1 << 30, disk_reserve=0, clock=lambda: now)


def test_a_clock_that_was_set_back_repeats_no_numbers_and_keeps_the_order_of_segments(
    tmp_path: Path,
) -> None:
    """The process was killed: only the segment that it left knows how far it had come."""
    left = tmp_path / f"00000000000000005000-abcd{OPEN}"
    left.write_bytes(group(7_000, 7_001))
    journal = journal_in(tmp_path, 1_000)
    assert journal.sequence.take(1) == 7_002
    assert journal.new_part().name > left.name
    journal.close()


def test_a_clock_that_was_far_ahead_is_told(tmp_path: Path) -> None:
    (tmp_path / "last-number").write_text(str(601 * 10**6))
    journal = journal_in(tmp_path, 10**6)
    [told] = journal.warnings
    assert "10 minutes ahead" in told
    journal.close()
    assert journal_in(tmp_path, 600 * 10**6).warnings == []


def test_a_clock_that_was_set_back_after_an_orderly_end_repeats_no_numbers(tmp_path: Path) -> None:
    first = journal_in(tmp_path, 9_000)
    last = first.sequence.take(50) + 49
    first._writer.write(group(last), 1)
    first.close()
    second = journal_in(tmp_path, 1_000)
    assert second.sequence.take(1) == last + 1
    second.close()
