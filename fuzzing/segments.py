"""The readers of the journal: after a crash, and before rows are loaded."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import atheris
from tests.support.segments import alias, event, trait

from whipstitch.journal.checking import check, write_whole_groups
from whipstitch.journal.groups import seal_group, whole_groups
from whipstitch.journal.recovery import recover_open
from whipstitch.journal.segments import OPEN, SEALED
from whipstitch.loader.segment_reader import contents

SEEDS: Final = (bytes(range(64)),)
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - thousands of small files a second
_STEM: Final = "00000000000000000007-0a1b2c3d"
_ROWS: Final = (
    event,
    lambda number: trait(number, "user_1", "plan", '"pro"'),
    lambda number: alias(number, "a1", "b1"),
)
"""Each makes a row of its number."""


def recovery(data: bytes) -> None:
    """Of a segment left open and damaged anywhere, each group that was not touched is kept, and
    nothing becomes a group that was none."""
    damaged = _damaged_segment(data)
    with TemporaryDirectory(dir=_MEMORY) as directory:
        segment = Path(directory) / (_STEM + OPEN)
        segment.write_bytes(damaged.text)
        sealed = recover_open(segment).sealed
        assert list(Path(directory).iterdir()) == ([sealed] if sealed else [])
        kept = _groups(sealed.read_bytes()) if sealed else []
        _compare(kept, damaged)


def segments(data: bytes) -> None:
    """A sealed segment that was damaged is read to its end; what is mended of it is whole, and has
    each group that was not touched."""
    damaged = _damaged_segment(data)
    with TemporaryDirectory(dir=_MEMORY) as directory:
        segment = Path(directory) / f"{_STEM}-{damaged.size}{SEALED}"
        segment.write_bytes(damaged.text)
        contents(segment)
        found = check(segment)
        mended = write_whole_groups(segment, found) if found else segment
        kept = mended.read_bytes()
        assert not found or b"".join(_groups(kept)) == kept
        _compare(_groups(kept), damaged)


@dataclass(frozen=True, slots=True)
class _Damaged:
    """``size``: bytes that were sealed. ``whole``: groups that nothing touched, in order, of the
    ``written`` ones."""

    text: bytes
    size: int
    whole: list[bytes]
    written: set[bytes]


def _damaged_segment(data: bytes) -> _Damaged:
    """Groups of rows, one range of bytes of which is put in the place of another's."""
    chosen = atheris.FuzzedDataProvider(data)
    groups = []
    for _ in range(chosen.ConsumeIntInRange(1, 6)):
        numbers = range(chosen.ConsumeIntInRange(1, 4))
        rows = [chosen.PickValueInList(list(_ROWS))(number) + b"\n" for number in numbers]
        groups.append(seal_group(rows, len(rows)))
    text = b"".join(groups)
    start = chosen.ConsumeIntInRange(0, len(text))
    end = chosen.ConsumeIntInRange(start, len(text))
    instead = chosen.ConsumeBytes(len(data))
    whole, at = [], 0
    for group in groups:
        if at + len(group) <= start or at >= end:
            whole.append(group)
        at += len(group)
    return _Damaged(text[:start] + instead + text[end:], len(text), whole, set(groups))


def _groups(text: bytes) -> list[bytes]:
    return [text[group.start : group.end] for group in whole_groups(text)]


def _compare(kept: list[bytes], damaged: _Damaged) -> None:
    """``kept`` has the untouched groups in their order, and of what was put in only what its maker
    gave a right checksum."""
    rest = iter(kept)
    assert all(group in rest for group in damaged.whole), "an untouched group is gone"
    for group in kept:
        assert group in damaged.written or group in damaged.text
