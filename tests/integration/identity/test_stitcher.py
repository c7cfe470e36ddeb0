"""The stitcher's thread: when it rewrites, what it says of itself, and who may."""

import time
from collections import Counter
from pathlib import Path

import pytest
from tests.support.cluster import CLUSTER
from tests.support.proxy import Proxy
from tests.support.segments import alias
from tests.support.stitching import Node, seen, started_node, until

from whipstitch.core.errors import StorageUnavailable
from whipstitch.identity.leadership import LEASE, Leadership
from whipstitch.registry.store import Registry
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import Address


def test_a_run_tells_what_it_did(node: Node) -> None:
    node.load(*(seen("anon") for _ in range(5)), seen("user"))
    node.load(alias(1, "anon", "user"))
    node.rewrite()
    node.rewrite()

    stats = node.stitcher.stats
    assert (stats.runs, stats.rows, stats.rows_left, stats.failures) == (2, 5, 0, 0)
    assert sum(stats.seconds.counts) == 1


def test_patches_are_worked_in_before_anything_else_is_done(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They slow reads down, and what follows may have to wait for a load."""
    asked: list[int] = []
    settle = node.linker.settle

    def watched(client: Client, number: int) -> int:
        sql = "SELECT count() FROM system.mutations WHERE command LIKE '%APPLY PATCHES%'"
        shards = client.one_of_each_shard()
        asked.append(sum(shard.query(sql).result_rows[0][0] for shard in shards))
        return settle(client, number)

    monkeypatch.setattr(node.linker, "settle", watched)
    node.load(seen("anon"), seen("user"))
    node.load(alias(1, "anon", "user"))
    node.rewrite()
    assert asked == [1]


def test_it_rewrites_by_itself_once_the_interval_is_over(
    store_address: Address, tmp_path: Path
) -> None:
    with started_node(store_address, tmp_path, interval=0.05) as busy:
        busy.load(seen("anon"))
        busy.load(alias(1, "anon", "user"))

        until(lambda: busy.stored() == Counter({("user", "anon"): 1}) and not busy.pending())


def test_what_an_earlier_process_left_half_done_is_finished(node: Node) -> None:
    node.load(seen("a"), seen("b"))
    node.load(alias(1, "a", "c"), alias(2, "b", "c"))
    node.take_steps()

    node.restart()
    node.rewrite()

    assert node.stored() == Counter({("c", "a"): 1, ("c", "b"): 1})
    assert (node.pending(), node.generations()) == (0, [])


def test_reads_wait_until_it_is_known_who_is_who(store_address: Address, tmp_path: Path) -> None:
    starting = Node(store_address, tmp_path)
    with pytest.raises(StorageUnavailable, match="try again"):
        starting.shown()
    starting.close()


@pytest.mark.skipif(bool(CLUSTER), reason="one server is put behind the proxy")
def test_a_run_that_failed_is_made_up_for_when_clickhouse_is_back(
    store_address: Address, tmp_path: Path
) -> None:
    with Proxy(store_address) as proxy, started_node(proxy.address, tmp_path) as waiting:
        waiting.load(seen("anon"))
        waiting.load(alias(1, "anon", "user"))
        with proxy.behaving("500"):
            waiting.stitcher.rewrite_now()
            until(lambda: waiting.stitcher.stats.failures >= 2)
            assert "ClickHouse" in str(waiting.stitcher.problem)
        until(lambda: waiting.stitcher.problem is None)

        assert waiting.stored() == Counter({("user", "anon"): 1})
        assert waiting.pending() == 0


# Several nodes


def test_one_of_two_nodes_links_and_rewrites_until_it_leaves(
    store_address: Address, tmp_path: Path
) -> None:
    with Registry.open(f"sqlite:///{tmp_path}/registry.db") as registry:
        leader, follower = Leadership(registry), Leadership(registry)
        with started_node(store_address, tmp_path, leadership=leader, grace=2) as first:
            assert leader()
            with started_node(store_address, tmp_path, leadership=follower, grace=2) as second:
                assert not follower()
                second.load(seen("anon"), alias(1, "anon", "user"))
                until(lambda: second.shown() == Counter({("user", "anon"): 1}))
                second.stitcher.rewrite_now()

                first.stitcher.stop(30)
                assert not leader()
                until(follower)
                assert second.stored() == Counter({("anon", ""): 1})
                second.load(seen("b"), alias(2, "b", "user"))
                while second.pending():
                    second.rewrite()

                assert second.stored() == Counter({("user", "anon"): 1, ("user", "b"): 1})
                assert first.stitcher.stats.rows == 0


def test_a_node_that_only_follows_looks_now_and_then(
    store_address: Address, tmp_path: Path
) -> None:
    class Counted(Leadership):
        renewals = 0

        def renew(self) -> None:
            self.renewals += 1
            super().renew()

    with Registry.open(f"sqlite:///{tmp_path}/registry.db") as registry:
        assert registry.take_lease(LEASE, "another", 60)
        follower = Counted(registry)
        with started_node(store_address, tmp_path, leadership=follower, interval=0.01) as following:
            time.sleep(0.1)
            following.stitcher.rewrite_now()
            time.sleep(0.2)
            assert follower.renewals <= 4
