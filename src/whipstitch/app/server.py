"""The HTTP server: it takes events in as soon as it can, and brings up the rest behind that."""

from __future__ import annotations

import asyncio
import functools
import gc
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
import uvicorn
import uvloop

from whipstitch.app.descriptors import DescriptorRoom, make_room
from whipstitch.app.front import Front
from whipstitch.app.heartbeat import Heartbeat
from whipstitch.app.ingestion import Ingestion
from whipstitch.app.running import Running
from whipstitch.app.watchdog import ServerStuck, Watchdog
from whipstitch.config.settings import Settings
from whipstitch.core.addresses import TrustedProxies
from whipstitch.core.errors import SettingsError
from whipstitch.ingest.compat.door import CompatDoor
from whipstitch.ingest.endpoints import PATHS
from whipstitch.ingest.http.asgi import AsgiDoor
from whipstitch.ingest.http.connection_limits import ConnectionLimits
from whipstitch.ingest.http.fast_path.protocol import FastPathProtocol
from whipstitch.ingest.http.responses import ResponseEncoder
from whipstitch.ingest.http.sdk_endpoints import SdkDoor
from whipstitch.ingest.http.web_client import WebClientDoor
from whipstitch.registry.late import LateRegistry

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from whipstitch.app.application import Application

log = structlog.get_logger(__name__)

_KEEP_ALIVE_SECONDS = 75
_MOST_YOUNG = 10_000
"""Objects that may be new before the collector looks at them. Requests under way are some
thousands, and hardly any of them leaves a cycle behind."""
_FINISH_SECONDS = 3
"""How long requests in flight may take to finish once the server is told to stop."""


def serve(
    settings: Settings, registry: LateRegistry, started: Callable[[Ingestion, str], None]
) -> None:
    """Serves until SIGTERM or SIGINT. ``started`` is told the address once clients can connect.

    Raises:
        JournalError: the journal cannot be opened.
        SettingsError: the address cannot be listened on, or there is no ClickHouse to run.
        StorageError: ClickHouse, once it was there, is not one that this program can use.
    """
    room = make_room(settings.max_connections)
    ingestion = Ingestion(settings, registry)
    listening = _listen(settings.host, settings.port, room.backlog)
    # uvicorn raises the signal that ended it once more; by then that must end nothing.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    uvloop.run(_serve(settings, registry, ingestion, listening, room, started))


async def _serve(
    settings: Settings,
    registry: LateRegistry,
    ingestion: Ingestion,
    listening: socket.socket,
    room: DescriptorRoom,
    started: Callable[[Ingestion, str], None],
) -> None:
    service = ingestion.service
    crowd = ConnectionLimits(
        room.connections,
        settings.max_connections_per_address or max(1, room.connections // 2),
        TrustedProxies.parse(settings.trusted_proxies),
    )
    door = AsgiDoor(service)
    script = WebClientDoor()
    doors = dict.fromkeys(PATHS, door) | dict.fromkeys(script.paths, script)
    front = Front(doors, SdkDoor(service), CompatDoor(service), also_read="/api/v1/people")
    config = uvicorn.Config(
        front,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=functools.partial(  # type: ignore[arg-type] # a class, as far as uvicorn calls it
            FastPathProtocol, service, ResponseEncoder(), _KEEP_ALIVE_SECONDS, crowd
        ),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=room.backlog,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_FINISH_SECONDS,
    )
    stopping = asyncio.Event()
    server = _Server(config, stopping)
    watchdog = Watchdog(server.fail)
    heartbeat = Heartbeat(
        lambda: server.server_state.connections, settings.body_timeout, watchdog.beat
    )

    async def bring_up() -> Application | None:
        await server.listening.wait()
        try:
            started(ingestion, _address(listening))
            ingestion.watch()
            engine, reading = await asyncio.to_thread(
                _build, settings, registry, ingestion, Running(heartbeat, watchdog, crowd), stopping
            )
            engine.start(server.fail)
            watchdog.watch(engine.rows)
            front.open(reading)
        except Exception as error:
            server.fail(error)
            return None
        # What is there by now stays: the collector need not look at it again and again, which
        # takes long enough to be felt by clients.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_MOST_YOUNG)
        return engine

    ingestion.start()
    watchdog.start()
    beat = asyncio.create_task(heartbeat.run())
    beat.add_done_callback(server.fail_with)
    rest = asyncio.create_task(bring_up())
    try:
        await server.serve(sockets=[listening])
    finally:
        beat.cancel()
        ingestion.detach()
        if not server.listening.is_set():
            rest.cancel()
        elif (engine := await rest) is not None:
            await asyncio.to_thread(engine.stop)
        await asyncio.to_thread(ingestion.close)
        watchdog.stop()
    if server.failure is not None:
        raise server.failure


def _build(
    settings: Settings,
    registry: LateRegistry,
    ingestion: Ingestion,
    running: Running,
    stopping: asyncio.Event,
) -> tuple[Application, ASGIApp]:
    # Imported now: that takes most of the time of a start.
    from whipstitch.app.reading import build

    return build(settings, registry(), ingestion, running, stopping)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        """Set once clients can connect."""
        self.failure: BaseException | None = None
        """Why it ended by itself."""
        self._stopping = stopping

    def fail(self, error: BaseException) -> None:
        """Ends the server as a signal does; whoever runs it is told why. May be called from any
        thread."""
        self.failure = error
        self.should_exit = True

    def fail_with(self, task: asyncio.Task[None]) -> None:
        """Ends the server where a task did that should not."""
        if not task.cancelled():
            self.fail(task.exception() or ServerStuck("The heartbeat has ended."))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Streams of events would be waited for in vain.
        self._stopping.set()
        await super().shutdown(sockets)


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another address with --host, another port with --port."
        ) from error


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
