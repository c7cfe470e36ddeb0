"""``/api/v1/screens``: which screens there are, and their pictures."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from whipstitch.analytics.events import screens
from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.events.screens import ScreensQuery
from whipstitch.analytics.expressions.time_ranges import parse_range
from whipstitch.core.projects import Environment, Scope
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Picture, Snapshot
from whipstitch.web.api.asking import CancellableRoute
from whipstitch.web.api.errors import Refused
from whipstitch.web.api.pages import Cursor, position
from whipstitch.web.api.reading import CurrentReading, CurrentZone
from whipstitch.web.auth.access import CurrentReader

router = APIRouter(prefix="/api/v1/screens", tags=["screens"], route_class=CancellableRoute)

_EXAMPLE: Final = {
    "ok": True,
    "screens": [
        {
            "screen": "Checkout",
            "views": 1204,
            "taps": 930,
            "last_seen": "2026-05-09T14:32:01.482Z",
            "snapshots": [
                {
                    "app_version": "2.4.1",
                    "os": "ios",
                    "device_width": 390,
                    "device_height": 844,
                    "scroll_offset_y": 0,
                    "content_type": "image/png",
                    "size": 48210,
                    "uploaded_at": "2026-05-02T08:00:12.004Z",
                }
            ],
        }
    ],
    "next_cursor": None,
}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refused, "description": "A parameter cannot be used; `error` names it."},
    401: {"model": Refused, "description": "No token, or one that is not valid."},
    503: {"model": Refused, "description": "ClickHouse or the registry does not answer."},
}
_IMAGE_HEADERS: Final = {
    # A client made it: whatever it is, it is shown as an image or not at all.
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "content-disposition": "inline",
    "cache-control": "private, no-cache",
    "vary": "authorization, cookie",
}


class SnapshotShown(msgspec.Struct):
    """A pristine snapshot; null: its upload did not say."""

    app_version: str | None
    os: str | None
    device_width: float | None
    device_height: float | None
    scroll_offset_y: float | None
    content_type: str
    size: int
    uploaded_at: str


class ScreenShown(msgspec.Struct):
    """A screen that events of the range name, or that has a snapshot."""

    screen: str
    views: int
    taps: int
    last_seen: str | None
    snapshots: list[SnapshotShown]


class ScreensAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    screens: list[ScreenShown]
    next_cursor: str | None


@router.get(
    "",
    summary="Which screens there are",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"example": _EXAMPLE}}},
        408: {"model": Refused, "description": "It took too long; `error` says what helps."},
        413: {"model": Refused, "description": "It is too much; `error` says what helps."},
        **_REFUSALS,
    },
)
async def list_screens(
    request: Request,
    reading: CurrentReading,
    zone: CurrentZone,
    search: Annotated[
        str | None, Query(max_length=1000, description="A part of the screen's name, in any case")
    ] = None,
    screen: Annotated[
        str | None, Query(max_length=screens.LONGEST_NAME, description="The whole name of one")
    ] = None,
    from_: Annotated[
        str | None, Query(alias="from", description="RFC 3339, inclusive; by default 30 days ago")
    ] = None,
    to: Annotated[str | None, Query(description="RFC 3339, exclusive; by default now")] = None,
    limit: Annotated[int, Query(ge=1, le=screens.MOST)] = screens.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Screens by name, each with how often it was seen and tapped in the range, and with the
    pristine snapshots that clients uploaded, whenever that was, the newest app version first."""
    query = ScreensQuery(
        parse_range(from_, to, zone, datetime.now(UTC)),
        limit,
        search,
        screen,
        position(cursor, screens.ScreenPosition),
    )
    rows = await reading.run(screens.build(query))
    kept: defaultdict[str, list[SnapshotShown]] = defaultdict(list)
    for one in await run_in_threadpool(_registry(request).list_snapshots, reading.scope):
        kept[one.screen].append(_show(one))
    page, next_cursor = screens.shape(query, rows, list(kept))
    shown = [
        ScreenShown(one.screen, one.views, one.taps, one.last_seen, kept.get(one.screen, []))
        for one in page
    ]
    answer = ScreensAnswer(screens=shown, next_cursor=next_cursor)
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get(
    "/image",
    summary="The picture of a screen",
    response_class=Response,
    responses={
        200: {
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/png", "image/jpeg", "image/webp")
            }
        },
        304: {"description": "It is the one that the client has (`If-None-Match`)."},
        404: {"model": Refused, "description": "There is no such snapshot in this environment."},
        **_REFUSALS,
    },
)
async def show_image(
    request: Request,
    reader: CurrentReader,
    screen: Annotated[str, Query(min_length=1, max_length=screens.LONGEST_NAME)],
    app_version: Annotated[
        str, Query(max_length=screens.LONGEST_NAME, description="As listed; blank: null")
    ] = "",
    os: Annotated[
        str, Query(max_length=screens.LONGEST_NAME, description="As listed; blank: null")
    ] = "",
    environment: Environment = "live",
) -> Response:
    """The image of one pristine snapshot, as it was uploaded."""
    scope = Scope(reader.project_id, environment)
    find = _registry(request).find_picture
    found = await run_in_threadpool(find, scope, screen, app_version, os)
    if found is None:
        raise HTTPException(404, "There is no such snapshot in this environment of the project.")
    headers = {**_IMAGE_HEADERS, "etag": _tag(found)}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.image, media_type=found.content_type, headers=headers)


# Inside


def _registry(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


def _tag(picture: Picture) -> str:
    return f'"{_milliseconds(picture.uploaded_at)}-{len(picture.image)}"'


def _show(one: Snapshot) -> SnapshotShown:
    return SnapshotShown(
        one.app_version,
        one.os,
        one.device_width,
        one.device_height,
        one.scroll_offset_y,
        one.content_type,
        one.size,
        rfc3339(_milliseconds(one.uploaded_at)),
    )


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
