"""Insights: numbers of events, of people or of a property, by interval and by breakdown."""

from datetime import UTC, datetime
from typing import Final

from whipstitch.analytics.expressions import breakdowns
from whipstitch.analytics.reports.insight_lines import lines
from whipstitch.analytics.reports.insight_query import Compared, Insights, InsightsQuery, Line
from whipstitch.analytics.reports.insight_statement import build, people
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.sql import Rows


async def answer(
    session: QuerySession, query: InsightsQuery, most_cells: int = breakdowns.MOST_CELLS
) -> Insights:
    """The answer. Up to ``most_cells`` of a series are ranked."""
    answered = Insights(
        intervals=query.intervals.labels(),
        series=await _lines(session, query, most_cells),
        incomplete=query.intervals.incomplete(query.range, query.now or datetime.now(UTC)),
    )
    if query.compared is not None:
        answered.compared = Compared(
            intervals=query.compared.intervals.labels(),
            series=await _lines(session, query.compared, most_cells),
        )
    return answered


async def _lines(session: QuerySession, query: InsightsQuery, most_cells: int) -> list[Line]:
    rows = await _rows(session, query, most_cells)
    if not query.is_broken_down or not query.with_total:
        return lines(query, rows)
    return lines(query, rows, await _rows(session, query.overall(), most_cells))


async def _rows(session: QuerySession, query: InsightsQuery, most_cells: int) -> Rows:
    rows = await session.run(build(query, session.persons, most_cells))
    crowded = {part for part, *_, cells in rows if cells > most_cells}
    if crowded:
        rows = [row for row in rows if row[0] not in crowded]
        rows += await session.run(build(query, session.persons, most_cells, crowded))
    return rows


REPORT: Final = Report(answer, people)
