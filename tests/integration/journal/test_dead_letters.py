"""Rows set aside, in real files."""

from pathlib import Path

import pytest

from whipstitch.core.errors import StorageError
from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.groups import seal_group


@pytest.fixture
def letters(tmp_path: Path) -> DeadLetters:
    return DeadLetters(tmp_path / "deadletters")


def test_rows_come_back_byte_for_byte(letters: DeadLetters) -> None:
    rows = [b'{"k":"track","id":"evt_1"}', b'{"a":"\xff\xfe"}', "ü\u2028".encode()]
    letters.add("1-a", [DeadLetter(row, "why") for row in rows])
    assert [letter.row for letter in letters.letters()] == rows
    assert letters.count() == 3


def test_nothing_is_set_aside_at_first(letters: DeadLetters, tmp_path: Path) -> None:
    assert letters.count() == 0
    assert list(letters.letters()) == []
    assert letters.replay(tmp_path / "journal", 1) == 0


def test_a_segment_set_aside_again_counts_once(letters: DeadLetters) -> None:
    for _ in range(2):
        letters.add("1-a", [DeadLetter(b"{}", "why")])
    letters.add("2-b", [DeadLetter(b"{}", "why")])
    assert letters.count() == 2


def test_replay_moves_rows_to_the_journal(letters: DeadLetters, tmp_path: Path) -> None:
    letters.add("1-a", [DeadLetter(b'{"n":1}', "why"), DeadLetter(b'{"n":2}', "why")])
    letters.add("2-b", [DeadLetter(b'{"n":3}', "why")])
    journal = tmp_path / "journal"
    assert letters.replay(journal, 77) == 3
    segments = sorted(journal.iterdir())
    assert [segment.read_bytes() for segment in segments] == [
        seal_group([b'{"n":1}\n', b'{"n":2}\n'], 2),
        seal_group([b'{"n":3}\n'], 1),
    ]
    assert {segment.suffix for segment in segments} == {".jsonl"}
    assert letters.count() == 0


def test_replay_takes_no_name_that_is_taken(letters: DeadLetters, tmp_path: Path) -> None:
    for number in range(2):
        letters.add("1-a", [DeadLetter(b"%d" % number, "why")])
        letters.replay(tmp_path, 77)
    segments = sorted(tmp_path.glob("*.jsonl"))
    assert [segment.read_bytes() for segment in segments] == [
        seal_group([b"0\n"], 1),
        seal_group([b"1\n"], 1),
    ]


def test_a_letter_names_its_row_as_far_as_it_can_be_read() -> None:
    row = b'{"k":"track","id":"evt_1","properties":{"a":1e999},"bot":true}'
    assert DeadLetter(row, "why").fields == {"k": "track", "id": "evt_1", "bot": True}
    damaged = b'{"k":"track","id":"evt_1","os":"\xff","bot":true}'
    assert DeadLetter(damaged, "why").fields["id"] == "evt_1"
    assert DeadLetter(b"\xff", "why").fields == {}


def test_a_spoilt_file_is_named(letters: DeadLetters, tmp_path: Path) -> None:
    letters.add("1-a", [DeadLetter(b"{}", "why")])
    (tmp_path / "deadletters" / "1-a.jsonl").write_text("nonsense\n")
    with pytest.raises(StorageError, match=r"1-a\.jsonl"):
        list(letters.letters())


def test_a_journal_that_cannot_be_written_keeps_the_letters(
    letters: DeadLetters, tmp_path: Path
) -> None:
    letters.add("1-a", [DeadLetter(b"{}", "why")])
    (tmp_path / "journal").write_text("a file in the way")
    with pytest.raises(StorageError, match="cannot be moved"):
        letters.replay(tmp_path / "journal", 1)
    assert letters.count() == 1
