"""Hosts of a cluster: which ones are no cluster."""

from collections import Counter
from dataclasses import replace

import pytest

from whipstitch.core.errors import StorageError
from whipstitch.warehouse.hosts import HostLook, ShardMembers, check, check_members

LAYOUT = {1: 2, 2: 2}


def _hosts(**changes: object) -> list[HostLook]:
    """Two shards with two replicas; the last host is different in ``changes``."""
    hosts = [
        HostLook(f"h{s}{r}:8123", "26.3.1", {"shard": str(s), "replica": f"r{r}"}, 0.5 * r, LAYOUT)
        for s in (1, 2)
        for r in (1, 2)
    ]
    return [*hosts[:-1], replace(hosts[-1], **changes)]  # type: ignore[arg-type] # of its fields


def test_a_cluster_is_taken_also_where_a_host_is_away() -> None:
    check(_hosts(), "ws", 4)
    check(_hosts()[:3], "ws", 4)
    check_members(ShardMembers(Counter({"1": 2, "2": 2}), Counter({"1": 1, "2": 1})), _hosts())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"macros": {"shard": "2"}}, r"h22:8123 has no macro replica"),
        ({"macros": {}}, "no macro shard and no macro replica"),
        ({"macros": {"shard": "2", "replica": "r1"}}, "say both that they are replica r1"),
        ({"macros": {"shard": "3", "replica": "r1"}}, "3 shards"),
        ({"layout": {}}, "does not know the cluster ws"),
        ({"layout": {1: 2, 2: 3}}, "names 4 hosts, and the cluster ws has 5"),
        ({"clock": -5.0}, "h22:8123 and h12:8123 are 6 seconds apart"),
        ({"clock": 9.0}, "seconds apart"),
    ],
)
def test_what_would_lose_or_double_rows_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(StorageError, match=said):
        check(_hosts(**changes), "ws", 4)


def test_hosts_that_another_cluster_has_are_refused() -> None:
    others = ShardMembers(Counter({"1": 3, "2": 1}), Counter({"1": 2}))
    with pytest.raises(StorageError, match="3 of 1, 1 of 2"):
        check_members(others, _hosts())


def test_two_versions_are_an_upgrade_and_three_are_too_many() -> None:
    check(_hosts(version="26.4.1"), "ws", 4)
    first, *rest = _hosts(version="26.4.1")
    with pytest.raises(StorageError, match="too many versions"):
        check([replace(first, version="25.8.1"), *rest], "ws", 4)
