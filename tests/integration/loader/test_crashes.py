"""Rows that end a process when they are loaded, and a ClickHouse that refuses everything."""

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support import fatal
from tests.support.clickhouse import opened, url_of
from tests.support.folder import Folder, new_loader
from tests.support.proxy import Proxy
from tests.support.segments import event, write_segment

from whipstitch.core.errors import MendingDied, StorageRefused
from whipstitch.journal.checking import check
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.loader.pieces import rows_of, take_apart
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store

_ROOT = Path(fatal.__file__).parents[2]


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits for ``condition``; the deadline only ends a test that would wait for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def emptied(directory: Path) -> bool:
    return not any(directory.glob("*.jsonl"))


def counts(store: Store) -> list[tuple[int, int]]:
    return [tuple(row) for row in store.query("SELECT count(), uniqExact(id) FROM events")]


def test_the_row_that_ends_the_process_is_found_and_the_others_are_stored(
    new_database: Callable[[], Address], tmp_path: Path
) -> None:
    address, journal = new_database(), tmp_path / "journal"
    lines = [event(number) for number in range(40)]
    fatal_row = event(100, event_name=fatal.NAME)
    mended = event(200, properties='{"a":1e999}')
    write_segment(journal, [*lines[:13], fatal_row, *lines[13:]], 1)
    write_segment(journal, [mended], 2)
    module = [sys.executable, "-m", fatal.__name__]
    command = [*module, str(journal), url_of(address), str(tmp_path)]
    for starts in itertools.count(1):
        ended = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        if "done" in ended.stdout:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert starts < 12
    # Three times whole, then twice each: one of 16 pieces, one of its three rows.
    assert starts == 3 + 2 + 2 + 1
    [letter] = DeadLetters(tmp_path / "deadletters").letters()
    assert letter.row == fatal_row
    assert "ended" in letter.reason
    assert DeadLetters(tmp_path / "deadletters").crashed()
    assert not (tmp_path / "attempts.json").exists()
    with opened(address) as store:
        assert counts(store) == [(41, 41)]


def test_neither_a_clean_stop_nor_a_clickhouse_that_is_away_counts(
    store_address: Address, tmp_path: Path
) -> None:
    journal, attempts = tmp_path / "journal", tmp_path / "attempts.json"
    write_segment(journal, [event(1)])
    with Proxy(store_address) as proxy, opened(proxy.address) as store, proxy.behaving("refuse"):
        loader = new_loader(journal, store, tmp_path)
        loader.start()
        until(lambda: loader.stats.retries >= 4)
        loader.drain(0.5)
        assert not attempts.exists()
    with Proxy(store_address) as proxy, opened(proxy.address) as store, proxy.behaving("hang"):
        loader = new_loader(journal, store, tmp_path)
        loader.start()
        until(attempts.exists)
        assert not loader.drain(0.5)
        assert not attempts.exists()


def test_a_clickhouse_that_ends_over_a_segment_again_and_again_gets_it_in_pieces(
    store_address: Address, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(number) for number in range(40)])
    runs = itertools.count()
    with Proxy(store_address) as proxy, opened(proxy.address) as store:
        store.ping()
        loader = Loader(
            Folder(journal),
            Inserts(store),
            DeadLetters(tmp_path / "deadletters"),
            scratch=tmp_path / "scratch",
            runs=lambda: next(runs),
        )
        with proxy.behaving("drop"):
            loader.start()
            until(lambda: loader.stats.taken_apart)
        until(lambda: emptied(journal))
        loader.drain(5)
        assert counts(store) == [(40, 40)]
    assert loader.stats.dead_letters == 0


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


@pytest.mark.parametrize("rows", [1, 2, 16, 17, 100])
def test_pieces_have_each_row_once(tmp_path: Path, rows: int) -> None:
    segment = write_segment(tmp_path, [event(number) for number in range(rows)])
    parts = take_apart(segment)
    assert 1 <= len(parts) <= 16
    assert len(parts) == len(set(parts)) == len(take_apart(segment))
    assert all(check(part) is None for part in parts)
    assert [row for part in parts for row in rows_of(part)] == list(rows_of(segment))
