"""The summary in force, as reads use it: what events say, counted ahead of them
(``analytics/people/activity_summaries.py``) up to a watermark (``registry/acceptance.py``); reads
add the rows that were accepted since.

A summary does not know that somebody is being erased, or how ids were linked before that changed
under the reading. So a reading asks for it first, and in the end whether it still held."""

from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.sql import IN_SCOPE, Sql

SINCE: Final = "accepted > {since:UInt64}"
"""The condition on rows of ``events`` that a summary does not have. Their index passes over the
others."""
UNPATCHED: Final = "SETTINGS apply_patch_parts = 0"
"""To be added to a query with that condition, of what no patch changes, which is faster: a rewrite
leaves the id as it was sent, and a summary is not asked for while somebody is being erased."""
_ERASED: Final = f"SELECT count() FROM erasures FINAL WHERE {IN_SCOPE}"
_SUMMARY: Final = (
    f"SELECT ({_ERASED}), ({_ERASED} AND state != 'done'), number, until "
    "FROM activity_summaries ORDER BY number DESC LIMIT 1"
)
_LINKED_SINCE: Final = (
    f"SELECT count() FROM person_ids WHERE {IN_SCOPE} AND version > {{generation:UInt64}}"
)


@dataclass(frozen=True, slots=True)
class Summary:
    """``erased``: how many people of the scope had been erased when the reading began."""

    number: int
    until: int
    erased: int

    def bind(self, sql: Sql) -> Sql:
        """``sql`` with the values of its ``summary`` and ``since``."""
        return Sql(sql.text, {**sql.values, "summary": self.number, "since": self.until})


async def in_force(reading: QuerySession) -> Summary | None:
    """None where the rows are to be counted: there is no summary, or somebody is being erased."""
    for erased, erasing, number, until in await reading.run(Sql(_SUMMARY, {})):
        if not erasing:
            return Summary(number, until, erased)
    return None


async def held(reading: QuerySession, summary: Summary) -> bool:
    """Whether nobody was erased since."""
    ((erased,),) = await reading.run(Sql(_ERASED, {}))
    return bool(erased == summary.erased)


async def held_with_links(reading: QuerySession, summary: Summary) -> bool:
    """Whether nobody was erased since, and every link is of the reading's generation."""
    ((erased, linked),) = await reading.run(Sql(f"SELECT ({_ERASED}), ({_LINKED_SINCE})", {}))
    return (erased, linked) == (summary.erased, 0)
