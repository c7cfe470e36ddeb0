"""Sessions are summed up in steps: the pieces of the events that were accepted since the step
before, up to a watermark (``registry/acceptance.py``), below which no event is added.

Pieces go by nothing that a stitch or an undo changes. So they are right for as long as no event
goes away. Whoever erases deletes theirs; whoever stores an event that is late has those from there
on made anew (``warehouse/maintenance/session_steps.py``); what expires goes by itself. They are
made beside the inserts, which know nothing of them. A step that is cut off is made again: its
pieces do not count before it is in force."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Final

from whipstitch.analytics.sessions import arrivals, pieces
from whipstitch.analytics.summary import SINCE
from whipstitch.core.worker import BackgroundWorker
from whipstitch.registry.acceptance import Acceptance, Watermark
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import session_steps
from whipstitch.warehouse.maintenance.session_steps import SessionStep
from whipstitch.warehouse.store import Store

_LOOK_SECONDS: Final = 20.0
"""Between a look whether there is enough to do and the next."""
_EVENTS: Final = 30_000
"""As many that came since are looked at by each question, or as came within ..."""
_MICROSECONDS: Final = 300 * 10**6
_MOST: Final = 300_000
"""Events of one step, which keeps other background work waiting."""
_ALONE_SECONDS: Final = 50
"""A statement ends before its client gives it up, for what it adds later than that would count in
the next step, too ..."""
_SECONDS: Final = 10
"""... and before another node may lead: ``Leadership`` says so up to 11 seconds before."""
_ERASURES: Final = "SELECT count(), countIf(state = 'asked') FROM erasures FINAL"
_UP_TO: Final = f"{SINCE} AND accepted <= {{until:UInt64}}"
_CAME: Final = f"FROM events WHERE {_UP_TO}"
_COLUMNS: Final = ", ".join(pieces.COLUMNS)
_READ: Final = ", ".join(
    f"fromUnixTimestamp64Milli({one}, 'UTC')" if one in ("start", "end") else one
    for one in pieces.COLUMNS
)
_ADDED: Final = (
    f"INSERT INTO session_pieces (accepted, {_COLUMNS}) SELECT {{until:UInt64}}, {_READ} "
    f"FROM ({pieces.of_rows(_UP_TO)}) "
    f"{arrivals.IN_STEPS}, max_bytes_before_external_group_by = 400000000"
)


@dataclass(frozen=True, slots=True)
class MadeStep:
    """To be put in force after ``before``. When it was begun there had been so many ``erasures``,
    and ``state`` was the watermark's; ``more``: events are left for the next one."""

    step: SessionStep
    before: SessionStep
    erasures: int
    state: Hashable
    more: bool


def _always() -> int:
    return 1


def _now() -> int:
    """In unix microseconds."""
    return time.time_ns() // 1000


class SessionSummarizer:
    """Takes steps whenever there is enough to do, on the node that ``leads``; ``alone``: there is
    no other."""

    def __init__(
        self, store: Store, leads: Callable[[], int], acceptance: Acceptance, *, alone: bool
    ) -> None:
        self._store = store
        self._acceptance = acceptance
        self._leads = leads
        self._most, self._seconds = (_MOST, _ALONE_SECONDS) if alone else (_MOST // 3, _SECONDS)
        self._began = _now()
        self._work = BackgroundWorker("session summarizer", self._turn, lambda: _LOOK_SECONDS)
        self.start = self._work.start
        self.stop = self._work.stop

    @property
    def problem(self) -> str | None:
        """Why no step is taken, for a person."""
        return self._work.problem

    def _turn(self) -> None:
        while not self._work.stopping and self._leads():
            watermark = self._acceptance.current()
            making = partial(
                make,
                watermark=watermark,
                most=self._most,
                began=self._began,
                leads=self._leads,
                seconds=self._seconds,
            )
            made = self._store.run_in_background(making).result()
            if made is None:
                return
            publishing = partial(
                publish, made=made, current=self._acceptance.current, leads=self._leads
            )
            if not self._store.run_on_writer(publishing).result() or not made.more:
                return


def make(
    client: Client,
    watermark: Watermark,
    events: int = _EVENTS,
    most: int = _MOST,
    began: int = 0,
    leads: Callable[[], int] = _always,
    seconds: int = _ALONE_SECONDS,
    clock: Callable[[], int] = _now,
) -> MadeStep | None:
    """The pieces of a step, to be put in force; where more than ``events`` came since the last one,
    or that was some minutes ago. None: there is nothing to do. ``began``: the first step waits as
    long from then on. ``seconds``: the most that it may take."""
    erasures, asked = client.query(_ERASURES).result_rows[0]
    if asked:  # somebody is being hidden
        return None
    before = session_steps.in_force(client)
    if before.number and before.made_by != pieces.MADE_BY:
        session_steps.take_back(client)
        before = SessionStep()
    number = max(clock(), before.number + 1)
    client.await_replicas(client.events)
    bound = {"since": before.until, "until": watermark.until}
    came = client.query(f"SELECT count() {_CAME}", bound).result_rows[0][0]
    if (
        not came
        or not leads()
        or (came <= events and number < (before.number or began) + _MICROSECONDS)
    ):
        return None
    session_steps.clear(client)
    if came > most:
        sql = f"SELECT accepted {_CAME} ORDER BY accepted LIMIT 1 OFFSET {most - 1:d}"
        bound["until"] = client.query(sql, bound).result_rows[0][0]
    if not leads():  # it may have waited for other work
        return None
    client.command(_ADDED, bound, settings={"max_execution_time": seconds})
    client.await_replicas("session_pieces")
    step = SessionStep(number, before.begun or number, bound["until"], pieces.MADE_BY)
    return MadeStep(step, before, erasures, watermark.state, came > most)


def publish(
    client: Client,
    made: MadeStep,
    current: Callable[[], Watermark],
    leads: Callable[[], int] = _always,
) -> bool:
    """From now on reads use it, unless since it was begun somebody was erased, an event came late,
    or another node leads. To be called where erasures are. ``current`` asks for the watermark."""
    fresh = bool(
        made.erasures == client.query(_ERASURES).result_rows[0][0]
        and made.before == session_steps.in_force(client)
        and current().holds(made.step.until, made.state)
        and leads()
    )
    if fresh:
        session_steps.put_in_force(client, made.step)
        # Once more: whoever stores a late event says so first, and then takes steps back.
        fresh = current().holds(made.step.until, made.state)
        if not fresh:
            session_steps.take_back(client)
    return fresh
