"""What people say of names: descriptions, tags, whether somebody verified them, and what virtual
ones stand for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET, UnsetType
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from whipstitch.core.errors import NameInUse, RegistryError, UnknownMeaning
from whipstitch.registry.lookup import lock_project
from whipstitch.registry.meaning_tables import MeaningRow
from whipstitch.registry.meaning_values import Meaning, MeaningKind
from whipstitch.registry.name_uses import uses
from whipstitch.registry.transactions import Transactions

MOST_MEANINGS: Final = 5_000
MOST_VIRTUAL: Final = 200
"""Both of a project."""


@dataclass(frozen=True, slots=True)
class MeaningChange:
    """What is to be otherwise; what is UNSET stays. ``is_verified``: by whoever makes the
    change."""

    display_name: str | UnsetType | None = UNSET
    description: str | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    is_hidden: bool | UnsetType = UNSET
    is_verified: bool | UnsetType = UNSET
    any_of: Sequence[Mapping[str, Any]] | UnsetType | None = UNSET
    expression: str | UnsetType | None = UNSET


class Meanings(Transactions):
    """The part of the registry that knows what names mean, in both environments of a project;
    ingestion sees none of it."""

    def list_meanings(self, project_id: str) -> list[Meaning]:
        """By kind and name."""
        with self._reading() as session:
            return [row.value() for row in _rows(session, project_id)]

    def virtual_meanings(self, project_id: str) -> list[Meaning]:
        """Those of virtual names."""
        with self._reading() as session:
            return _virtual(session, project_id)

    def change_meaning(
        self,
        project_id: str,
        by: str,
        kind: MeaningKind,
        name: str,
        change: MeaningChange,
        check: Callable[[Sequence[Meaning]], None],
    ) -> Meaning:
        """What is said of the name now. ``check`` is given all virtual names as they would be, and
        raises what it has against them; then nothing changes."""
        with self._storing() as session:
            lock_project(session, project_id)
            row = session.get(MeaningRow, (project_id, kind, name))
            if row is None:
                there = session.scalar(
                    select(func.count())
                    .select_from(MeaningRow)
                    .where(MeaningRow.project_id == project_id)
                )
                if (there or 0) >= MOST_MEANINGS:
                    raise RegistryError(
                        f"At most {MOST_MEANINGS:,} names of a project are described: delete what "
                        "is not needed."
                    )
                row = MeaningRow(
                    project_id=project_id,
                    kind=kind,
                    name=name,
                    display_name=None,
                    description="",
                    tags=[],
                    is_hidden=False,
                    verified_by=None,
                    verified_at=None,
                    any_of=None,
                    expression=None,
                )
                session.add(row)
            was_virtual = row.any_of is not None or row.expression is not None
            self._change(row, by, change)
            session.flush()
            now = row.value()
            if was_virtual and not now.is_virtual:
                _refuse_used(session, project_id, now)
            virtual = _virtual(session, project_id)
            if len(virtual) > MOST_VIRTUAL:
                raise RegistryError(f"A project has at most {MOST_VIRTUAL} virtual names.")
            check(virtual)
            return now

    def delete_meaning(self, project_id: str, kind: MeaningKind, name: str) -> None:
        """Raises UnknownMeaning, and NameInUse where something refers to a virtual one."""
        with self._storing() as session:
            lock_project(session, project_id)
            row = session.get(MeaningRow, (project_id, kind, name))
            if row is None:
                raise UnknownMeaning("Nothing is said of such a name in this project.")
            meaning = row.value()
            if meaning.is_virtual:
                _refuse_used(session, project_id, meaning)
            session.delete(row)

    def _change(self, row: MeaningRow, by: str, change: MeaningChange) -> None:
        now = self._now()
        if change.display_name is not UNSET:
            row.display_name = change.display_name
        if change.description is not UNSET:
            row.description = change.description
        if change.tags is not UNSET:
            row.tags = list(change.tags)
        if change.is_hidden is not UNSET:
            row.is_hidden = change.is_hidden
        if change.any_of is not UNSET:
            row.any_of = None if change.any_of is None else [dict(one) for one in change.any_of]
        if change.expression is not UNSET:
            row.expression = change.expression
        if change.is_verified is not UNSET:
            row.verified_by, row.verified_at = (by, now) if change.is_verified else (None, None)
        row.changed_by, row.changed_at = by, now


def _rows(session: Session, project_id: str) -> list[MeaningRow]:
    return list(
        session.scalars(
            select(MeaningRow)
            .where(MeaningRow.project_id == project_id)
            .order_by(MeaningRow.kind, MeaningRow.name)
        )
    )


def _virtual(session: Session, project_id: str) -> list[Meaning]:
    rows = session.scalars(
        select(MeaningRow)
        .where(MeaningRow.project_id == project_id)
        .where(or_(MeaningRow.any_of.is_not(None), MeaningRow.expression.is_not(None)))
        .order_by(MeaningRow.kind, MeaningRow.name)
    )
    return [row.value() for row in rows]


def _refuse_used(session: Session, project_id: str, meaning: Meaning) -> None:
    found = uses(session, project_id, meaning, _virtual(session, project_id))
    if found:
        raise NameInUse(
            f"{meaning.name} is used by {', '.join(found)}. Change or delete them first."
        )
