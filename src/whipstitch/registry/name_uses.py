"""What refers to a virtual name: saved questions, cohorts, boards, and other virtual names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from whipstitch.registry.board_tables import BoardRow, QuestionRow
from whipstitch.registry.meaning_values import Meaning
from whipstitch.registry.tables import CohortRow

MOST_TOLD: Final = 10
_OF_EVENTS: Final = frozenset(
    {"event_name", "start_event", "return_event", "did", "did_not", "exclude"}
)
_EVENT_NAME: Final = "$event_name"


def uses(
    session: Session, project_id: str, meaning: Meaning, virtual: Sequence[Meaning]
) -> list[str]:
    """What refers to the name, each as a person calls it; the first ones of many."""
    found = [f"the {one.kind} {one.name}" for one in virtual if _names(one, meaning)]
    questions = session.scalars(
        select(QuestionRow)
        .where(QuestionRow.project_id == project_id)
        .order_by(QuestionRow.name, QuestionRow.id)
    )
    found += [f"the question {row.name}" for row in questions if _asks(row.query, meaning)]
    cohorts = session.scalars(
        select(CohortRow)
        .where(CohortRow.project_id == project_id)
        .order_by(CohortRow.name, CohortRow.id)
    )
    found += [f"the cohort {row.name}" for row in cohorts if _asks(row.definition, meaning)]
    boards = session.scalars(
        select(BoardRow)
        .where(BoardRow.project_id == project_id)
        .order_by(BoardRow.name, BoardRow.id)
    )
    found += [
        f"the board {row.name}" for row in boards if _asks([row.filters, row.breakdown], meaning)
    ]
    more = len(found) - MOST_TOLD
    return found if more <= 0 else [*found[:MOST_TOLD], f"{more} more"]


def _names(virtual: Meaning, meaning: Meaning) -> bool:
    if (virtual.kind, virtual.name) == (meaning.kind, meaning.name):
        return False
    if meaning.kind == "property" and virtual.expression is not None:
        # A text that merely reads like the name counts, too: better one too many.
        return meaning.name in virtual.expression
    return _asks(virtual.any_of, meaning)


def _asks(sent: Any, meaning: Meaning) -> bool:
    """Whether a request, as it was sent, names it."""
    return any(_is_it(one, meaning) for one in _objects(sent))


def _is_it(one: Mapping[str, Any], meaning: Meaning) -> bool:
    if meaning.kind == "property":
        return one.get("property") == meaning.name and one.get("on", "event") == "event"
    named = [one[key] for key in _OF_EVENTS if key in one]
    if one.get("property") == _EVENT_NAME:
        named.append(one.get("value"))
    return any(
        meaning.name in value if isinstance(value, list) else meaning.name == value
        for value in named
    )


def _objects(sent: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(sent, Mapping):
        yield sent
        sent = list(sent.values())
    if isinstance(sent, list):
        for one in sent:
            yield from _objects(one)
