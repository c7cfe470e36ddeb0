"""Templates, and the files that pages load."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from whipstitch import __version__
from whipstitch.web.dashboard.installation import CityDatabase

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class Renderer:
    """Renders templates, everything escaped, and hands out static files. The address of a file has
    a hash of all of them in it: browsers keep them until one changes."""

    def __init__(self, places: Callable[[], CityDatabase]) -> None:
        """``places`` tells the database of places in use."""
        folder = files("whipstitch.web.dashboard") / "static"
        self._files = {
            one.name: one.read_bytes()
            for one in sorted(folder.iterdir(), key=lambda one: one.name)
            if one.name.rpartition(".")[2] in _TYPES
        }
        digest = hashlib.sha256()
        for name, content in self._files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        self._packed = {name: gzip.compress(content) for name, content in self._files.items()}
        self._base = f"/static/{digest.hexdigest()[:16]}"
        self._templates = Environment(
            loader=PackageLoader("whipstitch.web.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals.update(
            static=self._address, version=__version__, shows_dbip=lambda: places().is_of_dbip
        )
        self._templates.filters.update(size=size, moment=moment, number=number, json=plain_json)

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(values), status)

    async def static(self, request: Request) -> Response:
        """``/static/HASH/NAME``; a page that was loaded before an upgrade gets the new file."""
        name = request.path_params["name"]
        content = self._files.get(name)
        if content is None:
            raise HTTPException(404)
        headers = {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            content = self._packed[name]
            headers["content-encoding"] = "gzip"
        return Response(content, headers=headers, media_type=_TYPES[name.rpartition(".")[2]])

    def _address(self, name: str) -> str:
        assert name in self._files, name  # noqa: S101 - a misspelt name is found by any test
        return f"{self._base}/{name}"


def size(count: float) -> str:
    """Bytes for people: ``3.4 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return (
                f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
            )
        count /= 1000
    return f"{count:.1f} TB"


def number(value: int) -> str:
    """With thin spaces between the thousands."""
    return f"{value:,}".replace(",", "\u202f")


def moment(value: datetime, timezone: str) -> str:
    """As the clocks of a time zone show it, an IANA name."""
    return f"{value.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone}"


def plain_json(value: object) -> str:
    """As text, which is escaped where it is put."""
    return json.dumps(value, ensure_ascii=False)
