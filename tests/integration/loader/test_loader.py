"""The loader with a real storage, and whatever can go wrong in between."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import folder
from tests.support.clickhouse import opened, url_of
from tests.support.folder import Folder, new_loader
from tests.support.loading import counts, emptied, loading, until
from tests.support.proxy import Mode, Proxy
from tests.support.segments import START_MS, alias, event, trait, write_segment

from whipstitch.core.errors import StorageUnavailable
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store

_DAY_MS = 86_400_000


def scattered(number: int) -> bytes:
    """An event in one of some months: one insert makes several parts, one after the other."""
    return event(number, timestamp=START_MS - number % 12 * 30 * _DAY_MS)


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
