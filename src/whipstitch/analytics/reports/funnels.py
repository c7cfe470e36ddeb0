"""Funnels: how many people get how far on a way of several steps, how long it takes them, and what
goes together with getting to its end."""

from typing import Final

from whipstitch.analytics.people.drill_down import SelectedPage
from whipstitch.analytics.reports import funnel_correlation, funnel_statement
from whipstitch.analytics.reports import funnel_correlation_statement as correlating
from whipstitch.analytics.reports.funnel_answer import shape
from whipstitch.analytics.reports.funnel_correlation import Correlation
from whipstitch.analytics.reports.funnel_query import Funnel, FunnelQuery, FunnelSelector
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.sql import Rows, Sql


async def answer(session: QuerySession, query: FunnelQuery) -> Funnel:
    """The numbers, and what else is asked."""
    rows = await session.run(funnel_statement.build(query, session.persons))
    times: Rows = ()
    if query.buckets:
        times = await session.run(funnel_statement.build_times(query, session.persons))
    funnel = shape(query, rows, times)
    if query.correlations:
        funnel.correlation = await _correlate(session, query)
    return funnel


async def _correlate(session: QuerySession, query: FunnelQuery) -> Correlation:
    names = [row[0] for row in await session.run(correlating.build_names(query, session.persons))]
    found = {
        kind: await session.run(correlating.build(query, kind, names, session.persons))
        for kind in funnel_correlation.KINDS
    }
    return funnel_correlation.shape(found, correlating.left_out(query))


def people(
    query: FunnelQuery, counted: FunnelSelector, page: SelectedPage, persons: Persons
) -> Sql:
    """The people behind one number."""
    if counted.correlated is not None:
        return correlating.people(query, counted.correlated, page, persons)
    return funnel_statement.people(query, counted, page, persons)


REPORT: Final = Report(answer, people)
