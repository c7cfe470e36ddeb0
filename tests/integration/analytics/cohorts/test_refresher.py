"""Refreshes of dynamic cohorts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.identity import SCOPE, Rows, hand_written
from tests.support.stitching import until

from whipstitch.analytics.cohorts import members_sql
from whipstitch.analytics.cohorts.refresher import CohortRefresher
from whipstitch.analytics.session import QuerySession
from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import PersonMap
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Cohort
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.store import Store

SEEN = {"all": [{"did": "seen"}]}


class _Maps:
    def __init__(self, rows: Rows) -> None:
        self.problem: str | None = None
        self._rows = rows

    @contextmanager
    def hold(self) -> Iterator[PersonMap]:
        if self.problem is not None:
            raise StorageUnavailable(self.problem)
        with self._rows.hold() as held:
            yield held


class Kept:
    """A project's cohorts, and their keeper."""

    def __init__(self, store: Store, registry: Registry, rows: Rows, *, interval: float) -> None:
        self.registry = registry
        self.maps = _Maps(rows)
        self.scope = Scope(registry.create_project("Shop").project.id, "live")
        self.rows = rows.elsewhere(self.scope)
        self.keeper = CohortRefresher(store, self.maps, registry, lambda: 1, interval=interval)

    def make(self, definition: dict[str, Any], *uses: str) -> Cohort:
        return self.registry.create_cohort(self.scope, "Some", "dynamic", definition, uses)

    def now(self, cohort: Cohort) -> Cohort:
        return self.registry.any_cohort(cohort.id)

    def members(self, cohort: Cohort) -> list[str]:
        async def ask(reading: QuerySession) -> list[str]:
            values = Parameters()
            members = members_sql.members(cohort.id, values)
            sql = values.sql(f"SELECT DISTINCT id FROM ({members}) ORDER BY id")
            return [row[0] for row in await reading.run(sql)]

        return self.rows.read(ask)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(f"sqlite:///{tmp_path}/registry.db") as opened:
        yield opened


@pytest.fixture
def rows(store: Store, store_address: Address) -> Iterator[Rows]:
    with hand_written(store, store_address) as writer:
        yield writer


@pytest.fixture
def kept(store: Store, registry: Registry, rows: Rows) -> Kept:
    return Kept(store, registry, rows, interval=3600)


def test_a_refresh_takes_in_the_people_of_now(kept: Kept) -> None:
    cohort = kept.make(SEEN)
    kept.rows.elsewhere(SCOPE).event("stranger", 1)
    for id_ in ("anon", "user", "other"):
        kept.rows.event(id_, 1)
        kept.keeper.refresh(cohort.id).result()
    assert kept.members(cohort) == ["anon", "other", "user"]

    kept.rows.link("anon", "user")
    kept.rows.move("anon", "user")
    kept.keeper.refresh(cohort.id).result()

    assert kept.members(cohort) == ["other", "user"]
    assert not kept.keeper.is_refreshing(cohort.id)
    assert kept.now(cohort).problem is None
    assert kept.now(cohort).refreshed_at == kept.now(cohort).tried_at


def test_a_refresh_that_fails_keeps_the_members_and_says_why(kept: Kept) -> None:
    cohort = kept.make(SEEN)
    kept.rows.event("user", 1)
    kept.keeper.refresh(cohort.id).result()
    refreshed = kept.now(cohort)
    bad = {"property": "x", "operator": "regex", "value": "(", "on": "person"}
    kept.rows.traits("user", 1, x='"y"')
    kept.registry.change_cohort(kept.scope, cohort.id, "Some", {"any": [bad, {"did": "seen"}]})

    kept.keeper.refresh(cohort.id).result()

    failed = kept.now(cohort)
    assert failed.problem is not None
    assert "regular expression" in failed.problem
    assert failed.refreshed_at == refreshed.refreshed_at
    assert kept.members(cohort) == ["user"]

    kept.registry.change_cohort(kept.scope, cohort.id, "Some", SEEN)
    kept.maps.problem = "The storage has just come up."
    kept.keeper.refresh(cohort.id).result()
    assert kept.now(cohort).problem == "The storage has just come up."
    kept.maps.problem = None
    kept.keeper.refresh(cohort.id).result()
    assert kept.now(cohort).problem is None
    assert kept.keeper.failures == 2


def test_a_cohort_that_is_gone_is_not_refreshed(kept: Kept) -> None:
    cohort = kept.make(SEEN)
    kept.rows.event("user", 1)
    kept.registry.delete_cohort(kept.scope, cohort.id)

    kept.keeper.refresh(cohort.id).result()

    assert kept.members(cohort) == []


def test_cohorts_are_kept_up_to_date_in_the_background_those_referred_to_first(
    store: Store, registry: Registry, rows: Rows
) -> None:
    kept = Kept(store, registry, rows, interval=0.01)
    first = kept.make(SEEN)
    second = kept.make({"all": [{"cohort": first.id, "operator": "in"}]}, first.id)
    gone = kept.make(SEEN)
    kept.rows.event("user", 1)
    kept.keeper.refresh(gone.id).result()
    registry.delete_cohort(kept.scope, gone.id)
    kept.keeper.start()
    try:
        until(lambda: kept.members(second) == ["user"])
        kept.rows.event("other", 2)
        until(lambda: kept.members(second) == ["other", "user"])
        until(lambda: kept.members(gone) == [])
    finally:
        kept.keeper.stop(30)


def test_the_members_of_a_static_cohort_may_be_selected(kept: Kept) -> None:
    cohort = kept.registry.create_cohort(kept.scope, "Some", "static")
    values = Parameters()
    people = values.sql(f"SELECT toUInt64(1) AS key, {values.add('user')} AS id")

    kept.keeper.replace(cohort, lambda _: people).result()
    kept.keeper.add(cohort, ["other", "third"]).result()
    kept.keeper.remove(cohort, ["user", "third"]).result()

    assert kept.members(cohort) == ["other"]
    kept.keeper.replace_by_ids(cohort, ["new"]).result()
    assert kept.members(cohort) == ["new"]
