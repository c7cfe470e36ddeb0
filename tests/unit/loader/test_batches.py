"""Which segments are stored together, and in which order."""

import json
from pathlib import Path

from tests.support.folder import Folder
from tests.support.segments import event, write_segment

from whipstitch.core.projects import Scope
from whipstitch.loader.attempts import SegmentAttempts
from whipstitch.loader.batches import Batches
from whipstitch.loader.behind import Behind
from whipstitch.loader.refusals import RefusalLimit
from whipstitch.loader.unfinished import Unfinished
from whipstitch.loader.wide import Widths


def _unfinished(directory: Path) -> Unfinished:
    return Unfinished(SegmentAttempts(directory / "attempts.json"), lambda: 0)


def _batches(journal: Path, unfinished: Unfinished, most_bytes: int = 2**20) -> Batches:
    limit = RefusalLimit(100)
    return Batches(Folder(journal), Behind(), unfinished, limit, Widths(1_000), most_bytes)


def _segments(journal: Path, count: int) -> list[Path]:
    return [write_segment(journal, [event(number)], number) for number in range(1, count + 1)]


def test_segments_go_together_up_to_so_many_bytes(tmp_path: Path) -> None:
    first, *_, last = segments = _segments(tmp_path / "journal", 5)
    most = 2 * first.stat().st_size
    batches = _batches(tmp_path / "journal", _unfinished(tmp_path), most)
    assert list(batches.waiting()) == [segments[:2], segments[2:4], [last]]


def test_after_a_load_of_some_together_that_was_cut_off_they_go_one_by_one(tmp_path: Path) -> None:
    segments = _segments(tmp_path / "journal", 6)
    unfinished = _unfinished(tmp_path)
    batches = _batches(tmp_path / "journal", unfinished)
    unfinished.begin(segments[1:3])
    handed = []
    for batch in batches.waiting():
        handed.append(batch)
        unfinished.begin(batch)
        unfinished.stored(len(batch))
        unfinished.end()
    assert handed[:2] == [[segments[1]], [segments[0]]]  # the one first whose load failed
    assert handed[-1] == segments[-3:]  # once as many are stored, others go together again
    assert sorted(one for batch in handed for one in batch) == segments


def test_wide_segments_come_last_and_those_with_other_rows_among_them_first(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    wide = [event(n, properties=json.dumps({f"k{one}": 1 for one in range(200)})) for n in (1, 2)]
    first, second = (write_segment(journal, wide, number) for number in (1, 2))
    mixed = write_segment(journal, [*wide, event(3)], 3)
    narrow = write_segment(journal, [event(4)], 4)
    handed = []
    for batch in _batches(journal, _unfinished(tmp_path)).waiting():
        handed.append(batch)
        if batch != [second]:  # one that cannot be stored now is not tried again and again
            batch[0].unlink()
    assert handed == [[narrow], [mixed], [first], [second]]


def test_what_is_behind_is_not_loaded_again(tmp_path: Path) -> None:
    one, other = _segments(tmp_path / "journal", 2)
    behind = Behind()
    batches = Batches(
        Folder(tmp_path / "journal"),
        behind,
        _unfinished(tmp_path),
        RefusalLimit(100),
        Widths(1_000),
        2**20,
    )
    behind.put(one, [Scope("proj_a", "live")])
    assert list(batches.waiting()) == [[other]]
