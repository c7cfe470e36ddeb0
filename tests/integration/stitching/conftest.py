from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import chdb_store, stitching
from tests.support.stitching import Node


@pytest.fixture
def node(store_url: str, tmp_path: Path) -> Iterator[Node]:
    """The only node, embedded and on a server."""
    with stitching.node(store_url, tmp_path) as started:
        yield started


@pytest.fixture
def embedded_url(chdb_url: str) -> str:
    """An empty embedded storage."""
    chdb_store.empty(chdb_url)
    return chdb_url


@pytest.fixture
def alone(embedded_url: str, tmp_path: Path) -> Iterator[Node]:
    """The only node, embedded: for what does not depend on where ClickHouse is."""
    with stitching.node(embedded_url, tmp_path) as started:
        yield started
