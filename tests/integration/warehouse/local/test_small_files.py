"""A ClickHouse whose small files a full disk has cut."""

import os
import signal
from pathlib import Path

import pytest
from tests.support.clickhouse import opened, started
from tests.support.disks import fill, small_disk
from tests.support.stitching import until

from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store


def _begin_again(child: LocalClickHouse) -> None:
    starts = child.starts
    assert child.process_id is not None
    os.kill(child.process_id, signal.SIGKILL)
    until(lambda: child.starts > starts and child.problem is None)


def _tables(store: Store) -> list[str]:
    found = store.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
    return sorted(row[0] for row in found)


@pytest.mark.parametrize(
    "pattern",
    [
        "metadata/*.sql",
        "store/*/*/events.sql",
        "store/*/*/person_map_*.sql",
        "store/*/*/format_version.txt",
    ],
)
def test_it_comes_back_with_all_that_was_defined(tmp_path: Path, pattern: str) -> None:
    with started(LocalSettings(tmp_path / "data")) as child, opened(child) as store:
        store.prepare().result()
        store.run_on_writer(
            lambda client: client.command("CREATE TABLE person_map_7 AS person_ids")
        ).result()
        before = _tables(store)
        cut = list((tmp_path / "data").glob(pattern))
        assert cut
        for file in cut:
            # As ClickHouse does: what it named before may have another name.
            file.unlink()
            file.touch()

        _begin_again(child)

        assert _tables(store) == before
        assert store.query("SELECT count() FROM events") == [(0,)]


def test_a_table_that_could_not_be_defined_can_be_made_after_all(tmp_path: Path) -> None:
    with started(LocalSettings(tmp_path / "data")) as child, opened(child) as store:
        store.prepare().result()
        before = _tables(store)
        [events] = (tmp_path / "data").glob("store/*/*/events.sql")
        events.with_name("person_map_7.sql").touch()

        _begin_again(child)

        assert _tables(store) == before
        store.run_on_writer(
            lambda client: client.command("CREATE TABLE person_map_7 AS person_ids")
        ).result()


def test_a_mutation_that_could_not_be_written_never_was(tmp_path: Path) -> None:
    with started(LocalSettings(tmp_path / "data")) as child, opened(child) as store:
        store.prepare().result()
        for version in (tmp_path / "data").glob("store/*/*/format_version.txt"):
            (version.parent / "mutation_99.txt").write_text("format version: 1\ncreate")

        _begin_again(child)

        assert store.query("SELECT count() FROM events") == [(0,)]


def test_a_first_start_on_a_full_disk_waits_for_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 * 2**20, files=10_000) as disk:
        filler = fill(disk)
        child = LocalClickHouse(LocalSettings(disk / "data"))
        child.start()
        try:
            until(lambda: child.starts == 0 and "No space left" in (child.problem or ""))
            assert child.process_id is None
            filler.unlink()
            assert child.wait_ready(30), child.problem
        finally:
            child.stop()
