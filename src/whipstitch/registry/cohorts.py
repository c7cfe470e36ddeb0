"""Cohorts: what they are called and how they are defined. Their members are ClickHouse's."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from whipstitch.core.errors import CohortInUse, RegistryError, UnknownCohort
from whipstitch.core.projects import Scope
from whipstitch.registry import credentials
from whipstitch.registry.lookup import checked_name, lock_project
from whipstitch.registry.tables import CohortRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import Cohort, CohortKind

MOST_COHORTS: Final = 1_000
"""Of a project, in both environments together."""


class Cohorts(Transactions):
    """The part of the registry that knows cohorts; ingestion sees none of it.

    A cohort belongs to one environment of a project: elsewhere it is unknown. ``uses`` are the ids
    of those that a definition refers to, of the same environment; they never lead back."""

    def create_cohort(
        self,
        scope: Scope,
        name: str,
        kind: CohortKind,
        definition: Mapping[str, Any] | None = None,
        uses: Collection[str] = (),
        people_of: Mapping[str, Any] | None = None,
    ) -> Cohort:
        """A new cohort. ``definition`` is a dynamic one's, ``people_of`` the question that a static
        one is made from. Names need not differ."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            there = session.scalar(
                select(func.count())
                .select_from(CohortRow)
                .where(CohortRow.project_id == scope.project_id)
            )
            if (there or 0) >= MOST_COHORTS:
                raise RegistryError(
                    f"A project has at most {MOST_COHORTS:,} cohorts: delete one that is not used."
                )
            now = self._now()
            row = CohortRow(
                id=credentials.new_id("coh"),
                project_id=scope.project_id,
                environment=scope.environment,
                name=checked_name(name, "cohort"),
                kind=kind,
                definition=None if definition is None else dict(definition),
                uses=_known(session, scope, uses),
                people_of=None if people_of is None else dict(people_of),
                created_at=now,
                changed_at=now,
                tried_at=None,
                refreshed_at=None,
                problem=None,
            )
            session.add(row)
            return row.value()

    def list_cohorts(self, scope: Scope) -> list[Cohort]:
        """The cohorts of an environment, oldest first."""
        with self._reading() as session:
            return [row.value() for row in _rows(session, scope)]

    def find_cohort(self, scope: Scope, cohort_id: str) -> Cohort:
        """Raises UnknownCohort."""
        with self._reading() as session:
            return _find(session, scope, cohort_id).value()

    def change_cohort(
        self,
        scope: Scope,
        cohort_id: str,
        name: str,
        definition: Mapping[str, Any] | None = None,
        uses: Collection[str] = (),
        people_of: Mapping[str, Any] | None = None,
    ) -> Cohort:
        """The cohort, called and defined anew. Raises UnknownCohort."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = _find(session, scope, cohort_id)
            row.name = checked_name(name, "cohort")
            row.definition = None if definition is None else dict(definition)
            row.uses = _known(session, scope, uses)
            row.people_of = None if people_of is None else dict(people_of)
            row.changed_at = self._now()
            session.flush()
            if row.id in _reachable(session, scope, row.uses):
                raise RegistryError(
                    "The definition leads back to this cohort, by the cohorts that it refers to."
                )
            return row.value()

    def delete_cohort(self, scope: Scope, cohort_id: str) -> None:
        """Raises UnknownCohort, and CohortInUse where another one refers to it."""
        with self._storing() as session:
            lock_project(session, scope.project_id)
            row = _find(session, scope, cohort_id)
            users = [one.name for one in _rows(session, scope) if cohort_id in one.uses]
            if users:
                raise CohortInUse(
                    f"Other cohorts refer to this one: {', '.join(users)}. Change or delete them "
                    "first."
                )
            session.delete(row)

    # What refreshes needs

    def any_cohort(self, cohort_id: str) -> Cohort:
        """The cohort, wherever it belongs. Raises UnknownCohort."""
        with self._reading() as session:
            row = session.get(CohortRow, cohort_id)
            if row is None:
                raise _unknown()
            return row.value()

    def dynamic_cohorts(self) -> list[Cohort]:
        """Those of all projects, the longest not refreshed first."""
        with self._reading() as session:
            rows = session.scalars(
                select(CohortRow)
                .where(CohortRow.kind == "dynamic")
                .order_by(CohortRow.tried_at.nulls_first(), CohortRow.id)
            )
            return [row.value() for row in rows]

    def cohort_ids(self) -> set[str]:
        """All that there are."""
        with self._reading() as session:
            return set(session.scalars(select(CohortRow.id)))

    def note_refresh(self, cohort_id: str, at: datetime, problem: str | None) -> None:
        """That the members are those of this moment, or why they are not. The cohort may
        be gone."""
        values: dict[str, Any] = {"tried_at": at, "problem": problem}
        if problem is None:
            values["refreshed_at"] = at
        with self._storing() as session:
            session.execute(update(CohortRow).where(CohortRow.id == cohort_id).values(values))


def _rows(session: Session, scope: Scope) -> list[CohortRow]:
    return list(
        session.scalars(
            select(CohortRow)
            .where(CohortRow.project_id == scope.project_id)
            .where(CohortRow.environment == scope.environment)
            .order_by(CohortRow.created_at, CohortRow.id)
        )
    )


def _find(session: Session, scope: Scope, cohort_id: str) -> CohortRow:
    row = session.get(CohortRow, cohort_id)
    if row is None or (row.project_id, row.environment) != scope:
        raise _unknown()
    return row


def _unknown() -> UnknownCohort:
    return UnknownCohort("There is no such cohort in this environment of the project.")


def _known(session: Session, scope: Scope, uses: Collection[str]) -> list[str]:
    for cohort_id in uses:
        _find(session, scope, cohort_id)
    return sorted(set(uses))


def _reachable(session: Session, scope: Scope, uses: Collection[str]) -> set[str]:
    """All cohorts that a definition depends on."""
    graph = {row.id: row.uses for row in _rows(session, scope)}
    found: set[str] = set()
    waiting = list(uses)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += graph.get(one, ())
    return found
