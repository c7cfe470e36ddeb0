"""Pristine snapshots of screens."""

from sqlalchemy import func, select

from whipstitch.projects import Scope
from whipstitch.registry.tables import ScreenRow
from whipstitch.registry.transactions import Transactions
from whipstitch.registry.values import Picture, Screen, Snapshot
from whipstitch.versions import version_order


class Screens(Transactions):
    """The part of the registry that keeps pictures of screens. Each belongs to one environment of a
    project."""

    def save_screen(self, screen: Screen) -> None:
        """Keeps a pristine snapshot, in the place of one of the same screen, app version and
        os."""
        with self._changing() as session:
            session.merge(
                ScreenRow(
                    project_id=screen.project_id,
                    environment=screen.environment,
                    screen=screen.screen,
                    app_version=screen.app_version or "",
                    os=screen.os or "",
                    device_width=screen.device_width,
                    device_height=screen.device_height,
                    scroll_offset_y=screen.scroll_offset_y,
                    content_type=screen.content_type,
                    image=screen.image,
                    uploaded_at=self._now(),
                )
            )

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
