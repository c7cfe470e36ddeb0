"""Funnels: what cannot be asked, and how rows become an answer."""

import math
from datetime import UTC, datetime

import msgspec
import pytest

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.breakdowns import OTHER, Breakdown, Group
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports.funnel_answer import shape
from whipstitch.analytics.reports.funnel_matching import WHOLE
from whipstitch.analytics.reports.funnel_query import FunnelQuery, checked
from whipstitch.analytics.reports.funnel_steps import (
    MOST_ALIKE,
    MOST_KINDS,
    FunnelMatching,
    Order,
    Step,
)
from whipstitch.core.errors import InvalidQuery

_RANGE = TimeRange(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def _query(
    *steps: Match, order: Order = "ordered", breakdown: Breakdown | None = None
) -> FunnelQuery:
    each = tuple(Step((one,)) for one in steps)
    return FunnelQuery(FunnelMatching(each, 1000, order), _RANGE, (), breakdown)


def _alike(count: int) -> list[Match]:
    """Steps of one event that differ in their filters."""
    return [
        Match("a", filters.parse([{"property": "n", "operator": "is", "value": n}], "filters"))
        for n in range(count)
    ]


def test_steps_in_any_order_may_be_alike_to_a_degree() -> None:
    kinds = _alike(MOST_KINDS)
    pairs = MOST_ALIKE // 2

    checked(_query(*kinds, Match("b"), Match("c"), order="unordered"))
    checked(_query(*(kinds[:2] * pairs), order="unordered"))
    checked(_query(*(kinds[:1] * (MOST_ALIKE + 1)), order="unordered"))
    checked(_query(*_alike(MOST_KINDS + 1), *(kinds[:2] * pairs)))


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(_alike(MOST_KINDS + 1), id="too many kinds"),
        pytest.param([*(_alike(2) * (MOST_ALIKE // 2)), *_alike(1)], id="too many steps"),
    ],
)
def test_steps_in_any_order_must_not_be_too_much_alike(steps: list[Match]) -> None:
    with pytest.raises(InvalidQuery, match="must not have more than 10 steps, of 5 diff") as error:
        checked(_query(*steps, order="unordered"))
    assert error.value.field == "steps"


def test_without_a_breakdown_the_answer_does_not_speak_of_one() -> None:
    answer = shape(_query(Match("a"), Match("b")), [("", 1, WHOLE, [4, 1], [2.5])])

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
    rows: list[tuple[str, int, int, list[int], list[float]]] = [
        (group_in_sql(group), 0, WHOLE, [count], []) for group, count in groups
    ]

    answer = shape(_query(Match("a"), breakdown=Breakdown("plan")), rows)

    assert isinstance(answer.breakdowns, list)
    assert [one.value for one in answer.breakdowns] == ["c", "a", "b", OTHER, None]


def test_nobody_converts_where_nobody_is() -> None:
    first, second = shape(
        _query(Match("a"), Match("b")), [("", 1, WHOLE, [0, 0], [math.nan])]
    ).steps

    assert (first.conversion_from_previous, first.conversion_from_first) == (0.0, 0.0)
    assert second.conversion_from_previous == 0.0
    assert second.median_seconds_from_previous is None


def test_an_optional_step_is_passed_over_by_the_shares_of_the_next() -> None:
    way = Step((Match("a"),)), Step((Match("b"),), optional=True), Step((Match("c"),))
    query = FunnelQuery(FunnelMatching(way, 1000, "ordered"), _RANGE)

    steps = shape(query, [("", 1, WHOLE, [8, 2, 4], [1.0, 3.0])]).steps

    assert [one.conversion_from_previous for one in steps] == [1.0, 0.25, 0.5]
    assert [one.optional for one in steps] == [msgspec.UNSET, True, msgspec.UNSET]


def test_intervals_say_whose_people_still_had_time() -> None:
    day = 86_400_000
    first = int(_RANGE.start.timestamp() * 1000)
    cut = Intervals(tuple(first + day * at for at in range(4)), first + 4 * day)
    way = Step((Match("a"),)), Step((Match("b"),))
    range_ = TimeRange(_RANGE.start, datetime(2026, 5, 5, tzinfo=UTC))
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    attempts = FunnelMatching(way, day, "ordered")
    query = FunnelQuery(attempts, range_, intervals=cut, now=now)
    rows = [("", 1, WHOLE, [2, 1], [1.0]), ("", 1, first + day, [2, 1], [1.0])]

    answer = shape(query, rows)

    assert answer.conversion == [None, 0.5, None, None]
    assert [step.counts for step in answer.steps] == [[0, 2, 0, 0], [0, 1, 0, 0]]
    assert answer.incomplete == [False, False, False, True]
    assert answer.open == [False, False, True, True]
