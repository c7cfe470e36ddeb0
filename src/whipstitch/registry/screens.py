"""Pristine snapshots of screens."""

import sys
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, literal, select, tuple_
from sqlalchemy.orm import Session

from whipstitch.core.projects import Scope
from whipstitch.core.versions import version_order
from whipstitch.registry.tables import ScreenRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import Picture, Screen, Snapshot

MOST_PICTURES: Final = 5_000
"""Of one project."""
_UNLIMITED: Final = sys.maxsize
_PLACE: Final = (
    ScreenRow.project_id,
    ScreenRow.environment,
    ScreenRow.screen,
    ScreenRow.app_version,
    ScreenRow.os,
)


class Screens(Transactions):
    """The part of the registry that keeps pictures of screens. Each belongs to one environment of a
    project."""

    def save_screen(self, screen: Screen, limit: int = _UNLIMITED) -> None:
        """Keeps a pristine snapshot, in the place of one of the same screen, app version and os.
        Where the pictures of the project become more than MOST_PICTURES, or than ``limit`` bytes,
        others go: first those of which a newer version is there, then the oldest. One that is there
        already, with all that is said of it, changes nothing."""
        place = {
            "project_id": screen.project_id,
            "environment": screen.environment,
            "screen": screen.screen,
            "app_version": screen.app_version or "",
            "os": screen.os or "",
        }
        said = {
            "device_width": screen.device_width,
            "device_height": screen.device_height,
            "scroll_offset_y": screen.scroll_offset_y,
            "content_type": screen.content_type,
            "image": screen.image,
        }
        with self._reading() as session:
            same = select(literal(1)).select_from(ScreenRow).filter_by(**place, **said)
            if session.scalar(same) is not None:
                return
        with self._changing() as session:
            session.merge(ScreenRow(**place, **said, uploaded_at=self._now()))
            session.flush()
            _make_room(session, tuple(place.values()), limit)

    def list_snapshots(self, scope: Scope) -> list[Snapshot]:
        """All of an environment, by screen; of one screen the newest app version first."""
        described = (
            ScreenRow.screen,
            ScreenRow.app_version,
            ScreenRow.os,
            ScreenRow.device_width,
            ScreenRow.device_height,
            ScreenRow.scroll_offset_y,
            ScreenRow.content_type,
            func.length(ScreenRow.image),
            ScreenRow.uploaded_at,
        )
        with self._reading() as session:
            rows = session.execute(
                select(*described)
                .where(ScreenRow.project_id == scope.project_id)
                .where(ScreenRow.environment == scope.environment)
            )
            found = [
                Snapshot(screen, version or None, os or None, *more)
                for screen, version, os, *more in rows
            ]
        # What the databases know of versions and of the order of letters differs.
        found.sort(key=lambda one: one.os or "")
        found.sort(key=lambda one: version_order(one.app_version), reverse=True)
        found.sort(key=lambda one: one.screen)
        return found

    def find_picture(
        self, scope: Scope, screen: str, app_version: str = "", os: str = ""
    ) -> Picture | None:
        """The image of the snapshot that an upload with just these made; blank: it named none."""
        with self._reading() as session:
            row = session.execute(
                select(ScreenRow.content_type, ScreenRow.image, ScreenRow.uploaded_at)
                .where(ScreenRow.project_id == scope.project_id)
                .where(ScreenRow.environment == scope.environment)
                .where(ScreenRow.screen == screen)
                .where(ScreenRow.app_version == app_version)
                .where(ScreenRow.os == os)
            ).first()
            return None if row is None else Picture(*row)


def _make_room(session: Session, kept: tuple[str, ...], limit: int) -> None:
    """Takes pictures of the project away until there are no more than may be, but never ``kept``,
    which names the project first."""
    size = func.length(ScreenRow.image)
    of_project = ScreenRow.project_id == kept[0]
    count, total = session.execute(
        select(func.count(), func.coalesce(func.sum(size), 0)).where(of_project)
    ).one()
    if count <= MOST_PICTURES and total <= limit:
        return
    rows = session.execute(select(*_PLACE, size, ScreenRow.uploaded_at).where(of_project)).all()
    newest: dict[tuple[str, ...], str] = {}
    for _, environment, screen, version, os, *_ in rows:
        name = (environment, screen, os)
        newest[name] = max(newest.get(name, ""), version, key=version_order)

    def first_to_go(row: Any) -> tuple[bool, datetime]:
        _, environment, screen, version, os, _, uploaded_at = row
        return version == newest[environment, screen, os], uploaded_at

    for row in sorted(rows, key=first_to_go):
        if count <= MOST_PICTURES and total <= limit:
            break
        if tuple(row[:5]) != kept:
            session.execute(delete(ScreenRow).where(tuple_(*_PLACE) == tuple(row[:5])))
            count, total = count - 1, total - row[5]
