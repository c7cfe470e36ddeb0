"""What is refused, dropped or passed over, counted until somebody takes the counts."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from whipstitch.core.projects import IngestionKey, Scope
from whipstitch.core.reasons import Reason
from whipstitch.core.rejections import Cause, Rejection

_MOST_KEYS: Final = 200
"""Keys told apart in one hour and project: who makes keys up must not fill the memory, nor the
disk."""
_LONG_ENOUGH: Final = 12
"""Of a text shorter than this, four characters would tell too much."""

_Hours = dict[tuple[str | None, datetime], dict[Cause, Rejection]]


class Rejections:
    """By project, hour and cause. Those of unknown keys belong to nobody. Requests without trouble
    never come here. Any thread may call any method."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hours: _Hours = {}
        self._keys: dict[tuple[str | None, datetime], set[str]] = {}

    def note(self, reason: Reason, endpoint: str, key: IngestionKey, count: int = 1) -> None:
        """Counts what came with ``key``; it may be of no project."""
        project_id = key.project.id or None
        environment = key.environment if project_id else None
        self._count(project_id, Cause(reason, endpoint, environment, _end(key.key)), count)

    def note_in(self, scope: Scope, reason: Reason, endpoint: str, count: int) -> None:
        """Counts what is known by its scope only, not by the key that it came with."""
        cause = Cause(reason, endpoint, scope.environment, "")
        self._count(scope.project_id, cause, count)

    def take(self) -> list[Rejection]:
        """What was counted since it was last asked."""
        with self._lock:
            taken, self._hours = self._hours, {}
            hour = max((hour for _, hour in taken), default=None)
            self._keys = {of: keys for of, keys in self._keys.items() if of[1] == hour}
        return [one for causes in taken.values() for one in causes.values()]

    def give_back(self, taken: Iterable[Rejection]) -> None:
        """What ``take`` gave could not be kept: it counts again."""
        with self._lock:
            for one in taken:
                self._add(one)

    def _count(self, project_id: str | None, cause: Cause, count: int) -> None:
        now = datetime.fromtimestamp(self._clock(), UTC)
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            keys = self._keys.setdefault((project_id, hour), set())
            if cause.key_end not in keys:
                if len(keys) < _MOST_KEYS:
                    keys.add(cause.key_end)
                else:
                    cause = cause._replace(key_end="")
            self._add(Rejection(project_id, hour, cause, count, now))

    def _add(self, one: Rejection) -> None:
        causes = self._hours.setdefault((one.project_id, one.hour), {})
        known = causes.setdefault(one.cause, one)
        if known is not one:
            known.count += one.count
            known.last = max(known.last, one.last)


def _end(api_key: str) -> str:
    return api_key[-4:] if len(api_key) >= _LONG_ENOUGH else ""
