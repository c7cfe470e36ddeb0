"""What an operator says of people: that two are one, that they are not, that one is erased. Each as
of now, so it waits until what was accepted before is stored."""

import asyncio
import time
from datetime import UTC, datetime
from functools import partial
from typing import Final

from whipstitch.app.node_rules import IS_THERE
from whipstitch.core.errors import StorageUnavailable
from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import Scope
from whipstitch.core.sequence import Sequence
from whipstitch.identity.erasure.worker import ErasureWorker
from whipstitch.identity.forest import Operation
from whipstitch.identity.stitcher import Stitcher
from whipstitch.ingest.durability_barrier import DurabilityBarrier
from whipstitch.ingest.validation.alias_rows import why_refused
from whipstitch.loader.loader import Loader
from whipstitch.registry.acceptance import Acceptance
from whipstitch.warehouse.store import Store
from whipstitch.web.api.erasures import FILES

_STORED_SECONDS: Final = 30.0
"""How long an erasure, an undo or a merge waits for what came in before it: an insert takes seconds
on a busy machine, and whoever asks would only ask again."""
_LOOK_SECONDS: Final = 0.25


class Corrections:
    """``loader``: what stores this node's rows, None: it takes none."""

    def __init__(
        self,
        sequence: Sequence,
        in_flight: DurabilityBarrier,
        loader: Loader | None,
        acceptance: Acceptance,
        stitcher: Stitcher,
        eraser: ErasureWorker,
        store: Store,
        placeholders: Placeholders,
    ) -> None:
        self._sequence = sequence
        self._in_flight = in_flight
        self._loader = loader
        self._acceptance = acceptance
        self._stitcher = stitcher
        self._eraser = eraser
        self._store = store
        self._placeholders = placeholders

    async def undo(self, scope: Scope, alias_id: str) -> bool:
        """Takes the link of an id away, as of now; False: it has none. Reads know it on return.

        Raises:
            StorageUnavailable: what came in before is not stored yet, and nothing is undone.
        """
        accepted = await self._when_stored(scope, "undone")
        return await asyncio.wrap_future(self._stitcher.undo(scope, alias_id, accepted))

    def why_refused(self, alias_id: str, distinct_id: str) -> str:
        """Why an alias of these ids is refused whatever else was said; blank: it is not."""
        return why_refused(alias_id, distinct_id, self._placeholders)

    async def merge(self, scope: Scope, alias_id: str, distinct_id: str, by: str) -> None:
        """Takes an alias that somebody, called ``by``, says here, as of now. Reads know it on
        return.

        Raises:
            StorageUnavailable: what came in before is not stored yet, and nothing is merged.
        """
        accepted = await self._when_stored(scope, "merged")
        refused = self.why_refused(alias_id, distinct_id)
        alias = Operation(accepted, alias_id, distinct_id, refused=refused)
        await asyncio.wrap_future(self._stitcher.merge(scope, alias, by))

    async def erase(self, scope: Scope, id_: str) -> str | None:
        """Erases the person who has an id, as of now; the erasure's id, None: nobody has it. Reads
        know it on return.

        Raises:
            StorageUnavailable: what came in before is not stored yet, and nothing is erased.
        """
        accepted = await self._when_stored(scope, "erased")
        erasure = await asyncio.wrap_future(self._eraser.erase(scope, id_, accepted))
        return erasure.id if erasure else None

    async def waits_for(self, accepted: int) -> list[str]:
        """What an erasure up to that acceptance waits for, as sentences."""
        return await asyncio.to_thread(self._waits_for, accepted)

    def _waits_for(self, accepted: int) -> list[str]:
        behind = [
            f"The node {one.name}, last seen {one.seen_at:%Y-%m-%d %H:%M:%S} UTC, has not stored "
            "all it accepted before, or not looked through its dead letters. Where it will not "
            f"come back: `whipstitch cluster forget {one.name}`."
            for one in self._acceptance.unready(accepted)
        ]
        away = [
            f"ClickHouse's host {name} does not answer: it may have traces on its disk."
            for name in self._store.hosts_away()
        ]
        problem = self._eraser.problem
        return [*behind, *away] or [problem or FILES]

    async def _when_stored(self, scope: Scope, done: str) -> int:
        """The number of an operation of now, once all that a scope sent before is stored.

        Raises:
            StorageUnavailable: it is not, so nothing is ``done``.
        """
        accepted = self._sequence.take(1)
        if self._loader is not None:
            stored = partial(self._loader.has_stored, scope=scope)
            wait = partial(self._in_flight.await_stored, _STORED_SECONDS, stored)
        else:
            wait = partial(self._await_others, accepted)
        if not await asyncio.to_thread(wait):
            raise StorageUnavailable(
                f"What was accepted before is still being stored, so nothing is {done} yet. "
                "Try again in some seconds, or see what `/ready` says."
            )
        return accepted

    def _await_others(self, accepted: int) -> bool:
        """Waits until the nodes that take events have stored what they accepted before. False: one
        that is there has not, after some seconds."""
        until = time.monotonic() + _STORED_SECONDS
        while self._others_are_behind(accepted):
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _others_are_behind(self, accepted: int) -> bool:
        """Those of them that are there."""
        now = datetime.now(UTC)
        return any(now - one.seen_at < IS_THERE for one in self._acceptance.behind(accepted))

    def rewrite_now(self) -> None:
        """Asks for the rewrite of what waits."""
        self._stitcher.rewrite_now()
