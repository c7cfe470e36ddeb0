"""Asking about sessions: of what is summed up where that can be, else of events alone, which gives
the same answer."""

from collections.abc import Callable
from functools import partial

from whipstitch.analytics.session import QuerySession
from whipstitch.analytics.sessions import pieces, sessions, summed_up
from whipstitch.analytics.sessions.sessions import Sessions
from whipstitch.analytics.summary import SINCE
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.maintenance.session_steps import IN_FORCE, SessionStep
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Rows, Sql

Select = Callable[[Sessions, Parameters], str]
"""A query of sessions, as ``sessions.select`` describes it, within a statement."""


async def asked(reading: QuerySession, query: Sessions, build: Callable[[Select], Sql]) -> Rows:
    """The rows of a statement about the sessions of ``query``."""
    if summed_up.can_be(query) and (step := await _in_force(reading)) is not None:
        select = partial(summed_up.select, came=await _came(reading, query, step))
        sql = build(select)
        rows = await reading.run(Sql(sql.text, {**sql.values, "since": step.until}))
        now = await _in_force(reading)
        if now is not None and now.begun == step.begun:
            return rows
    return await reading.run(build(of_events(reading.persons)))


def of_events(persons: Persons) -> Select:
    """Asks events alone."""
    return partial(sessions.select, persons=persons)


async def _in_force(reading: QuerySession) -> SessionStep | None:
    for row in await reading.run(Sql(f"SELECT {IN_FORCE}", {})):
        step = SessionStep(*row)
        if step.made_by == pieces.MADE_BY:
            return step
    return None


async def _came(reading: QuerySession, query: Sessions, step: SessionStep) -> bool:
    """Whether events came since that may be of the sessions."""
    values = Parameters()
    sql = values.sql(
        f"SELECT 1 FROM events WHERE {IN_SCOPE} "
        f"AND {sessions.looked_at(query).condition(values)} AND {SINCE} LIMIT 1"
    )
    return bool(await reading.run(Sql(sql.text, {**sql.values, "since": step.until})))
