"""Random histories of one scope, each read held against a model in memory."""

import itertools
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.support.examples import examples
from tests.support.identity_model import IdentityModel
from tests.support.segments import alias
from tests.support.stitching import Node, accepted, seen

from whipstitch.core.projects import Scope
from whipstitch.warehouse.sql import IN_SCOPE

IDS = st.sampled_from("abcdefg")
PAIRS = st.lists(st.tuples(IDS, IDS), min_size=1, max_size=3)
_examples = itertools.count()


class Histories(RuleBasedStateMachine):
    """Events, aliases, undos, rewrites and restarts, in a scope of its own."""

    node: Node

    def __init__(self) -> None:
        super().__init__()
        self.model = IdentityModel()
        self.scope = Scope(f"proj_{next(_examples)}", "live")
        self.numbers = itertools.count(1)
        self.held_back: list[tuple[int, str, str]] = []

    @rule(ids=st.lists(IDS, min_size=1, max_size=5))
    def events(self, ids: list[str]) -> None:
        self._load([], ids)

    @rule(
        pairs=st.lists(st.tuples(IDS, IDS), min_size=1, max_size=3), ids=st.lists(IDS, max_size=3)
    )
    def aliases(self, pairs: list[tuple[str, str]], ids: list[str]) -> None:
        self._load([(next(self.numbers), *pair) for pair in pairs], ids)

    @rule(alias_id=IDS, distinct_id=IDS)
    def another_node_accepts(self, alias_id: str, distinct_id: str) -> None:
        self.held_back.append((next(self.numbers), alias_id, distinct_id))

    @precondition(lambda self: self.held_back)
    @rule()
    def another_node_delivers(self) -> None:
        self._load(self.held_back, [])
        self.held_back = []

    @precondition(lambda self: self.model.said.get(self.scope))
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        aliases = sorted(one for one in self.model.said[self.scope] if not one.undo)
        one = data.draw(st.sampled_from(aliases))
        self._load([(next(self.numbers), one.alias_id, one.distinct_id)], [])

    @rule(alias_id=IDS)
    def undo(self, alias_id: str) -> None:
        number = next(self.numbers)
        linked = alias_id in self.model.parents(self.scope)
        assert self.node.undo(alias_id, number, self.scope) is linked
        if linked:
            self.model.undo(self.scope, accepted(number), alias_id)

    @rule()
    def rewrite(self) -> None:
        self.node.rewrite()
        assert self.node.stored(self.scope) == self.model.shown(self.scope)

    @rule()
    def rewrite_in_part(self) -> None:
        self.node.take_steps(self.node.steps()[::2])

    @rule()
    def summarize(self) -> None:
        self.node.summarize()

    @rule()
    def merge(self) -> None:
        self.node.change_events("OPTIMIZE TABLE events FINAL")

    @rule()
    def restart(self) -> None:
        self.node.restart()

    @invariant()
    def every_read_is_right(self) -> None:
        shown = self.model.shown(self.scope)
        assert self.node.shown(self.scope) == shown
        active: Counter[str] = Counter()
        for (person, _), events in shown.items():
            active[person] += events
        assert self.node.active(self.scope) == active
        assert self._in_views("distinct_id, anon_id, count() FROM sql_events") == shown

    def _look_at_views_of_people(self) -> None:
        active: Counter[tuple[str, ...]] = Counter()
        for (person, _), events in self.model.shown(self.scope).items():
            active[person,] += events
        assert self._in_views("distinct_id, event_count FROM sql_people") == active
        links = self.model.parents(self.scope).items()
        assert self._in_views("alias_id, parent_id, distinct_id, count() FROM sql_aliases") == {
            (id_, parent, self.model.person(self.scope, id_)): 1 for id_, parent in links
        }

    def _in_views(self, question: str) -> dict[tuple[str, ...], int]:
        """What a BI tool is told, the last column by the others."""
        rows = self.node.store.query(
            f"SELECT {question} WHERE {IN_SCOPE} GROUP BY ALL", self.scope._asdict()
        )
        return {tuple(row[:-1]): row[-1] for row in rows}

    def _load(self, aliases: list[tuple[int, str, str]], ids: list[str]) -> None:
        fields = self.scope._asdict()
        self.node.load(
            *(alias(*one, **fields) for one in aliases), *(seen(id_, **fields) for id_ in ids)
        )
        for number, alias_id, distinct_id in aliases:
            self.model.alias(self.scope, accepted(number), alias_id, distinct_id)
        for id_ in ids:
            self.model.track(self.scope, id_)

    def teardown(self) -> None:
        stored = self.node.ids(self.scope)
        parents = self.model.parents(self.scope)
        assert {id_: found[0] for id_, found in stored.items()} == parents
        assert {id_: found[1] for id_, found in stored.items()} == {
            id_: self.model.person(self.scope, id_) for id_ in parents
        }
        self._look_at_views_of_people()


def test_every_read_says_what_was_said_whatever_happened(node: Node) -> None:
    live_through(node, histories=examples(3))


def live_through(node: Node, *, histories: int) -> None:
    class OnThisNode(Histories):
        pass

    OnThisNode.node = node
    run_state_machine_as_test(
        OnThisNode,
        settings=settings(
            max_examples=histories,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
