from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.journal.waiting import Waiting


def segment(directory: Path, number: int, size: int) -> Path:
    path = directory / f"{number:020d}-0a1b2c3d.jsonl"
    path.write_bytes(b"x" * size)
    return path


def test_what_is_there_at_the_start_waits_oldest_first(tmp_path: Path) -> None:
    there = [segment(tmp_path, number, number) for number in (3, 1, 2)]
    waiting = Waiting(tmp_path)
    assert waiting.segments() == sorted(there)
    assert waiting.bytes == 6
    assert waiting.oldest() is not None


def test_what_another_process_puts_there_is_found_after_a_while(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    waiting._scanned_at -= 60
    replayed = segment(tmp_path, 1, 7)
    assert waiting.segments() == [replayed]
    assert waiting.bytes == 7
    replayed.unlink()
    waiting._scanned_at -= 60
    assert waiting.segments() == []
    assert (waiting.bytes, waiting.oldest()) == (0, None)


def test_between_two_looks_the_directory_is_not_read(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    segment(tmp_path, 1, 7)
    known = segment(tmp_path, 2, 7)
    waiting.add(known)
    assert waiting.segments() == [known]
    waiting.discard(known)
    assert waiting.segments() == []


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(0, 9))))
def test_the_sum_of_bytes_is_that_of_what_waits(
    tmp_path_factory: object, steps: list[tuple[bool, int, int]]
) -> None:
    directory: Path = tmp_path_factory.mktemp("journal")  # type: ignore[attr-defined]
    waiting = Waiting(directory)
    for comes, number, size in steps:
        path = segment(directory, number, size)
        if comes:
            waiting.add(path)
        else:
            path.unlink()
            waiting.discard(path)
    assert waiting.bytes == sum(path.stat().st_size for path in waiting.segments())
