"""``/api/v1/aliases``: two people made one by somebody here, after a look at what that changes."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from whipstitch.analytics.people import aliases, merging
from whipstitch.web.api.asking import Asking, not_found
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.endpoints import InEnvironment, Routes
from whipstitch.web.api.parameters import PersonId

routes = Routes("/api/v1/aliases", "identity")

_LONGEST_ID: Final = 1000
_EXAMPLE_ALIAS: Final = {
    "alias_id": "anon_a3b9ff",
    "distinct_id": "user_123",
    "created_at": "2026-05-09T14:30:00.000Z",
    "state": "pending",
    "reason": None,
    "via": "merge",
    "client": "ada@example.com",
}
_PREVIEW: Final = {
    "ok": True,
    "distinct_id": "user_123",
    "refused": None,
    "known": True,
    "ids": ["anon_a3b9ff"],
    "id_count": 1,
    "event_count": 12,
    "events_before": 87,
    "properties": [{"name": "plan", "value": "pro", "of_alias": "free", "of_person": "pro"}],
}


class TwoIds(InEnvironment, kw_only=True):
    """An alias that nobody said yet."""

    alias_id: PersonId
    distinct_id: PersonId


class MergeBody(StrictBody, kw_only=True):
    """An alias, as a client says it."""

    alias_id: Annotated[str, Meta(min_length=1, max_length=_LONGEST_ID)]
    distinct_id: Annotated[str, Meta(min_length=1, max_length=_LONGEST_ID)]


class AliasAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    alias: aliases.ListedAlias


@routes.add(
    "GET",
    "/preview",
    "What an alias would change",
    shown={"preview": _PREVIEW},
    refusals={400: "A parameter cannot be used; `error` names it."},
)
async def preview_alias(asking: Asking, sent: TwoIds) -> merging.MergePreview:
    """Who two people would be if `alias_id` were said to be `distinct_id`: which ids and how many
    events become that person's, and each trait as it then is and as both have it now. `refused` is
    why the alias would change nothing."""
    refused = asking.services.stitches.why_refused(sent.alias_id, sent.distinct_id)
    return await merging.preview(await asking.session(), sent.alias_id, sent.distinct_id, refused)


@routes.add(
    "POST",
    "",
    "Merge two people",
    who="editor",
    status=201,
    examples={"alias": {"value": {"alias_id": "anon_a3b9ff", "distinct_id": "user_123"}}},
    shown={"alias": {"ok": True, "alias": _EXAMPLE_ALIAS}},
    refusals={404: "No person has one of the ids.", 503: "Not now; nothing is merged."},
)
async def merge(asking: Asking, sent: InEnvironment, body: MergeBody) -> AliasAnswer:
    """Says that `alias_id` is `distinct_id`, as a client does by `POST /api/v1/alias`, and with the
    same rules: where `state` is `refused`, nothing changed. Reads know it at once; `DELETE` undoes
    it."""
    preview = await merging.preview(await asking.session(), body.alias_id, body.distinct_id)
    if not preview.known:
        raise not_found("No person has one of these ids")
    await asking.services.stitches.merge(
        asking.scope, body.alias_id, body.distinct_id, asking.reader.called
    )
    async with asking.services.sessions.open(asking.scope, asking.reader.id) as after:
        said = await aliases.said(after, body.alias_id, body.distinct_id)
    assert said is not None  # noqa: S101 - it was just stored, or an equal one before
    return AliasAnswer(alias=said)
