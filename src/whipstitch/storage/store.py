"""The storage as the rest sees it: it loads segments and answers queries."""

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from whipstitch.errors import StorageUnavailable
from whipstitch.storage import loading, pouring, upkeep
from whipstitch.storage.asked import Asked
from whipstitch.storage.connect import EXPORTING, LOADING, QUERYING, STITCHING, Address
from whipstitch.storage.contents import Contents
from whipstitch.storage.embedded import FailedWrites
from whipstitch.storage.failures import limited
from whipstitch.storage.lane import Lane
from whipstitch.storage.loading import NO_CORRECTIONS, Corrections, Table
from whipstitch.storage.migrate import migrate
from whipstitch.storage.pulse import Pulse

log = structlog.get_logger(__name__)

_QUERY_THREADS: Final = 2
_POURING_THREADS: Final = 2
_CLOSE_SECONDS: Final = 1.5
_PATIENCE: Final = 5.0
"""Seconds that a server may take to say that it is there."""
_UNKNOWN_DATABASE: Final = 81
_PIECE: Final = 256 * 1024
"""Bytes of a segment that are sent to a server at once."""

Row = Sequence[Any]
T = TypeVar("T")
Prepare = Callable[[Client, Contents], Corrections]
"""Done on the loading thread before a segment's rows are stored: takes its aliases, and says what
is known of its ids."""
_TABLES: Final[tuple[Table, ...]] = ("trait", "track")


class Store:
    """ClickHouse with the schema in place. Its methods may be called from any thread: they wait for
    threads of the store's own, which give way to the event loop."""

    def __init__(
        self,
        address: Address,
        *,
        durable: bool,
        retention_days: int,
        seconds: float,
        prepare: Prepare,
    ) -> None:
        self._address = address
        self._prepare_segment = prepare
        self._durable = durable
        self._retention_days = retention_days
        self._seconds = seconds
        self._prepared = False
        self._failed_writes = FailedWrites()
        self._anchor: Client | None = None
        """Keeps the embedded engine from ending with the last connection of a lane: what is written
        while it ends and begins again is not seen by the next."""
        self._loading = Lane("clickhouse-load", 1, self._prepare, patient=False)
        self._querying = Lane(
            "clickhouse-query", _QUERY_THREADS, self._connect_prepared(QUERYING), patient=False
        )
        self._pouring = Lane(
            "clickhouse-export", _POURING_THREADS, self._connect_prepared(EXPORTING)
        )
        self._stitching = Lane("clickhouse-stitch", 1, self._connect_prepared(STITCHING))
        self._ending = Lane("clickhouse-end", 1, self._connect_prepared({}))
        self._pulse = None if address.path is not None else Pulse(self._connect_briefly)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        durable: bool,
        retention_days: int,
        seconds: float = 60.0,
        prepare: Prepare = lambda _client, _contents: NO_CORRECTIONS,
    ) -> Self:
        """The storage at ``url`` (see ``Address.parse``), its schema migrated. ``seconds``: how
        long a server may keep one answer waiting.

        A server that is away does not keep us from starting: what needs it raises until it is back,
        and the schema is migrated then.

        Raises:
            SettingsError: ``url`` is no address.
            StorageUnavailable: the embedded engine cannot be opened.
            StorageError: the schema is newer than this program, or ClickHouse too old.
        """
        store = cls(
            Address.parse(url),
            durable=durable,
            retention_days=retention_days,
            seconds=seconds,
            prepare=prepare,
        )
        try:
            prepared = store._loading.run(lambda _: None)
            prepared.result(None if store._pulse is None else _PATIENCE)
        except TimeoutError:
            log.warning("storage_away", problem=f"No answer for {_PATIENCE} seconds.")
        except StorageUnavailable as error:
            if store._address.path is not None:
                store.close()
                raise
            log.warning("storage_away", problem=str(error))
        except BaseException:
            store.close()
            raise
        return store

    def ping(self) -> None:
        """Raises StorageUnavailable where ClickHouse does not answer."""
        self._querying.run(lambda client: client.query("SELECT 1")).result()

    def load(self, segment: Path, token: str, contents: Contents, *, careful: bool = False) -> None:
        """Stores the rows of ``segment``, which are ``contents``; whatever its size, in level
        memory. Rows that are stored already are not stored twice, so it may be repeated after any
        end. ``token`` names the segment: on a server one attempt at it runs at a time. ``careful``:
        see ``loading``.

        Raises:
            StorageRefused: some row cannot be stored; others may have been.
            StorageUnavailable: not now; some rows may have been stored.
        """
        self._loading.run(
            lambda client: self._load(client, segment, token, contents, careful)
        ).result()

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows that ``sql`` finds; ``parameters`` fill its ``{name:Type}`` places.

        Raises StorageUnavailable (of which QueryLimit is one), StorageRefused or PatternRefused."""
        return self.submit(sql, parameters).result()

    def submit(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Future[list[Row]]:
        """``query`` for those who cannot wait: wrap it with ``asyncio.wrap_future``. Cancelled, it
        is ended in ClickHouse, too."""
        asked = Asked(self._ending)

        def ask(client: Client) -> list[Row]:
            with limited():
                settings = {"log_comment": asked.name}
                return list(client.query(sql, dict(parameters or {}), settings).result_rows)

        return self._querying.run(ask, asked)

    def pour(
        self, sql: str, format_: str, parameters: Mapping[str, Any], pipe: int
    ) -> Future[list[Row]]:
        """Writes what ``sql`` finds into ``pipe``, a file descriptor, in a format of ClickHouse's;
        closes it in the end. The future then has no rows; it fails, and is cancelled, as that of
        ``submit``. Whoever cancels it closes the pipe's other end, too."""
        asked = Asked(self._ending)
        asked.add_done_callback(lambda _: os.close(pipe))
        write = pouring.from_engine if self.embedded else pouring.from_server

        def ask(client: Client) -> list[Row]:
            with limited():
                write(client, sql, format_, parameters, {"log_comment": asked.name}, pipe)
            return []

        return self._pouring.run(ask, asked)

    def beside_loading(self, work: Callable[[Client], T]) -> Future[T]:
        """Does ``work`` between two segments, on the thread that loads them."""
        return self._loading.run(work)

    def at_leisure(self, work: Callable[[Client], T]) -> Future[T]:
        """Does ``work`` on a thread of its own, with as little of the machine as can be."""
        return self._stitching.run(work)

    def look_at_writes(self) -> None:
        """Raises StorageUnavailable where the embedded engine failed to write: see ``embedded``."""
        if self.embedded:
            self._querying.run(self._failed_writes.look).result()

    def close(self) -> None:
        """Lets go of ClickHouse, after what runs now if that does not take long."""
        until = time.monotonic() + _CLOSE_SECONDS
        if self._pulse is not None:
            self._pulse.stop()
        self._querying.close(until)
        self._pouring.close(until)
        self._ending.close(until)
        self._stitching.close(until)
        self._loading.close(until)
        if self._anchor is not None:
            self._anchor.close()

    @property
    def embedded(self) -> bool:
        """Whether this process is the only one that the storage has."""
        return self._address.path is not None

    @property
    def damaged(self) -> bool:
        """Whether the embedded engine takes nothing any more, and must be opened anew."""
        return self._failed_writes.problem is not None

    @property
    def problem(self) -> str | None:
        """Why ClickHouse takes nothing, for a person; None: it does."""
        return self._failed_writes.problem if self._pulse is None else self._pulse.problem

    # Inside, on the lanes' threads

    def _prepare(self) -> Client:
        """The client that loads, once the schema is in place."""
        if self._prepared:
            return self._connect(LOADING)
        try:
            client = self._connect(LOADING)
        except DatabaseError as error:
            if error.code != _UNKNOWN_DATABASE:
                raise
            self._create_database()
            client = self._connect(LOADING)
        try:
            for migration in migrate(client):
                log.info("storage_migrated", number=migration.number, name=migration.name)
            upkeep.keep_safe(client, durable=self._durable, embedded=self.embedded)
            upkeep.keep_days(client, self._retention_days)
            upkeep.keep_summaries(client)
            if self.embedded:
                self._anchor = self._connect({})
        except BaseException:
            client.close()
            raise
        self._prepared = True
        return client

    def _connect_prepared(self, settings: Mapping[str, int | str]) -> Callable[[], Client]:
        def connect() -> Client:
            if not self._prepared:
                self._loading.run(lambda _: None).result()
            return self._connect(settings)

        return connect

    def _connect_briefly(self) -> Client:
        return self._address.connect({}, seconds=_PATIENCE, database="default")

    def _connect(self, settings: Mapping[str, int | str]) -> Client:
        return self._address.connect(
            settings, seconds=self._seconds, failed_writes=self._failed_writes
        )

    def _create_database(self) -> None:
        client = self._address.connect({}, seconds=self._seconds, database="default")
        try:
            name = self._address.database
            client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", {"name": name})
        finally:
            client.close()

    def _load(
        self, client: Client, segment: Path, token: str, contents: Contents, careful: bool
    ) -> None:
        if self.embedded:
            contents = replace(contents, file=segment)
        corrections = self._prepare_segment(client, contents)
        for kind in _TABLES:
            if not contents.rows[kind]:
                continue
            if self.embedded:
                target = loading.from_file(
                    kind, str(segment), contents.span, corrections, careful=careful
                )
                client.command(f"INSERT INTO {target}")
                continue
            # Of two queries with one id ClickHouse refuses the second. So an attempt that we gave
            # up, and that a server which hung runs after all, does not run beside the next one:
            # whichever comes second finds the rows of the first.
            query_id = f"{self._address.database}-{token}-{kind}"
            target = loading.from_input(kind, contents.span, corrections, careful=careful)
            # Before the rows, not in the URL: it may name thousands of ids.
            statement = f"INSERT INTO {target} FORMAT JSONEachRow\n".encode()
            client.raw_insert(
                "",
                insert_block=_followed_by(statement, segment),
                # As much of the body is read before the statement in it is.
                settings={"query_id": query_id, "max_query_size": len(statement) + _PIECE},
            )


def _followed_by(statement: bytes, segment: Path) -> Generator[bytes, None, None]:
    yield statement
    with segment.open("rb") as rows:
        while piece := rows.read(_PIECE):
            yield piece
