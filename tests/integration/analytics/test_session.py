"""Who reads at one time where many want to."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from whipstitch.analytics.session import SessionFactory
from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import PersonMap
from whipstitch.warehouse.sql import Sql
from whipstitch.warehouse.store import Store

_ENDLESS = Sql("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)", {})
_QUICK = Sql("SELECT 1", {})


class NoMaps:
    problem: str | None = None

    @contextmanager
    def hold(self) -> Iterator[PersonMap]:
        yield PersonMap(0)


def test_slow_questions_of_one_user_and_one_project_leave_room_for_others(store: Store) -> None:
    readings = SessionFactory(store, NoMaps())

    async def ask(project: str, who: str, sql: Sql) -> object:
        async with readings.open(Scope(project, "live"), who) as reading:
            return await reading.run(sql)

    async def run() -> None:
        slow = [asyncio.create_task(ask("shop", "ann", _ENDLESS)) for _ in range(10)]
        await asyncio.sleep(0)
        # A colleague has a place of the project's, and with that the last one.
        assert await asyncio.wait_for(ask("shop", "bob", _QUICK), 20) == [(1,)]
        slow += [asyncio.create_task(ask("shop", "bob", _ENDLESS)) for _ in range(10)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(ask("blog", "cid", _QUICK), 20) == [(1,)]
        # What the server itself asks has a thread of its own.
        slow.append(asyncio.create_task(ask("blog", "cid", _ENDLESS)))
        await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.to_thread(store.ping), 20)
        for task in slow:
            task.cancel()
        await asyncio.wait(slow)
        assert await asyncio.wait_for(ask("shop", "ann", _QUICK), 20) == [(1,)]

    asyncio.run(run())
