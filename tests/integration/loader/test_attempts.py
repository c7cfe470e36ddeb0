"""Counts of cut-off loads, in a real file."""

from pathlib import Path

from whipstitch.loader.attempts import SegmentAttempts


def _segments(directory: Path) -> list[Path]:
    segments = [directory / f"0000000000000000000{number}-0a1b2c3d.jsonl" for number in (1, 2)]
    for segment in segments:
        segment.touch()
    return segments


def test_a_load_that_is_cut_off_counts_at_the_next_start(tmp_path: Path) -> None:
    file, segments = tmp_path / "attempts.json", _segments(tmp_path)
    cut_off = []  # or Python would end them in order
    for number in range(3):
        attempts = SegmentAttempts(file)
        assert [attempts.crashes(one) for one in segments] == [number, number]
        cut_off.append(attempts.at(segments))
        cut_off[-1].__enter__()
    segments[0].unlink()
    attempts = SegmentAttempts(file)
    with attempts.at(segments[:1]):
        pass
    assert [SegmentAttempts(file).crashes(one) for one in segments] == [0, 3]


def test_a_load_that_ends_in_order_does_not_count(tmp_path: Path) -> None:
    file, segments = tmp_path / "attempts.json", _segments(tmp_path)
    attempts = SegmentAttempts(file)
    try:
        with attempts.at(segments):
            assert SegmentAttempts(file).crashes(segments[0]) == 1
            raise OSError
    except OSError:
        pass
    assert not file.exists()
    under_way = attempts.at(segments)
    under_way.__enter__()
    assert file.exists()
    attempts.end()  # the process ends meanwhile
    assert not file.exists()


def test_what_another_process_ended_over_counts(tmp_path: Path) -> None:
    file, segments = tmp_path / "attempts.json", _segments(tmp_path)
    attempts = SegmentAttempts(file)
    attempts.crashed(segments)
    with attempts.at(segments[1:]):
        segments[1].unlink()
    assert [SegmentAttempts(file).crashes(one) for one in segments] == [1, 0]


def test_a_file_that_cannot_be_read_or_written_counts_nothing(tmp_path: Path) -> None:
    file, segments = tmp_path / "attempts.json", _segments(tmp_path)
    for text in ("", "[]", '{"a":[]}', "\x00"):
        file.write_text(text)
        assert SegmentAttempts(file).crashes(segments[0]) == 0
    file.unlink()
    with SegmentAttempts(tmp_path / "missing" / "attempts.json").at(segments):
        pass
