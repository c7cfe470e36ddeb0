from collections.abc import Iterator

import pytest
from tests.support.clickhouse import Schema
from tests.support.identity import Rows, hand_written
from tests.support.reference import Worlds, worlds_in

from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.store import Store


@pytest.fixture
def rows(store: Store, store_address: Address) -> Iterator[Rows]:
    """Writes rows of people into an empty storage, and reads them."""
    with hand_written(store, store_address) as writer:
        yield writer


@pytest.fixture(scope="module")
def worlds_address(schema: Schema) -> Iterator[Address]:
    with schema.database() as address:
        yield address


@pytest.fixture(scope="module")
def worlds(worlds_address: Address) -> Iterator[Worlds]:
    """A storage for worlds to be asked about."""
    with worlds_in(worlds_address) as opened:
        yield opened
