"""From segments to who is who: in every read at once, before any row is rewritten."""

from collections import Counter
from functools import partial
from itertools import permutations
from typing import Any, NamedTuple

import pytest
from tests.support.segments import alias
from tests.support.stitching import LIVE, Node, accepted, seen

from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import SETTLED


class InOrder(NamedTuple):
    """A project of its own for each order."""

    project_id: str
    order: tuple[Any, ...]

    @property
    def scope(self) -> Scope:
        return Scope(self.project_id, "live")


DEVICES = ("anon_a3b9ff", "anon_4ef2cc", "anon_77b9aa")


def test_three_devices_of_one_user_are_one_person(node: Node) -> None:
    node.load(*(seen(id_) for id_ in DEVICES))
    node.load(*(alias(10 + n, id_, "user_123") for n, id_ in enumerate(DEVICES)))
    node.load(seen("user_123"))

    assert node.shown() == Counter(
        {("user_123", ""): 1} | {("user_123", id_): 1 for id_ in DEVICES}
    )
    assert node.ids() == {
        id_: ("user_123", "user_123", accepted(10 + n)) for n, id_ in enumerate(DEVICES)
    }


def test_it_does_not_matter_when_the_alias_comes(node: Node) -> None:
    lines = {
        "anon": partial(seen, "anon"),
        "user": partial(seen, "user"),
        "alias": partial(alias, 3, "anon", "user"),
    }
    orders = [InOrder(f"proj_{n}", order) for n, order in enumerate(permutations(lines))]
    for turn in range(3):
        node.load(*(lines[one.order[turn]](project_id=one.project_id) for one in orders))

    for one in orders:
        assert node.shown(one.scope) == Counter({("user", "anon"): 1, ("user", ""): 1}), one


def test_an_alias_counts_for_the_events_beside_it_in_a_segment(node: Node) -> None:
    node.load(seen("anon"), alias(2, "anon", "user"), seen("anon"))

    assert node.shown() == Counter({("user", "anon"): 2})


def test_a_chain_is_followed_to_its_end_in_whatever_order_it_is_built(node: Node) -> None:
    links = (("a", "b"), ("b", "c"), ("c", "d"))
    orders = [InOrder(f"proj_{n}", order) for n, order in enumerate(permutations(links))]
    together = [InOrder(f"proj_{n}_at_once", one.order) for n, one in enumerate(orders)]
    every = [*orders, *together]
    node.load(*(seen(id_, project_id=one.project_id) for one in every for id_ in "abcd"))
    node.load(
        *(
            alias(100 + turn, *one.order[turn], project_id=one.project_id)
            for one in together
            for turn in range(3)
        )
    )
    for turn in range(3):
        node.load(
            *(alias(100 + turn, *one.order[turn], project_id=one.project_id) for one in orders)
        )
    node.load(*(seen("a", project_id=one.project_id) for one in every))

    for one in every:
        assert node.shown(one.scope) == Counter(
            {("d", "a"): 2, ("d", "b"): 1, ("d", "c"): 1, ("d", ""): 1}
        ), one


def test_a_row_stored_for_the_end_of_a_chain_follows_when_the_chain_grows(node: Node) -> None:
    node.load(alias(1, "a", "b"), seen("a"))
    assert node.stored() == Counter({("b", "a"): 1})

    node.load(alias(3, "b", "c"))

    assert node.shown() == Counter({("c", "a"): 1})


CANNOT_HOLD: dict[str, tuple[list[tuple[str, str]], dict[str, str]]] = {
    "self": ([("a", "a")], {"a": "a"}),
    "loop_of_two": ([("a", "b"), ("b", "a")], {"a": "b", "b": "b"}),
    "loop_of_three": ([("a", "b"), ("b", "c"), ("c", "a")], {"a": "c", "b": "c", "c": "c"}),
    "shared_device": ([("a", "b"), ("a", "c")], {"a": "b", "b": "b", "c": "c"}),
    "one_person": ([("a", "c"), ("b", "c"), ("a", "b")], {"a": "c", "b": "c", "c": "c"}),
}


def test_an_alias_that_cannot_hold_changes_nothing_and_is_kept(node: Node) -> None:
    for project_id, (aliases, people) in CANNOT_HOLD.items():
        node.load(
            *(seen(id_, project_id=project_id) for id_ in people),
            *(alias(10 + n, *pair, project_id=project_id) for n, pair in enumerate(aliases)),
        )

    for project_id, (_, people) in CANNOT_HOLD.items():
        expected = {(person, "" if person == id_ else id_): 1 for id_, person in people.items()}
        assert node.shown(Scope(project_id, "live")) == Counter(expected), project_id
    assert node.count("person_aliases") == sum(len(aliases) for aliases, _ in CANNOT_HOLD.values())


def test_what_admission_refused_links_nobody_and_is_kept(node: Node) -> None:
    node.load(seen("guest"), alias(2, "guest", "user", refused="placeholder"))

    assert node.shown() == Counter({("guest", ""): 1})
    assert node.ids() == {}
    assert node.store.query("SELECT alias_id, refused FROM person_aliases") == [
        ("guest", "placeholder")
    ]


def test_a_repeat_writes_nothing_and_makes_no_new_map(node: Node) -> None:
    node.load(seen("anon"), alias(2, "anon", "user"), alias(3, "x", "y"))
    node.load(alias(4, "guest", "user", refused="placeholder"), alias(5, "anon", "other"))
    tables = ("person_aliases", "person_ids", "person_moves", "person_maps")
    before = {table: node.count(table) for table in tables}
    generation = node.maps.current

    for number in (10, 11):
        node.load(alias(number, "anon", "user"), alias(number, "x", "y"))
        node.load(alias(number, "guest", "user", refused="placeholder"))
        node.load(alias(number, "anon", "other"))

    assert {table: node.count(table) for table in tables} == before
    assert node.maps.current is generation


def test_an_earlier_alias_that_is_delivered_later_wins(node: Node) -> None:
    node.load(seen("anon"), seen("late"))
    node.load(alias(20, "anon", "late"))
    node.load(alias(10, "anon", "early"))

    assert node.shown() == Counter({("early", "anon"): 1, ("late", ""): 1})
    assert node.ids() == {"anon": ("early", "early", accepted(10))}


def test_an_earlier_alias_turns_the_one_that_now_closes_a_loop_away(node: Node) -> None:
    node.load(seen("a"), seen("b"))
    node.load(alias(20, "a", "b"))
    node.load(alias(10, "b", "a"))

    assert node.shown() == Counter({("a", ""): 1, ("a", "b"): 1})


def test_of_one_instant_the_smaller_id_counts_first(node: Node) -> None:
    node.load(seen("a"), seen("b"))
    node.load(alias(10, "b", "a"))
    node.load(alias(10, "a", "b"))

    assert node.ids() == {"a": ("b", "b", accepted(10))}


def test_environments_and_projects_do_not_mix(node: Node) -> None:
    scopes = [LIVE, Scope("proj_a", "test"), Scope("proj_b", "live")]
    for scope in scopes:
        node.load(seen("anon", **scope._asdict()))
    node.load(alias(10, "anon", "user"))
    node.load(alias(11, "anon", "other", **scopes[2]._asdict()))
    for scope in scopes:
        node.load(seen("anon", **scope._asdict()))

    assert [node.shown(scope) for scope in scopes] == [
        Counter({("user", "anon"): 2}),
        Counter({("anon", ""): 2}),
        Counter({("other", "anon"): 2}),
    ]
    assert node.maps.current.of(scopes[1]) == SETTLED
    assert node.undo("anon", 30)
    assert node.shown(scopes[2]) == Counter({("other", "anon"): 2})


ODD = ["\t\\N'\"`", "{x:String}", "é🧵\u2028", "a/b", " ", "\x00nul", "x" * 5000]


def test_ids_may_be_any_text(node: Node) -> None:
    node.load(*(seen(id_) for id_ in ODD))
    node.load(*(alias(20 + n, id_, "user " + id_) for n, id_ in enumerate(ODD)))
    node.load(*(seen(id_) for id_ in ODD))

    assert node.shown() == Counter({("user " + id_, id_): 2 for id_ in ODD})


def test_thousands_of_ids_are_linked_at_once(node: Node) -> None:
    many = 10_500
    pairs = [(f"anon_{n:0>40}", f"user_{n % 3000:0>40}") for n in range(many)]
    node.load(
        *(alias(n, *pair) for n, pair in enumerate(pairs)), *(seen(anon) for anon, _ in pairs)
    )

    assert node.shown() == Counter({(user, anon): 1 for anon, user in pairs})


def test_an_undo_gives_back_what_came_in_under_the_id_at_once(node: Node) -> None:
    ids = ("a", "b", "user", "other")
    node.load(*(seen(id_) for id_ in ids))
    node.load(alias(10, "a", "b"), alias(11, "b", "user"), alias(12, "other", "user"))
    node.load(*(seen(id_) for id_ in ids))

    assert node.undo("b", 30)

    expected = Counter({("b", "a"): 2, ("b", ""): 2, ("user", ""): 2, ("user", "other"): 2})
    assert node.shown() == expected
    node.load(seen("a"))
    assert node.shown() == expected + Counter({("b", "a"): 1})


def test_an_undo_of_what_is_linked_to_nobody_says_so(node: Node) -> None:
    node.load(alias(1, "a", "b"))

    assert not node.undo("b", 2)
    assert node.undo("a", 3)
    assert not node.undo("a", 4)
    assert node.count("person_aliases") == 2


@pytest.mark.parametrize("person", ["user", "other"])
def test_an_alias_after_an_undo_counts_again(node: Node, person: str) -> None:
    node.load(seen("anon"), alias(2, "anon", "user"), alias(3, "anon", "other"))
    node.undo("anon", 4)
    assert node.shown() == Counter({("anon", ""): 1})

    node.load(alias(5, "anon", person), seen("anon"))

    assert node.shown() == Counter({(person, "anon"): 2})


def test_an_alias_accepted_before_an_undo_and_delivered_after_it_stays_undone(node: Node) -> None:
    node.load(seen("anon"), alias(2, "anon", "user"))
    node.undo("anon", 10)
    node.load(alias(9, "anon", "other"))

    assert node.shown() == Counter({("anon", ""): 1})
