"""The API's documentation page. Its script and style come from an installed package: the page
works with no internet."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}


def _static() -> Path:
    """Found without importing the package, whose own modules are not needed."""
    found = find_spec("swagger_ui")
    assert found is not None and found.submodule_search_locations  # noqa: S101, PT018 - installed
    return Path(found.submodule_search_locations[0]) / "static"


_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  persistAuthorization: false,
});
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Whipstitch API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="docs"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
# The page's script sets styles on what it draws; nothing else may come from anywhere else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


async def _page(_request: Request) -> Response:
    return HTMLResponse(_PAGE, headers={"content-security-policy": _POLICY})


async def _start(_request: Request) -> Response:
    return Response(_START, media_type="text/javascript")


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        raise HTTPException(404)
    return FileResponse(
        _static() / name,
        media_type=_ASSETS[name],
        headers={"cache-control": "max-age=86400"},
    )


def pages(describe: Callable[[], dict[str, Any]]) -> list[Route]:
    """The page, its files, and ``/openapi.json``, which is made when it is asked for first."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(describe())

    async def described(_request: Request) -> Response:
        return Response(document(), media_type="application/json")

    return [
        Route("/openapi.json", described),
        Route("/docs", _page),
        Route("/docs/start.js", _start),
        Route("/docs/{name}", _asset),
    ]
