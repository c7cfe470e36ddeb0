"""What holds for every answer of the query API, whichever route gives it."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ENDLESS: Final = frozenset({"/api/v1/export", "/api/v1/events/stream"})
"""What would be read from the storage only to be thrown away."""


class Manners:
    """Answers are kept by nobody and taken for nothing but what they are, unless a route says
    otherwise. ``HEAD`` is answered as ``GET`` is; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD" and scope["path"] not in _ENDLESS:
            # A copy: the server looks at its own to see that there is no body to send.
            scope = {**scope, "method": "GET"}

        async def mannered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("cache-control", "no-store")
                headers.setdefault("x-content-type-options", "nosniff")
            await send(message)

        await self._app(scope, receive, mannered)
