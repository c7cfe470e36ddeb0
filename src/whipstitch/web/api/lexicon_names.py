"""``/api/v1/lexicon/names``: what people say of names, and virtual ones."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.concurrency import run_in_threadpool

from whipstitch.analytics.expressions.properties import is_of_events, is_text
from whipstitch.analytics.expressions.virtual import LONGEST_EXPRESSION, MOST_MERGED
from whipstitch.analytics.virtual_names import virtuals_of
from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.meaning_values import Meaning, MeaningKind
from whipstitch.registry.meanings import MeaningChange
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.endpoints import REFUSALS, Done, Routes
from whipstitch.web.api.times import moment

routes = Routes("/api/v1/lexicon/names", "events")

_LONGEST_NAME: Final = 500
"""Of what is described: databases do not index longer ones."""
_LARGEST: Final = 65_536
"""Bytes of JSON that ``any_of`` may have."""
_SHOWN: Final[dict[str, Any]] = {
    "kind": "event",
    "name": "Sign up",
    "display_name": None,
    "description": "An account was made, by whichever app.",
    "tags": ["growth"],
    "hidden": False,
    "verified_by": "ann@example.com",
    "verified_at": "2026-05-09T14:30:00.000Z",
    "any_of": [{"event_name": "signup"}, {"event_name": "user_signed_up"}],
    "expression": None,
    "changed_by": "ann@example.com",
    "changed_at": "2026-05-09T14:30:00.000Z",
}
_EXAMPLES: Final = {
    "describe": {
        "summary": "Say what an event is, and that it is right",
        "value": {
            "kind": "event",
            "name": "checkout_started",
            "display_name": "Checkout started",
            "description": "The first page of the checkout was shown.",
            "tags": ["revenue"],
            "verified": True,
        },
    },
    "merge": {
        "summary": "One name for several events",
        "value": {
            "kind": "event",
            "name": "Sign up",
            "any_of": [
                {"event_name": "signup"},
                {"event_name": "user_signed_up"},
                {
                    "event_name": "form_sent",
                    "filters": [{"property": "form", "operator": "is", "value": "signup"}],
                },
            ],
        },
    },
    "expression": {
        "summary": "A property worked out from others",
        "value": {"kind": "property", "name": "price", "expression": "round(amount / 100)"},
    },
}


class NameBody(StrictBody, kw_only=True):
    """What is to be said of a name; what is left out stays."""

    kind: MeaningKind
    name: Annotated[str, Meta(min_length=1, max_length=_LONGEST_NAME)]
    display_name: (
        Annotated[str, Meta(min_length=1, max_length=200, description="What pages call it")]
        | UnsetType
        | None
    ) = UNSET
    description: Annotated[str, Meta(max_length=2_000)] | UnsetType = UNSET
    tags: (
        Annotated[list[Annotated[str, Meta(min_length=1, max_length=50)]], Meta(max_length=20)]
        | UnsetType
    ) = UNSET
    hidden: Annotated[bool, Meta(description="Not suggested")] | UnsetType = UNSET
    verified: Annotated[bool, Meta(description="It is right, says who asks")] | UnsetType = UNSET
    any_of: (
        Annotated[
            list[dict[str, Any]],
            Meta(
                min_length=1,
                max_length=MOST_MERGED,
                description="Makes a virtual event of these: each an `event_name`, perhaps with "
                "`filters`; null: none",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    expression: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=LONGEST_EXPRESSION,
                description="Makes a virtual property, worked out from others; null: none",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET


class NameShown(msgspec.Struct):
    """What is said of a name. Of a virtual event `any_of` has what it stands for, of a virtual
    property `expression` how it is worked out."""

    kind: MeaningKind
    name: str
    display_name: str | None
    description: str
    tags: Sequence[str]
    hidden: bool
    verified_by: str | None
    verified_at: str | None
    any_of: list[dict[str, Any]] | None
    expression: str | None
    changed_by: str
    changed_at: str


class NamesAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    names: list[NameShown]


class NameAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    name: NameShown


class OneName(msgspec.Struct, kw_only=True):
    """A name."""

    kind: MeaningKind
    name: str


@routes.add("GET", "", "What is said of names", shown={"names": {"ok": True, "names": [_SHOWN]}})
async def list_names(asking: Asking) -> NamesAnswer:
    """All names of the project of which something is said, by kind and name, virtual ones among
    them. They hold in both environments."""
    known = await run_in_threadpool(asking.registry.list_meanings, asking.scope.project_id)
    return NamesAnswer(names=[_shown(one) for one in known])


@routes.add(
    "PATCH",
    "",
    "Describe a name, or make a virtual one",
    who="editor",
    examples=_EXAMPLES,
    shown={"name": {"ok": True, "name": _SHOWN}},
    refusals={
        400: REFUSALS[400],
        409: "It is no longer to be virtual, and something refers to it; `error` says what.",
    },
)
async def describe_name(asking: Asking, body: NameBody) -> NameAnswer:
    """Events that have any of the names (and pass its filters) are found under the name of a
    virtual event, wherever an event's name is asked for; a virtual property is worked out for each
    event that is looked at. A virtual name hides a sent one that is called the same: in its own
    definition it means that."""
    _check(body)
    made = await run_in_threadpool(
        asking.registry.change_meaning,
        asking.scope.project_id,
        asking.reader.called,
        body.kind,
        body.name,
        MeaningChange(
            body.display_name,
            body.description,
            body.tags,
            body.hidden,
            body.verified,
            body.any_of,
            body.expression,
        ),
        lambda virtual: virtuals_of(virtual).check(),
    )
    return NameAnswer(name=_shown(made))


@routes.add(
    "DELETE",
    "",
    "Say nothing of a name any more",
    who="editor",
    shown={"deleted": {"ok": True}},
    refusals={
        404: "Nothing is said of such a name.",
        409: "It is virtual, and something refers to it; `error` says what.",
    },
)
async def forget_name(asking: Asking, sent: OneName) -> Done:
    """Events and properties that clients sent stay, of course; a virtual name is gone."""
    await run_in_threadpool(
        asking.registry.delete_meaning, asking.scope.project_id, sent.kind, sent.name
    )
    return Done()


def _check(body: NameBody) -> None:
    """Raises InvalidQuery."""
    for field in ("name", "display_name", "description", "expression"):
        text = getattr(body, field)
        if isinstance(text, str) and not _is_storable(text):
            raise InvalidQuery(field, "must be Unicode text")
    for index, tag in enumerate(body.tags or ()):
        if not _is_storable(tag):
            raise InvalidQuery(f"tags[{index}]", "must be Unicode text")
    if body.any_of and body.kind != "event":
        raise InvalidQuery("any_of", "is for the kind event")
    if body.any_of and len(msgspec.json.encode(body.any_of)) > _LARGEST:
        raise InvalidQuery("any_of", f"must not be larger than {_LARGEST:,} bytes")
    if body.expression:
        if body.kind != "property":
            raise InvalidQuery("expression", "is for the kind property")
        if is_of_events(body.name):
            raise InvalidQuery("name", f"{body.name} is a column: no expression can be called so")


def _is_storable(text: str) -> bool:
    return is_text(text) and "\0" not in text


def _shown(one: Meaning) -> NameShown:
    return NameShown(
        one.kind,
        one.name,
        one.display_name,
        one.description,
        one.tags,
        one.is_hidden,
        one.verified_by,
        None if one.verified_at is None else moment(one.verified_at),
        one.any_of,
        one.expression,
        one.changed_by,
        moment(one.changed_at),
    )
