"""The eraser: hides a person when asked to, and sees to it that the disk has none of them."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar, cast

import structlog

from whipstitch.core.projects import Environment, Scope, Somebody
from whipstitch.core.worker import BackgroundWorker
from whipstitch.identity.erasure import hide, physical_delete, records
from whipstitch.identity.erasure.records import Erasure, ErasureRecord
from whipstitch.identity.linker import Linker
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.registry.acceptance import Acceptance
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.maintenance import session_steps
from whipstitch.warehouse.maintenance.retention import take_summaries_away
from whipstitch.warehouse.store import Store

log = structlog.get_logger(__name__)

T = TypeVar("T")
_LOOK_SECONDS: Final = 0.25
_OTHERS_SECONDS: Final = 5.0
"""How often a node looks whether another one recorded an erasure."""


@dataclass(slots=True)
class EraserStats:
    """Written by the eraser's thread only."""

    running: int = 0
    """Erasures that are not done."""


class ErasureWorker:
    """Erasures that a killed process left undone go on with the next. Of several nodes the one that
    links erases, and each looks through its own dead letters; ``alone``: there is no other.
    ``acceptance`` says what every node has stored, and how far it has looked."""

    def __init__(
        self,
        store: Store,
        linker: Linker,
        record: ErasureRecord,
        leads: Callable[[], int],
        acceptance: Acceptance,
        dead_letters: DeadLetters,
        *,
        alone: bool,
    ) -> None:
        self.stats = EraserStats()
        self._store = store
        self._linker = linker
        self._record = record
        self._leads = leads
        self._acceptance = acceptance
        self._dead_letters = dead_letters
        self._alone = alone
        self._work = BackgroundWorker("eraser", self._turn, self._pause)
        self.start = self._work.start
        self.stop = self._work.stop

    @property
    def problem(self) -> str | None:
        """Why erasures do not go on at the moment, for a person."""
        return self._work.problem

    def erase(self, scope: Scope, id_: str, accepted: int) -> Future[Erasure | None]:
        """Erases the person who had this id at that acceptance. To come: the erasure, when no read
        shows anything of them; None where nobody has the id."""
        found = self._store.run_on_writer(
            lambda client: self._begin_with(client, scope, id_, accepted)
        )
        found.add_done_callback(lambda _: self._work.wake())
        return found

    # Inside

    def _begin_with(self, client: Client, scope: Scope, id_: str, accepted: int) -> Erasure | None:
        begun = self._resume_in(client, scope, id_) if self._leads() else None
        ids = hide.ids_at(client, scope, id_, accepted)
        if not ids:
            return begun
        asked = self._record.add(client, scope, ids, accepted)
        return self._hide(client, asked, ids) if self._leads() else asked

    def _resume_in(self, client: Client, scope: Scope, id_: str) -> Erasure | None:
        """Hides whom an earlier attempt in this scope did not get to: of a person who is half gone
        nobody could tell the ids any more. Returns the erasure of who had ``id_``, if it is
        there."""
        begun = None
        for one in self._record.unfinished(client):
            if one.state == "asked" and one.scope == scope:
                hidden = self._resume(client, one)
                if self._record.concerns(client, one, id_):
                    begun = hidden
        return begun

    def _hide(self, client: Client, asked: Erasure, ids: Collection[str]) -> Erasure:
        events = self._linker.forget(client, asked.scope, ids, asked.accepted)
        hidden = asked.now("running", events)
        records.save(client, hidden)
        log.info("person_hidden", erasure=hidden.id, ids=hidden.ids, events=events)
        return hidden

    def _resume(self, client: Client, asked: Erasure) -> Erasure:
        return self._hide(client, asked, hide.ids_left(client, self._record, asked))

    def _resume_again(self, client: Client, asked: Erasure) -> None:
        """By now whoever asked for it may have hidden them, and counted what there was."""
        if asked in self._record.unfinished(client):
            self._resume(client, asked)

    # On the eraser's thread

    def _pause(self) -> float | None:
        """Seconds until the next turn, None: until somebody is erased."""
        return _OTHERS_SECONDS if self.problem or not self._alone else None

    def _turn(self) -> None:
        if not self._leads():
            self._look_through_own()
        while not self._work.stopping and self._until(self._leads):
            undone = self._leisurely(self._record.unfinished)
            self.stats.running = len(undone)
            if not undone:
                return
            for one in undone:
                if one.state == "asked":
                    self._store.run_on_writer(partial(self._resume_again, asked=one)).result()
            hidden = self._leisurely(self._record.unfinished)
            for one in hidden:
                # Once more: a refresh that was under way, on this very thread, may have brought
                # them back.
                leave = partial(hide.leave_cohorts, record=self._record, erasure=one)
                self._leisurely(leave)
            if self._purge(max(one.accepted for one in hidden)):
                for one in hidden:
                    self._leisurely(partial(records.save, erasure=one.now("done")))
                    log.info("person_erased", erasure=one.id, ids=one.ids, events=one.events)
                self.stats.running -= len(hidden)

    def _look_through_own(self) -> None:
        """Another node erases. What it erases is to go from our dead letters, too, once all that
        came before is stored here or is one of them."""
        undone = self._leisurely(self._record.unfinished)
        accepted = max((one.accepted for one in undone), default=0)
        if self._acceptance.own_cleared < accepted <= self._acceptance.own:
            self._clear(accepted)

    def _clear(self, accepted: int) -> None:
        self._dead_letters.erase(self._erased)
        self._acceptance.clear(accepted)

    def _purge(self, accepted: int) -> bool:
        """Removes what is hidden. False: it was broken off."""
        if not self._until(lambda: self._acceptance.current().until >= accepted):
            return False
        self._clear(accepted)
        if not self._until(lambda: self._acceptance.is_cleared(accepted)):
            return False
        # Once more: a summary that was being made meanwhile, on this very thread, may have them.
        self._leisurely(take_summaries_away)
        self._leisurely(session_steps.clear)
        planned = self._leisurely(physical_delete.plan)
        for rewrite in planned.rewrites:
            if not self._leads():
                return False
            self._leisurely(partial(physical_delete.begin, rewrite=rewrite))
            if not self._until(lambda: not self._leisurely(physical_delete.rewrites_run)):
                return False
        return self._until(lambda: self._is_gone(planned))

    def _is_gone(self, planned: physical_delete.Purge) -> bool:
        maps = self._store.run_on_writer(self._linker.old_maps).result()
        return not maps and not self._leisurely(partial(physical_delete.left, planned=planned))

    def _erased(self, names: Collection[Somebody]) -> Mapping[Somebody, int]:
        by_scope: dict[Scope, set[str]] = {}
        for project_id, environment, id_ in names:
            scope = Scope(project_id, cast(Environment, environment))
            by_scope.setdefault(scope, set()).add(id_)
        found = {}
        for scope, ids in by_scope.items():
            until = self._leisurely(partial(self._record.erased, scope=scope, ids=ids))
            found.update({Somebody(*scope, id_): accepted for id_, accepted in until.items()})
        return found

    def _leisurely(self, work: Callable[[Client], T]) -> T:
        return self._store.run_in_background(work).result()

    def _until(self, condition: Callable[[], object]) -> bool:
        """Waits for it. False: we are told to stop first."""
        while not condition():
            if self._work.rest(_LOOK_SECONDS):
                return False
        return True
