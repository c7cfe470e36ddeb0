"""Is it alive, is it ready, how is it doing."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

router = APIRouter(tags=["operations"])

Problems = Callable[[], list[str]]
"""What keeps the server from accepting and storing, each as a sentence; empty: nothing does."""


@router.head("/health", include_in_schema=False)
@router.get("/health", summary="The process lives")
async def health() -> dict[str, bool]:
    return {"ok": True}


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    summary="It can accept and store",
    responses={503: {"description": "It cannot; `error` says why."}},
)
async def ready(request: Request) -> Response:
    problems: Problems = request.app.state.problems
    found = problems()
    if found:
        return JSONResponse({"ok": False, "error": "; ".join(found)}, 503)
    warnings: Problems = request.app.state.warnings
    told = await asyncio.to_thread(warnings)  # it looks at directories
    return JSONResponse({"ok": True, "warnings": told} if told else {"ok": True})


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    collected: CollectorRegistry = request.app.state.metrics
    return Response(generate_latest(collected), media_type=CONTENT_TYPE_LATEST)
