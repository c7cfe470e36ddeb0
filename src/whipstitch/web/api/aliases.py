"""``/api/v1/aliases``: who was said to be whom, the undo of it, and the rewrite."""

from typing import Annotated, Final

from msgspec import Meta, field

from whipstitch.analytics.people import aliases
from whipstitch.analytics.people.person_lookup import person_of
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.endpoints import Done, InEnvironment, Refusals, Routes
from whipstitch.web.api.parameters import ANY_ID, Cursor, OfPerson, PersonId, position

routes = Routes("/api/v1/aliases", "identity")

_MOST: Final = 1000
_EXAMPLE: Final = {
    "ok": True,
    "aliases": [
        {
            "alias_id": "anon_a3b9ff",
            "distinct_id": "user_456",
            "created_at": "2026-05-10T08:00:00.000Z",
            "state": "refused",
            "reason": "second_parent",
            "via": "segment",
            "client": "Firefox, linux",
        },
        {
            "alias_id": "anon_a3b9ff",
            "distinct_id": "user_123",
            "created_at": "2026-05-09T14:30:00.000Z",
            "state": "rewritten",
            "reason": None,
            "via": "alias",
            "client": "python-requests/2.32",
        },
    ],
    "next_cursor": None,
}
_UNDONE: Final[Refusals] = {
    404: "The id is linked to nobody.",
    503: "Not now; nothing is undone.",
}


class Aliases(InEnvironment, kw_only=True):
    """Which aliases are listed."""

    distinct_id: OfPerson = None
    limit: Annotated[int, Meta(ge=1, le=_MOST)] = 100
    cursor: Cursor = None


class OneAlias(InEnvironment, kw_only=True):
    """An alias, in the path."""

    alias_id: PersonId = field(name="id")


class OneAliasByParameter(InEnvironment, kw_only=True):
    """An alias, as a parameter."""

    alias_id: PersonId


@routes.add(
    "GET",
    "",
    "Aliases, newest first",
    shown={"page": _EXAMPLE},
    refusals={400: "A parameter cannot be used; `error` names it."},
)
async def list_aliases(asking: Asking, sent: Aliases) -> aliases.AliasesPage:
    """Who was said to be whom, and what became of it: `pending` until the events are rewritten,
    `refused` with the reason `self`, `placeholder`, `second_parent`, `loop` or `too_deep`. Reads
    count the ids of a pending alias as one person already. What was undone is not listed."""
    reading = await asking.session()
    query = aliases.AliasesQuery(
        sent.limit,
        person=None if sent.distinct_id is None else await person_of(reading, sent.distinct_id),
        after=position(sent.cursor, aliases.AliasPosition),
    )
    return await aliases.page(reading, query)


@routes.add(
    "POST",
    "/rewrite",
    "Rewrite what waits now",
    who="editor",
    status=202,
    shown={"asked": {"ok": True}},
)
async def rewrite(asking: Asking) -> Done:
    """Has rows with ids that turned out to be somebody's rewritten now, rather than at the next
    interval. `state` of the aliases says when it is done; reads need not wait for it."""
    asking.services.stitches.rewrite_now()
    return Done()


@routes.add(
    "DELETE",
    f"/{ANY_ID}",
    "Undo a stitch",
    who="editor",
    shown={"undone": {"ok": True}},
    refusals=_UNDONE,
)
async def undo(asking: Asking, sent: OneAlias) -> Done:
    """Takes back that `alias_id` is somebody else: rows that came in under it, and under what is
    still linked to it, belong to it again. Reads say so at once, the rows at the next rewrite. An
    alias that is sent later counts again."""
    return await _undo(asking, sent.alias_id)


@routes.add(
    "DELETE",
    "",
    "Undo a stitch, named by a parameter",
    who="editor",
    shown={"undone": {"ok": True}},
    refusals=_UNDONE,
)
async def undo_by_parameter(asking: Asking, sent: OneAliasByParameter) -> Done:
    """The same as `/api/v1/aliases/{id}`, for ids that do not survive in a path, such as `..`."""
    return await _undo(asking, sent.alias_id)


async def _undo(asking: Asking, alias_id: str) -> Done:
    if not await asking.services.stitches.undo(asking.scope, alias_id):
        raise not_found(f"alias_id: {alias_id} is linked to nobody")
    return Done()
