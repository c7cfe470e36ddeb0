"""Loads that end a process or its ClickHouse, again and again."""

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support import fatal
from tests.support.clickhouse import opened, url_of
from tests.support.folder import Folder, new_loader
from tests.support.loading import counts, emptied, loading, until
from tests.support.proxy import Proxy
from tests.support.segments import event, write_segment

from whipstitch.core.errors import StorageUnavailable
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.loader import Loader
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store

_ROOT = Path(fatal.__file__).parents[2]


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
