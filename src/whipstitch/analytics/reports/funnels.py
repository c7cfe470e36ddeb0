"""Funnels: how many people get how far on a way of several steps, and how long it takes them."""

from typing import Final

from whipstitch.analytics.reports.funnel_answer import shape
from whipstitch.analytics.reports.funnel_query import Funnel, FunnelQuery
from whipstitch.analytics.reports.funnel_statement import build, build_times, people
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession


async def answer(session: QuerySession, query: FunnelQuery) -> Funnel:
    """The numbers, and how long it takes where that is asked."""
    rows = await session.run(build(query, session.persons))
    if not query.buckets:
        return shape(query, rows)
    return shape(query, rows, await session.run(build_times(query, session.persons)))


REPORT: Final = Report(answer, people)
