"""From operations that are stored to links and moves: what is stored of who is who is brought in
line with a replay of them all (``identity.forest.grow``), mostly without one.

Operations that are the last to count, as nearly all are when they come, take as many statements
whatever they join. Others are replayed with all that bears on them."""

from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Final

from whipstitch.core.projects import Scope
from whipstitch.identity import tables, trees
from whipstitch.identity.additions import add
from whipstitch.identity.changes import Changes, Move, changes
from whipstitch.identity.forest import Forest, Link, Operation, grow
from whipstitch.identity.surroundings import Surroundings, around, named
from whipstitch.identity.trees import Component
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.sql import IN_SCOPE

_AT_ONCE: Final = 10_000
_MOST_LATER: Final = 10_000


class Resolver:
    """Remembers up to which acceptance the operations of each scope were taken. ``next_number``
    gives versions."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        self._taken: dict[Scope, int] = {}

    def forget(self) -> None:
        """Another process may have been at work."""
        self._taken.clear()

    def take(
        self,
        client: Client,
        scope: Scope,
        new: Collection[Operation],
        near: Surroundings | None = None,
    ) -> bool:
        """Brings what is stored in line with ``new`` operations, which are stored and were not
        taken yet. Returns whether that changed anything. ``near``: their surroundings, where they
        were read already."""
        told = sorted(one for one in new if not one.refused)
        if not told:
            return False
        if not self._are_last(client, scope, told):
            changed = self.replay(client, scope, {one.alias_id for one in told})
        else:
            changed = False
            for undo, group in groupby(told, lambda one: one.undo):
                some = list(group)
                if undo:
                    changed = self._undo(client, scope, some) or changed
                else:
                    read = near.of(some) if near else around(client, scope, some)
                    changed = self._add(client, scope, some, read) or changed
                near = None  # that has changed
        self._taken[scope] = max(self._taken.get(scope, 0), told[-1].accepted)
        return changed

    def replay(self, client: Client, scope: Scope, ids: Collection[str]) -> bool:
        """The same for all operations on ``ids``, and on all that is linked with them."""
        changed = False
        rest = sorted(ids)
        for start in range(0, len(rest), _AT_ONCE):
            near = trees.component(client, scope, rest[start : start + _AT_ONCE])
            found = replayed(client, scope, near, self._next_number())
            changed = changed or bool(found.resolved or found.dropped)
        return changed

    # Inside

    def _are_last(self, client: Client, scope: Scope, told: Sequence[Operation]) -> bool:
        """Whether nothing that was taken and counts after the first of them bears on any."""
        first = told[0].accepted
        if first > self._taken.get(scope, first):
            return True
        sql = (
            "SELECT DISTINCT accepted, alias_id, distinct_id, undo, refused FROM person_aliases "
            f"WHERE {IN_SCOPE} AND refused = '' AND accepted >= {{first:UInt64}} "
            f"LIMIT {len(told) + _MOST_LATER:d}"
        )
        rows = client.query(sql, {**scope._asdict(), "first": first}).result_rows
        later = {Operation(*row) for row in rows} - set(told)
        if not later:
            return True
        if len(rows) == len(told) + _MOST_LATER or any(one.undo for one in later):
            return False
        theirs, ours = named(later), named(told)
        persons = tables.persons_of(client, scope, theirs | ours)
        return {persons.get(id_, id_) for id_ in theirs}.isdisjoint(
            persons.get(id_, id_) for id_ in ours
        )

    def _add(
        self, client: Client, scope: Scope, aliases: Sequence[Operation], near: Surroundings
    ) -> bool:
        known, heights = near.resolved, near.heights
        if any(not one.depth for one in known.values()) or not all(
            one.known for one in heights.values()
        ):
            return self.replay(client, scope, {one.alias_id for one in aliases})
        found = add(known, {id_: one.links for id_, one in heights.items()}, aliases)
        number = self._next_number()
        lifted = {id_: to for id_, to in found.raised.items() if id_ in heights}
        moves = [Move("distinct_id", id_, one.person) for id_, one in found.resolved.items()]
        moves += [
            Move("anon_id", id_, one.person)
            for id_, one in found.resolved.items()
            if id_ in near.split
        ]
        trees.move(client, scope, lifted, number)
        tables.add_moves(client, scope, moves, number)
        client.confirm_writes()
        trees.lift(client, scope, lifted, number)
        tables.add_ids(client, scope, Changes(found.resolved, frozenset(), moves), number)
        tables.mark(client, scope, found.refused, number)
        return bool(found.resolved)

    def _undo(self, client: Client, scope: Scope, undos: Sequence[Operation]) -> bool:
        changed = False
        for id_ in dict.fromkeys(one.alias_id for one in undos):
            stored = tables.resolutions(client, scope, [id_]).get(id_)
            if stored is None:
                continue
            theirs = trees.below(client, scope, id_, stored)
            links = {one: Link(row.parent, row.since) for one, row in theirs.items() if one != id_}
            waiting = tables.waiting(client, scope, theirs)
            found = changes(theirs, Forest(links), waiting)
            tables.write(client, scope, found, self._next_number())
            changed = True
        return changed


def replayed(
    client: Client,
    scope: Scope,
    near: Component,
    number: int,
    keep: Callable[[Changes], Changes] = lambda found: found,
) -> Changes:
    """Replays a component, and stores what that changes; of which only what ``keep`` keeps."""
    stored = tables.resolutions(client, scope, near.ids)
    forest = grow(near.told)
    found = changes(stored, forest, tables.waiting(client, scope, near.ids))
    if near.edge:
        found = Changes(
            {id_: one for id_, one in found.resolved.items() if id_ in near.ids},
            found.dropped,
            [move for move in found.moves if move.id in near.ids],
        )
    found = keep(found)
    tables.write(client, scope, found, number)
    verdicts = {one: _verdict(forest, one) for one in near.operations if not one.undo}
    news = {one: verdict for one, verdict in verdicts.items() if verdict != near.operations[one]}
    tables.mark(client, scope, news, number)
    return found


def _verdict(forest: Forest, one: Operation) -> str:
    """What is stored of it: a second parent tells itself, by what else was said of its id."""
    reason = forest.refused.get(one, "")
    return reason if reason in ("loop", "too_deep") else ""
