"""How the hosts of a cluster are, for an operator; and what a new one lacks, brought to it."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final, NamedTuple

from whipstitch.core.errors import StorageError, StorageUnavailable
from whipstitch.warehouse import hosts
from whipstitch.warehouse.client import Client, DatabaseError
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.hosts import HostLook
from whipstitch.warehouse.servers import Servers

_PATIENCE: Final = 30.0
_LATE_SECONDS: Final = 10
_TABLES: Final = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() "
    "AND engine != 'Join' AND NOT startsWith(name, '.')"
)
_LAG: Final = (
    "SELECT max(absolute_delay), sum(queue_size), groupArrayIf(table, is_readonly) "
    "FROM system.replicas WHERE database = currentDatabase()"
)
# What is read by others comes first.
_DEFINITIONS: Final = (
    "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() "
    "AND engine != 'Join' AND NOT startsWith(name, '.') ORDER BY multiIf(engine = 'View', 3, "
    "engine = 'MaterializedView', 2, engine = 'Distributed', 1, 0), name"
)
_UUID: Final = re.compile(r" UUID '[0-9a-f-]{36}'")
_REPLICA_EXISTS: Final = 253


class HostState(NamedTuple):
    """``problem``: why nothing else is known. ``missing``: tables that others have. ``delay``: how
    many seconds it is behind other replicas, and ``queued`` things that it has still to fetch or
    do. ``read_only``: tables that have lost their keeper."""

    name: str
    problem: str = ""
    look: HostLook | None = None
    missing: tuple[str, ...] = ()
    delay: int = 0
    queued: int = 0
    read_only: tuple[str, ...] = ()

    def told(self) -> Iterator[str]:
        """What is wrong with it, with what to do."""
        if self.problem:
            yield f"{self.name} does not answer: {self.problem}"
        if self.missing:
            yield (
                f"{self.name} has no {', '.join(self.missing)}: `whipstitch cluster join` gives it "
                "what it lacks."
            )
        if self.read_only:
            yield (
                f"{self.name} cannot write {', '.join(self.read_only)}: it does not reach its "
                "Keeper, or (SYSTEM RESTORE REPLICA) that has lost them."
            )
        if self.delay > _LATE_SECONDS:
            yield (
                f"{self.name} is {self.delay} seconds behind the other replicas, with "
                f"{self.queued} entries to do: look at system.replication_queue there."
            )


def states(servers: Servers) -> list[HostState]:
    """Of all hosts, in the order of the settings."""
    found = [_state(servers, address) for address in servers.addresses]
    known = {table for _, tables in found for table in tables}
    return [state._replace(missing=tuple(sorted(known - tables))) for state, tables in found]


def problems(servers: Servers, found: Sequence[HostState]) -> list[str]:
    """What is wrong with the hosts, each and together."""
    told = [one for state in found for one in state.told()]
    if looks := [state.look for state in found if state.look]:
        try:
            hosts.check(looks, servers.cluster, len(servers.addresses))
        except StorageError as error:
            told.append(str(error))
    return told


def join(servers: Servers) -> dict[str, list[str]]:
    """Gives each host the tables that another one has and it has not; replicas then fetch the rows
    by themselves. Returns their names, by host. May be repeated after any end.

    Raises:
        StorageUnavailable: a host does not answer.
        StorageError: no host has tables; or one had them once, and its Keeper knows it.
    """
    found = states(servers)
    for state in found:
        if state.problem:
            raise StorageUnavailable(f"{state.name} does not answer: {state.problem}")
    each = list(zip(servers.addresses, found, strict=True))
    complete = [address for address, state in each if not state.missing]
    if not complete or all(not _has_tables(one) for one in complete):
        raise StorageError("No host has all tables yet: `whipstitch serve` makes them.")
    with translated(), closing(complete[0].connect({}, seconds=_PATIENCE)) as client:
        definitions = client.query(_DEFINITIONS).result_rows
    made: dict[str, list[str]] = {}
    for address, state in each:
        if not state.missing:
            continue
        with translated(), closing(_in_database(address)) as client:
            for name, definition in definitions:
                if name in state.missing:
                    _make(client, address.name, name, definition)
                    made.setdefault(address.name, []).append(name)
    return made


def _state(servers: Servers, address: Address) -> tuple[HostState, set[str]]:
    try:
        with translated():
            system = address.connect({}, seconds=_PATIENCE, database="default")
        with translated(), closing(system):
            look = hosts.look(system, address.name, servers.cluster, time.time())
            there = system.query(f"EXISTS DATABASE {_quoted(address.database)}").result_rows
            if not there[0][0]:
                return HostState(address.name, look=look), set()
        with translated(), closing(address.connect({}, seconds=_PATIENCE)) as client:
            tables = {str(row[0]) for row in client.query(_TABLES).result_rows}
            delay, queued, read_only = client.query(_LAG).result_rows[0]
    except StorageUnavailable as error:
        return HostState(address.name, problem=str(error)), set()
    state = HostState(address.name, "", look, (), int(delay), int(queued), tuple(read_only))
    return state, tables


def _has_tables(address: Address) -> bool:
    with translated(), closing(_in_database(address)) as client:
        return bool(client.query(_TABLES).result_rows)


def _in_database(address: Address) -> Client:
    client = address.connect({}, seconds=_PATIENCE, database="default")
    with closing(client):
        client.command(f"CREATE DATABASE IF NOT EXISTS {_quoted(address.database)}")
    return address.connect({}, seconds=_PATIENCE)


def _make(client: Client, host: str, name: str, definition: str) -> None:
    definition = _UUID.sub("", definition)
    definition = definition.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1)
    try:
        client.command(definition)
    except DatabaseError as error:
        if error.code != _REPLICA_EXISTS:
            raise
        raise StorageError(
            f"{host} had the table {name} once, which its Keeper knows. If its disk is lost, have "
            "another host forget it (ClickHouse: SYSTEM DROP REPLICA 'its replica' FROM DATABASE "
            f"{client.database}), and run this again."
        ) from None


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
