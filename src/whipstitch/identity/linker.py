"""The linker: from operations to links and moves, and to the map that reads use.

It works on the thread that loads, between the aliases of a segment and its events: so no event is
being inserted with an older knowledge while links change."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from whipstitch.core.projects import Scope, Somebody
from whipstitch.identity import depths, known_aliases, on_shards, tables
from whipstitch.identity.arrivals import Arrival, Named, RowCorrections, arrivals, without_repeats
from whipstitch.identity.erasure import hide, physical_delete
from whipstitch.identity.erasure.records import ErasureRecord
from whipstitch.identity.forest import Operation
from whipstitch.identity.map_generations import PersonMaps, is_everywhere
from whipstitch.identity.publishing import Publishing
from whipstitch.identity.resolving import Resolver
from whipstitch.identity.surroundings import Surroundings, around
from whipstitch.warehouse.client import Client

_AT_ONCE: Final = 10_000
_RECENT_SECONDS: Final = 120
"""Longer than an insert may take from the moment that its rows carry to being seen."""


class Linker:
    """Owns what is derived from aliases. Its methods take the loading thread's client.

    ``leads`` gives the number of the term in which this node is the one that links, 0 where it is
    not: then it only stores operations.
    ``grace`` is how many seconds another node may go on using an older map."""

    def __init__(
        self,
        published: PersonMaps,
        record: ErasureRecord,
        *,
        leads: Callable[[], int],
        grace: int,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._maps = published
        self._record = record
        self._leads = leads
        self._grace = grace
        self._clock = clock
        self._number = 0
        self._consistent = 0
        """The term in which all that is stored was brought in line, and kept there."""
        self._resolver = Resolver(self._next_number)
        self._publishing = Publishing(published, self._next_number, grace)
        self._linked: dict[Scope, set[Operation]] | None = None
        """What was linked of the operations of the last minutes, where other nodes store some,
        too. None: that is not known."""

    def bring_up(self, client: Client) -> None:
        """Brings what an earlier version stored up to date, before anything is linked. May be
        repeated."""
        self._record.bring_up(client)
        depths.fill(client)
        on_shards.note_layout(client)

    def link(self, client: Client, named: Named) -> RowCorrections:
        """Takes the aliases of a segment; says whose its ids are."""
        said: list[Arrival] = []
        for scope, aliases in named.aliases.items():
            said += arrivals(scope, known_aliases.left_out(client, scope, aliases))
        erased = self._erased(client, named, said)
        if named.aliases:
            # Where all are repeats, too: what an earlier attempt at the segment left is mended.
            self.take(client, [one for one in said if not _names_erased(one, erased)])
        persons = {}
        for scope, ids in named.ids.items():
            for id_, person in tables.persons_of(client, scope, ids).items():
                persons[Somebody(*scope, id_)] = person
        return RowCorrections(persons=persons, erased=erased)

    def take(self, client: Client, arrivals: Sequence[Arrival]) -> None:
        """Stores operations, those that say something new, and links what they name."""
        by_scope: dict[Scope, list[Arrival]] = {}
        for arrival in sorted(arrivals, key=lambda one: one.operation):
            by_scope.setdefault(arrival.scope, []).append(arrival)
        with self._consistently(client) as term, client.writing_together():
            changed = False
            for scope, all_of_it in by_scope.items():
                for start in range(0, len(all_of_it), _AT_ONCE):
                    some = all_of_it[start : start + _AT_ONCE]
                    near = around(client, scope, [one.operation for one in some])
                    new = self._store(client, near, some)
                    if term and self._leads() == term:
                        changed = self._resolve(client, scope, new, near) or changed
            if changed:
                self._publishing.publish(client)

    def undo(self, client: Client, scope: Scope, alias_id: str, accepted: int) -> bool:
        """Takes the link of ``alias_id`` away. False: it has none."""
        if alias_id not in tables.resolutions(client, scope, [alias_id]):
            return False
        undo = Operation(accepted, alias_id, "", undo=True)
        now = self._clock() // 1000
        self.take(client, [Arrival(scope, undo, now, now)])
        return True

    def merge(self, client: Client, scope: Scope, alias: Operation, by: str) -> None:
        """Takes an alias that ``by`` said here, as any other."""
        now = self._clock() // 1000
        self.take(client, [Arrival(scope, alias, now, now, "merge", by)])

    def catch_up(self, client: Client) -> None:
        """Links what other nodes stored, or what an earlier process left to be linked."""
        with self._consistently(client):
            if not self._leads():
                return
            recent = tables.inserted_since(client, _RECENT_SECONDS)
            changed = False
            for scope, seen in recent.items():
                if self._linked is None:
                    ids = {one.alias_id for one in seen}
                    changed = self._resolver.replay(client, scope, ids) or changed
                else:
                    new = seen - self._linked.get(scope, set())
                    changed = self._resolver.take(client, scope, new) or changed
            if changed:
                self._publishing.publish(client)
            self._linked = recent if self._grace else None

    def forget(self, client: Client, scope: Scope, ids: Collection[str], accepted: int) -> int:
        """Deletes what was accepted up to then of these ids, who are a whole person, so that no
        read shows it; returns how many events that were."""
        with self._consistently(client):
            events = hide.forget(client, scope, ids, accepted, self._next_number)
            hide.await_hosts(client)
            self._publishing.publish(client)
        return events

    def spread(self, client: Client) -> None:
        """Sees to it that hosts of a cluster that were away have the map that is in force."""
        if self._leads() and not is_everywhere(client, self._maps.current):
            with self._consistently(client):
                self._publishing.publish(client)

    def old_maps(self, client: Client) -> int:
        """Drops the generations that nobody needs; returns how many are left of those before the
        one in force."""
        self._publishing.drop(client)
        return physical_delete.older_maps(client, self._maps.current.number)

    def settle(self, client: Client, number: int) -> int:
        """Forgets the moves that generation ``number`` was made of: their rows are rewritten.
        Returns how many they were."""
        with self._consistently(client):
            moves = tables.forget_moves(client, number)
            if moves:
                self._publishing.publish(client)
                self._publishing.forget(client)
        return moves

    # Inside

    @contextmanager
    def _consistently(self, client: Client) -> Iterator[int]:
        """Around everything that changes what is stored; gives the term. Where it did not end, or
        where another process was at work before, the tables may hold halves: they are mended
        first."""
        term = self._leads()
        if term and term != self._consistent:
            self._resolver.forget()
            self._linked = None
            for scope, ids in tables.unlinked(client).items():
                self._resolver.replay(client, scope, ids)
            self._publishing.publish(client)
            self._publishing.drop(client)
        self._consistent = 0
        yield term
        self._consistent = term if self._leads() == term else 0

    def _store(
        self, client: Client, near: Surroundings, arrivals: Sequence[Arrival]
    ) -> set[Operation]:
        """Stores what is new, and returns it."""
        arriving = [one.operation for one in arrivals]
        new = without_repeats(near.operations, arriving, near.resolved)
        tables.add_operations(client, [one for one in arrivals if one.operation in new])
        client.confirm_writes()
        return new

    def _resolve(
        self, client: Client, scope: Scope, new: set[Operation], near: Surroundings
    ) -> bool:
        """Links what was just stored. Whether that changed anything."""
        if self._linked is not None:
            self._linked.setdefault(scope, set()).update(new)
        return self._resolver.take(client, scope, new, near)

    def _erased(self, client: Client, named: Named, said: Sequence[Arrival]) -> dict[Somebody, int]:
        """Those whom a segment, and what is new of its aliases, names and who were erased, with the
        acceptance up to which they were."""
        found = {}
        for scope, last in self._record.latest(client, alone=not self._grace).items():
            aliases = [one.operation for one in said if one.scope == scope]
            ids = {id_ for one in aliases for id_ in (one.alias_id, one.distinct_id)}
            if named.since <= last:
                ids |= named.ids.get(scope, set())
            elif all(one.accepted > last for one in aliases):
                continue
            for id_, accepted in self._record.erased(client, scope, ids).items():
                found[Somebody(*scope, id_)] = accepted
        return found

    def _next_number(self) -> int:
        """Numbers grow, also from one process to the next."""
        if not self._number:
            self._number = self._maps.current.number
        self._number = max(self._clock(), self._number + 1)
        return self._number


def _names_erased(alias: Arrival, erased: Mapping[Somebody, int]) -> bool:
    one = alias.operation
    return any(
        erased.get(Somebody(*alias.scope, id_), 0) >= one.accepted
        for id_ in (one.alias_id, one.distinct_id)
    )
