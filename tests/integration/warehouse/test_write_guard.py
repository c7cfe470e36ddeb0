"""What ClickHouse could not write."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from tests.support.clickhouse import opened, started
from tests.support.disks import fill, no_file_over, small_disk
from tests.support.segments import event, write_segment
from tests.support.stitching import until

from whipstitch.core.errors import StorageUnavailable
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.segment_reader import contents
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.local import supervisor
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.store import Store

_SMALL = 8 * 1024


def load(store: Store, segment: Path) -> None:
    Inserts(store).load([segment], segment.stem, contents(segment))


def count(store: Store) -> int:
    [(found, different)] = store.query("SELECT count(), uniqExact(id) FROM events")
    assert found == different
    return int(found)


def large(number: int) -> list[bytes]:
    """A thousand events, of which ClickHouse makes a part of some files that are not small."""
    return [event(number * 1000 + row, session_id=token_hex(32)) for row in range(1000)]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[LocalClickHouse]:
    with started(LocalSettings(tmp_path / "data")) as ready:
        yield ready


@pytest.fixture
def small_child(tmp_path: Path) -> Iterator[LocalClickHouse]:
    """On a disk of its own, which can be filled."""
    with (
        small_disk(tmp_path / "disk", 96 * 2**20, files=100_000) as disk,
        started(LocalSettings(disk / "data")) as ready,
    ):
        yield ready


@pytest.fixture
def store(child: LocalClickHouse) -> Iterator[Store]:
    """Not as hasty as that of other tests: as it is run."""
    made = Store(child, durable=True, retention_days=0)
    made.prepare().result()
    yield made
    made.close()


def is_back(child: LocalClickHouse, starts: int) -> bool:
    return child.starts >= starts and child.problem is None


def process_of(child: LocalClickHouse) -> int:
    assert child.process_id is not None
    return child.process_id


def test_an_insert_that_did_not_reach_the_disk_has_not_succeeded(
    store: Store, child: LocalClickHouse, tmp_path: Path
) -> None:
    first = write_segment(tmp_path, large(1), number=1)
    second = write_segment(tmp_path, large(2), number=2)
    load(store, first)
    with (
        no_file_over(_SMALL, process_of(child)),
        pytest.raises(StorageUnavailable, match="did not take"),
    ):
        load(store, second)

    until(lambda: is_back(child, 2))
    assert count(store) == 1000
    load(store, second)
    assert count(store) == 2000
    assert child.starts == 2

    # Of several statements, those come to nothing that build upon one.
    done = []

    def write(client: Client) -> None:
        with client.writing_together():
            client.command(
                "INSERT INTO erased_ids (key) SELECT toString(number) FROM numbers(9999)"
            )
            done.append("written")
            client.confirm_writes()
            done.append("confirmed")

    with (
        no_file_over(_SMALL, process_of(child)),
        pytest.raises(StorageUnavailable, match="did not take"),
    ):
        store.run_on_writer(write).result()
    assert done == ["written"]
    until(lambda: is_back(child, 3))
    store.run_on_writer(write).result()
    assert done == ["written", "written", "confirmed"]


def test_rows_that_a_merge_could_not_write_are_there_again(
    store: Store, child: LocalClickHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_LOOK_SECONDS", 0.0)
    for number in (1, 2):
        load(store, write_segment(tmp_path, large(number), number))
    with no_file_over(_SMALL, process_of(child)):
        # As a merge in the background, nobody is told how it went.
        merging = child.address.connect({}, seconds=60)
        merging.raw_query("OPTIMIZE TABLE events FINAL")
        merging.close()
        until(lambda: is_back(child, 2))

    assert count(store) == 2000


def test_a_full_disk_takes_nothing_and_changes_no_answer(
    small_child: LocalClickHouse, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    rows = "SELECT number FROM numbers(300000)"
    with opened(small_child) as store:
        load(store, write_segment(tmp_path, large(1), 1))
        filler = fill(disk)
        with pytest.raises(StorageUnavailable, match="full"):
            load(store, write_segment(tmp_path, large(2), 2))

        assert count(store) == 1000
        assert len(store.query(rows)) == 300_000

        filler.unlink()
        load(store, write_segment(tmp_path, large(2), 2))
        assert count(store) == 2000
    assert small_child.starts == 1


@pytest.mark.parametrize("room", [1_100_000, 1_200_000, 1_400_000, 1_700_000])
def test_however_little_room_there_is_nothing_is_lost_and_nothing_stored_twice(
    small_child: LocalClickHouse, tmp_path: Path, room: int
) -> None:
    segments = [write_segment(tmp_path, large(number), number) for number in range(1, 12)]
    with opened(small_child) as store:
        load(store, segments[0])
        filler = fill(tmp_path / "disk", room)
        stored, waiting = 1, []
        for segment in segments[1:]:
            try:
                load(store, segment)
            except StorageUnavailable:
                waiting.append(segment)
                until(lambda: small_child.problem is None)
            else:
                stored += 1
        assert waiting

        assert count(store) == 1000 * stored
        filler.unlink()
        for segment in waiting:
            load(store, segment)
        assert count(store) == 1000 * len(segments)
