"""``/api/v1/screens``: which screens there are, and their pictures."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from whipstitch.analytics.events import screens
from whipstitch.analytics.events.pages import rfc3339
from whipstitch.analytics.events.screens import ScreensQuery
from whipstitch.analytics.expressions.time_ranges import parse_range
from whipstitch.registry.values import Picture, Snapshot
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.parameters import Cursor, From, To, position

routes = Routes("/api/v1/screens", "screens", cancellable=True)

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


class ListedScreens(InEnvironment, kw_only=True):
    """Which screens are listed."""

    search: (
        Annotated[
            str, Meta(max_length=1000, description="A part of the screen's name, in any case")
        ]
        | None
    ) = None
    screen: (
        Annotated[str, Meta(max_length=screens.LONGEST_NAME, description="The whole name of one")]
        | None
    ) = None
    from_: From = msgspec.field(name="from", default=None)
    to: To = None
    limit: Annotated[int, Meta(ge=1, le=screens.MOST)] = screens.DEFAULT_LIMIT
    cursor: Cursor = None


class OnePicture(InEnvironment, kw_only=True):
    """A pristine snapshot."""

    screen: Annotated[str, Meta(min_length=1, max_length=screens.LONGEST_NAME)]
    app_version: Annotated[
        str, Meta(max_length=screens.LONGEST_NAME, description="As listed; blank: null")
    ] = ""
    os: Annotated[
        str, Meta(max_length=screens.LONGEST_NAME, description="As listed; blank: null")
    ] = ""


@routes.add(
    "GET",
    "",
    "Which screens there are",
    shown={"page": _EXAMPLE},
    refusals={
        400: "A parameter cannot be used; `error` names it.",
        408: "It took too long; `error` says what helps.",
        413: "It is too much; `error` says what helps.",
    },
)
async def list_screens(asking: Asking, sent: ListedScreens) -> ScreensAnswer:
    """Screens by name, each with how often it was seen and tapped in the range, and with the
    pristine snapshots that clients uploaded, whenever that was, the newest app version first."""
    reading = await asking.session()
    query = ScreensQuery(
        parse_range(sent.from_, sent.to, asking.zone, datetime.now(UTC)),
        sent.limit,
        sent.search,
        sent.screen,
        position(sent.cursor, screens.ScreenPosition),
    )
    rows = await reading.run(screens.build(query))
    kept: defaultdict[str, list[SnapshotShown]] = defaultdict(list)
    for one in await run_in_threadpool(asking.registry.list_snapshots, asking.scope):
        kept[one.screen].append(_show(one))
    page, next_cursor = screens.shape(query, rows, list(kept))
    shown = [
        ScreenShown(one.screen, one.views, one.taps, one.last_seen, kept.get(one.screen, []))
        for one in page
    ]
    return ScreensAnswer(screens=shown, next_cursor=next_cursor)


@routes.add(
    "GET",
    "/image",
    "The picture of a screen",
    content={
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("image/png", "image/jpeg", "image/webp")
    },
    refusals={
        304: "It is the one that the client has (`If-None-Match`).",
        400: "A parameter cannot be used; `error` names it.",
        404: "There is no such snapshot in this environment.",
    },
)
async def show_image(asking: Asking, sent: OnePicture) -> Response:
    """The image of one pristine snapshot, as it was uploaded."""
    find = asking.registry.find_picture
    found = await run_in_threadpool(find, asking.scope, sent.screen, sent.app_version, sent.os)
    if found is None:
        raise not_found("There is no such snapshot in this environment of the project.")
    headers = {**_IMAGE_HEADERS, "etag": _tag(found)}
    if asking.request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.image, media_type=found.content_type, headers=headers)


# Inside


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
