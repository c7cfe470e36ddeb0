"""The hosts of a cluster, looked at when a server starts: would rows and answers be right?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from whipstitch.core.errors import StorageError
from whipstitch.warehouse.client import Client

_MOST_APART: Final = 5.0
"""Seconds that clocks may differ."""
_MACROS: Final = "SELECT macro, substitution FROM system.macros"
_CLOCK: Final = "SELECT toUnixTimestamp64Micro(now64(6)) / 1e6"
_LAYOUT: Final = (
    "SELECT shard_num, count() FROM system.clusters WHERE cluster = {cluster:String} "
    "GROUP BY shard_num ORDER BY shard_num"
)
# What the cluster's own members say of themselves: each of them, and one of each shard.
_MEMBERS: Final = (
    "SELECT substitution FROM clusterAllReplicas({cluster:String}, system.macros) "
    "WHERE macro = 'shard'"
)
_SHARDS: Final = (
    "SELECT substitution FROM cluster({cluster:String}, system.macros) WHERE macro = 'shard'"
)


@dataclass(frozen=True, slots=True)
class HostLook:
    """What a host says of itself. ``clock``: seconds by which its clock is ahead of ours.
    ``layout``: how many replicas each shard of the cluster has, as the host knows it."""

    name: str
    version: str
    macros: Mapping[str, str]
    clock: float
    layout: Mapping[int, int]

    @property
    def shard(self) -> str:
        return self.macros.get("shard", "")


def look(client: Client, name: str, cluster: str, now: float) -> HostLook:
    """``now``: unix time of ours."""
    layout = client.query(_LAYOUT, {"cluster": cluster}).result_rows
    return HostLook(
        name,
        client.server_version or "0",
        {row[0]: row[1] for row in client.query(_MACROS).result_rows},
        float(client.query(_CLOCK).result_rows[0][0]) - now,
        {int(row[0]): int(row[1]) for row in layout},
    )


class ShardMembers(NamedTuple):
    """What the macro `shard` says on each member of a cluster, and on one of each shard."""

    all: Counter[str]
    shards: Counter[str]


def members(client: Client, cluster: str) -> ShardMembers:
    """Fails where one does not answer."""
    values = {"cluster": cluster}
    everybody, one_each = (
        Counter(str(row[0]) for row in client.query(sql, values).result_rows)
        for sql in (_MEMBERS, _SHARDS)
    )
    return ShardMembers(everybody, one_each)


def check(hosts: Sequence[HostLook], cluster: str, listed: int) -> None:
    """Of those of ``listed`` hosts that answer.

    Raises:
        StorageError: rows would be lost, doubled or missing; the message says what to do.
    """
    for host in hosts:
        _check_macros(host)
        _check_layout(host, cluster, listed)
    _check_versions(hosts)
    _check_clocks(hosts)
    _check_names(hosts)
    shards, known = {host.shard for host in hosts}, hosts[0].layout
    if len(shards) > len(known):
        raise StorageError(
            f"The hosts in --clickhouse are of {len(shards)} shards by their macro `shard` "
            f"({', '.join(sorted(shards))}), and the cluster {cluster} has {len(known)}. Make "
            "macros and remote_servers of the configuration agree."
        )


def check_members(found: ShardMembers, hosts: Sequence[HostLook]) -> None:
    """Whether the cluster's members are the hosts, all of which answer.

    Raises StorageError."""
    ours = Counter(host.shard for host in hosts)
    if found.all != ours or found.shards != Counter(set(ours)):
        raise StorageError(
            "The cluster's <remote_servers> and the macros of its hosts do not agree, or its hosts "
            f"are not those in --clickhouse: by the macro `shard` these are {_counted(ours)}, the "
            f"cluster's members are {_counted(found.all)}, and its shards {_counted(found.shards)}."
        )


def _counted(shards: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of {name}" for name, count in sorted(shards.items())) or "none"


def _check_macros(host: HostLook) -> None:
    missing = [name for name in ("shard", "replica") if not host.macros.get(name)]
    if missing:
        raise StorageError(
            f"{host.name} has no macro {' and no macro '.join(missing)}: say in the <macros> of "
            "its configuration which shard and which replica it is."
        )


def _check_layout(host: HostLook, cluster: str, listed: int) -> None:
    if not host.layout:
        raise StorageError(
            f"{host.name} does not know the cluster {cluster}: define it in <remote_servers> of "
            "its configuration, or name another one in --clickhouse-cluster."
        )
    if (replicas := sum(host.layout.values())) != listed:
        raise StorageError(
            f"--clickhouse names {listed} hosts, and the cluster {cluster} has {replicas} as "
            f"{host.name} knows it. List each host of the cluster, separated by commas."
        )


def _check_versions(hosts: Sequence[HostLook]) -> None:
    versions = {".".join(host.version.split(".")[:2]): host.name for host in hosts}
    if len(versions) > 2:
        said = ", ".join(f"{version} ({name})" for version, name in sorted(versions.items()))
        raise StorageError(f"The hosts run too many versions of ClickHouse: {said}. Use one.")


def _check_clocks(hosts: Sequence[HostLook]) -> None:
    early, late = (pick(hosts, key=lambda one: one.clock) for pick in (min, max))
    if (apart := late.clock - early.clock) > _MOST_APART:
        raise StorageError(
            f"The clocks of {early.name} and {late.name} are {apart:.0f} seconds apart: have both "
            "set by NTP. They may differ by 5 seconds."
        )


def _check_names(hosts: Sequence[HostLook]) -> None:
    names = Counter((host.shard, host.macros["replica"]) for host in hosts)
    for (shard, replica), count in names.items():
        if count > 1:
            said = " and ".join(host.name for host in hosts if host.shard == shard)
            raise StorageError(
                f"{said} say both that they are replica {replica} of shard {shard}: give each host "
                "another <macros>."
            )
