"""The loader with a real storage, and whatever can go wrong in between."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support import folder
from tests.support.clickhouse import opened, url_of
from tests.support.folder import Folder, new_loader
from tests.support.proxy import Mode, Proxy
from tests.support.segments import START_MS, alias, event, trait, write_segment

from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Somebody
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.groups import seal_group
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store

_DAY_MS = 86_400_000


@contextmanager
def loading(directory: Path, store: Store) -> Iterator[Loader]:
    loader = new_loader(directory, store, directory.parent)
    loader.start()
    try:
        yield loader
    finally:
        loader.drain(0)


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits for ``condition``; the deadline only ends a test that would wait for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def emptied(directory: Path) -> bool:
    return not any(directory.glob("*.jsonl"))


def scattered(number: int) -> bytes:
    """An event in one of some months: one insert makes several parts, one after the other."""
    return event(number, timestamp=START_MS - number % 12 * 30 * _DAY_MS)


def counts(store: Store) -> list[tuple[int, int]]:
    return [tuple(row) for row in store.query("SELECT count(), uniqExact(id) FROM events")]


def test_segments_become_rows_and_are_removed(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(1), trait(2, "u", "p", "1"), alias(3, "a", "u")], 1)
    write_segment(journal, [event(4)], 2)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(2, 2)]
    assert loader.stats.rows == {"track": 2, "trait": 1, "alias": 1}
    assert sum(loader.stats.seconds.counts) == 1  # they went in together
    assert loader.problem is None


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


def test_an_insert_whose_answer_is_lost_is_not_repeated(
    store_address: Address, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    with Proxy(store_address) as proxy, opened(proxy.address) as store:
        store.ping()
        write_segment(journal, [scattered(n) for n in range(100)])
        with loading(journal, store) as loader:
            with proxy.behaving("drop"):
                until(lambda: loader.stats.retries >= 2)
                assert not emptied(journal)
            until(lambda: emptied(journal))
        assert counts(store) == [(100, 100)]


@pytest.mark.parametrize("trouble", ["500", "refuse"])
def test_while_a_server_is_away_rows_wait_and_then_go_in(
    store_address: Address, tmp_path: Path, trouble: Mode
) -> None:
    journal = tmp_path / "journal"
    for number in range(1, 4):
        write_segment(journal, [event(number)], number)
    with Proxy(store_address) as proxy, opened(proxy.address) as store:
        with proxy.behaving(trouble), loading(journal, store) as loader:
            until(lambda: loader.problem is not None and loader.stats.retries >= 2)
            assert len(list(journal.iterdir())) == 3
            assert "ClickHouse" in str(loader.problem)
            proxy.mode = "ok"
            until(lambda: emptied(journal))
            until(lambda: loader.problem is None)
        assert counts(store) == [(3, 3)]


def test_what_a_server_that_hung_does_late_is_not_done_twice(
    store_address: Address, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [scattered(n) for n in range(2000)])
    with Proxy(store_address) as proxy, opened(proxy.address, seconds=1) as store:
        store.ping()
        with proxy.behaving("hang"), loading(journal, store) as loader:
            # Two attempts lie in the server's sockets when it wakes.
            until(lambda: loader.stats.retries >= 2)
            proxy.mode = "ok"
            until(lambda: emptied(journal))
        assert counts(store) == [(2000, 2000)]


def test_a_server_that_is_away_at_the_start_gets_its_schema_later(
    new_database: Callable[[], Address], tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(1)])
    with Proxy(new_database()) as proxy, opened(proxy.address) as store:
        with proxy.behaving("refuse"), pytest.raises(StorageUnavailable):
            store.prepare().result()
        with loading(journal, store):
            until(lambda: emptied(journal))
        assert counts(store) == [(1, 1)]


def test_while_nothing_can_be_stored_no_further_segment_is_closed(
    store_address: Address, tmp_path: Path
) -> None:
    """A day away in thousands of small segments would take an hour to store."""
    journal = tmp_path / "journal"
    write_segment(journal, [event(1)])

    class Counting(Folder):
        seals = 0

        def seal(self) -> None:
            self.seals += 1

    source = Counting(journal)
    with Proxy(store_address) as proxy, opened(proxy.address) as store:
        with proxy.behaving("refuse"):
            letters = DeadLetters(tmp_path / "deadletters")
            loader = Loader(source, Inserts(store), letters, scratch=tmp_path / "scratch")
            loader.start()
            until(lambda: loader.stats.retries >= 4)
            assert source.seals == 1
        until(lambda: emptied(journal))
        until(lambda: source.seals > 1 or not source.sealed())
        loader.drain(0)


def test_many_small_segments_go_in_few_inserts(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for number in range(1, 301):
        lines = [event(number), trait(number, "u", "p", "1"), alias(number, f"a{number}", "u")]
        write_segment(journal, lines, number)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(300, 300)]
    assert loader.stats.rows == {"track": 300, "trait": 300, "alias": 300}
    assert sum(loader.stats.seconds.counts) <= 3


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


def test_segments_that_could_not_be_stored_together_are_stored_one_by_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them may be what ends ClickHouse each time."""
    journal = tmp_path / "journal"
    for number in range(1, 6):
        write_segment(journal, [event(number)], number)
    load = Inserts.load

    def failing(self: Inserts, segments: Sequence[Path], *args: Any, **options: Any) -> None:
        if len(segments) > 1:
            raise StorageUnavailable("ClickHouse ended")
        load(self, segments, *args, **options)

    monkeypatch.setattr(Inserts, "load", failing)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(5, 5)]
    assert loader.stats.retries == 1


def test_draining_gives_up_in_time_and_leaves_the_rest(
    store_address: Address, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    segment = write_segment(journal, [event(1)])
    with Proxy(store_address) as proxy, opened(proxy.address) as store, proxy.behaving("hang"):
        loader = new_loader(journal, store, tmp_path)
        loader.start()
        assert not loader.drain(0.5)
        assert segment.exists()


def test_draining_loads_what_waits(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for number in range(1, 6):
        write_segment(journal, [event(number)], number)
    loader = new_loader(journal, store, tmp_path)
    loader.start()
    assert loader.drain(30)
    assert counts(store) == [(5, 5)]


def test_a_loader_that_is_killed_again_and_again_stores_each_row_once(
    new_database: Callable[[], Address], tmp_path: Path
) -> None:
    address = new_database()
    journal = tmp_path / "journal"
    segments, size = 8, 2_000
    for number in range(segments):
        rows = (scattered(n) for n in range(number * size, (number + 1) * size))
        write_segment(journal, rows, number + 1)
    command = [sys.executable, folder.__file__, str(journal), url_of(address), str(tmp_path)]
    chance = random.Random(20260202)  # noqa: S311
    for _ in range(6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            while child.stdout.readline().strip() not in ("loading", ""):
                pass
            time.sleep(chance.uniform(0.0, 0.25))
            child.kill()
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "done" in said
    assert emptied(journal)
    with opened(address) as store:
        assert counts(store) == [(segments * size, segments * size)]


def test_a_row_with_a_flipped_bit_is_kept_and_not_stored(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    groups = [seal_group([event(number) + b"\n"], 1) for number in range(5)]
    damaged = groups[2].replace(b"proj_a", b"proj_b")
    text = b"".join([*groups[:2], damaged, *groups[3:]])
    journal.mkdir()
    (journal / f"00000000000000000001-0a1b2c3d-{len(text)}.jsonl").write_bytes(text)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert store.query("SELECT project_id, count() FROM events GROUP BY 1") == [("proj_a", 4)]
    letters = DeadLetters(tmp_path / "deadletters")
    assert [file.read_bytes() for file in letters.damaged()] == [damaged]
    assert loader.stats.damaged_segments == 1
    until_all = {Somebody("proj_b", "live", "user_2"): 2**62}
    assert letters.erase(lambda _names: until_all) == 1
    assert b"user_2" not in letters.damaged()[0].read_bytes()


def test_what_is_left_of_a_segment_that_was_cut_is_stored_and_the_loss_is_told(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    groups = [seal_group([event(number) + b"\n"], 1) for number in range(10)]
    text = b"".join(groups)
    journal.mkdir()
    cut = text[: len(b"".join(groups[:5])) + 100]
    (journal / f"00000000000000000001-0a1b2c3d-{len(text)}.jsonl").write_bytes(cut)
    write_segment(journal, [event(20)], 2)
    with loading(journal, store):
        until(lambda: emptied(journal))
    assert counts(store) == [(6, 6)]
    told = capsys.readouterr().out
    assert f"missing_bytes={len(text) - len(cut)}" in told
    assert "damaged_bytes=100" in told


def test_what_cannot_be_read_is_set_aside_and_holds_nothing_up(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(9)], 9)
    names = [f"{number:020d}-0a1b2c3d-5.jsonl" for number in range(1, 5)]
    (journal / names[0]).symlink_to("/dev/zero")
    (journal / names[1]).symlink_to(tmp_path / "nowhere")
    (journal / names[2]).mkdir()
    os.mkfifo(journal / names[3])

    with loading(journal, store):
        until(lambda: emptied(journal))

    assert counts(store) == [(1, 1)]
    assert {one.name for one in tmp_path.iterdir()} >= set(names)
