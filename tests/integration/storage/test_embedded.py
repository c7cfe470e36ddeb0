"""What the embedded engine could not write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest
from tests.support.chdb_store import empty
from tests.support.disks import no_file_over
from tests.support.segments import event, write_segment

from whipstitch.errors import StorageUnavailable
from whipstitch.storage.contents import contents
from whipstitch.storage.store import Store

_SMALL = 8 * 1024


def load(store: Store, segment: Path) -> None:
    store.load(segment, segment.stem, contents(segment))


def count(store: Store) -> int:
    found: int = store.query("SELECT count() FROM events")[0][0]
    return found


@pytest.fixture(autouse=True)
def _emptied(chdb_url: str) -> None:
    empty(chdb_url)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = Store.open(url, durable=True, retention_days=0)
    try:
        yield store
    finally:
        store.close()


def large(number: int) -> list[bytes]:
    """A thousand events, of which ClickHouse makes a part of some files that are not small."""
    return [event(number * 1000 + row, session_id=token_hex(32)) for row in range(1000)]


def test_an_insert_that_did_not_reach_the_disk_has_not_succeeded(
    chdb_url: str, tmp_path: Path
) -> None:
    first = write_segment(tmp_path, large(1), number=1)
    second = write_segment(tmp_path, large(2), number=2)
    with opened(chdb_url) as store:
        load(store, first)
        with no_file_over(_SMALL), pytest.raises(StorageUnavailable, match="did not take"):
            load(store, second)
        assert store.damaged
        assert "did not take" in str(store.problem)
        # It believes to have the rows, and would say that there is nothing left to insert.
        with pytest.raises(StorageUnavailable, match="did not take"):
            load(store, second)
    with opened(chdb_url) as store:
        assert count(store) == 1000
        load(store, second)
        assert count(store) == 2000
        assert not store.damaged


def test_rows_that_a_merge_could_not_write_are_there_again(chdb_url: str, tmp_path: Path) -> None:
    with opened(chdb_url) as store:
        for number in (1, 2):
            load(store, write_segment(tmp_path, large(number)))
        with no_file_over(_SMALL):
            # As a merge in the background, nobody is told how it went.
            optimize = "OPTIMIZE TABLE events FINAL"
            store.beside_loading(lambda client: client.raw_query(optimize)).result()
            with pytest.raises(StorageUnavailable, match="did not take"):
                store.look_at_writes()
        assert store.damaged
    with opened(chdb_url) as store:
        assert count(store) == 2000
