"""A journal and its segments as a killed process leaves them."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.journal.checking import check
from whipstitch.journal.groups import seal_group
from whipstitch.journal.journal import Journal
from whipstitch.journal.recovery import recover_open
from whipstitch.journal.segments import OPEN


def row(number: int) -> bytes:
    return json.dumps({"k": "track", "accepted": number, "name": f"e{number}"}).encode() + b"\n"


def group(*numbers: int) -> bytes:
    return seal_group(map(row, numbers), len(numbers))


@pytest.fixture
def left_open(tmp_path: Path) -> Path:
    return tmp_path / f"00000000000000000007-abcd{OPEN}"


def test_a_segment_cut_at_every_byte_of_its_last_group_keeps_exactly_the_others(
    left_open: Path,
) -> None:
    before, last = group(1, 2) + group(3), group(4, 5)
    for end in range(len(last) + 1):
        left_open.write_bytes(before + last[:end])
        recovered = recover_open(left_open)
        sealed, highest = recovered.sealed, recovered.last
        whole = end == len(last)
        assert sealed is not None
        assert sealed.read_bytes() == before + (last if whole else b"")
        assert highest == (5 if whole else 3)
        assert (recovered.torn, recovered.damaged) == (0 if whole else end, 0)
        assert [path.name for path in left_open.parent.iterdir()] == [sealed.name]
        sealed.unlink()


def test_damage_in_the_middle_is_no_torn_tail_and_stays_for_the_loader(left_open: Path) -> None:
    damaged = group(2).replace(b"e2", b"e9") + b"\x00" * 100 + b"\n"
    text = group(1) + damaged + group(3)
    left_open.write_bytes(text + b'{"k":"track","acc' + b"\x00" * 1000)
    recovered = recover_open(left_open)
    assert recovered.sealed is not None
    assert recovered.sealed.read_bytes() == text
    assert recovered.last == 3
    assert (recovered.torn, recovered.damaged) == (17, len(damaged))


def test_a_finished_group_that_is_damaged_is_no_torn_tail_either(left_open: Path) -> None:
    text = group(1).replace(b"e1", b"e9")
    left_open.write_bytes(text)
    recovered = recover_open(left_open)
    assert recovered.sealed is not None
    assert recovered.sealed.read_bytes() == text
    assert recovered.damaged == len(text)


@pytest.mark.parametrize("left", [b"", group(1)[:-1], b"\x00" * 4096])
def test_a_segment_without_a_whole_group_goes(left_open: Path, left: bytes) -> None:
    left_open.write_bytes(left)
    assert recover_open(left_open).sealed is None
    assert list(left_open.parent.iterdir()) == []


def test_a_number_that_a_client_sent_is_no_acceptance_number(left_open: Path) -> None:
    hostile = b'{"k":"track","accepted":5,"properties":{"accepted":999999999999999999}}\n'
    left_open.write_bytes(seal_group([hostile], 1))
    assert recover_open(left_open).last == 5


def journal_in(directory: Path, now: int) -> Journal:
    return Journal(directory, backlog_limit=1 << 30, disk_reserve=0, clock=lambda: now)


def test_what_was_being_put_together_elsewhere_goes(tmp_path: Path) -> None:
    journal_in(tmp_path, 1_000).close()
    (tmp_path / "00000000000000000007-abcd.part").write_bytes(group(1))
    (tmp_path / "00000000000000000009-abcd.open").write_bytes(b"torn")
    journal = journal_in(tmp_path, 2_000)
    assert journal.sealed() == []
    journal.close()
    assert [path.suffix for path in tmp_path.iterdir() if "-" in path.stem and path.suffix] == []


def test_what_is_no_segment_is_set_aside_and_never_stops_the_start(tmp_path: Path) -> None:
    good = tmp_path / "00000000000000000005-abcd.jsonl"
    good.write_bytes(group(5))
    names = {
        "notes.jsonl",
        "99999999999999999999-abcd.jsonl",
        "x" * 250,
        "00000000000000000001-link.jsonl",
        "00000000000000000002-folder.jsonl",
        "00000000000000000003-folder.open",
        "00000000000000000004-empty.jsonl",
        "00000000000000000006-pipe.jsonl",
        "00000000000000000007-folder.part",
        "folder",
    }
    for name in names:
        path = tmp_path / name
        if "folder" in name:
            path.mkdir()
            (path / "within").write_text("something")
        elif "link" in name:
            path.symlink_to("/dev/zero")
        elif "pipe" in name:
            os.mkfifo(path)
        else:
            path.write_bytes(b"" if "empty" in name else group(9))
    (tmp_path / "last-number").write_text("9" * 40)
    journal = journal_in(tmp_path, 1_000)
    assert journal.sealed() == [good]
    assert journal.sequence.take(1) == 1_000
    assert len(list((tmp_path / "aside").iterdir())) == len(names)
    assert str(tmp_path / "aside") in journal.warnings[0]
    journal.close()
    journal_in(tmp_path, 1_000).close()
    assert len(list((tmp_path / "aside").iterdir())) == len(names)
    assert good.exists()


@given(st.binary(max_size=300), st.integers(0, 3), st.binary(max_size=300))
def test_whatever_a_segment_holds_it_is_recovered(
    before: bytes, groups: int, behind: bytes
) -> None:
    with TemporaryDirectory() as directory:
        left = Path(directory) / f"00000000000000000007-abcd{OPEN}"
        whole = b"".join(group(number) for number in range(groups))
        left.write_bytes(before + b"\n" + whole + behind)
        recovered = recover_open(left)
        if recovered.sealed is not None:
            assert (before + b"\n" + whole + behind).startswith(recovered.sealed.read_bytes())
            damage = check(recovered.sealed)
            assert (damage.bytes if damage else 0) == recovered.damaged


@pytest.mark.parametrize("digits", [19, 5_000])
def test_a_number_without_end_is_damage(left_open: Path, digits: int) -> None:
    line = b'{"k":"commit","rows":1,"bytes":%b,"crc":1}\n' % (b"9" * digits)
    left_open.write_bytes(group(1) + line + group(2))
    recovered = recover_open(left_open)
    assert (recovered.last, recovered.damaged) == (2, len(line))
