"""Is it alive, is it ready, how is it doing."""

import asyncio
from typing import Final

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from whipstitch.web.api.asking import Asking
from whipstitch.web.api.endpoints import Done, Routes
from whipstitch.web.api.errors import refused

routes = Routes("", "operations", who=None)

_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}


class Ready(msgspec.Struct, omit_defaults=True):
    """``warnings``: what an operator should look at."""

    ok: bool
    warnings: list[str] = msgspec.field(default_factory=list)


@routes.add("GET", "/health", "The process lives")
async def health(_asking: Asking) -> Done:
    """Whatever else is away."""
    return Done()


@routes.add(
    "GET", "/ready", "It can accept and store", refusals={503: "It cannot; `error` says why."}
)
async def ready(asking: Asking) -> Ready | Response:
    """And what an operator should look at, though it can."""
    if found := asking.services.problems():
        return refused(503, "; ".join(found))
    # It looks at directories.
    return Ready(ok=True, warnings=await asyncio.to_thread(asking.services.warnings))


@routes.add("GET", "/metrics", "Prometheus metrics", content=_TEXT)
async def metrics(asking: Asking) -> Response:
    """In the text format."""
    return Response(generate_latest(asking.services.metrics), media_type=CONTENT_TYPE_LATEST)
