"""The HTTP server around an engine."""

import asyncio
import contextlib
import functools
import gc
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from whipstitch import metrics
from whipstitch.api.app import build
from whipstitch.dashboard import app as dashboard
from whipstitch.doors.express import ExpressProtocol
from whipstitch.doors.heads import Heads
from whipstitch.doors.wire import Renderer
from whipstitch.enrichment.addresses import TrustedProxies
from whipstitch.errors import SettingsError
from whipstitch.server.engine import Engine
from whipstitch.server.heartbeat import Heartbeat
from whipstitch.server.overview import Overview
from whipstitch.settings import Settings

log = structlog.get_logger(__name__)

_BACKLOG = 4096
_KEEP_ALIVE_SECONDS = 75
_MOST_YOUNG = 10_000
"""Objects that may be new before the collector looks at them. Requests under way are some
thousands, and hardly any of them leaves a cycle behind."""
_FINISH_SECONDS = 3
"""How long requests in flight may take to finish once the server is told to stop."""


def serve(engine: Engine, settings: Settings, started: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. ``started`` is told the address once clients can connect.

    Raises:
        SettingsError: the address cannot be listened on.
        StorageError: ClickHouse, once it was there, is not one that this program can use.
    """
    server: _Server

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        engine.start()
        beat = asyncio.create_task(heartbeat.run())
        # What is there by now stays: the collector need not look at it again and again, which
        # takes long enough to be felt by clients.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_MOST_YOUNG)
        try:
            yield
        finally:
            beat.cancel()
            await engine.stop()

    stopping = asyncio.Event()
    heartbeat = Heartbeat(lambda: server.server_state.connections, settings.body_timeout)
    app = build(
        intake=engine.intake,
        registry=engine.registry,
        readings=engine.readings,
        stitches=engine,
        erases=engine,
        keeper=engine.cohorts,
        problems=engine.problems,
        metrics=metrics.registry(metrics.Stages(engine, heartbeat)),
        dashboard=dashboard.routes(
            engine.registry, Overview(engine), TrustedProxies.parse(settings.trusted_proxies)
        ),
        stopping=stopping,
        lifespan=lifespan,
    )
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=functools.partial(  # type: ignore[arg-type] # a class, as far as uvicorn calls it
            ExpressProtocol, engine.intake, Heads(), Renderer(), _KEEP_ALIVE_SECONDS
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_FINISH_SECONDS,
    )
    listening = _listen(settings.host, settings.port)
    server = _Server(config, lambda: started(_address(listening)), engine, stopping)
    _raise_file_limit()
    # uvicorn raises the signal that ended it once more; by then that must end nothing.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    uvloop.run(server.serve(sockets=[listening]))
    if engine.fatal is not None:
        raise engine.fatal


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        on_start: Callable[[], None],
        engine: Engine,
        stopping: asyncio.Event,
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._engine = engine
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._engine.fatal is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Streams of events would be waited for in vain.
        self._stopping.set()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
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


def _raise_file_limit() -> None:
    """Each connection is an open file, and the usual limit of 1,024 is soon reached."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
