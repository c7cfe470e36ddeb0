"""Attempts at a funnel: which steps one event may match."""

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.reports.funnel_matching import FunnelMatching, Order


def _step(name: str | None, plan: str = "") -> Match:
    plans = [{"property": "plan", "operator": "is", "value": plan}] if plan else []
    return Match(name, filters.parse(plans, "filters"))


def _attempts(*steps: Match, order: Order = "unordered") -> FunnelMatching:
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
