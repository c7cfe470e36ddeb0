"""Funnels: what cannot be asked, and how rows become an answer."""

import math
from datetime import UTC, datetime

import msgspec
import pytest

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports import funnels
from whipstitch.analytics.reports.funnel_matching import (
    MOST_ALIKE,
    MOST_KINDS,
    FunnelMatching,
    Order,
)
from whipstitch.analytics.reports.funnels import FunnelQuery
from whipstitch.core.errors import InvalidQuery

_RANGE = TimeRange(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def _query(
    *steps: Match, order: Order = "ordered", breakdown: Breakdown | None = None
) -> FunnelQuery:
    return FunnelQuery(FunnelMatching(steps, 1000, order), _RANGE, (), breakdown)


def _alike(count: int) -> list[Match]:
    """Steps of one event that differ in their filters."""
    return [
        Match("a", filters.parse([{"property": "n", "operator": "is", "value": n}], "filters"))
        for n in range(count)
    ]


def test_steps_in_any_order_may_be_alike_to_a_degree() -> None:
    kinds = _alike(MOST_KINDS)
    pairs = MOST_ALIKE // 2

    funnels.checked(_query(*kinds, Match("b"), Match("c"), order="unordered"))
    funnels.checked(_query(*(kinds[:2] * pairs), order="unordered"))
    funnels.checked(_query(*(kinds[:1] * (MOST_ALIKE + 1)), order="unordered"))
    funnels.checked(_query(*_alike(MOST_KINDS + 1), *(kinds[:2] * pairs)))


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(_alike(MOST_KINDS + 1), id="too many kinds"),
        pytest.param([*(_alike(2) * (MOST_ALIKE // 2)), *_alike(1)], id="too many steps"),
    ],
)
def test_steps_in_any_order_must_not_be_too_much_alike(steps: list[Match]) -> None:
    with pytest.raises(InvalidQuery, match="must not have more than 10 steps, of 5 diff") as error:
        funnels.checked(_query(*steps, order="unordered"))
    assert error.value.field == "steps"


def test_without_a_breakdown_the_answer_does_not_speak_of_one() -> None:
    answer = funnels.shape(_query(Match("a"), Match("b")), [("", 1, [4, 1], [2.5])])

    assert msgspec.to_builtins(answer) == {
        "ok": True,
        "steps": [
            {
                "event_name": "a",
                "count": 4,
                "conversion_from_previous": 1.0,
                "conversion_from_first": 1.0,
                "median_seconds_from_previous": None,
            },
            {
                "event_name": "b",
                "count": 1,
                "conversion_from_previous": 0.25,
                "conversion_from_first": 0.25,
                "median_seconds_from_previous": 2.5,
            },
        ],
    }


def group_in_sql(group: Group) -> str:
    return "-" if group is None else "+" if group == OTHER else f"={group}"


def test_large_groups_come_first_and_what_is_no_value_last() -> None:
    groups: list[tuple[Group, int]] = [(None, 9), ("b", 2), (OTHER, 8), ("c", 3), ("a", 2)]
    rows: list[tuple[str, int, list[int], list[float]]] = [
        (group_in_sql(group), 0, [count], []) for group, count in groups
    ]

    answer = funnels.shape(_query(Match("a"), breakdown=Breakdown("plan")), rows)

    assert isinstance(answer.breakdowns, list)
    assert [one.value for one in answer.breakdowns] == ["c", "a", "b", OTHER, None]


def test_nobody_converts_where_nobody_is() -> None:
    first, second = funnels.shape(
        _query(Match("a"), Match("b")), [("", 1, [0, 0], [math.nan])]
    ).steps

    assert (first.conversion_from_previous, first.conversion_from_first) == (0.0, 0.0)
    assert second.conversion_from_previous == 0.0
    assert second.median_seconds_from_previous is None
