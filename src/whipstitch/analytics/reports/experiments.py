"""Experiments without flags: how people who were shown a variant compare with those who were shown
the control, by whatever event or trait says which it was."""

import asyncio
from typing import Final

from whipstitch.analytics.reports.experiment_answer import shape
from whipstitch.analytics.reports.experiment_query import Experiment, ExperimentQuery
from whipstitch.analytics.reports.experiment_statement import build, people
from whipstitch.analytics.reports.report import Report
from whipstitch.analytics.session import QuerySession


async def answer(session: QuerySession, query: ExperimentQuery) -> Experiment:
    """The numbers, and what follows from them."""
    rows = await session.run(build(query, session.persons))
    # Probabilities take up to tens of milliseconds.
    return await asyncio.to_thread(shape, query, rows)


REPORT: Final = Report(answer, people)
