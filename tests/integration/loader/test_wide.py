"""Rows with very many properties: they hold nobody up, and all are stored."""

import json
from pathlib import Path

import pytest
from tests.support.folder import Folder
from tests.support.segments import event, trait, write_segment

from whipstitch.journal.checking import check
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader import wide
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.large import NO_COPY
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.store import Store


def _wide(number: int, properties: int = 200) -> bytes:
    return event(number, properties=json.dumps({f"k{one}": one for one in range(properties)}))


def _rows(segment: Path) -> list[bytes]:
    return [line for line in segment.read_bytes().splitlines() if b'"k":"commit"' not in line]


def test_only_rows_with_many_properties_are_wide(tmp_path: Path) -> None:
    essay = event(2, properties=json.dumps({"essay": "x" * 100_000}))
    marked = _wide(3)[:-1] + NO_COPY
    segment = write_segment(tmp_path, [event(1), essay, marked, trait(4, "u", "p", "1"), _wide(5)])
    rows, properties, mixed = wide.width(segment, 0)
    assert rows == 1
    assert 200 <= properties <= 230
    assert mixed
    assert not wide.width(write_segment(tmp_path, [_wide(6), _wide(7)]), 0).mixed


def test_of_few_wide_rows_it_says_about_how_many_properties_they_have(tmp_path: Path) -> None:
    rows = [_wide(n) if n % 4 else event(n) for n in range(4_000)]
    segment = write_segment(tmp_path, rows)
    exact = wide.width(segment, 0)
    about = wide.width(segment, 10**9)
    assert exact.rows == 3_000
    assert about.rows == 0
    assert about.properties == pytest.approx(exact.properties, rel=0.2)


def test_what_is_no_file_or_has_rows_of_any_length_has_no_width(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert wide.width(tmp_path / "zero", 0) == (0, 0, False)
    huge = [event(n, properties='{"a":1,' * 300_000 + '"b":1') for n in (1, 2)]
    segment = write_segment(tmp_path, [_wide(3), *huge, _wide(4), event(5)])
    assert wide.width(segment, 0).rows == 2


def test_a_segment_is_split_into_its_other_rows_and_some_wide_ones_each(tmp_path: Path) -> None:
    rows = [event(n) if n % 3 else _wide(n) for n in range(60)]
    segment = write_segment(tmp_path, rows, 7)
    parts = list(wide.split(segment, 1_000))
    others, *pieces = parts
    assert all(check(part) is None for part in parts)
    assert all(part.name.startswith(segment.name.split("-")[0]) for part in parts)
    assert len({part.stem for part in parts}) == len(parts)
    assert _rows(others) == [row for n, row in enumerate(rows) if n % 3]
    assert [len(_rows(piece)) for piece in pieces] == [4, 4, 4, 4, 4]
    assert [row for piece in pieces for row in _rows(piece)] == rows[::3]


@pytest.mark.parametrize("properties", [300, 5_000])
def test_others_are_stored_before_what_is_wide_and_it_is_stored_too(
    store: Store, tmp_path: Path, properties: int
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [_wide(n, properties) for n in range(20)] + [event(20)], 1)
    write_segment(journal, [event(30)], 2)
    came: list[int] = []

    class Late(Folder):
        """Where something comes while what is wide is being stored."""

        def seal(self) -> None:
            super().seal()
            if len(came) < 5 and self.sealed():
                came.append(100 + len(came))
                write_segment(journal, [event(came[-1])], came[-1])

    loader = Loader(
        Late(journal),
        Inserts(store),
        DeadLetters(tmp_path / "deadletters"),
        scratch=tmp_path / "scratch",
        widest=1_000,
    )
    loader.start()
    assert loader.drain(60)
    stored = store.query(
        "SELECT toUInt64(substring(id, 5)), JSONLength(properties_sent), "
        "length(JSONAllPaths(properties)) FROM events ORDER BY _block_number, id"
    )
    order = [number for number, _, _ in stored]
    assert sorted(order) == sorted([*range(21), 30, *came])
    assert {(sent, known) for number, sent, known in stored if number < 20} == {
        (properties, properties)
    }
    # Every late one came while wide ones waited, and was stored before the last of them.
    last_wide = max(order.index(number) for number in range(20))
    assert order.index(20) < last_wide
    assert order.index(30) < last_wide
    assert max(order.index(number) for number in came) < last_wide
