from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.stitching import Node, started_node

from whipstitch.warehouse.connection import Address


@pytest.fixture
def node(store_address: Address, tmp_path: Path) -> Iterator[Node]:
    """The only node."""
    with started_node(store_address, tmp_path) as started:
        yield started
