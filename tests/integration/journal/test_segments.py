"""One segment, as it is written and sealed."""

import json
from pathlib import Path

import pytest
from tests.support.disks import no_file_over

from whipstitch.journal.groups import seal_group
from whipstitch.journal.segments import OpenSegment, size_of


def row(number: int) -> bytes:
    return json.dumps({"k": "track", "accepted": number, "name": f"e{number}"}).encode() + b"\n"


def group(*numbers: int) -> bytes:
    return seal_group(map(row, numbers), len(numbers))


def test_a_failed_write_leaves_the_segment_as_it_was(tmp_path: Path) -> None:
    segment = OpenSegment(tmp_path, 1, durable=False)
    segment.write(group(1), 1)
    written = segment.path.read_bytes()
    with no_file_over(len(written) + 10), pytest.raises(OSError, match="too large"):
        segment.write(group(2), 1)
    assert (segment.path.read_bytes(), segment.rows, segment.size) == (written, 1, len(written))
    segment.write(group(3), 1)
    assert segment.path.read_bytes() == written + group(3)
    segment.close()


def test_the_room_in_a_segment_goes_when_it_is_sealed(tmp_path: Path) -> None:
    segment = OpenSegment(tmp_path, 1, durable=True)
    segment.write(group(1), 1)
    sealed = segment.seal()
    assert segment.seal() == sealed  # it may be tried again
    segment.close()
    assert sealed.read_bytes() == group(1)


@pytest.mark.parametrize(
    ("before", "room"), [(0, 65_536), (1_000_000, 1_277_952), (50_000_000, 2_097_152)]
)
def test_there_is_room_for_a_quarter_more_than_the_segment_before_held(
    tmp_path: Path, before: int, room: int
) -> None:
    segment = OpenSegment(tmp_path, 1, durable=True, like=before)
    assert segment.path.stat().st_size == room
    segment.close()


def test_a_sealed_segment_has_its_length_in_its_name(tmp_path: Path) -> None:
    segment = OpenSegment(tmp_path, 1, durable=False)
    segment.write(group(1), 1)
    sealed = segment.seal()
    assert size_of(sealed) == len(group(1))
    segment.close()
