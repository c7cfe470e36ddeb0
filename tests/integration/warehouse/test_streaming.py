"""Large answers, through a pipe."""

import os
import threading

import pytest
from tests.support.clickhouse import opened
from tests.support.proxy import Proxy

from whipstitch.core.errors import (
    QueryTimedOut,
    QueryTooLarge,
    StorageError,
    StorageRefused,
    StorageUnavailable,
    StorageUnreachable,
)
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store


class Poured:
    """What comes out of the pipe, and what became of the query."""

    def __init__(self, store: Store, sql: str, format_: str = "TSVRaw") -> None:
        self.size = 0
        self._source, sink = os.pipe()
        self._asked = store.pour(sql, format_, {}, sink)
        self.begun = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def error(self) -> BaseException | None:
        self._reader.join()
        return self._asked.exception(60)

    def _read(self) -> None:
        while chunk := os.read(self._source, 64 * 1024):
            self.size += len(chunk)
            self.begun.set()
        os.close(self._source)


def test_an_answer_comes_as_a_whole(store: Store) -> None:
    poured = Poured(store, "SELECT toFixedString('x', 99) FROM numbers(200000)")

    assert poured.error() is None
    assert poured.size == 200_000 * 100


@pytest.mark.parametrize("format_", ["TSVRaw", "JSONEachRow", "CSVWithNames", "Parquet"])
@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ("SELECT number, intDiv(1, 900000 - number) FROM numbers(900001)", StorageUnavailable),
        ("SELECT number, intDiv(1, 1 - number) FROM numbers(2)", StorageUnavailable),
        ("SELECT number FROM numbers(900000) SETTINGS max_result_rows = 800000", QueryTooLarge),
        ("SELECT toInt32(if(number = 900000, 'x', '1')) FROM numbers(900001)", StorageRefused),
    ],
)
def test_a_query_that_fails_half_way_fails(
    store: Store, format_: str, query: str, meaning: type[StorageError]
) -> None:
    assert type(Poured(store, query, format_).error()) is meaning


def test_a_query_that_takes_too_long_half_way_says_so(store: Store) -> None:
    poured = Poured(
        store,
        "SELECT repeat('x', 1000), sleepEachRow(0.0001) FROM numbers(100000) "
        "SETTINGS max_execution_time = 1, max_block_size = 1000",
    )

    assert isinstance(poured.error(), QueryTimedOut)
    assert poured.size


def test_an_answer_of_a_server_that_goes_away_fails(store_address: Address) -> None:
    with Proxy(store_address) as proxy, opened(proxy.address) as store:
        poured = Poured(store, "SELECT number FROM system.numbers")
        assert poured.begun.wait(60)

        with proxy.behaving("refuse"):
            assert isinstance(poured.error(), StorageUnreachable)

        assert Poured(store, "SELECT 1").error() is None
