"""Experiments: how rows become an answer."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from whipstitch.analytics.expressions.breakdowns import Breakdown
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.intervals import intervals
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.reports.experiment_answer import shape
from whipstitch.analytics.reports.experiment_query import EventGoal, ExperimentQuery, GoalMath

_RANGE = TimeRange(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC))
_DAYS = intervals(_RANGE, "day", ZoneInfo("UTC"))
_NAN = float("nan")


def _query(math: GoalMath = "unique", *variants: str) -> ExperimentQuery:
    goal = EventGoal(Match("bought"), math, "price" if math in ("sum", "avg") else None)
    names = ("old", *(variants or ("new",)))
    return ExperimentQuery(Match("shown"), Breakdown("v"), names, goal, _RANGE, _DAYS)


def test_a_share_is_compared_with_the_controls() -> None:
    first = _DAYS.starts[0]

    answer = shape(
        _query(),
        [
            (0, 0, 1, 7, 3, 0.4, 0.1),
            (1, 0, 1, 1000, 100, 0.1, 0.09),
            (2, 0, 1, 1000, 131, 0.131, 0.11),
            (2, first, 0, 400, 40, 0.1, 0.09),
        ],
    )

    control, new = answer.variants
    assert answer.several == 7
    assert (control.uplift, control.p_value, control.probability_over_control) == (None,) * 3
    assert new.uplift == pytest.approx(0.31)
    assert new.uplift_interval == pytest.approx((0.0249, 0.6743), abs=1e-3)
    assert new.p_value == pytest.approx(0.0304, abs=1e-3)
    assert new.probability_over_control == pytest.approx(0.985, abs=1e-3)
    assert new.probability_best == pytest.approx(0.985, abs=1e-3)
    assert (new.people_by, new.values_by) == ([400, 0], [0.1, None])
    # 5 % against 5.5 % of R's power.prop.test is 31,234; 10 % against 11 % is 14,751.
    assert answer.required_people == 14_751
    assert (new.missing_people, answer.enough) == (13_751, False)
    assert answer.mismatch.p_value == 1


def test_people_who_were_not_dealt_out_evenly_are_a_warning() -> None:
    rows = [(1, 0, 1, 1000, 100, 0.1, 0.09), (2, 0, 1, 1170, 120, 0.1, 0.09)]

    mismatch = shape(_query(), rows).mismatch

    assert mismatch.is_mismatch
    assert mismatch.expected == [1085, 1085]


def test_of_nobody_nothing_is_said() -> None:
    for math in ("unique", "total", "avg"):
        answer = shape(_query(math, "new", "newest"), [])

        assert [one.people for one in answer.variants] == [0, 0, 0]
        assert {one.value for one in answer.variants} == {None}
        assert {one.uplift for one in answer.variants} == {None}
        assert {one.probability_best for one in answer.variants} == {None}
        assert {one.p_value for one in answer.variants} == {None}
        assert (answer.required_people, answer.enough) == (None, False)
        assert answer.mismatch.p_value is None


def test_means_of_those_who_have_a_number_are_of_so_many_people() -> None:
    rows = [(1, 0, 1, 1000, 400, 10.0, 25.0), (2, 0, 1, 1000, 1, 50.0, _NAN)]

    control, new = shape(_query("avg"), rows).variants

    assert (control.people, control.converted, control.value) == (1000, 400, 10)
    assert control.interval == pytest.approx((10 - 1.96 * 0.25, 10 + 1.96 * 0.25), abs=1e-3)
    # Of one number there is neither an interval nor a probability.
    assert (new.value, new.interval, new.uplift, new.p_value) == (50, None, None, None)
    assert control.probability_best is None


def test_a_larger_sum_than_any_number_is_none() -> None:
    rows = [(1, 0, 1, 9, 9, float("inf"), _NAN), (2, 0, 1, 9, 9, 1.0, 1.0)]

    control, new = shape(_query("sum"), rows).variants

    assert (control.value, new.uplift) == (None, None)
