"""What a server looks at before it uses a cluster."""

from contextlib import closing
from dataclasses import replace

import pytest
from tests.support.cluster import CLUSTER
from tests.support.proxy import Proxy

from whipstitch.core.errors import StorageError, StorageUnavailable
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.store import Store


def _problem(servers: Servers) -> str:
    with closing(Store(servers, durable=False, retention_days=0)) as store:
        with pytest.raises(StorageError) as found:
            store.prepare().result()
        return str(found.value)


def test_the_tables_of_a_single_server_are_no_clusters(hosts: Servers) -> None:
    first = hosts.addresses[0]
    with closing(first.connect({}, seconds=60)) as client:
        client.command("DROP TABLE events SYNC")
        client.command("CREATE TABLE events (id String) ENGINE = MergeTree ORDER BY id")
    assert "whipstitch cluster import" in _problem(hosts)


def test_hosts_that_are_not_those_of_the_cluster_are_refused(hosts: Servers) -> None:
    assert "does not know the cluster other" in _problem(replace(hosts, cluster="other"))
    one = replace(hosts, addresses=hosts.addresses[:1])
    assert "names 1 hosts" in _problem(one)


def test_hosts_that_do_not_answer_are_named(proxied: Servers, proxies: list[Proxy]) -> None:
    with closing(Store(proxied, durable=False, retention_days=0)) as store:
        assert store.hosts_away() == []
        proxies[-1].mode = "refuse"
        assert store.hosts_away() == [proxied.addresses[-1].name]


@pytest.mark.skipif(bool(CLUSTER), reason="its last shard may have another replica")
def test_a_shard_that_is_away_at_the_start_is_waited_for(hosts: Servers) -> None:
    nobody = replace(hosts.addresses[-1], port=9)
    away = replace(hosts, addresses=(*hosts.addresses[:-1], nobody))
    with (
        closing(Store(away, durable=False, retention_days=0)) as store,
        pytest.raises(StorageUnavailable, match="1 of the 2 shards"),
    ):
        store.prepare().result()
