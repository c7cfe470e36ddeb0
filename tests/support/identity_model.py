"""What identity promises, in memory and by brute force: every question replays everything."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from whipstitch.core.projects import Scope


class Said(NamedTuple):
    """An alias, or the undo of one, in the order in which they count."""

    accepted: int
    alias_id: str
    undo: bool
    distinct_id: str


@dataclass
class IdentityModel:
    """All that was sent so far. An alias that was refused by admission is not told."""

    sent: Counter[tuple[Scope, str]] = field(default_factory=Counter)
    """How many events came in, by the id that they were sent under."""
    said: dict[Scope, set[Said]] = field(default_factory=dict)

    def track(self, scope: Scope, sent_id: str) -> None:
        self.sent[scope, sent_id] += 1

    def alias(self, scope: Scope, accepted: int, alias_id: str, distinct_id: str) -> None:
        self.said.setdefault(scope, set()).add(Said(accepted, alias_id, False, distinct_id))

    def undo(self, scope: Scope, accepted: int, alias_id: str) -> None:
        self.said.setdefault(scope, set()).add(Said(accepted, alias_id, True, ""))

    def parents(self, scope: Scope) -> dict[str, str]:
        """Who was said to be whom, as far as it counts."""
        parents: dict[str, str] = {}
        for _, alias_id, undo, distinct_id in sorted(self.said.get(scope, ())):
            if undo:
                parents.pop(alias_id, None)
            elif alias_id not in parents and alias_id not in _chain(parents, distinct_id):
                parents[alias_id] = distinct_id
        return parents

    def person(self, scope: Scope, id_: str) -> str:
        *_, last = _chain(self.parents(scope), id_)
        return last

    def shown(self, scope: Scope) -> Counter[tuple[str, str]]:
        """How many events are shown with which ``distinct_id`` and ``anon_id``."""
        parents = self.parents(scope)
        shown: Counter[tuple[str, str]] = Counter()
        for (where, sent_id), count in self.sent.items():
            if where == scope:
                *_, person = _chain(parents, sent_id)
                shown[person, "" if person == sent_id else sent_id] += count
        return shown


def _chain(parents: dict[str, str], id_: str) -> Iterator[str]:
    """An id, its parent, the parent's parent …"""
    yield id_
    while id_ in parents:
        id_ = parents[id_]
        yield id_
