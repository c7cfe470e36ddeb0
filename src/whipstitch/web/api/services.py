"""What the endpoints work with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry

from whipstitch.analytics.cohorts.refresher import CohortRefresher
from whipstitch.analytics.session import SessionFactory
from whipstitch.core.projects import Scope
from whipstitch.registry.store import Registry
from whipstitch.web.api.streaming import ConcurrencyLimit

Problems = Callable[[], list[str]]
"""Each a sentence; empty: there is none."""


class Stitches(Protocol):
    """What an operator may do about stitches."""

    async def undo(self, scope: Scope, alias_id: str) -> bool:
        """Takes the link of an id away; False: it has none.

        Raises:
            StorageUnavailable: what came in before is not stored yet, or nothing can be.
        """

    def why_refused(self, alias_id: str, distinct_id: str) -> str:
        """Why an alias of these ids is refused whatever else was said; blank: it is not."""

    async def merge(self, scope: Scope, alias_id: str, distinct_id: str, by: str) -> None:
        """Takes an alias that somebody, called ``by``, says here.

        Raises:
            StorageUnavailable: what came in before is not stored yet, or nothing can be.
        """

    def rewrite_now(self) -> None:
        """Asks for the rewrite of what waits."""


class Erases(Protocol):
    """Who erases people."""

    async def erase(self, scope: Scope, id_: str) -> str | None:
        """Erases the person who has this id; the erasure's id, when no read shows them any more.
        None: nobody has it.

        Raises:
            StorageUnavailable: what came in before is not stored yet, or nothing can be.
        """

    async def waits_for(self, accepted: int) -> list[str]:
        """What an erasure up to that acceptance waits for, as sentences."""


@dataclass(frozen=True, slots=True)
class Services:
    """``problems`` keep the server from accepting and storing,
    ``warnings`` do not; ``stopping`` ends the streams of events. An export lasts
    ``export_seconds`` at most."""

    registry: Registry
    sessions: SessionFactory
    stitches: Stitches
    erases: Erases
    cohorts: CohortRefresher
    problems: Problems
    warnings: Problems
    metrics: CollectorRegistry
    stopping: asyncio.Event
    exports: ConcurrencyLimit
    export_seconds: float
    streams: ConcurrencyLimit
