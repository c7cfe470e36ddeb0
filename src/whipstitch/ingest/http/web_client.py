"""The web client, ``/w.js``, which pages of other sites load."""

import gzip
import hashlib
from importlib.resources import files
from typing import Final

from starlette.types import Receive, Scope, Send

PATH: Final = "/w.js"
_A_DAY: Final = b"public, max-age=86400, stale-while-revalidate=604800"
"""Sites name ``PATH``: a newer client must reach their visitors. Until a browser has it, the one it
has does as well."""
_FOR_EVER: Final = b"public, max-age=31536000, immutable"


class WebClientDoor:
    """An ASGI application for ``paths``: ``PATH``, and one with the script's hash, under which it
    never changes."""

    def __init__(self) -> None:
        self._script = files("whipstitch.ingest.http").joinpath("w.js").read_bytes()
        self._packed = gzip.compress(self._script, mtime=0)
        digest = hashlib.sha256(self._script).hexdigest()[:16]
        self._tag = f'"{digest}"'.encode()
        self.hashed = f"/w.{digest}.js"
        self.paths = (PATH, self.hashed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI calls it
        headers = dict(scope["headers"])
        status, body = 200, self._script
        told = [
            (b"cache-control", _FOR_EVER if scope["path"] == self.hashed else _A_DAY),
            (b"etag", self._tag),
            (b"vary", b"accept-encoding"),
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"x-content-type-options", b"nosniff"),
            # Pages may want it by CORS, with ``integrity``, or keep strangers out by COEP.
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
        ]
        if scope["method"] not in ("GET", "HEAD"):
            status, body, told = 405, b"", [(b"allow", b"GET, HEAD")]
        elif self._tag in headers.get(b"if-none-match", b""):
            status, body = 304, b""
        elif b"gzip" in headers.get(b"accept-encoding", b""):
            body = self._packed
            told.append((b"content-encoding", b"gzip"))
        if status != 304:
            told.append((b"content-length", b"%d" % len(body)))
        if scope["method"] == "HEAD":
            body = b""
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})
