"""The watermark: up to which acceptance number every row is stored.

What is counted ahead of reads covers the rows up to a watermark, which is right on every engine and
with any number of nodes and shards: a node accepts with growing numbers, so that nothing is added
below its own once all of that is stored; and the watermark is the lowest of all nodes'. Rows that
are stored late all the same, such as dead letters that are replayed, take it back first."""

import secrets
import threading
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from whipstitch.registry.nodes import IngestNode, Nodes


class Watermark(NamedTuple):
    """All that was accepted up to ``until`` is stored. ``state`` differs where rows may have come
    below it meanwhile."""

    until: int = 0
    state: Hashable = None

    def holds(self, until: int, state: Hashable) -> bool:
        """Whether what was made of the rows up to ``until``, when ``state`` was that, is of all of
        them still."""
        return self.until >= until and self.state == state


class Acceptance:
    """This node's part in the watermark, and the watermark itself. May be used from any thread.

    ``shared``: where several nodes tell each other; None: this one is alone. Methods that ask it
    raise RegistryError."""

    def __init__(self, name: str = "", shared: Nodes | None = None) -> None:
        self.name = name
        self._shared = shared
        self._lock = threading.Lock()
        self._until = 0
        self._highest = 0
        """No summary covers rows beyond it, whoever makes one: the watermark was never higher since
        this node is listed."""
        self._run = ""
        self._cleared = 0

    def join(self) -> None:
        """To be called before this process stores anything, and before ``summarized``."""
        with self._lock:
            self._turn()
            if self._shared is not None:
                self._until = self._shared.join_nodes(self.name)
                self._highest = max(self._highest, self._until)

    def summarized(self, until: int) -> None:
        """Some summary covers the rows up to there."""
        with self._lock:
            self._highest = max(self._highest, until)

    def is_late(self, first: int) -> bool:
        """Whether a row of this acceptance may be covered by a summary without being counted."""
        return first <= self._highest

    def take_back(self, before: int) -> None:
        """To be called before rows are stored that are late, the first of them after ``before``."""
        with self._lock:
            self._turn()
            self._until = min(self._until, before)
            if self._shared is not None:
                self._shared.report_stored(self.name, self._until, back=True)

    def look(self) -> Hashable:
        """To be called before a look at what waits to be stored; ``reached`` is given it after."""
        with self._lock:
            return self._run

    def reached(self, until: int, look: Hashable) -> None:
        """Nothing waits any more of what waited at that look, and was accepted up to ``until``."""
        with self._lock:
            if look != self._run or until < self._until:
                return
            if self._shared is not None:
                self._shared.report_stored(self.name, until)
            self._until = until
            self._highest = max(self._highest, until)

    @property
    def own(self) -> int:
        """How far this node has come."""
        return self._until

    def current(self) -> Watermark:
        """The watermark of all nodes."""
        if self._shared is None:
            with self._lock:
                return Watermark(self._until, self._run)
        nodes = self._shared.list_nodes()
        return Watermark(
            min((one.until for one in nodes), default=0),
            tuple((one.name, one.run) for one in nodes),
        )

    def silent(self, for_: timedelta) -> list[IngestNode]:
        """Nodes that have said nothing for so long, though they did not leave."""
        if self._shared is None:
            return []
        now = datetime.now(UTC)
        return [one for one in self._shared.list_nodes() if now - one.seen_at > for_]

    def clear(self, accepted: int) -> None:
        """None of those who were erased up to then is among this node's dead letters any more."""
        if self._shared is not None:
            self._shared.report_cleared(self.name, accepted)
        self._cleared = accepted

    @property
    def own_cleared(self) -> int:
        """How far that was done since this process runs."""
        return self._cleared

    def is_cleared(self, accepted: int) -> bool:
        """Whether every node has done so."""
        if self._shared is None:
            return self._cleared >= accepted
        return all(one.cleared >= accepted for one in self._shared.list_nodes())

    def behind(self, accepted: int) -> list[IngestNode]:
        """Nodes that have not stored, as far as they said, all that they accepted up to then."""
        if self._shared is None:
            return []
        return [one for one in self._shared.list_nodes() if one.until < accepted]

    def unready(self, accepted: int) -> list[IngestNode]:
        """Those, and nodes whose dead letters may hold somebody who was erased up to then."""
        if self._shared is None:
            return []
        nodes = self._shared.list_nodes()
        return [one for one in nodes if min(one.until, one.cleared) < accepted]

    def leave(self) -> None:
        """This node has nothing left to store, and takes nothing any more."""
        if self._shared is not None:
            self._shared.leave_nodes(self.name)

    def _turn(self) -> None:
        """Looks that are under way do not count."""
        self._run = secrets.token_hex(8)
