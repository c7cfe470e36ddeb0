"""The order of refreshes."""

from datetime import UTC, datetime

from whipstitch.analytics.cohorts.refresher import in_order
from whipstitch.core.projects import Scope
from whipstitch.registry.values import Cohort

NOW = datetime(2026, 5, 9, tzinfo=UTC)


def _cohort(id_: str, *uses: str) -> Cohort:
    return Cohort(
        id_, Scope("proj_a", "live"), id_, "dynamic", {}, uses, None, NOW, NOW, None, None, None
    )


def test_a_cohort_is_refreshed_after_those_that_it_refers_to() -> None:
    cohorts = [_cohort("a", "b", "static"), _cohort("b", "c"), _cohort("c"), _cohort("d")]

    order = [one.id for one in in_order(cohorts)]

    assert sorted(order) == ["a", "b", "c", "d"]
    assert order.index("c") < order.index("b") < order.index("a")
