"""Tests on a real cluster of at least two shards with two replicas each, which
``WHIPSTITCH_TEST_CLUSTER`` names (see ``tests.support.cluster``)."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from tests.support.cluster import CLUSTER, place_of
from tests.support.proxy import Proxy

from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.servers import Servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CLUSTER:
        return
    for item in items:
        if "tests/cluster/" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="WHIPSTITCH_TEST_CLUSTER names no cluster"))


@pytest.fixture
def hosts(store_address: Address) -> Servers:
    """The cluster, in a database with the schema."""
    place = place_of(store_address)
    assert isinstance(place, Servers)
    return place


@pytest.fixture
def proxies(hosts: Servers) -> Iterator[list[Proxy]]:
    """One before each host, in their order."""
    with ExitStack() as stack:
        yield [stack.enter_context(Proxy(address)) for address in hosts.addresses]


@pytest.fixture
def proxied(hosts: Servers, proxies: list[Proxy]) -> Servers:
    """The same cluster behind the proxies."""
    return replace(hosts, addresses=tuple(proxy.address for proxy in proxies))
