"""Tests on real shards: two that the tests start by themselves, without replicas; or a cluster of
at least two shards with two replicas each, which ``WHIPSTITCH_TEST_CLUSTER`` names (see
``tests.support.cluster``)."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from tests.support.cluster import CLUSTER, place_of
from tests.support.proxy import Proxy
from tests.support.shards import Shards, started_shards

from whipstitch.warehouse.servers import Servers


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "replicas: only where WHIPSTITCH_TEST_CLUSTER names them")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not CLUSTER and item.get_closest_marker("replicas"):
            item.add_marker(pytest.mark.skip(reason="WHIPSTITCH_TEST_CLUSTER names no cluster"))


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    """Those of the tests' own."""
    with started_shards(tmp_path_factory.mktemp("shards")) as started:
        yield started


@pytest.fixture
def hosts(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """The cluster, in a database with the schema."""
    if CLUSTER:
        place = place_of(request.getfixturevalue("store_address"))
        assert isinstance(place, Servers)
        yield place
        return
    with request.getfixturevalue("shards").database() as servers:
        yield servers


@pytest.fixture
def proxies(hosts: Servers) -> Iterator[list[Proxy]]:
    """One before each host, in their order."""
    with ExitStack() as stack:
        yield [stack.enter_context(Proxy(address)) for address in hosts.addresses]


@pytest.fixture
def proxied(hosts: Servers, proxies: list[Proxy]) -> Servers:
    """The same cluster behind the proxies."""
    return replace(hosts, addresses=tuple(proxy.address for proxy in proxies))
