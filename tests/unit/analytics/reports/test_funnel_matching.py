"""Attempts at a funnel: which steps one event may match, and what cannot be asked."""

import pytest

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.reports.funnel_steps import (
    Exclusion,
    FunnelMatching,
    Order,
    Step,
    checked,
)
from whipstitch.core.errors import InvalidQuery


def _step(name: str | None, plan: str = "", *others: str, optional: bool = False) -> Step:
    plans = [{"property": "plan", "operator": "is", "value": plan}] if plan else []
    match = Match(name, filters.parse(plans, "filters"))
    return Step((match, *map(Match, others)), optional)


def _attempts(*steps: Step, order: Order = "unordered") -> FunnelMatching:
    return FunnelMatching(steps, 1000, order)


def test_only_steps_of_one_event_can_be_met_by_one_event() -> None:
    attempts = _attempts(_step("a"), _step("b"), _step("a", "pro"), _step("c"))

    assert attempts.alike() == [[0, 2], [1], [3]]


def test_a_step_of_any_event_is_like_all_others() -> None:
    assert _attempts(_step("a"), _step("b"), _step(None)).alike() == [[0, 1, 2]]


def test_a_repeated_step_is_one_match() -> None:
    steps = _step("a"), _step("a", "pro"), _step("a"), _step("a", "pro")

    assert _attempts(*steps).matches == steps[:2]
    assert _attempts(*steps, order="ordered").matches == steps


def test_steps_that_share_an_alternative_are_alike() -> None:
    attempts = _attempts(_step("a"), _step("b"), _step("c", "", "b"), _step("d", "", "a"))

    assert attempts.alike() == [[0, 3], [1, 2]]
    assert _attempts(*attempts.steps, _step("e", "", "a", "b")).alike() == [[0, 1, 2, 3, 4]]


_MAYBE = _step("b", optional=True)
_THREE = (_step("a"), _MAYBE, _step("c"))


@pytest.mark.parametrize(
    ("steps", "order", "span", "field"),
    [
        ((_MAYBE, _step("a")), "ordered", None, "steps[0].optional"),
        (_THREE, "unordered", None, "steps[1].optional"),
        (_THREE, "ordered", (0, 3), "exclusions[0].to_step"),
        (_THREE, "ordered", (2, 2), "exclusions[0].from_step"),
        (_THREE, "ordered", (0, 1), "exclusions[0].to_step"),
        (_THREE, "strict", (1, 2), "exclusions[0].from_step"),
        ((_step("a"), _step("b"), _step("c")), "unordered", (1, 2), "exclusions[0].from_step"),
        ((_step("a"), _step("b"), _step("c")), "unordered", (0, 1), "exclusions[0].to_step"),
    ],
)
def test_what_says_nothing_about_an_attempt_is_refused(
    steps: tuple[Step, ...], order: Order, span: tuple[int, int] | None, field: str
) -> None:
    exclusions = () if span is None else (Exclusion(Match("x"), *span),)

    with pytest.raises(InvalidQuery) as error:
        checked(FunnelMatching(steps, 1000, order, exclusions))
    assert error.value.field == field


def test_an_exclusion_may_end_at_a_last_step_that_is_optional() -> None:
    steps = _step("a"), _step("c"), _MAYBE

    checked(FunnelMatching(steps, 1000, "ordered", (Exclusion(Match("x"), 0, 2),)))
