"""``GET /api/v1/events/stream``."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.responses import Response

from whipstitch.analytics.events import stream
from whipstitch.analytics.events.events import Event
from whipstitch.analytics.events.stream import PAGE, Found, Landed, StreamQuery, Tail
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.analytics.session import QuerySession, SessionFactory
from whipstitch.core.errors import RegistryUnavailable, StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.parameters import OfPerson
from whipstitch.web.api.streaming import ConcurrencyLimit, Streamed
from whipstitch.web.auth.access import Reader

routes = Routes("/api/v1", "events")

_PAUSE: Final = 1.0
_HEARTBEAT: Final = 15.0
_LIFETIME: Final = 600.0
"""Seconds after which a client has to come again, and to show that its token still holds."""
_BEGINNING: Final = b"retry: 1000\n: events that land from now on\n\n"
_EXAMPLE: Final = (
    "retry: 1000\n: events that land from now on\n\n"
    "id: evt_V1StGXR8_Z5jdHi6B-myT\n"
    'data: {"id":"evt_V1StGXR8_Z5jdHi6B-myT","event_name":"checkout_started", …}\n\n'
)


class Stream(InEnvironment, kw_only=True):
    """Which events are sent."""

    event_name: str | None = None
    distinct_id: OfPerson = None


@routes.add(
    "GET",
    "/events/stream",
    "Events as they land (Server-Sent Events)",
    content={"text/event-stream": {"example": _EXAMPLE}},
    headers={"last-event-id": "The id of the last event that was received"},
    refusals={
        400: "A parameter cannot be used; `error` names it.",
        429: "Too many streams are open.",
    },
)
async def stream_events(asking: Asking, sent: Stream) -> Response:
    """The rows of `GET /events`, some seconds after they were accepted, each as one message with
    the event's id. After ten minutes the stream ends; a client that comes again with
    `Last-Event-ID`, as `EventSource` does, misses nothing."""
    services = asking.services
    follower = _Follower(
        services.sessions,
        asking.scope,
        f"stream of {asking.reader.id}",
        sent.event_name,
        sent.distinct_id,
        asking.request.headers.get("last-event-id"),
        services.stopping,
    )
    chunks = _placed(services.streams, follower, asking.reader)
    return Streamed(chunks, "text/event-stream", {"cache-control": "no-store"})


async def _placed(
    places: ConcurrencyLimit, follower: "_Follower", reader: Reader
) -> AsyncGenerator[bytes]:
    with places.taken(reader):
        async with contextlib.aclosing(follower.follow()) as chunks:
            async for chunk in chunks:
                yield chunk


@dataclass(slots=True)
class _Follower:
    """One client's stream. Each look is a reading of its own: a stream may last. It does not wait
    for slower questions of the same user."""

    readings: SessionFactory
    scope: Scope
    who: str
    event_name: str | None
    distinct_id: str | None
    last_event_id: str | None
    stopping: asyncio.Event

    async def follow(self) -> AsyncGenerator[bytes]:
        tail = await self._begin()
        yield _BEGINNING
        end = time.monotonic() + _LIFETIME
        silent_until = time.monotonic() + _HEARTBEAT
        while not self.stopping.is_set() and time.monotonic() < end:
            many = False
            # ClickHouse or the registry may be away for a while: what lands then is found later.
            with contextlib.suppress(StorageUnavailable, RegistryUnavailable):
                found = await self._look(tail)
                fresh = await asyncio.to_thread(tail.fresh, found)
                for start in range(0, len(fresh), PAGE):
                    page = fresh[start : start + PAGE]
                    events = await self._complete(page, _received(tail))
                    yield b"".join(map(_message, events))
                    tail.passed(Found(page, 0, many=False))
                    silent_until = time.monotonic() + _HEARTBEAT
                await asyncio.to_thread(tail.passed, found)
                many = found.many
            if time.monotonic() >= silent_until:
                yield b":\n\n"
                silent_until = time.monotonic() + _HEARTBEAT
            if not many:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), _PAUSE)

    async def _begin(self) -> Tail:
        now = time.time_ns() // 1000
        if self.last_event_id is not None:
            async with self.readings.open(self.scope, self.who) as reading:
                rows = await reading.run(stream.accepted_at(self.last_event_id))
            if rows:
                return Tail(now, Landed(rows[0][0], self.last_event_id))
        tail = Tail(now)
        tail.passed(await self._look(tail))
        return tail

    async def _look(self, tail: Tail) -> Found:
        async with self.readings.open(self.scope, self.who) as reading:
            query = StreamQuery(self.event_name, await self._person(reading))
            query = reading.virtuals.resolved(query)
            sql = stream.landed(query, tail.since, _received(tail), reading.persons)
            rows = await reading.run(sql)
        # There may be many of them.
        return await asyncio.to_thread(stream.shape_landed, rows)

    async def _person(self, reading: QuerySession) -> str | None:
        """Whoever it is by now."""
        return None if self.distinct_id is None else await person_of(reading, self.distinct_id)

    async def _complete(self, page: list[Landed], received: int) -> list[Event]:
        async with self.readings.open(self.scope, self.who) as reading:
            return stream.shape(await reading.run(stream.complete(page, received, reading.persons)))


def _received(tail: Tail) -> int:
    return stream.received_since(tail.since, time.time_ns() // 1000)


def _message(event: Event) -> bytes:
    # A client's properties may have line breaks, between their tokens.
    data = msgspec.json.encode(event).replace(b"\n", b" ").replace(b"\r", b" ")
    return b"id: %b\ndata: %b\n\n" % (event.id.encode(), data)
