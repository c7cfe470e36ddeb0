"""Chains and trees of any shape: what is stored is what a replay gives, however it came."""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from tests.support.segments import alias
from tests.support.stitching import LIVE, Node, accepted, seen, started_node

from whipstitch.core.projects import Scope
from whipstitch.identity.forest import DEEPEST, Operation, grow
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.sql import IN_SCOPE

Pairs = Sequence[tuple[str, str]]
LENGTH = DEEPEST + 20
_FEW = 20
CHAIN = [(f"id_{at}", f"id_{at + 1}") for at in range(LENGTH)]
SHAPES: dict[str, Pairs] = {
    "forwards": CHAIN,
    "backwards": CHAIN[::-1],
    "halves_joined": [*CHAIN[LENGTH // 2 + 1 :], *CHAIN[: LENGTH // 2 + 1]],
    "tree": [(f"id_{at}", f"id_{at // 2}") for at in range(LENGTH, 0, -1)],
    "hub_that_moves": [
        *((f"id_{at}", "hub") for at in range(LENGTH)),
        ("hub", "user"),
        ("user", "account"),
    ],
    "any": [CHAIN[at * 47 % LENGTH] for at in range(LENGTH)],
}


def test_chains_and_trees_are_stored_as_a_replay_has_them(node: Node) -> None:
    scopes = {shape: Scope(f"a_few_{shape}", "live") for shape in SHAPES}
    for first in range(0, LENGTH + 2, _FEW):
        node.load(
            *(
                alias(at, *pair, **scope._asdict())
                for shape, scope in scopes.items()
                for at, pair in enumerate(SHAPES[shape][first : first + _FEW], first)
            )
        )
    for shape, scope in scopes.items():
        _check(node, scope, SHAPES[shape])


def test_it_makes_no_difference_when_all_come_in_one_batch(node: Node) -> None:
    scopes = {shape: Scope(f"at_once_{shape}", "live") for shape in SHAPES}
    node.load(
        *(
            alias(at, *pair, **scope._asdict())
            for shape, scope in scopes.items()
            for at, pair in enumerate(SHAPES[shape])
        )
    )
    for shape, scope in scopes.items():
        _check(node, scope, SHAPES[shape])


def test_aliases_that_come_late_are_told_as_if_they_had_come_in_time(node: Node) -> None:
    numbered = list(enumerate(SHAPES["any"]))
    for some in (numbered[::2], numbered[1::2]):
        node.load(*(alias(at, *pair, **LIVE._asdict()) for at, pair in some))
    _check(node, LIVE, SHAPES["any"])


def test_a_tree_that_moves_takes_its_rows_along_after_an_undo_too(node: Node) -> None:
    node.load(*(seen(id_) for id_ in "abcd"))
    node.load(alias(1, "a", "b"), alias(2, "b", "c"))
    node.rewrite()
    assert node.undo("b", 3)
    node.load(alias(4, "b", "d"))

    shown = {("d", "a"): 1, ("d", "b"): 1, ("d", ""): 1, ("c", ""): 1}
    assert node.shown() == shown
    node.rewrite()
    assert node.stored() == shown


@pytest.mark.parametrize("grace", [0, 60])
def test_what_other_nodes_stored_is_added_in_order(
    store_address: Address, tmp_path_factory: pytest.TempPathFactory, grace: int
) -> None:
    said = [
        (1, "a", "b"),
        (2, "b", "a"),
        (3, "b", "c"),
        (4, "a", "c"),
        (5, "c", "d"),
        (6, "x", "a"),
    ]
    leader_path, follower_path = tmp_path_factory.mktemp("leader"), tmp_path_factory.mktemp("other")
    with started_node(store_address, leader_path, grace=grace) as leader:
        follower = Node(store_address, follower_path, leads=lambda: 0)
        try:
            for at, order in enumerate(
                ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 1, 4, 0, 5, 3])
            ):
                scope = Scope(f"proj_{at}", "live")
                for turn, one in enumerate(order):
                    (leader, follower)[turn % 2].load(alias(*said[int(one)], **scope._asdict()))
                    if turn % 3 == 2:
                        leader.catch_up()
                leader.catch_up()
                _check(leader, scope, [], [Operation(accepted(one[0]), *one[1:]) for one in said])
        finally:
            follower.close()


def _check(
    node: Node, scope: Scope, pairs: Pairs, operations: Sequence[Operation] | None = None
) -> None:
    if operations is None:
        operations = [Operation(accepted(at), *pair) for at, pair in enumerate(pairs)]
    forest = grow(operations)
    stored = {
        row[0]: tuple(row[1:])
        for row in node.store.query(
            f"SELECT id, parent, person, since, depth FROM person_ids FINAL WHERE {IN_SCOPE}",
            scope._asdict(),
        )
    }
    assert stored == {
        id_: (link.parent, forest.person(id_), link.since, forest.depth(id_))
        for id_, link in forest.links.items()
    }, scope
    verdicts = node.store.query(
        "SELECT alias_id, distinct_id, argMax(verdict, version) AS told FROM person_aliases "
        f"WHERE {IN_SCOPE} GROUP BY ALL",
        scope._asdict(),
    )
    told: dict[tuple[str, str], str] = defaultdict(str)
    told.update(((row[0], row[1]), row[2]) for row in verdicts)
    for one in operations:
        reason = forest.refused.get(one, "")
        expected = reason if reason in ("loop", "too_deep") else ""
        assert told[one.alias_id, one.distinct_id] == expected, (scope, one)
