"""What operations do to what is stored, first by example; then a model of the rows of events shows
that the moves name the right person of every row at every instant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from whipstitch.identity.changes import Changes, Move, Resolution, changes
from whipstitch.identity.forest import Forest, Operation, grow


def alias(at: int, alias_id: str, distinct_id: str) -> Operation:
    return Operation(at, alias_id, distinct_id)


def undo(at: int, alias_id: str) -> Operation:
    return Operation(at, alias_id, "", undo=True)


def resolved(forest: Forest) -> dict[str, Resolution]:
    """What is stored of a forest."""
    return {
        id_: Resolution(link.parent, forest.person(id_), link.since, forest.depth(id_))
        for id_, link in forest.links.items()
    }


def step(
    known: Iterable[Operation], new: Iterable[Operation], waiting: Iterable[str] = ()
) -> Changes:
    """What ``new`` operations change where ``known`` ones are stored."""
    known = list(known)
    return changes(resolved(grow(known)), grow([*known, *new]), set(waiting))


def in_rows(*ids: tuple[str, str]) -> list[Move]:
    return [Move("distinct_id", *one) for one in ids]


def in_both_columns(*ids: tuple[str, str]) -> list[Move]:
    return [move for one in ids for move in (Move("distinct_id", *one), Move("anon_id", *one))]


def test_an_alias_moves_the_rows_of_its_id() -> None:
    found = step([], [alias(1, "a", "b")])
    assert found == Changes({"a": Resolution("b", "b", 1, 1)}, frozenset(), in_rows(("a", "b")))


def test_an_alias_of_a_person_moves_all_their_ids() -> None:
    found = step([alias(1, "a", "b")], [alias(2, "b", "c")])
    assert found.resolved == {"a": Resolution("b", "c", 1, 2), "b": Resolution("c", "c", 2, 1)}
    assert found.moves == in_rows(("a", "c"), ("b", "c"))


def test_a_repeated_or_refused_alias_changes_nothing() -> None:
    known = [alias(1, "a", "b")]
    nothing = Changes({}, frozenset(), [])
    assert step(known, [alias(2, "a", "b"), alias(3, "a", "c"), alias(4, "b", "a")]) == nothing


def test_an_undo_tells_the_rows_apart_by_the_id_that_was_sent() -> None:
    found = step([alias(1, "a", "u"), alias(2, "b", "u")], [undo(3, "a")])
    assert found == Changes({}, frozenset({"a"}), in_both_columns(("a", "a")))


def test_an_undo_in_the_middle_of_a_chain_moves_what_hangs_below() -> None:
    found = step([alias(1, "a", "b"), alias(2, "b", "c")], [undo(3, "b")])
    assert found.resolved == {"a": Resolution("b", "b", 1, 1)}
    assert found.dropped == {"b"}
    assert found.moves == in_both_columns(("a", "b"), ("b", "b"))


def test_an_alias_after_an_undo_replaces_the_move_that_waits() -> None:
    known = [alias(1, "a", "u"), undo(2, "a")]
    assert step(known, [alias(3, "a", "u")], ["a"]).moves == in_both_columns(("a", "u"))
    assert step(known, [alias(3, "a", "u")]).moves == in_rows(("a", "u"))


def test_an_undo_and_the_same_alias_again_in_one_go_move_nothing() -> None:
    found = step([alias(1, "a", "u")], [undo(2, "a"), alias(3, "a", "u")])
    assert found == Changes({"a": Resolution("u", "u", 3, 1)}, frozenset(), [])


def test_an_earlier_alias_that_arrives_late_takes_the_id_over() -> None:
    found = step([alias(5, "a", "v")], [alias(4, "a", "u")])
    assert found.resolved == {"a": Resolution("u", "u", 4, 1)}
    assert found.moves == in_both_columns(("a", "u"))


def test_an_id_that_reaches_its_person_another_way_is_told_apart_too() -> None:
    """Rows of a may say b, from before b was aliased. If b leaves the person, they must stay."""
    found = step([alias(1, "a", "b"), alias(2, "b", "c")], [undo(3, "a"), alias(4, "a", "c")])
    assert found.resolved == {"a": Resolution("c", "c", 4, 1)}
    assert found.moves == [Move("anon_id", "a", "c")]


# The model

Moves = dict[tuple[str, str], str]
IDS = st.sampled_from("abcd")
DELAYS = st.sampled_from([0, 0, 0, 1, 3, 9])
"""How much later than it was accepted an operation arrives."""


@dataclass(frozen=True)
class Row:
    """An event's, as it is stored."""

    sent: str
    distinct_id: str
    anon_id: str

    @classmethod
    def of(cls, sent: str, person: str) -> "Row":
        return cls(sent, person, "" if sent == person else sent)

    def person(self, moves: Moves) -> str:
        """Whose it is, as reads see it."""
        by_distinct_id = moves.get(("distinct_id", self.distinct_id), self.distinct_id)
        return moves.get(("anon_id", self.anon_id), by_distinct_id)


@dataclass
class Rewrite:
    """One run: the moves it works off, and the rows it has still to look at."""

    moves: Moves
    rows: list[int]
    replaced: set[tuple[str, str]] = field(default_factory=set)


class Storage(RuleBasedStateMachine):
    """Operations arrive in any order and are linked together later, one group of connected ids
    after another; events come in before, between and after; rows are rewritten one by one while all
    this goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0
        self.accepted: set[Operation] = set()
        self.linked: set[Operation] = set()
        self.stored: dict[str, Resolution] = {}
        self.known_to_all: Mapping[str, Resolution] = {}
        self.moves: Moves = {}
        self.rows: list[Row] = []
        self.rewrite: Rewrite | None = None

    @rule(sent=IDS)
    def an_event_comes_in(self, sent: str) -> None:
        self._insert(sent, self.stored)

    @rule(sent=IDS)
    def an_event_comes_in_where_the_latest_is_not_known_yet(self, sent: str) -> None:
        self._insert(sent, self.known_to_all)

    @rule(delay=DELAYS, alias_id=IDS, distinct_id=IDS)
    def an_alias_arrives(self, delay: int, alias_id: str, distinct_id: str) -> None:
        self.clock += 1
        self.accepted.add(alias(self.clock - delay, alias_id, distinct_id))

    @rule(delay=DELAYS, alias_id=IDS)
    def an_undo_arrives(self, delay: int, alias_id: str) -> None:
        self.clock += 1
        self.accepted.add(undo(self.clock - delay, alias_id))

    @precondition(lambda self: self.accepted > self.linked)
    @rule()
    def what_was_accepted_is_linked(self) -> None:
        ids = {one.alias_id for one in self.accepted - self.linked}
        while ids:
            operations = self._connected(ids.pop())
            named = {id_ for one in operations for id_ in one[1:3]}
            before = {id_: self.stored[id_] for id_ in named & self.stored.keys()}
            waiting = {id_ for column, id_ in self.moves if column == "anon_id"}
            self._store(changes(before, grow(operations), waiting & named))
            ids -= named
        self.linked = set(self.accepted)

    @precondition(lambda self: self.rewrite is None and self.moves)
    @rule()
    def a_rewrite_begins(self) -> None:
        self.rewrite = Rewrite(dict(self.moves), list(range(len(self.rows))))
        self.known_to_all = dict(self.stored)

    @precondition(lambda self: self.rewrite is not None and self.rewrite.rows)
    @rule(data=st.data())
    def a_row_is_rewritten(self, data: st.DataObject) -> None:
        assert self.rewrite
        at = data.draw(st.sampled_from(self.rewrite.rows))
        self.rewrite.rows.remove(at)
        row = self.rows[at]
        self.rows[at] = Row.of(row.sent, row.person(self.rewrite.moves))

    @precondition(lambda self: self.rewrite is not None)
    @rule()
    def the_rewrite_ends(self) -> None:
        assert self.rewrite
        for at in self.rewrite.rows:
            row = self.rows[at]
            self.rows[at] = Row.of(row.sent, row.person(self.rewrite.moves))
        done = self.rewrite.moves.keys() - self.rewrite.replaced
        self.moves = {key: person for key, person in self.moves.items() if key not in done}
        self.rewrite = None

    @invariant()
    def every_row_is_its_persons(self) -> None:
        forest = grow(self.linked)
        assert [row.person(self.moves) for row in self.rows] == [
            forest.person(row.sent) for row in self.rows
        ]

    @invariant()
    def what_is_stored_is_what_a_replay_gives(self) -> None:
        assert self.stored == resolved(grow(self.linked))

    def _insert(self, sent: str, known: Mapping[str, Resolution]) -> None:
        self.rows.append(Row.of(sent, known[sent].person if sent in known else sent))

    def _connected(self, id_: str) -> set[Operation]:
        ids, found = {id_}, set[Operation]()
        while more := {one for one in self.accepted - found if ids & set(one[1:3])}:
            found |= more
            ids |= {id_ for one in more for id_ in one[1:3]} - {""}
        return found

    def _store(self, found: Changes) -> None:
        for stands_in, id_, person in found.moves:
            self.moves[stands_in, id_] = person
            if self.rewrite:
                self.rewrite.replaced.add((stands_in, id_))
        self.stored |= found.resolved
        for id_ in found.dropped:
            del self.stored[id_]


Storage.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestStorage = Storage.TestCase
