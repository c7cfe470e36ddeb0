"""Sealed segments against their checksums."""

import itertools
import json
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from whipstitch.journal import checking
from whipstitch.journal.checking import check, write_whole_groups
from whipstitch.journal.groups import seal_group, whole_groups

NAME = "00000000000000000007-abcd"
_COUNT = re.compile(rb'(?<="rows":)\d+')
GROUPS = st.lists(st.lists(st.text(max_size=60), min_size=1, max_size=3), min_size=1, max_size=5)


def group(texts: list[str]) -> bytes:
    rows = [json.dumps({"k": "track", "name": text}).encode() + b"\n" for text in texts]
    return seal_group(rows, len(rows))


def written(directory: str | Path, text: bytes, size: int | None = None) -> Path:
    path = Path(directory) / (f"{NAME}.jsonl" if size is None else f"{NAME}-{size}.jsonl")
    path.write_bytes(text)
    return path


@given(GROUPS, st.sampled_from([128, 150, 200, 400, 1 << 20]))
def test_what_was_written_is_whole_however_it_is_read(groups: list[list[str]], piece: int) -> None:
    text = b"".join(map(group, groups))
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patched:
        patched.setattr(checking, "_PIECE", piece)
        assert check(written(directory, text, len(text))) is None


@given(GROUPS, st.data())
def test_one_flipped_bit_anywhere_costs_one_group_and_no_other(
    groups: list[list[str]], data: st.DataObject
) -> None:
    whole = [group(texts) for texts in groups]
    text = bytearray(b"".join(whole))
    at = data.draw(st.integers(0, len(text) - 1))
    # How many rows a group has is known without that number.
    assume(not any(one.start() <= at < one.end() for one in _COUNT.finditer(text)))
    text[at] ^= 1 << data.draw(st.integers(0, 7))
    with TemporaryDirectory() as directory:
        segment = written(directory, bytes(text), len(text))
        damage = check(segment)
        assert damage is not None
        assert damage.missing == 0
        mended = write_whole_groups(segment, damage).read_bytes()
    before = 0
    for number, one in enumerate(whole):
        if before <= at < before + len(one):
            assert mended == b"".join(whole[:number] + whole[number + 1 :])
            assert damage.bytes == len(one)
        before += len(one)


@given(GROUPS, st.data())
def test_what_is_cut_off_is_counted_also_between_two_groups(
    groups: list[list[str]], data: st.DataObject
) -> None:
    text = b"".join(map(group, groups))
    end = data.draw(st.integers(0, len(text) - 1))
    with TemporaryDirectory() as directory:
        damage = check(written(directory, text[:end], len(text)))
    assert damage is not None
    assert damage.missing == len(text) - end
    whole = sum(one.end - one.start for one in whole_groups(text[:end]))
    assert damage.bytes == end - whole


@given(st.binary(max_size=400))
@example(b"")
@example(b'{"k":"commit","rows":1,"bytes":' + b"9" * 5000 + b',"crc":1}\n')
@example(b'{"k":"commit","rows":' * 20)
def test_what_is_no_segment_is_damage_from_end_to_end(text: bytes) -> None:
    with TemporaryDirectory() as directory:
        damage = check(written(directory, text))
    assert damage is not None
    assert damage.bytes == len(text)


def test_a_replay_of_an_earlier_version_has_no_checksums(tmp_path: Path) -> None:
    path = tmp_path / "00000000000000000007-replayed.jsonl"
    path.write_bytes(b'{"k":"track"}\n')
    assert check(path) is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{NAME}-5.jsonl")
    with pytest.raises(OSError, match="no regular file"):
        check(tmp_path / f"{NAME}-5.jsonl")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.jsonl").symlink_to(written(tmp_path, group(["a"]), 1))
    with pytest.raises(OSError, match="symbolic"):
        check(tmp_path / f"{NAME}.jsonl")


@pytest.mark.parametrize("piece", [100, 150, 333])
@given(
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    flips=st.lists(st.integers(0, 2**30), max_size=3),
    cut=st.integers(0, 60),
)
def test_damage_is_found_in_pieces_as_in_the_whole(
    piece: int, sizes: list[int], flips: list[int], cut: int
) -> None:
    text = bytearray(b"".join(seal_group([b"x" * size + b"\n"], 1) for size in sizes))
    for flip in flips:
        text[flip % len(text)] ^= 4
    del text[len(text) - cut :]
    whole = tuple((group.start, group.end) for group in whole_groups(bytes(text)))
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patched:
        patched.setattr(checking, "_PIECE", piece)
        segment = Path(directory) / "00000000000000000001-0a1b2c3d.jsonl"
        segment.write_bytes(text)
        damage = check(segment)
    if damage is None:
        assert whole[-1][1] == len(text)
    else:
        assert damage.whole == whole
        everything = sorted((*damage.whole, *damage.damaged))
        assert everything[0][0] == 0 if everything else not text
        assert all(one[1] == next_[0] for one, next_ in itertools.pairwise(everything))
