"""What the requests for saved questions may say, and how a question is shown."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.time_ranges import parse_zone
from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.board_values import Question
from whipstitch.registry.values import ReportKind
from whipstitch.web.api.asking import Asking
from whipstitch.web.api.bodies import StrictBody
from whipstitch.web.api.report_kinds import read
from whipstitch.web.api.reports import inside
from whipstitch.web.api.times import moment

LARGEST: Final = 32_768
"""Bytes of JSON that a query or a view may have."""
_ENDS: Final = ("from", "to")
MOVING: Final = (
    r"[1-9][0-9]{0,2}[hdwm]|yesterday|(last_)?(week|month|quarter|year)|all"
    r"|\d{4}-\d\d-\d\d(T\d\d:\d\d)?\.\."
)
"""A regular expression of ranges that move on."""

Query = Annotated[
    dict[str, Any],
    Meta(description="The body of a request to the surface, as it is sent there."),
]
Range = Annotated[
    str,
    Meta(
        pattern=rf"^({MOVING})$",
        description="A range that moves on, instead of `from` and `to`: the last hours (`24h`), "
        "days (`30d`), weeks (`4w`) or months (`6m`), up to now; `yesterday`; `week`, `month`, "
        "`quarter` or `year`, this one, or `last_week` and so on, the one before; `all`, from the "
        "first event on; `2026-05-01..`, from then on. Null: the query's own holds.",
        examples=["30d"],
    ),
]
View = Annotated[
    dict[str, Any],
    Meta(description="How the dashboard shows the answer. Nobody else reads it."),
]

EXAMPLE_QUERY: Final[dict[str, Any]] = {
    "events": [{"event_name": "page_view", "math": "unique"}],
    "interval": "day",
}
EXAMPLES: Final = {
    "moving": {
        "summary": "Visitors of the last 30 days, whenever it is looked at",
        "value": {
            "name": "Visitors",
            "surface": "insights",
            "query": EXAMPLE_QUERY,
            "range": "30d",
            "view": {"chart": "line"},
        },
    },
    "fixed": {
        "summary": "The funnel of one month",
        "value": {
            "name": "Checkout in May",
            "surface": "funnels",
            "query": {
                "steps": [
                    {"event_name": "checkout_started"},
                    {"event_name": "checkout_completed"},
                ],
                "window_seconds": 86_400,
                "from": "2026-05-01",
                "to": "2026-06-01",
            },
        },
    },
}


class QuestionBody(StrictBody, kw_only=True):
    """A question to be saved."""

    name: Annotated[str, Meta(examples=["Visitors"])]
    surface: ReportKind
    query: Query
    range: Range | None = None
    view: View = msgspec.field(default_factory=dict)


class QuestionChange(StrictBody, kw_only=True):
    """What is to be otherwise; what is left out stays."""

    name: str | UnsetType = UNSET
    query: Query | UnsetType = UNSET
    range: Range | UnsetType | None = UNSET
    view: View | UnsetType = UNSET


class QuestionShown(msgspec.Struct):
    """A saved question; ``boards`` are the ids of those that it is on."""

    id: str
    name: str
    surface: ReportKind
    query: dict[str, Any]
    range: str | None
    view: dict[str, Any]
    boards: Collection[str]
    created_by: str
    created_at: str
    changed_by: str
    changed_at: str


def shown(question: Question) -> QuestionShown:
    return QuestionShown(
        question.id,
        question.name,
        question.surface,
        question.query,
        question.range,
        question.view,
        question.boards,
        question.created_by,
        moment(question.created_at),
        question.changed_by,
        moment(question.changed_at),
    )


async def check(
    asking: Asking, surface: ReportKind, query: dict[str, Any], range_: str | None
) -> None:
    """That its report would answer it. Raises InvalidQuery."""
    check_size(query, "query")
    try:
        body = read(surface, query)
        parsed = body.parsed(parse_zone(body.timezone, asking.zone), datetime.now(UTC))
        await asking.must_exist(filters.cohorts_of(parsed))
    except InvalidQuery as error:
        raise inside(error, "query") from None
    if body.people_of is not None:
        raise InvalidQuery("query.people_of", "is left out: a saved question asks for the numbers")
    for end in _ENDS:
        if range_ is not None and query.get(end) is not None:
            raise InvalidQuery(f"query.{end}", "does not go together with range: send one of them")


def check_view(view: Mapping[str, Any]) -> None:
    """Raises InvalidQuery."""
    check_size(view, "view")


def check_size(value: object, field: str) -> None:
    """Raises InvalidQuery."""
    try:
        size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
    except (ValueError, RecursionError):  # lone surrogates, NaN
        raise InvalidQuery(field, "must be JSON and Unicode text") from None
    if size > LARGEST:
        raise InvalidQuery(field, f"must not be larger than {LARGEST:,} bytes")
