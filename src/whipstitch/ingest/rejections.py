"""What was lately refused, dropped or passed over, for the developer who integrates: why, by which
endpoint and under which key; never what was sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from whipstitch.core.projects import Environment, IngestionKey, Scope
from whipstitch.core.reasons import Reason

MINUTES = 60
"""How far back it is remembered."""
_MOST = 500
_LONG_ENOUGH = 12
"""Of a text shorter than this, four characters would tell too much."""


class Cause(NamedTuple):
    """What refusals are told apart by. ``environment`` is None where the key is not ours;
    ``key_end`` are the key's last four characters, blank where none was sent."""

    reason: Reason
    endpoint: str
    environment: Environment | None
    key_end: str


@dataclass(slots=True)
class Rejection:
    """How often, and when last (unix seconds)."""

    cause: Cause
    count: int
    last: float


class Rejections:
    """The last hour's, by project. Those of unknown keys belong to nobody: they are kept apart.

    Every method belongs to the event loop's thread; requests without trouble never come here.
    Bounded: in a flood of different causes the oldest are forgotten first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._minutes: dict[str | None, dict[tuple[int, Cause], Rejection]] = {}

    def note(self, reason: Reason, endpoint: str, key: IngestionKey, count: int = 1) -> None:
        """Counts what came with ``key``; it may be of no project."""
        project_id = key.project.id or None
        environment = key.environment if project_id else None
        self._count(project_id, Cause(reason, endpoint, environment, _end(key.key)), count)

    def note_in(self, scope: Scope, reason: Reason, endpoint: str, count: int) -> None:
        """Counts what is known by its scope only, not by the key that it came with."""
        cause = Cause(reason, endpoint, scope.environment, "")
        self._count(scope.project_id, cause, count)

    def lately(self, project_id: str | None) -> list[Rejection]:
        """Of one project, or (None) of nobody's keys: one for each cause, the latest first."""
        oldest = self._minute() - MINUTES
        found: dict[Cause, Rejection] = {}
        for (minute, cause), refusal in self._minutes.get(project_id, {}).items():
            if minute <= oldest:
                continue
            known = found.setdefault(cause, Rejection(cause, 0, 0.0))
            known.count += refusal.count
            known.last = max(known.last, refusal.last)
        return sorted(found.values(), key=lambda one: one.last, reverse=True)

    def _count(self, project_id: str | None, cause: Cause, count: int) -> None:
        minutes = self._minutes.setdefault(project_id, {})
        known = minutes.get((self._minute(), cause))
        if known is None:
            if len(minutes) >= _MOST:
                del minutes[next(iter(minutes))]
            known = minutes[self._minute(), cause] = Rejection(cause, 0, 0.0)
        known.count += count
        known.last = self._clock()

    def _minute(self) -> int:
        return int(self._clock() // 60)


def _end(api_key: str) -> str:
    return api_key[-4:] if len(api_key) >= _LONG_ENOUGH else ""
