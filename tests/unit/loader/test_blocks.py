"""The blocks of a segment."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.loader.blocks import blocks_of, pieces_of


@given(lines=st.lists(st.integers(0, 40), max_size=30), most=st.integers(1, 60))
def test_blocks_are_whole_lines_that_follow_one_another(lines: list[int], most: int) -> None:
    text = b"".join(b"x" * length + b"\n" for length in lines)
    with TemporaryDirectory() as directory:
        segment = Path(directory) / "segment"
        segment.write_bytes(text)
        parts = [b"".join(pieces_of(segment, *block)) for block in blocks_of(segment, most)]
        assert b"".join(parts) == text == b"".join(pieces_of(segment))
    assert all(part.endswith(b"\n") for part in parts)
    assert all(len(part) <= most + 41 for part in parts)
