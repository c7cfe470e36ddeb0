"""Rows that ClickHouse refuses, one or nearly all: mended, set aside, or waiting."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.folder import Folder
from tests.support.loading import counts, emptied, loading, until
from tests.support.segments import event, write_segment

from whipstitch.core.errors import MendingDied, StorageRefused
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.store import Store

POISON: list[str | bytes] = [
    '{"a":1e999}',
    '{"a":{"b":-1e400}}',
    b'{"\xff":1}',
    b'{"a":"\xff"}',
    '{"a":' * 900 + "1e999" + "}" * 900,
]


def test_poisoned_rows_are_mended_and_harm_no_neighbour(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    lines = [event(n, properties=f'{{"n":{n}}}') for n in range(20)]
    for at, sent in enumerate(POISON):
        lines.insert(at * 4, event(100 + at, properties=sent))
    write_segment(journal, lines)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(25, 25)]
    assert store.query("SELECT sum(properties.n::Int64) FROM events") == [(190,)]
    assert (loader.stats.repaired, loader.stats.dead_letters) == (len(POISON), 0)
    rows = store.query(
        "SELECT hex(properties_sent), toString(properties) FROM events "
        "WHERE properties.n IS NULL ORDER BY id"
    )
    sent_back = [bytes.fromhex(row[0]) for row in rows]
    assert sent_back == [text if isinstance(text, bytes) else text.encode() for text in POISON]
    assert [row[1] for row in rows[:4]] == [
        '{"a":"1e999"}',
        '{"a":{"b":"-1e400"}}',
        '{"\ufffd":1}',
        '{"a":"\ufffd"}',
    ]


EQUAL_KEYS: list[tuple[str, dict[str, Any]]] = [
    ('{"a":1,"b":3,"a":2}', {"a": 2, "b": 3}),
    ('{"a":1,"a":null}', {}),
    ('{"a":null,"a":1}', {"a": 1}),
    ('{"a":1,"\\u0061":"x"}', {"a": "x"}),
    ('{"":1,"":2}', {"": 2}),
    ('{"a.b":1,"a.b":2}', {"a.b": 2}),
    ('{"a":1,"a":[2]}', {"a": [2]}),
    ('{"a":{"b":1},"a":{"b":2}}', {"a": {"b": 2}}),
    ('{"a":{"b":1},"a":{"c":2}}', {"a": {"c": 2}}),
    ('{"a":{"b":1,"b":{"c":1,"c":2}},"d":1}', {"a": {"b": {"c": 2}}, "d": 1}),
    ('{"a":[{"b":1,"b":2}]}', {"a": [{"b": 2}]}),
    ('{"a":[[{"b":1}],[{"b":1,"b":2}]]}', {"a": [[{"b": 1}], [{"b": 2}]]}),
    ('{"a":1,"a":{"b":2}}', {"a": {"b": 2}}),
    ('{"a":{"b":1},"a":2}', {"a": 2}),
    ('{"a":1,"a":{}}', {}),
    ('{"a":1,"a":2,"b":1e999}', {"a": 2, "b": "1e999"}),
]


@pytest.mark.parametrize("where", ["properties", "default_properties"])
def test_of_equal_keys_the_last_one_counts(store: Store, tmp_path: Path, where: str) -> None:
    journal = tmp_path / "journal"
    lines = [event(100 + n, properties='{"a":"sound"}') for n in range(20)]
    for n, (sent, _) in enumerate(EQUAL_KEYS):
        line = event(n, properties=sent)
        if where == "default_properties":
            line = event(n).replace(b'{"$os":"ios"}', sent.encode())
        lines.insert(2 * n, line)
    write_segment(journal, lines)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert (loader.stats.repaired, loader.stats.dead_letters) == (len(EQUAL_KEYS), 0)
    rows = store.query(
        f"SELECT toString({where}), {where}_sent FROM events "
        "WHERE ifNull(properties.a.:String, '') != 'sound' ORDER BY id"
    )
    assert [(json.loads(parsed), sent) for parsed, sent in rows] == [
        (last, sent) for sent, last in EQUAL_KEYS
    ]


def test_keys_that_json_takes_for_equal_are_stored_with_one_of_them(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(1, properties='{"a.b":1,"a%2Eb":2,"c":3}'), event(2)])
    with loading(journal, store):
        until(lambda: emptied(journal))
    rows = store.query("SELECT toString(properties) FROM events ORDER BY id")
    assert rows == [('{"a.b":1,"c":3}',), ("{}",)]


def test_a_row_that_cannot_be_loaded_is_set_aside_alone(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    bad = [
        b'{"k":"track","accepted":',
        event(500)
        .replace(b'"bot": false', b'"bot": 0')
        .replace(b'"timestamp":', b'"timestamp":"soon","was":'),
    ]
    write_segment(journal, [event(1), bad[0], event(2), bad[1], event(3)])
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(3, 3)]
    letters = list(DeadLetters(tmp_path / "deadletters").letters())
    assert [letter.row for letter in letters] == bad
    assert loader.stats.dead_letters == 2


def test_replayed_rows_are_loaded_once_even_if_the_replay_was_cut_off(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    letters = DeadLetters(tmp_path / "deadletters")
    write_segment(journal, [event(1), b"nonsense"])
    with loading(journal, store):
        until(lambda: emptied(journal))
        # The operator mends the row; the replay is killed after the first of its two steps.
        file = next((tmp_path / "deadletters").iterdir())
        mended = file.read_text().replace("nonsense", event(2).decode().replace('"', '\\"'))
        for number in (1, 2):
            file.write_text(mended)
            assert letters.replay(journal, number) == 1
            until(lambda: emptied(journal))
    assert counts(store) == [(2, 2)]
    assert letters.count() == 0


def test_a_row_that_is_refused_among_many_small_segments_is_set_aside_alone(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    for number in range(1, 31):
        write_segment(journal, [event(number)], number)
    refused = event(500).replace(b'"timestamp":', b'"timestamp":"soon","was":')
    write_segment(journal, [refused, event(600)], 15)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(30, 30)]
    assert loader.stats.dead_letters == 1


def test_what_ends_the_process_that_mends_is_loaded_without(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    poison = event(100, properties='{"a":1e999}')
    write_segment(journal, [*(event(number) for number in range(20)), poison])

    def dies(_segment: Path, _mended: Path) -> Any:
        raise MendingDied("it ended")

    loader = Loader(
        Folder(journal),
        Inserts(store),
        DeadLetters(tmp_path / "deadletters"),
        scratch=tmp_path / "scratch",
        mend=dies,
    )
    loader.start()
    until(lambda: emptied(journal))
    loader.drain(5)
    assert counts(store) == [(20, 20)]
    [letter] = DeadLetters(tmp_path / "deadletters").letters()
    assert letter.row == poison


class _Refusing(Inserts):
    """Refuses everything, for a time."""

    refuses = True

    def load(self, *args: Any, **options: Any) -> None:
        if self.refuses:
            raise StorageRefused("ClickHouse will not take the data: ODD (code 117)", "odd")
        super().load(*args, **options)


def _limited(journal: Path, inserts: Inserts, directory: Path, most: int) -> Loader:
    loader = Loader(
        Folder(journal),
        inserts,
        DeadLetters(directory / "deadletters"),
        scratch=directory / "scratch",
        most_refused=most,
    )
    loader.start()
    return loader


def test_where_everything_is_refused_rows_wait_until_they_are_taken(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    for number in range(1, 6):
        write_segment(journal, [event(number * 100 + at) for at in range(30)], number)
    inserts = _Refusing(store)
    loader = _limited(journal, inserts, tmp_path, 100)
    until(lambda: loader.limit.reached and loader.problem)
    before = loader.stats.retries
    until(lambda: loader.stats.retries >= before + 3)
    aside = DeadLetters(tmp_path / "deadletters").count()
    assert aside < 100
    assert "dead_letter_limit" in str(loader.problem)
    assert not emptied(journal)
    inserts.refuses = False
    until(lambda: emptied(journal))
    until(lambda: loader.problem is None)
    loader.drain(5)
    assert counts(store) == [(150 - aside, 150 - aside)]
    assert not loader.limit.reached


def test_rows_that_are_refused_for_themselves_do_not_keep_others_waiting(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    bad = event(500).replace(b'"timestamp":', b'"timestamp":"soon","was":')
    for number in range(1, 5):
        write_segment(journal, [bad] * 50, number)
    loader = _limited(journal, Inserts(store), tmp_path, 40)
    until(lambda: loader.limit.reached)
    write_segment(journal, [event(number) for number in range(300)], 9)
    until(lambda: emptied(journal))
    loader.drain(5)
    assert counts(store) == [(300, 300)]
    assert DeadLetters(tmp_path / "deadletters").count() == 200


def test_without_a_limit_all_are_set_aside(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(number) for number in range(60)])
    loader = _limited(journal, _Refusing(store), tmp_path, 0)
    until(lambda: emptied(journal))
    loader.drain(5)
    letters = list(DeadLetters(tmp_path / "deadletters").letters())
    assert sorted(json.loads(one.row)["id"] for one in letters) == [
        f"evt_{number:021d}" for number in range(60)
    ]
