"""The summary in force, as reads use it: what events say, counted ahead of them
(``analytics/people/activity_summaries.py``) up to a block; reads add the rows that came since.

A summary does not know that somebody is being erased, or how ids were linked before that changed
under the reading. So a reading asks for it first, and in the end whether it still held."""

from dataclasses import dataclass
from typing import Final

from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.sql import IN_SCOPE, Sql

SINCE: Final = (
    "toUInt64OrZero(splitByChar('_', _part)[3]) > {block:UInt64} AND _block_number > {block:UInt64}"
)
"""The condition on rows of ``events`` that came after the block. Parts that are older are not
looked at."""
UNPATCHED: Final = "SETTINGS apply_patch_parts = 0"
"""To be added to a query with that condition, of what no patch changes: a rewrite leaves the id as
it was sent, and a summary is not asked for while somebody is being erased. ClickHouse fails where
it is to put a patch to rows that were merged since, if a condition has their ``_block_number``."""
_ERASED: Final = f"SELECT count() FROM erasures FINAL WHERE {IN_SCOPE}"
_SUMMARY: Final = (
    f"SELECT ({_ERASED}), ({_ERASED} AND state != 'done'), number, block "
    "FROM activity_summaries ORDER BY number DESC LIMIT 1"
)
_LINKED_SINCE: Final = (
    f"SELECT count() FROM person_ids WHERE {IN_SCOPE} AND version > {{generation:UInt64}}"
)


@dataclass(frozen=True, slots=True)
class Summary:
    """``erased``: how many people of the scope had been erased when the reading began."""

    number: int
    block: int
    erased: int

    def bind(self, sql: Sql) -> Sql:
        """``sql`` with the values of its ``summary`` and ``block``."""
        return Sql(sql.text, {**sql.values, "summary": self.number, "block": self.block})


async def in_force(reading: QuerySession) -> Summary | None:
    """None where the rows are to be counted: there is no summary, or somebody is being erased."""
    for erased, erasing, number, block in await reading.run(Sql(_SUMMARY, {})):
        if not erasing:
            return Summary(number, block, erased)
    return None


async def held(reading: QuerySession, summary: Summary) -> bool:
    """Whether nobody was erased since."""
    ((erased,),) = await reading.run(Sql(_ERASED, {}))
    return bool(erased == summary.erased)


async def held_with_links(reading: QuerySession, summary: Summary) -> bool:
    """Whether nobody was erased since, and every link is of the reading's generation."""
    ((erased, linked),) = await reading.run(Sql(f"SELECT ({_ERASED}), ({_LINKED_SINCE})", {}))
    return (erased, linked) == (summary.erased, 0)
