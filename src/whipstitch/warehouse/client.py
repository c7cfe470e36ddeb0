"""The client of ClickHouse's HTTP interface that everything here uses."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import IOBase
from typing import TYPE_CHECKING, Any, Final

from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.httpclient import HttpClient
from clickhouse_connect.driver.query import QueryResult
from clickhouse_connect.driver.summary import QuerySummary

from whipstitch.core.errors import StorageUnavailable
from whipstitch.warehouse.binding import bound
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.write_guard import WriteGuard, Writing

if TYPE_CHECKING:
    from whipstitch.warehouse.peers import Peers

# The driver has ClickHouse keep an answer until it is complete, for else an error could come after
# a part of it. By default that is in a file, and where the disk is full, the answer is then 200 and
# nothing. So, in memory, of which a query may have less. For all requests, also those that the
# driver makes by itself when it connects.
__all__ = ["Client", "DatabaseError"]
HttpClient.params = {"buffer_size": str(2**30)}

SYNCHRONISE: Final = "SYSTEM SYNC REPLICA {table:Identifier} LIGHTWEIGHT"
_OF_EVENTS: Final = re.compile(r"\bFROM\s+events\b")
_LOOKED_UP: Final = re.compile(r"(?<!GLOBAL )\b(NOT )?IN\s*\(\s*SELECT\b")
_DEFINES: Final = re.compile(r"\s*(CREATE|ALTER)\b", re.IGNORECASE)


def on_all_shards(sql: str) -> str:
    """A statement as it is where ``events`` is a table over shards: the host that is asked works
    out whatever rows are looked up in, and sends it to the shards. Each could do that itself, but
    ClickHouse 26.9 then calls columns by other names here and there, and fails (code 8)."""
    return _LOOKED_UP.sub(r"GLOBAL \1IN (SELECT", sql) if _OF_EVENTS.search(sql) else sql


class Client(HttpClient):
    """Values of statements may be of any length. Where there is a ``guard``, statements that write
    raise StorageUnavailable if what they wrote may not be there."""

    guard: WriteGuard | None = None
    _together: Writing | None = None
    peers: "Peers | None" = None
    """The other hosts of a cluster; None: there are none."""
    replicated: bool = False
    """Whether the tables are on several replicas, of which another one may have what this one does
    not see yet (see ``engines``)."""

    @property
    def events(self) -> str:
        """The table that has the rows of events: on a cluster ``events`` is one over all shards,
        which cannot be changed."""
        return "events_local" if self.peers else "events"

    def one_of_each_shard(self) -> Iterator["Client"]:
        """A client at each shard. Raises StorageUnreachable where one is away."""
        return self.peers.shards() if self.peers else iter([self])

    def all_nodes(self) -> Iterator["Client"]:
        """A client at each host. Raises StorageUnreachable where one is away."""
        return (client for _, client in self.peers.nodes()) if self.peers else iter([self])

    def live_nodes(self) -> Iterator["Client"]:
        """A client at each host that answers."""
        return self.peers.live_nodes() if self.peers else iter([self])

    def await_replicas(self, *tables: str, all_of_them: bool = False) -> None:
        """Until the hosts that answer have what any replica of these tables has stored by now; with
        ``all_of_them`` every host. Raises StorageUnreachable where one is away that is meant."""
        if self.peers:
            for node in self.all_nodes() if all_of_them else self.live_nodes():
                for table in tables:
                    node.command(SYNCHRONISE, {"table": table})

    def shards(self) -> tuple[str, ...]:
        """The names of all shards; a blank one, where there is no cluster."""
        return self.peers.shard_names if self.peers else ("",)

    def shard(self, name: str) -> "Client":
        """A client at that shard. Raises StorageUnreachable where it is away."""
        return self.peers.shard(name) if self.peers else self

    def answers(self) -> bool:
        """Whether the host is there now."""
        try:
            with translated():
                self.command("SELECT 1")
        except StorageUnavailable:
            return False
        return True

    @contextmanager
    def writing_together(self) -> Iterator[None]:
        """Around statements that write: whether what they wrote is there is looked for at the end,
        and where ``confirm_writes`` says, not after each."""
        if self.guard is None or self._together is not None:
            yield
            return
        with self.guard.writing(self) as self._together:
            try:
                yield
            finally:
                self._together = None

    def confirm_writes(self) -> None:
        """For those who go on as if it were there. Raises StorageUnavailable if something that was
        written may not be there."""
        if self._together is not None:
            self._together.confirm()

    def close(self) -> None:
        if self.peers:
            self.peers.close()
        super().close()

    def query(
        self,
        query: str | None = None,
        parameters: Any = None,
        settings: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> QueryResult:
        if query is not None and self.peers:
            query = on_all_shards(query)
        if query is not None and parameters:
            query, parameters, needed = bound(query, parameters)
            settings = {**(settings or {}), **needed}
        return super().query(query, parameters, settings, *args, **kwargs)

    def raw_stream(
        self, query: str, parameters: Any = None, settings: Any = None, *args: Any, **kwargs: Any
    ) -> IOBase:
        if self.peers:
            query = on_all_shards(query)
        if parameters:
            query, parameters, needed = bound(query, parameters)
            settings = {**(settings or {}), **needed}
        return super().raw_stream(query, parameters, settings, *args, **kwargs)

    def command(
        self,
        cmd: str,
        parameters: Any = None,
        data: str | bytes | None = None,
        settings: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if self.peers:
            cmd = on_all_shards(cmd)
        if parameters:
            cmd, parameters, needed = bound(cmd, parameters)
            settings = {**(settings or {}), **needed}
        with self._written():
            result = super().command(cmd, parameters, data, settings, *args, **kwargs)
        if self.guard and _DEFINES.match(cmd):
            self.guard.keep_definitions()
        return result

    def data_insert(self, *args: Any, **kwargs: Any) -> QuerySummary:
        with self._written():
            return super().data_insert(*args, **kwargs)

    def raw_insert(self, *args: Any, **kwargs: Any) -> QuerySummary:
        with self._written():
            return super().raw_insert(*args, **kwargs)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Around a statement that writes."""
        with self.writing_together():
            if self._together is not None:
                self._together.another()
            yield
