"""Cohorts in the registry."""

from datetime import UTC, datetime, timedelta

import pytest

from whipstitch.core.errors import CohortInUse, RegistryError, UnknownCohort
from whipstitch.core.projects import Scope
from whipstitch.registry import cohorts
from whipstitch.registry.store import Registry

NOW = datetime(2026, 5, 9, 14, 32, 1, 482000, UTC)
DEFINITION = {"all": [{"did": "buy", "within_days": 30}]}


@pytest.fixture
def scope(registry: Registry) -> Scope:
    return Scope(registry.create_project("Shop").project.id, "live")


def test_a_cohort_belongs_to_one_environment_of_one_project(
    registry: Registry, scope: Scope
) -> None:
    other = Scope(registry.create_project("Blog").project.id, "live")
    made = registry.create_cohort(scope, " Buyers ", "dynamic", DEFINITION)

    assert (made.name, made.kind, made.definition) == ("Buyers", "dynamic", DEFINITION)
    assert registry.find_cohort(scope, made.id) == made
    assert registry.list_cohorts(scope) == [made]
    for elsewhere in (Scope(scope.project_id, "test"), other):
        assert registry.list_cohorts(elsewhere) == []
        with pytest.raises(UnknownCohort):
            registry.find_cohort(elsewhere, made.id)
        with pytest.raises(UnknownCohort):
            registry.change_cohort(elsewhere, made.id, "Mine")
        with pytest.raises(UnknownCohort):
            registry.delete_cohort(elsewhere, made.id)
        with pytest.raises(UnknownCohort):
            registry.create_cohort(elsewhere, "Thieves", "dynamic", DEFINITION, [made.id])
    assert registry.list_cohorts(scope) == [made]


def test_definitions_that_refer_to_each_other_never_lead_back(
    registry: Registry, scope: Scope
) -> None:
    first = registry.create_cohort(scope, "First", "static")
    second = registry.create_cohort(scope, "Second", "dynamic", DEFINITION, [first.id])
    third = registry.create_cohort(scope, "Third", "dynamic", DEFINITION, [second.id])

    for uses in ([third.id], [second.id, first.id]):
        with pytest.raises(RegistryError, match="leads back"):
            registry.change_cohort(scope, second.id, "Second", DEFINITION, uses)

    assert registry.find_cohort(scope, second.id) == second
    assert registry.change_cohort(scope, third.id, "3", DEFINITION, [first.id]).uses == (first.id,)
    registry.change_cohort(scope, second.id, "2", DEFINITION, [third.id])


def test_a_cohort_that_others_refer_to_stays(registry: Registry, scope: Scope) -> None:
    first = registry.create_cohort(scope, "First", "static")
    second = registry.create_cohort(scope, "Second", "dynamic", DEFINITION, [first.id])

    with pytest.raises(CohortInUse, match="Second"):
        registry.delete_cohort(scope, first.id)
    registry.delete_cohort(scope, second.id)
    registry.delete_cohort(scope, first.id)

    assert registry.list_cohorts(scope) == []
    assert registry.cohort_ids() == set()


def test_a_project_has_no_more_cohorts_than_may_be(
    registry: Registry, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohorts, "MOST_COHORTS", 2)
    registry.create_cohort(scope, "First", "static")
    registry.create_cohort(Scope(scope.project_id, "test"), "Second", "static")

    with pytest.raises(RegistryError, match="at most 2"):
        registry.create_cohort(scope, "Third", "static")


def test_a_refresh_that_failed_leaves_the_time_of_the_last_that_did_not(
    registry: Registry, scope: Scope
) -> None:
    made = registry.create_cohort(scope, "Buyers", "dynamic", DEFINITION)
    later = NOW + timedelta(minutes=5)
    registry.note_refresh(made.id, NOW, None)
    registry.note_refresh(made.id, later, "The query took too long.")
    registry.note_refresh("coh_gone", later, None)

    failed = registry.any_cohort(made.id)

    assert (failed.refreshed_at, failed.tried_at) == (NOW, later)
    assert failed.problem == "The query took too long."
    registry.note_refresh(made.id, later, None)
    assert registry.any_cohort(made.id).problem is None


def test_the_cohort_not_refreshed_for_longest_comes_first(registry: Registry, scope: Scope) -> None:
    made = [registry.create_cohort(scope, name, "dynamic", DEFINITION) for name in "abc"]
    registry.create_cohort(scope, "static", "static")
    registry.note_refresh(made[0].id, NOW + timedelta(seconds=1), None)
    registry.note_refresh(made[1].id, NOW, "why not")

    assert [one.name for one in registry.dynamic_cohorts()] == ["c", "b", "a"]
