"""The client: what an application calls."""

import asyncio
import atexit
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self
from uuid import UUID, uuid4

from whipstitch_client.encoding import Unserialisable, encode, plain_object, rfc3339, text
from whipstitch_client.file_queue import FileQueue
from whipstitch_client.queues import MemoryQueue, Queue, QueueFailed
from whipstitch_client.sender import Sender
from whipstitch_client.transport import Transport
from whipstitch_client.version import __version__

log: Final = logging.getLogger("whipstitch")

_MOST_BYTES: Final = 64 * 1024 * 1024
_LARGEST_BATCH: Final = 100
_LARGEST_OPERATION: Final = 32 * 1024 * 1024
_EXIT_SECONDS: Final = 5.0
_LIBRARY: Final = f"whipstitch-client/{__version__}"

Id = str | int | UUID
Properties = Mapping[str, object]
OnError = Callable[[str, Sequence[bytes]], object]
"""Is told why operations are lost, and which they were (JSON)."""


class Client:
    """Sends events, traits and aliases to one project, from a thread in the background.

    No method waits for the network, but ``flush``, ``shutdown`` and their asynchronous forms. None
    raises where an operation cannot be sent: it is logged (``logging.getLogger("whipstitch")``),
    counted in ``lost`` and told to ``on_error``. With ``debug`` what a caller does wrong raises.

    May be used from any thread and after a fork: a forked process sends what it is told itself, and
    leaves what the parent was told to the parent."""

    def __init__(
        self,
        key: str,
        *,
        host: str = "http://127.0.0.1:8080",
        queue_path: str | os.PathLike[str] | None = None,
        max_queue: int = 10_000,
        batch_size: int = _LARGEST_BATCH,
        flush_interval: float = 5.0,
        timeout: float = 15.0,
        default_properties: Properties | None = None,
        on_error: OnError | None = None,
        debug: bool = False,
        enabled: bool = True,
    ) -> None:
        """``host``: the server's address. ``queue_path``: an SQLite file in which operations wait,
        so that they survive the end of the process; without it they wait in memory. ``max_queue``:
        so many may wait, further ones are lost. ``flush_interval`` and ``timeout`` (of a request)
        in seconds. ``default_properties`` are sent with each event. ``enabled``: without it nothing
        is sent, as in tests.

        Raises:
            ValueError: the key is empty, ``host`` is no address, or a number is out of bounds.
        """
        if not key or not isinstance(key, str):
            raise ValueError("key must be a project's key: sk_live_… or sk_test_…")
        if not 1 <= batch_size <= _LARGEST_BATCH:
            raise ValueError(f"batch_size must be between 1 and {_LARGEST_BATCH}")
        if max_queue < 1 or flush_interval <= 0 or timeout <= 0:
            raise ValueError("max_queue, flush_interval and timeout must be positive")
        self._transport = Transport(host, key, timeout, _LIBRARY)
        self._path = None if queue_path is None else Path(queue_path)
        self._max_queue = max_queue
        self._batch_size = batch_size
        self._interval = flush_interval
        self._on_error = on_error
        self._debug = debug
        self._enabled = enabled
        self._defaults: dict[str, Any] = {}
        self._shut = False
        self.lost = 0
        """Operations that were not sent and will not be: refused, or put in when there was no
        room."""
        self.overflowed = 0
        """Those of them for which there was no room."""
        self._left_behind: list[object] = []
        self._forked = False
        self._beginning = threading.Lock()
        self._begin()
        if default_properties:
            self._defaults = plain_object(default_properties, self._left_out)
        _clients.add(self)

    # What happened

    def track(
        self,
        distinct_id: Id,
        event: str,
        properties: Properties | None = None,
        timestamp: datetime | date | float | str | None = None,
        *,
        message_id: str | None = None,
    ) -> None:
        """The person ``distinct_id`` did ``event``. ``timestamp``: when, else now. A naive datetime
        is local time. ``message_id``: an id of your own, by which the server knows a repeat."""

        def payload() -> dict[str, Any]:
            sent: dict[str, Any] = {
                "event_name": _required("event", event),
                "lib_version": _LIBRARY,
            }
            if properties:
                sent["properties"] = plain_object(properties, self._left_out)
            if self._defaults:
                sent["default_properties"] = self._defaults
            return sent

        self._put("track", distinct_id, payload, timestamp or datetime.now(UTC), message_id)

    def people(
        self,
        distinct_id: Id,
        properties: Properties | None = None,
        *,
        set_once: Properties | None = None,
        add: Mapping[str, object] | None = None,
        timestamp: datetime | date | float | str | None = None,
        message_id: str | None = None,
    ) -> None:
        """Sets traits of a person; None deletes one. ``set_once``: only where there is none yet.
        ``add``: numbers to be added to what is there."""

        def payload() -> dict[str, Any]:
            fields = {"properties": properties, "set_once": set_once, "add": add}
            return {
                name: plain_object(values, self._left_out)
                for name, values in fields.items()
                if values
            }

        self._put("people", distinct_id, payload, timestamp or datetime.now(UTC), message_id)

    def alias(self, alias_id: Id, distinct_id: Id, *, message_id: str | None = None) -> None:
        """All that was ever seen as ``alias_id``, an anonymous id say, is ``distinct_id``."""
        self._put(
            "alias",
            distinct_id,
            lambda: {"alias_id": _required("alias_id", alias_id)},
            datetime.now(UTC),
            message_id,
        )

    def identify(
        self,
        distinct_id: Id,
        properties: Properties | None = None,
        *,
        anonymous_id: Id | None = None,
    ) -> None:
        """Names a person who signed in: ``anonymous_id`` (a cookie's, say) is ``distinct_id``, who
        has these traits."""
        if anonymous_id is not None and anonymous_id != distinct_id:
            self.alias(anonymous_id, distinct_id)
        if properties or anonymous_id is None:
            self.people(distinct_id, properties)

    # When it is sent

    def flush(self, timeout: float | None = 10.0) -> bool:
        """Waits until the server has all that was put in before this call; whether it was within
        ``timeout`` seconds (None: however long it takes)."""
        self._begin_if_forked()
        return self._sender.flush(timeout)

    def shutdown(self, timeout: float | None = 10.0) -> bool:
        """``flush``, then no more is taken. What was not sent stays in the file at ``queue_path``,
        or is lost and counted where there is none. Returns whether all was sent."""
        if self._shut:
            return True
        self._shut = True
        if self._forked:  # and nothing was put in since
            return True
        done = self._sender.flush(timeout)
        self._sender.stop(1.0 if done else 0.1)
        if (left := _length(self._memory)) and not done:
            self._lose(
                f"not sent before the end: {self._sender.trouble or 'no time'}",
                [one.operation for one in self._memory.first(left, _MOST_BYTES)],
            )
        for queue in self._queues:
            queue.close()
        _clients.discard(self)
        return done

    async def aflush(self, timeout: float | None = 10.0) -> bool:  # noqa: ASYNC109 - as flush has
        """``flush``, while the event loop goes on."""
        return await asyncio.to_thread(self.flush, timeout)

    async def ashutdown(self, timeout: float | None = 10.0) -> bool:  # noqa: ASYNC109 - as shutdown has
        """``shutdown``, while the event loop goes on."""
        return await asyncio.to_thread(self.shutdown, timeout)

    def __len__(self) -> int:
        """How many operations wait."""
        self._begin_if_forked()
        return sum(map(_length, self._queues))

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ashutdown()

    # Inside

    def _begin(self) -> None:
        """Queues and a sender of this process."""
        self._memory = MemoryQueue(self._max_queue, _MOST_BYTES)
        self._queues: list[Queue] = [self._memory]
        if self._path is not None and self._enabled:
            try:
                self._queues.insert(0, FileQueue(self._path, self._max_queue))
            except QueueFailed as error:
                if self._debug:
                    raise
                log.error("%s; operations wait in memory", error)
        self._sender = Sender(
            self._queues,
            self._transport,
            self._lose,
            batch=self._batch_size,
            interval=self._interval,
        )
        if len(self._queues) > 1:
            self._sender.wake()  # for what an earlier process left
        _call_at_exit_of_child()

    def _put(
        self,
        type_: Literal["track", "people", "alias"],
        distinct_id: Id,
        payload: Callable[[], dict[str, Any]],
        timestamp: datetime | date | float | str,
        message_id: str | None,
    ) -> None:
        if not self._enabled:
            return
        self._begin_if_forked()
        try:
            sent = {
                "distinct_id": _required("distinct_id", distinct_id),
                **payload(),
                "timestamp": _time(timestamp),
                "message_id": message_id or str(uuid4()),
            }
            operation = encode({"type": type_, "payload": sent})
        except Exception as error:
            # Whatever is wrong with a value, or with its own code, is not to end a request.
            if self._debug:
                raise
            self._lose(f"{type(error).__name__}: {error}", [])
            return
        if len(operation) > _LARGEST_OPERATION:
            self._lose(f"an operation has more than {_LARGEST_OPERATION} bytes", [])
        elif self._shut:
            self._lose("the client was shut down", [operation])
        elif self._has_room(operation):
            self._sender.wake()
        else:
            self.overflowed += 1
            self._lose(
                f"{self._max_queue} operations wait already: {self._sender.trouble or 'too many'}",
                [operation],
            )

    def _has_room(self, operation: bytes) -> bool:
        """Puts it into the file, or into memory where the file fails."""
        for queue in self._queues:
            try:
                return queue.put(operation)
            except QueueFailed as error:
                log.error("%s; an operation waits in memory", error)
        return False

    def _left_out(self, place: str, why: str) -> None:
        if self._debug:
            raise TypeError(f"{place}: {why}")
        log.warning("The property %s is not sent: %s", place, why)

    def _lose(self, why: str, operations: Sequence[bytes]) -> None:
        count = len(operations) or 1
        before, self.lost = self.lost, self.lost + count
        # In an outage there may be thousands: each tenfold is logged, and each is told.
        if before == 0 or len(str(before)) != len(str(self.lost)):
            log.error("Operations are not sent (%d until now): %s", self.lost, why)
        if self._on_error is not None:
            try:
                self._on_error(why, operations)
            except Exception:
                log.exception("on_error failed")

    def _after_fork(self) -> None:
        self._forked = True
        self._beginning = threading.Lock()  # a thread of the parent may have had it

    def _begin_if_forked(self) -> None:
        """At the first use in a forked process: most never use it. The parent's connections and
        locks are kept as they are, unused: to close them would disturb the parent."""
        if not self._forked:
            return
        with self._beginning:
            if self._forked:
                self._left_behind += [self._queues, self._sender]
                self.lost = self.overflowed = 0
                self._begin()
                self._forked = False


def _required(name: str, value: object) -> str:
    if value is None or value == "":
        raise ValueError(f"{name} is missing")
    # Whatever else may be a name (a lazy text of Django, say), no container is.
    if isinstance(value, Mapping | Sequence | set | bytes) and not isinstance(value, str):
        raise Unserialisable(f"{name} must be a text, not a {type(value).__qualname__}")
    return text(value)


def _time(moment: datetime | date | float | str) -> str | float:
    if isinstance(moment, datetime):
        return rfc3339(moment)
    return moment.isoformat() if isinstance(moment, date) else moment


def _length(queue: Queue) -> int:
    try:
        return len(queue)
    except QueueFailed:
        return 0


_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


def _at_exit() -> None:
    for client in list(_clients):
        client.shutdown(_EXIT_SECONDS)


def _in_child() -> None:
    for client in list(_clients):
        client._after_fork()


def _call_at_exit_of_child() -> None:
    """The processes of ``multiprocessing`` end without what ``atexit`` has, but with this."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, _at_exit, exitpriority=0)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
