"""Aliases that wait behind the rows of others: linking takes long where somebody sends very many,
and nobody else's rows wait for it. They are taken some at a time, scopes in turn, those of a scope
in the order in which they came."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from whipstitch.core.projects import Scope
from whipstitch.journal.rows import Row, rows_of
from whipstitch.journal.segments import lasting_name

MOST_ALIASES: Final = 2_000
"""Aliases that are linked in one go: some tenths of a second."""
_READ_SIZE: Final = 32 * 1024


class Slice(NamedTuple):
    """What is taken next: aliases of a scope, from a place in a segment on."""

    segment: Path
    scope: Scope
    start: int


class Behind:
    """Which segments have aliases that are still to be taken, all else in them being stored.
    Changed by the loader's thread only; any other may ask."""

    def __init__(self) -> None:
        self._queues: dict[Scope, deque[Slice]] = {}
        self._left: dict[str, set[Scope]] = {}
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __contains__(self, segment: Path) -> bool:
        return lasting_name(segment) in self._left

    def late(self, aliases: Mapping[Scope, Sequence[Row]], most: int) -> set[Scope]:
        """Whose aliases are to wait: of a scope that has some waiting already, for they are taken
        in order, and those that are more than ``most``, the fewest going first."""
        found = set()
        for scope, said in sorted(aliases.items(), key=lambda one: len(one[1])):
            if scope in self._queues or len(said) > most:
                found.add(scope)
            else:
                most -= len(said)
        return found

    def put(self, segment: Path, scopes: Iterable[Scope]) -> None:
        """All of a segment is stored but the aliases of these scopes."""
        with self._lock:
            left = self._left[lasting_name(segment)] = set(scopes)
            for scope in left:
                self._queues.setdefault(scope, deque()).append(Slice(segment, scope, 0))

    def next(self) -> Slice:
        """What is to be taken now. There must be something."""
        return next(iter(self._queues.values()))[0]

    def done(self, taken: Slice, end: int | None) -> bool:
        """What was ``next`` is taken up to ``end``; None: that was all of the segment. The other
        scopes have their turn. Returns whether nothing of the segment is left."""
        with self._lock:
            name = lasting_name(taken.segment)
            queue = self._queues.pop(taken.scope)
            queue.popleft()
            if end is not None:
                queue.appendleft(taken._replace(start=end))
            else:
                self._left[name].discard(taken.scope)
            if queue:
                self._queues[taken.scope] = queue
            if self._left[name]:
                return False
            del self._left[name]
            return True

    def forget(self, segment: Path) -> None:
        """A segment that cannot be read any more."""
        with self._lock:
            for scope in self._left.pop(lasting_name(segment), set()):
                queue = deque(one for one in self._queues.pop(scope) if one.segment != segment)
                if queue:
                    self._queues[scope] = queue

    def has_stored(self, segment: str, scope: Scope) -> bool:
        """Whether all that a scope has in a segment, by its lasting name, is stored, though others
        wait."""
        with self._lock:
            left = self._left.get(segment)
            return left is not None and scope not in left


def read(slice_: Slice, most: int) -> tuple[list[Row], int | None]:
    """About ``most`` aliases, and where the next ones are; None: there are none. Lines that cannot
    be read are none: they were set aside with the rest of the segment.

    Raises OSError."""
    said: list[Row] = []
    with slice_.segment.open("rb") as file:
        file.seek(slice_.start)
        while text := file.read(_READ_SIZE):
            text += file.readline()
            said += [row for row in rows_of(text)[0] if _is_of(row, slice_.scope)]
            if len(said) >= most:
                return said, file.tell()
    return said, None


def copy(slice_: Slice, end: int | None, target: Path) -> None:
    """Writes the lines of a slice.

    Raises OSError."""
    with slice_.segment.open("rb") as old, target.open("wb") as new:
        old.seek(slice_.start)
        while (end is None or old.tell() < end) and (line := old.readline()):
            if any(_is_of(row, slice_.scope) for row in rows_of(line)[0]):
                new.write(line)


def _is_of(row: Row, scope: Scope) -> bool:
    return row.k == "alias" and (row.project_id, row.environment) == scope
