"""What ClickHouse has and cannot read any more."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.clickhouse import opened, started
from tests.support.segments import event, write_segment
from tests.support.stitching import until

from whipstitch.app.damage_watch import DamageWatch
from whipstitch.core.errors import StorageError, StorageUnavailable
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse import damage
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.damage import SetAsidePart, StorageDamage
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.small_files import parts_of
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store

_READ = "SELECT sum(cityHash64(*)) FROM events"

_EVERY = 40
"""Bytes from one flipped bit to the next: every column is damaged."""


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalClickHouse]:
    with started(LocalSettings(tmp_path_factory.mktemp("clickhouse"))) as ready:
        yield ready


@pytest.fixture
def store(child: LocalClickHouse, tmp_path: Path) -> Iterator[Store]:
    """With two parts of a hundred events."""
    with opened(child) as made:
        made.prepare().result()
        made.run_on_writer(_empty).result()
        for number in (1, 2):
            rows = [event(number * 1000 + row) for row in range(100)]
            segment = write_segment(tmp_path, rows, number)
            _load(made, segment)
        yield made


def _load(store: Store, segment: Path) -> None:
    Inserts(store).load([segment], segment.stem, contents(segment))


def _empty(client: Client) -> None:
    client.command("SYSTEM STOP MERGES events")
    client.command("TRUNCATE TABLE events SYNC")


def _directory(child: LocalClickHouse) -> Path:
    return child._settings.directory


def _parts(child: LocalClickHouse) -> list[Path]:
    return sorted(parts_of(_directory(child), "events"))


def _begin_again(child: LocalClickHouse) -> None:
    starts = child.starts
    assert child.process_id is not None
    os.kill(child.process_id, signal.SIGKILL)
    until(lambda: child.starts > starts and child.problem is None)


def _flip(file: Path) -> None:
    text = bytearray(file.read_bytes())
    for at in range(0, len(text), _EVERY):
        text[at] ^= 4
    file.unlink()
    file.write_bytes(text)


def test_a_part_with_a_flipped_bit_is_found_once_a_read_has_failed(
    store: Store, child: LocalClickHouse
) -> None:
    damaged = _parts(child)[-1]
    _flip(damaged / "data.bin")
    _begin_again(child)
    watch = DamageWatch(store, lambda: {"proj_a"})
    watch._turn()
    assert watch.warnings == []

    with pytest.raises(StorageUnavailable, match=r"damaged.*whipstitch doctor.*\(code 40\)"):
        store.query(_READ)
    with capture_logs() as logs:
        watch._turn()
        watch._turn()

    assert watch.found == StorageDamage(damaged=(SetAsidePart("events", damaged.name),))
    [warning] = watch.warnings
    assert f"events/{damaged.name}" in warning
    assert [one["event"] for one in logs] == ["storage_parts_damaged"]

    # What it says is to be done is done.
    shutil.move(damaged, damaged.parent / "detached" / damaged.name)
    _begin_again(child)
    watch._turn()
    assert watch.warnings == []
    assert store.query("SELECT count() FROM events") == [(100,)]


def test_an_insert_is_not_to_blame_for_a_part_that_it_looks_into(
    store: Store, child: LocalClickHouse, tmp_path: Path
) -> None:
    _flip(_parts(child)[-1] / "data.bin")
    _begin_again(child)
    same = [event(2000 + row) for row in range(100)]
    segment = write_segment(tmp_path, same, 3)

    with pytest.raises(StorageError) as raised:
        _load(store, segment)

    assert isinstance(raised.value, StorageUnavailable)


def test_a_part_that_was_cut_is_set_aside_and_told_of(store: Store, child: LocalClickHouse) -> None:
    cut = _parts(child)[0]
    os.truncate(cut / "data.bin", 100)
    _begin_again(child)
    watch = DamageWatch(store, lambda: {"proj_a"})

    watch._turn()

    [part] = watch.found.set_aside
    assert part.table == "events"
    assert part.name.endswith(cut.name)
    assert watch.found.damaged == ()
    assert [one.name for one in damage.set_aside_in(_directory(child))] == [part.name]
    [warning] = watch.warnings
    assert "set aside 1 part " in warning
    shutil.rmtree(cut.parent / "detached" / part.name)
    watch._turn()
    assert watch.warnings == []


def test_events_of_projects_that_the_registry_does_not_have_are_told_of(store: Store) -> None:
    known: set[str] = set()
    watch = DamageWatch(store, lambda: known)
    watch._turn()
    assert watch.found.unknown == ("proj_a",)
    assert "proj_a" in watch.warnings[0]

    known.add("proj_a")
    watch._turn()
    assert watch.warnings == []


def test_a_definition_that_was_deleted_while_it_ran_is_there_after_a_start(
    store: Store, child: LocalClickHouse
) -> None:
    [definition] = _directory(child).glob("store/*/*/events.sql")
    definition.unlink()
    child.guard.keep_definitions()

    _begin_again(child)

    assert store.query("SELECT count() FROM events") == [(200,)]


def test_rows_whose_definitions_are_all_gone_are_not_taken_for_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "clickhouse"
    with started(LocalSettings(directory)) as child, opened(child) as store:
        store.prepare().result()
    for gone in ("metadata", "definitions"):
        shutil.rmtree(directory / gone)

    with started(LocalSettings(directory)) as child, opened(child) as store:
        with pytest.raises(StorageUnavailable, match="backup"):
            store.prepare().result()
        assert "does not know its database" in (store.problem or "")
