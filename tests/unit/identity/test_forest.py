from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.identity.forest import DEEPEST, Branch, Link, Operation, grow, tree

IDS = st.sampled_from("abcde")
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Operation, st.integers(1, 30), IDS, IDS),
        st.builds(Operation, st.integers(1, 30), IDS, IDS),
        st.builds(Operation, st.integers(1, 30), IDS, st.just(""), st.just(True)),
        st.builds(Operation, st.integers(1, 30), IDS, IDS, st.just(False), st.just("placeholder")),
    ),
    max_size=30,
)


def alias(at: int, alias_id: str, distinct_id: str, refused: str = "") -> Operation:
    return Operation(at, alias_id, distinct_id, refused=refused)


def undo(at: int, alias_id: str) -> Operation:
    return Operation(at, alias_id, "", undo=True)


def people(operations: Iterable[Operation], ids: str) -> str:
    """The persons of single-letter ids, as letters."""
    forest = grow(operations)
    return "".join(forest.person(id_) for id_ in ids)


# The rules


def test_three_devices_are_one_person() -> None:
    devices = {"phone": "anon_a3b9ff", "web": "anon_4ef2cc", "desktop": "anon_77b9aa"}
    forest = grow(alias(at, anon, "user_123") for at, anon in enumerate(devices.values()))
    assert {forest.person(anon) for anon in devices.values()} == {"user_123"}
    assert forest.person("user_123") == "user_123"
    assert not forest.refused


def test_an_id_without_an_alias_is_its_own_person() -> None:
    assert grow([]).person("anon_a3b9ff") == "anon_a3b9ff"


@pytest.mark.parametrize("order", [*permutations([("a", "b"), ("b", "c"), ("c", "d")])])
def test_a_chain_resolves_to_its_end_whatever_came_first(
    order: Sequence[tuple[str, str]],
) -> None:
    chain = [alias(at, *pair) for at, pair in enumerate(order)]
    assert people(chain, "abcd") == "dddd"


def test_the_first_of_two_who_claim_a_shared_device_has_it() -> None:
    first, second = alias(1, "s", "a"), alias(2, "s", "b")
    forest = grow([second, first])
    assert forest.links == {"s": Link("a", 1)}
    assert forest.refused == {second: "second_parent"}


def test_of_two_claims_at_the_same_instant_the_smaller_id_wins() -> None:
    assert people([alias(1, "s", "b"), alias(1, "s", "a")], "s") == "a"


def test_a_repeated_alias_keeps_the_time_of_the_first_and_is_not_refused() -> None:
    forest = grow([alias(1, "a", "b"), alias(2, "a", "b"), alias(3, "a", "b")])
    assert forest.links == {"a": Link("b", 1)}
    assert not forest.refused


def test_an_alias_of_an_id_to_itself_is_refused() -> None:
    itself = alias(1, "a", "a")
    forest = grow([itself])
    assert not forest.links
    assert forest.refused == {itself: "self"}


@pytest.mark.parametrize("reason", ["self", "placeholder"])
def test_what_admission_refused_changes_nothing_and_keeps_its_reason(reason: str) -> None:
    refused = alias(1, "a", "b", reason)
    forest = grow([refused, alias(2, "a", "c")])
    assert forest.links == {"a": Link("c", 2)}
    assert forest.refused == {refused: reason}


@pytest.mark.parametrize("chain", ["ab", "abc", "abcdefg"])
def test_an_alias_that_would_close_a_loop_is_refused(chain: str) -> None:
    links = [alias(at, *pair) for at, pair in enumerate(pairwise(chain))]
    closing = alias(9, chain[-1], chain[0])
    forest = grow([*links, closing])
    assert forest.refused == {closing: "loop"}
    assert forest.person(chain[0]) == chain[-1]


# Undo


def test_an_undo_gives_the_id_back_to_itself() -> None:
    assert people([alias(1, "a", "b"), undo(2, "a")], "ab") == "ab"


def test_an_undo_of_an_id_without_a_parent_changes_nothing() -> None:
    assert grow([undo(1, "a"), alias(2, "a", "b"), undo(3, "b")]) == grow([alias(2, "a", "b")])


def test_an_undo_in_the_middle_of_a_chain_splits_it_there() -> None:
    chain = [alias(1, "a", "b"), alias(2, "b", "c"), alias(3, "c", "d")]
    assert people([*chain, undo(4, "b")], "abcd") == "bbdd"


def test_what_was_refused_before_an_undo_stays_refused() -> None:
    late = alias(2, "s", "b")
    forest = grow([alias(1, "s", "a"), late, undo(3, "s")])
    assert forest.person("s") == "s"
    assert forest.refused == {late: "second_parent"}


@pytest.mark.parametrize("parent", ["b", "c"])
def test_an_alias_after_an_undo_counts_again(parent: str) -> None:
    forest = grow([alias(1, "a", "b"), undo(2, "a"), alias(3, "a", parent)])
    assert forest.links == {"a": Link(parent, 3)}


def test_an_undo_makes_room_for_what_would_have_been_a_loop() -> None:
    assert people([alias(1, "a", "b"), undo(2, "a"), alias(3, "b", "a")], "ab") == "aa"


def test_an_undo_holds_against_an_alias_that_was_accepted_before_it_and_arrives_late() -> None:
    assert people([undo(5, "a"), alias(4, "a", "b")], "a") == "a"


def test_an_undo_holds_against_an_alias_of_the_same_instant() -> None:
    assert people([alias(5, "a", "b"), undo(5, "a")], "a") == "a"


def test_an_undo_in_the_middle_of_a_chain_is_seen_from_below_it() -> None:
    """Also where the chain was already followed to its end, to find the loop."""
    chain = [alias(1, "a", "b"), alias(2, "b", "c"), alias(3, "c", "d"), alias(4, "d", "a")]
    forest = grow([*chain, undo(5, "c"), alias(6, "d", "a")])
    assert forest.links["d"] == Link("a", 6)
    assert forest.person("d") == "c"


def test_an_undo_at_the_start_of_a_chain_is_seen_by_the_next_alias() -> None:
    chain = [alias(1, "a", "b"), alias(2, "b", "c"), alias(3, "c", "a")]
    assert people([*chain, undo(4, "a"), alias(5, "a", "d")], "a") == "d"


# The shape


def replayed(
    operations: Iterable[Operation], deepest: int
) -> tuple[dict[str, str], dict[Operation, str]]:
    """The rules once more, the slow way: the parents, and what was refused."""
    parents: dict[str, str] = {}
    refused: dict[Operation, str] = {}

    def chain(id_: str) -> list[str]:
        return [id_, *chain(parents[id_])] if id_ in parents else [id_]

    for one in sorted(set(operations), key=lambda one: (one[0], one[1], one.undo, one)):
        above = chain(one.distinct_id)
        below = max(
            (up.index(one.alias_id) for up in map(chain, parents) if one.alias_id in up), default=0
        )
        if one.undo:
            parents.pop(one.alias_id, None)
        elif one.refused:
            refused[one] = one.refused
        elif one.alias_id == one.distinct_id:
            refused[one] = "self"
        elif one.alias_id in parents:
            if parents[one.alias_id] != one.distinct_id:
                refused[one] = "second_parent"
        elif one.alias_id in above:
            refused[one] = "loop"
        elif below + len(above) > deepest:
            refused[one] = "too_deep"
        else:
            parents[one.alias_id] = one.distinct_id
    return parents, refused


@given(OPERATIONS, st.integers(1, 6))
def test_short_cuts_make_no_difference(operations: list[Operation], deepest: int) -> None:
    forest = grow(operations, deepest)
    parents, refused = replayed(operations, deepest)
    assert {id_: link.parent for id_, link in forest.links.items()} == parents
    assert forest.refused == refused
    for id_ in parents:
        assert forest.person(id_) == forest.person(parents[id_])


@given(st.data())
def test_the_order_of_delivery_and_repeated_delivery_make_no_difference(
    data: st.DataObject,
) -> None:
    operations = data.draw(OPERATIONS)
    shuffled = data.draw(st.permutations([*operations, *operations[::2]]))
    assert grow(shuffled) == grow(operations)


@given(OPERATIONS)
def test_every_chain_ends_with_an_id_without_a_parent(operations: list[Operation]) -> None:
    forest = grow(operations)
    for id_ in forest.links:
        end = id_
        for _ in range(len(forest.links)):
            end = forest.links[end].parent if end in forest.links else end
        assert end not in forest.links
        assert forest.person(id_) == end


@given(OPERATIONS)
def test_ids_that_no_operation_connects_do_not_matter_to_each_other(
    operations: list[Operation],
) -> None:
    whole = grow(operations)
    links: dict[str, Link] = {}
    refused: dict[Operation, str] = {}
    rest = set(operations)
    while rest:
        together, before = {next(iter(rest)).alias_id}, 0
        while len(together) > before:
            before = len(together)
            for one in rest:
                if together & {one.alias_id, one.distinct_id}:
                    together |= {one.alias_id, one.distinct_id} - {""}
        part = grow(one for one in rest if one.alias_id in together)
        rest = {one for one in rest if one.alias_id not in together}
        links |= part.links
        refused |= part.refused
    assert links == whole.links
    assert refused == whole.refused


# Size


@pytest.mark.parametrize("step", [1, -1, 811])
def test_a_chain_may_be_very_long_and_come_in_any_order(step: int) -> None:
    length = 1_200  # more than Python recurses
    forest = grow(
        (alias(at * step % length, f"id_{at}", f"id_{at + 1}") for at in range(length)), length
    )
    assert {forest.person(id_) for id_ in forest.links} == {f"id_{length}"}
    assert len(forest.links) == length


@pytest.mark.parametrize("step", [1, -1, 1_001])
def test_a_chain_is_cut_where_it_gets_too_deep(step: int) -> None:
    length = 3_000
    said = [alias(at * step % length, f"id_{at}", f"id_{at + 1}") for at in range(length)]
    forest = grow(said)
    assert max(forest.depth(f"id_{at}") for at in range(length)) <= DEEPEST
    assert set(forest.refused.values()) == {"too_deep"}
    assert len(forest.links) + len(forest.refused) == length


def test_an_undo_makes_room_below() -> None:
    deep = [alias(1, "a", "b"), alias(2, "b", "c"), alias(3, "x", "b")]
    late = alias(5, "c", "d")
    assert grow([*deep, late], 2).refused == {late: "too_deep"}
    assert grow([*deep, undo(4, "a"), late], 2).refused == {late: "too_deep"}
    assert not grow([*deep, undo(4, "a"), undo(4, "x"), late], 2).refused
    assert not grow([*deep, undo(4, "b"), late], 2).refused


def test_many_tries_to_close_a_chain_are_refused_one_by_one() -> None:
    chain = [alias(at, f"id_{at}", f"id_{at + 1}") for at in range(DEEPEST)]
    closing = [alias(DEEPEST + at, f"id_{DEEPEST}", f"id_{at}") for at in range(DEEPEST)]
    assert grow([*chain, *closing]).refused == dict.fromkeys(closing, "loop")


# The tree


def test_the_tree_of_a_person_shows_what_led_to_what_in_the_order_of_time() -> None:
    forest = grow(
        [
            alias(4, "tablet", "user"),
            alias(1, "phone", "user"),
            alias(3, "old_phone", "phone"),
            alias(2, "older_phone", "phone"),
            alias(5, "stranger", "somebody"),
        ]
    )
    assert tree("user", forest.links) == [
        Branch("phone", 1, [Branch("older_phone", 2, []), Branch("old_phone", 3, [])]),
        Branch("tablet", 4, []),
    ]
    assert tree("stranger", forest.links) == []


def test_a_tree_may_be_very_deep() -> None:
    depth = 50_000
    branches = tree("id_0", {f"id_{at + 1}": Link(f"id_{at}", at) for at in range(depth)})
    reached = 0
    while branches:
        (branch,) = branches
        assert branch.since == reached
        reached += 1
        branches = branch.branches
    assert reached == depth
