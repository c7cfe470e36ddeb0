"""Summaries: what ids did (``activity``) and the lexicon, counted from the rows of ``events`` ahead
of reads, which add those that came since.

They go by nothing that a rewrite changes, such as the id as it was sent, and cover the rows up to a
watermark (``registry/acceptance.py``), below which nothing is added. So a summary is right for as
long as no row goes away. Whoever erases takes it away before, and so does whoever stores a row that
is late; rows that expire are counted until the next day. They are made beside the inserts, which
know nothing of them: so no insert takes longer, and none that is repeated counts twice."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from whipstitch.analytics.events import lexicon_summary
from whipstitch.analytics.events.lexicon_summary import SummaryStep
from whipstitch.analytics.people.activity import SENT_SINCE
from whipstitch.analytics.summary import SINCE, UNPATCHED
from whipstitch.core.worker import BackgroundWorker
from whipstitch.registry.acceptance import Acceptance, Watermark
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance.retention import SUMMARIZED, take_out_of_force
from whipstitch.warehouse.row_inserts import insert
from whipstitch.warehouse.store import Store

_ROWS: Final = 100_000
"""As many that came since are counted by each read, or one for this many ids, if that is more."""
_IDS_A_ROW: Final = 4
_SECONDS: Final = 60.0
"""Between a look whether there is enough to do and the next."""
_ANEW: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ERASURES: Final = "SELECT count(), countIf(state != 'done') FROM erasures FINAL"
_CAME: Final = f"SELECT count() FROM events WHERE {SINCE} AND accepted <= {{until:UInt64}}"
_ADDED: Final = f"""\
INSERT INTO activity (summary, project_id, environment, sent_id, first, last, events)
SELECT
    {{number:UInt64}}, project_id, environment, sent_id,
    min(first) AS first, max(last) AS last, sum(events) AS events
FROM
(
    SELECT project_id, environment, sent_id, first, last, events
    FROM activity WHERE summary = {{base:UInt64}}
    UNION ALL
    SELECT project_id, environment, {SENT_SINCE} AND accepted <= {{until:UInt64}}
    GROUP BY project_id, environment, sent_id
    {UNPATCHED}
)
GROUP BY project_id, environment, sent_id
SETTINGS max_bytes_before_external_group_by = 400000000"""


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """Of the rows up to ``until``, of which all were counted anew at ``recounted_at``. When it was
    begun there had been so many ``erasures``, ``state`` was the watermark's, and ``before`` the
    number of the one in force."""

    number: int = 0
    until: int = 0
    ids: int = 0
    recounted_at: datetime = _EPOCH
    erasures: int = 0
    before: int = 0
    state: Hashable = None


class ActivitySummarizer:
    """Makes a new summary whenever there is enough to count, on the node that ``leads``."""

    def __init__(self, store: Store, leads: Callable[[], int], acceptance: Acceptance) -> None:
        self._store = store
        self._acceptance = acceptance
        self._leads = leads
        self._work = BackgroundWorker("summarizer", self._turn, lambda: _SECONDS)
        self.start = self._work.start
        self.stop = self._work.stop

    @property
    def problem(self) -> str | None:
        """Why there is no new summary, for a person."""
        return self._work.problem

    def _turn(self) -> None:
        if not self._leads():
            return
        making = partial(make, watermark=self._acceptance.current())
        if made := self._store.run_in_background(making).result():
            publishing = partial(publish, made=made, current=self._acceptance.current)
            self._store.run_on_writer(publishing).result()


def latest(client: Client) -> StoredSummary:
    """The one in force; its number is 0 where there is none."""
    sql = (
        "SELECT number, until, ids, recounted_at FROM activity_summaries "
        "ORDER BY number DESC LIMIT 1"
    )
    for number, until, ids, recounted_at in client.query(sql).result_rows:
        return StoredSummary(number, until, ids, recounted_at)
    return StoredSummary()


def make(
    client: Client,
    watermark: Watermark,
    rows: int = _ROWS,
    clock: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> StoredSummary | None:
    """A new summary of the rows up to the watermark, to be published, where more than ``rows`` came
    since the last."""
    erasures, unfinished = client.query(_ERASURES).result_rows[0]
    if unfinished:
        return None
    before = latest(client)
    until = watermark.until
    # What a replica lacks now would be missing for a day.
    client.await_replicas(client.events)
    came = client.query(_CAME, {"since": before.until, "until": until}).result_rows[0][0]
    if came <= max(rows, before.ids // _IDS_A_ROW):
        return None
    number = max(clock(), before.number + 1)
    base, now = before, _EPOCH + timedelta(microseconds=number)
    if now - before.recounted_at > _ANEW:
        base = StoredSummary(recounted_at=now)
    client.command(
        _ADDED, {"number": number, "base": base.number, "since": base.until, "until": until}
    )
    step = SummaryStep(number, until, base.number, base.until, before.number, before.until)
    lexicon_summary.add(client, step)
    ids = client.query(f"SELECT count() FROM activity WHERE summary = {number:d}").result_rows
    return StoredSummary(
        number,
        until,
        ids[0][0],
        base.recounted_at,
        erasures,
        before.number,
        watermark.state,
    )


def publish(client: Client, made: StoredSummary, current: Callable[[], Watermark]) -> bool:
    """From now on reads use this one, unless since it was begun somebody was erased or a row came
    late. To be called where erasures are. ``current`` asks for the watermark."""
    fresh = made.erasures == client.query(_ERASURES).result_rows[0][0] and current().holds(
        made.until, made.state
    )
    if fresh:
        row = (made.number, made.until, made.ids, made.recounted_at)
        insert(client, "activity_summaries", ("number", "until", "ids", "recounted_at"), [row])
        # Once more: whoever stores a late row says so first, and then looks for summaries.
        fresh = current().holds(made.until, made.state)
        if not fresh:
            take_out_of_force(client)
    # Reads may be using the one before.
    keep = {made.number, made.before} if fresh else set()
    for table in SUMMARIZED:
        numbers = client.query(f"SELECT DISTINCT summary FROM {table}").result_rows
        for number in {row[0] for row in numbers} - keep:
            client.command(f"ALTER TABLE {table} DROP PARTITION {number:d}")
    return fresh
