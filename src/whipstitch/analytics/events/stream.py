"""Events as they land, each once.

Rows land more or less in the order of their acceptance: what two nodes accepted at once may land
some seconds apart. So each look goes back a little further than the newest row that has landed, and
what was sent from there on is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from whipstitch.analytics.events import events
from whipstitch.analytics.events.events import Event
from whipstitch.analytics.expressions.event_matcher import Match, is_called
from whipstitch.analytics.people.person_lookup import rows_of
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Sql

_OVERLAP: Final = 30_000_000
"""Microseconds by which a row may land later than one that was accepted after it."""
_LATEST: Final = 600_000_000
"""Microseconds that a row may take from its receipt until it lands, where a clock was set back."""
_STEP: Final = 2_000_000
"""Microseconds by which it moves on at a time."""
_MOST_REMEMBERED: Final = 20_000
"""Rows. Where more land within the overlap, it is shorter."""
_MOST_AT_ONCE: Final = 25_000
PAGE: Final = 200
"""How many rows are read at a time."""


class Landed(NamedTuple):
    """A row that is there: when it was accepted (unix microseconds), and its event's id."""

    accepted: int
    id: str


@dataclass(frozen=True, slots=True)
class Found:
    """What ``landed`` found: the rows that match, all of them up to an acceptance (0: there was
    nothing). Where there were too ``many``, others may follow."""

    rows: list[Landed]
    up_to: int
    many: bool


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """Which events; ``person`` is a distinct id (see ``person_of``), ``merged`` as ``Match`` has
    it."""

    event_name: str | None = None
    person: str | None = None
    merged: tuple[Match, ...] = ()


class Tail:
    """How far a stream has come."""

    def __init__(self, now: int, after: Landed | None = None) -> None:
        """From now on (unix microseconds), or from the row ``after`` on."""
        self._newest = now
        self._after = after
        self._sent: set[Landed] = set()
        self.since = now - _OVERLAP if after is None else after.accepted - 1
        """Rows accepted after this are to be looked for."""

    def fresh(self, found: Found) -> list[Landed]:
        """Which of the rows that were found were not sent yet."""
        return [
            row
            for row in found.rows
            if row not in self._sent and (self._after is None or row > self._after)
        ]

    def passed(self, found: Found) -> None:
        """All of these were sent, or are not to be."""
        self._sent.update(found.rows)
        self._newest = max(self._newest, found.up_to)
        since = self._newest - _OVERLAP
        if len(self._sent) > _MOST_REMEMBERED:
            since = max(since, sorted(self._sent)[len(self._sent) // 2].accepted)
        if since > self.since + _STEP:
            self.since = since
            self._sent = {row for row in self._sent if row.accepted > since}


def received_since(since: int, now: int) -> int:
    """A time of receipt (unix milliseconds) before those of the rows that were accepted after
    ``since``. Where a clock was ahead once, acceptance is ahead of ``now`` (unix microseconds), and
    of the times of receipt."""
    return (since if since <= now else now - _LATEST) // 1000


def landed(query: StreamQuery, since: int, received: int, persons: Persons) -> Sql:
    """Rows of: acceptance, id, in their order; ``received`` is their ``received_since``. In the
    first one, which has a blank id, the newest acceptance of any event."""
    values = Parameters()
    # Partitions know between which times of receipt their rows lie.
    there = (
        f"{IN_SCOPE} AND accepted > {values.add(since, 'UInt64')} AND received_at >= "
        f"fromUnixTimestamp64Milli({values.add(received, 'Int64')})"
    )
    conditions = [there]
    if query.event_name is not None:
        conditions.append(is_called(query.event_name, query.merged, values, persons))
    if query.person is not None:
        people = values.add((query.person,), "Array(String)")
        conditions.append(rows_of(persons, f"SELECT arrayJoin({people}) AS id"))
    return values.sql(
        f"SELECT * FROM (SELECT max(accepted) AS at, '' AS name FROM events WHERE {there} "
        "UNION ALL (SELECT accepted AS at, id AS name FROM events "
        f"WHERE {' AND '.join(conditions)} ORDER BY at, name LIMIT {_MOST_AT_ONCE})) "
        "ORDER BY name != '', at, name"
    )


def shape_landed(rows: Sequence[Sequence[Any]]) -> Found:
    """What the rows of ``landed`` say."""
    (newest, _), *others = rows
    found = [Landed(*row) for row in others]
    many = len(found) == _MOST_AT_ONCE
    return Found(found, found[-1].accepted if many else newest, many)


def complete(page: Sequence[Landed], received: int, persons: Persons) -> Sql:
    """The events of at most ``PAGE`` rows; ``received`` is their ``received_since``."""
    values = Parameters()
    # Nothing is received after the time that its acceptance tells.
    last = values.add(page[-1].accepted // 1000, "Int64")
    first = values.add(min(received, page[0].accepted // 1000), "Int64")
    accepted = values.add([row.accepted for row in page], "Array(UInt64)")
    ids = values.add([row.id for row in page], "Array(String)")
    return values.sql(
        f"SELECT {events.columns(persons)} FROM events WHERE {IN_SCOPE} "
        f"AND received_at BETWEEN fromUnixTimestamp64Milli({first}) "
        f"AND fromUnixTimestamp64Milli({last}) "
        f"AND accepted IN {accepted} AND id IN {ids} ORDER BY accepted, id"
    )


def shape(rows: Sequence[Sequence[Any]]) -> list[Event]:
    """The events of ``complete``."""
    return [events.event(row) for row in rows]


def accepted_at(event_id: str) -> Sql:
    """One row, or none: when an event was accepted."""
    values = Parameters()
    return values.sql(
        f"SELECT accepted FROM events WHERE {IN_SCOPE} AND id = {values.add(event_id)} LIMIT 1"
    )
