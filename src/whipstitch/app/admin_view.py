"""The running server, as its dashboard shows it."""

import asyncio
import heapq
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from whipstitch.app.application import Application
from whipstitch.core.projects import Scope
from whipstitch.core.rejections import Rejection
from whipstitch.warehouse.sql import Rows
from whipstitch.web.dashboard.installation import CityDatabase, Held, SetAside

_BEFORE_ALL: Final = datetime.fromtimestamp(0, UTC)
_OF_SCOPE: Final = (
    "FROM events WHERE project_id = {project_id:String} AND environment = {environment:String}"
)


class AdminView:
    """Looks at an engine; see :class:`~whipstitch.web.dashboard.installation.Installation`."""

    def __init__(self, engine: Application) -> None:
        self._engine = engine

    async def rejections(self, scope: Scope, since: datetime) -> Sequence[Rejection]:
        return await asyncio.to_thread(self._rejections, scope, since)

    def places(self) -> CityDatabase:
        geoip = self._engine.ingestion.geoip
        build = geoip.build
        if build is None:
            return CityDatabase(None, None, geoip.problem)
        return CityDatabase(build.database_type, build.built, geoip.problem)

    def backlog(self) -> tuple[int, float]:
        journal = self._engine.ingestion.journal
        return journal.backlog_bytes, journal.oldest_seconds

    def problems(self) -> list[str]:
        return self._engine.problems()

    async def tables(self) -> Sequence[Held]:
        rows = await asyncio.wrap_future(
            self._engine.store.submit(
                "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts "
                "WHERE active AND database = currentDatabase() "
                "GROUP BY table HAVING sum(rows) > 0 ORDER BY sum(bytes_on_disk) DESC"
            )
        )
        return [Held(str(table), int(count), int(size)) for table, count, size in rows]

    async def events(self, scope: Scope) -> int:
        rows = await self._of_scope(f"SELECT count() {_OF_SCOPE}", scope)
        return int(rows[0][0])

    async def has_events(self, scope: Scope) -> bool:
        return bool(await self._of_scope(f"SELECT 1 {_OF_SCOPE} LIMIT 1", scope))

    async def set_aside(
        self, project_id: str, most: int, since: datetime | None = None
    ) -> Sequence[SetAside]:
        return await asyncio.to_thread(self._set_aside, project_id, most, since or _BEFORE_ALL)

    async def count_set_aside(self) -> int:
        return await asyncio.to_thread(self._engine.dead_letters.count)

    async def replay(self) -> int:
        engine = self._engine
        return await asyncio.to_thread(
            engine.dead_letters.replay, engine.ingestion.journal.directory, time.time_ns() // 1000
        )

    async def _of_scope(self, statement: str, scope: Scope) -> Rows:
        return await asyncio.wrap_future(self._engine.store.submit(statement, scope._asdict()))

    def _rejections(self, scope: Scope, since: datetime) -> Sequence[Rejection]:
        self._engine.rejections.keep()
        return self._engine.registry.rejections_since(scope, since)

    def _set_aside(self, project_id: str, most: int, since: datetime) -> list[SetAside]:
        found = (
            SetAside(
                kind=str(fields.get("k", "")),
                event_name=str(fields.get("event_name", "")),
                environment=str(fields.get("environment", "")),
                reason=letter.reason,
                accepted=datetime.fromtimestamp(letter.received, UTC),
            )
            for letter in self._engine.dead_letters.letters(since.timestamp())
            if (fields := letter.fields).get("project_id") == project_id
        )
        lately = (one for one in found if one.accepted >= since)
        return heapq.nlargest(most, lately, key=lambda one: one.accepted)
