"""From segments to who is who: in every read at once, before any row is rewritten."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from clickhouse_connect.driver.client import Client
from tests.support.identity_model import IdentityModel
from tests.support.segments import alias, event
from tests.support.stitching import LIVE, Node, accepted, node

from whipstitch.errors import StorageUnavailable
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.forest import Operation
from whipstitch.projects import Scope
from whipstitch.queries.persons import SETTLED
from whipstitch.queries.run import IN_SCOPE


class InOrder(NamedTuple):
    """A project of its own for each order."""

    project_id: str
    order: tuple[Any, ...]

    @property
    def scope(self) -> Scope:
        return Scope(self.project_id, "live")


DEVICES = ("anon_a3b9ff", "anon_4ef2cc", "anon_77b9aa")


def test_three_devices_of_one_user_are_one_person(node: Node) -> None:
    node.load(*(event(n, distinct_id=id_) for n, id_ in enumerate(DEVICES)))
    node.load(*(alias(10 + n, id_, "user_123") for n, id_ in enumerate(DEVICES)))
    node.load(event(20, distinct_id="user_123"))

    assert node.shown() == Counter(
        {("user_123", ""): 1} | {("user_123", id_): 1 for id_ in DEVICES}
    )
    assert node.ids() == {
        id_: ("user_123", "user_123", accepted(10 + n)) for n, id_ in enumerate(DEVICES)
    }


def test_it_does_not_matter_when_the_alias_comes(node: Node) -> None:
    lines = {
        "anon": partial(event, 1, distinct_id="anon"),
        "user": partial(event, 2, distinct_id="user"),
        "alias": partial(alias, 3, "anon", "user"),
    }
    orders = [InOrder(f"proj_{n}", order) for n, order in enumerate(permutations(lines))]
    for turn in range(3):
        node.load(*(lines[one.order[turn]](project_id=one.project_id) for one in orders))

    for one in orders:
        assert node.shown(one.scope) == Counter({("user", "anon"): 1, ("user", ""): 1}), one


def test_an_alias_counts_for_the_events_beside_it_in_a_segment(alone: Node) -> None:
    alone.load(event(1, distinct_id="anon"), alias(2, "anon", "user"), event(3, distinct_id="anon"))

    assert alone.shown() == Counter({("user", "anon"): 2})


def test_a_chain_is_followed_to_its_end_in_whatever_order_it_is_built(alone: Node) -> None:
    links = (("a", "b"), ("b", "c"), ("c", "d"))
    orders = [InOrder(f"proj_{n}", order) for n, order in enumerate(permutations(links))]
    together = [InOrder(f"proj_{n}_at_once", one.order) for n, one in enumerate(orders)]
    every = [*orders, *together]
    alone.load(
        *(
            event(n, distinct_id="abcd"[n % 4], project_id=every[n // 4].project_id)
            for n in range(48)
        )
    )
    alone.load(
        *(
            alias(100 + turn, *one.order[turn], project_id=one.project_id)
            for one in together
            for turn in range(3)
        )
    )
    for turn in range(3):
        alone.load(
            *(alias(100 + turn, *one.order[turn], project_id=one.project_id) for one in orders)
        )
    alone.load(
        *(event(200 + n, distinct_id="a", project_id=one.project_id) for n, one in enumerate(every))
    )

    for one in every:
        assert alone.shown(one.scope) == Counter(
            {("d", "a"): 2, ("d", "b"): 1, ("d", "c"): 1, ("d", ""): 1}
        ), one


def test_a_row_stored_for_the_end_of_a_chain_follows_when_the_chain_grows(alone: Node) -> None:
    alone.load(alias(1, "a", "b"), event(2, distinct_id="a"))
    assert alone.stored() == Counter({("b", "a"): 1})

    alone.load(alias(3, "b", "c"))

    assert alone.shown() == Counter({("c", "a"): 1})


CANNOT_HOLD: dict[str, tuple[list[tuple[str, str]], dict[str, str]]] = {
    "self": ([("a", "a")], {"a": "a"}),
    "loop_of_two": ([("a", "b"), ("b", "a")], {"a": "b", "b": "b"}),
    "loop_of_three": ([("a", "b"), ("b", "c"), ("c", "a")], {"a": "c", "b": "c", "c": "c"}),
    "shared_device": ([("a", "b"), ("a", "c")], {"a": "b", "b": "b", "c": "c"}),
    "one_person": ([("a", "c"), ("b", "c"), ("a", "b")], {"a": "c", "b": "c", "c": "c"}),
}


def test_an_alias_that_cannot_hold_changes_nothing_and_is_kept(alone: Node) -> None:
    for project_id, (aliases, people) in CANNOT_HOLD.items():
        alone.load(
            *(event(n, distinct_id=id_, project_id=project_id) for n, id_ in enumerate(people)),
            *(alias(10 + n, *pair, project_id=project_id) for n, pair in enumerate(aliases)),
        )

    for project_id, (_, people) in CANNOT_HOLD.items():
        expected = {(person, "" if person == id_ else id_): 1 for id_, person in people.items()}
        assert alone.shown(Scope(project_id, "live")) == Counter(expected), project_id
    assert alone.count("person_aliases") == sum(len(aliases) for aliases, _ in CANNOT_HOLD.values())


def test_what_admission_refused_links_nobody_and_is_kept(alone: Node) -> None:
    alone.load(event(1, distinct_id="guest"), alias(2, "guest", "user", refused="placeholder"))

    assert alone.shown() == Counter({("guest", ""): 1})
    assert alone.ids() == {}
    assert alone.store.query("SELECT alias_id, refused FROM person_aliases") == [
        ("guest", "placeholder")
    ]


def test_a_repeat_writes_nothing_and_makes_no_new_map(node: Node) -> None:
    node.load(event(1, distinct_id="anon"), alias(2, "anon", "user"), alias(3, "x", "y"))
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


def test_an_earlier_alias_that_is_delivered_later_wins(alone: Node) -> None:
    alone.load(event(1, distinct_id="anon"), event(2, distinct_id="late"))
    alone.load(alias(20, "anon", "late"))
    alone.load(alias(10, "anon", "early"))

    assert alone.shown() == Counter({("early", "anon"): 1, ("late", ""): 1})
    assert alone.ids() == {"anon": ("early", "early", accepted(10))}


def test_an_earlier_alias_turns_the_one_that_now_closes_a_loop_away(alone: Node) -> None:
    alone.load(event(1, distinct_id="a"), event(2, distinct_id="b"))
    alone.load(alias(20, "a", "b"))
    alone.load(alias(10, "b", "a"))

    assert alone.shown() == Counter({("a", ""): 1, ("a", "b"): 1})


def test_of_one_instant_the_smaller_id_counts_first(alone: Node) -> None:
    alone.load(event(1, distinct_id="a"), event(2, distinct_id="b"))
    alone.load(alias(10, "b", "a"))
    alone.load(alias(10, "a", "b"))

    assert alone.ids() == {"a": ("b", "b", accepted(10))}


def test_environments_and_projects_do_not_mix(node: Node) -> None:
    scopes = [LIVE, Scope("proj_a", "test"), Scope("proj_b", "live")]
    for number, scope in enumerate(scopes):
        node.load(event(number, distinct_id="anon", **scope._asdict()))
    node.load(alias(10, "anon", "user"))
    node.load(alias(11, "anon", "other", **scopes[2]._asdict()))
    for number, scope in enumerate(scopes):
        node.load(event(20 + number, distinct_id="anon", **scope._asdict()))

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
    node.load(*(event(n, distinct_id=id_) for n, id_ in enumerate(ODD)))
    node.load(*(alias(20 + n, id_, "user " + id_) for n, id_ in enumerate(ODD)))
    node.load(*(event(50 + n, distinct_id=id_) for n, id_ in enumerate(ODD)))

    assert node.shown() == Counter({("user " + id_, id_): 2 for id_ in ODD})


def test_thousands_of_ids_are_linked_at_once(node: Node) -> None:
    many = 10_500
    node.load(
        *(alias(n, f"anon_{n}", f"user_{n % 3000}") for n in range(many)),
        *(event(many + n, distinct_id=f"anon_{n}") for n in range(many)),
    )

    assert node.shown() == Counter({(f"user_{n % 3000}", f"anon_{n}"): 1 for n in range(many)})


def test_an_undo_gives_back_what_came_in_under_the_id_at_once(node: Node) -> None:
    ids = ("a", "b", "user", "other")
    node.load(*(event(n, distinct_id=id_) for n, id_ in enumerate(ids)))
    node.load(alias(10, "a", "b"), alias(11, "b", "user"), alias(12, "other", "user"))
    node.load(*(event(20 + n, distinct_id=id_) for n, id_ in enumerate(ids)))

    assert node.undo("b", 30)

    expected = Counter({("b", "a"): 2, ("b", ""): 2, ("user", ""): 2, ("user", "other"): 2})
    assert node.shown() == expected
    node.load(event(31, distinct_id="a"))
    assert node.shown() == expected + Counter({("b", "a"): 1})


def test_an_undo_of_what_is_linked_to_nobody_says_so(alone: Node) -> None:
    alone.load(alias(1, "a", "b"))

    assert not alone.undo("b", 2)
    assert alone.undo("a", 3)
    assert not alone.undo("a", 4)
    assert alone.count("person_aliases") == 2


@pytest.mark.parametrize("person", ["user", "other"])
def test_an_alias_after_an_undo_counts_again(alone: Node, person: str) -> None:
    alone.load(event(1, distinct_id="anon"), alias(2, "anon", "user"), alias(3, "anon", "other"))
    alone.undo("anon", 4)
    assert alone.shown() == Counter({("anon", ""): 1})

    alone.load(alias(5, "anon", person), event(6, distinct_id="anon"))

    assert alone.shown() == Counter({(person, "anon"): 2})


def test_an_alias_accepted_before_an_undo_and_delivered_after_it_stays_undone(alone: Node) -> None:
    alone.load(event(1, distinct_id="anon"), alias(2, "anon", "user"))
    alone.undo("anon", 10)
    alone.load(alias(9, "anon", "other"))

    assert alone.shown() == Counter({("anon", ""): 1})


# Interrupted


class Interrupted:
    """A client whose ``last`` writing call is its last, done or not: then ClickHouse is gone."""

    def __init__(self, client: Client, last: int, done: bool) -> None:
        self._client, self._left, self._done = client, last, done

    def query(self, *arguments: Any) -> Any:
        return self._client.query(*arguments)

    def command(self, *arguments: Any) -> None:
        self._write(lambda: self._client.command(*arguments))

    def insert(self, *arguments: Any, **named: Any) -> None:
        self._write(lambda: self._client.insert(*arguments, **named))

    def _write(self, call: Callable[[], object]) -> None:
        self._left -= 1
        if self._left > 0 or self._done:
            call()
        if self._left <= 0:
            raise StorageUnavailable("gone")


PLACES = list(itertools.product(range(1, 20), (False, True)))
"""Before and after each write, and some more than there are."""


def cut_off(node: Node, work: Callable[[Client], object], last: int, done: bool) -> bool:
    """Does ``work`` as far as it gets; False: to its end."""
    try:
        node.link(lambda client: work(cast("Client", Interrupted(client, last, done))))
    except StorageUnavailable:
        return True
    return False


def logged(node: Node, model: IdentityModel, scope: Scope) -> IdentityModel:
    """``model`` as far as ``node`` has it in its log."""
    sql = f"SELECT accepted, alias_id, undo FROM person_aliases WHERE {IN_SCOPE}"
    known = {tuple(row) for row in node.store.query(sql, scope._asdict())}
    return IdentityModel(
        model.sent, {scope: {one for one in model.said[scope] if one[:3] in known}}
    )


@pytest.mark.parametrize("then", ["the same again", "another alias", "a new process"])
@pytest.mark.parametrize("what", ["aliases", "an undo"])
def test_linking_that_is_cut_off_anywhere_is_mended_by_what_comes_next(
    alone: Node, what: str, then: str
) -> None:
    model = IdentityModel()
    for number, (last, done) in enumerate(PLACES):
        scope = Scope(f"proj_{number}", "live")
        fields = scope._asdict()
        for at, id_ in enumerate("abcde"):
            alone.load(event(10 * number + at, distinct_id=id_, **fields))
            model.track(scope, id_)
        arrivals = {
            # A chain, and two links that the second segment joins with it, in its middle and above.
            "first": _aliases(model, scope, (10, "a", "b"), (11, "d", "e")),
            "second": _aliases(model, scope, (20, "b", "c"), (21, "e", "b"), (22, "d", "c")),
            "other": _aliases(model, scope, (30, "x", "y")),
        }
        alone.link(lambda client, all_=arrivals: alone.linker.take(client, all_["first"]))
        if what == "aliases":
            work = partial(alone.linker.take, arrivals=arrivals["second"])
        else:
            alone.link(lambda client, all_=arrivals: alone.linker.take(client, all_["second"]))
            model.undo(scope, accepted(40), "b")
            undo = Operation(accepted(40), "b", "", undo=True)
            work = partial(alone.linker.take, arrivals=[Arrival(scope, undo, 0)])

        was_cut_off = cut_off(alone, work, last, done)

        if then == "a new process":
            alone.restart()
        elif then == "another alias":
            alone.link(lambda client, all_=arrivals: alone.linker.take(client, all_["other"]))
        else:
            alone.link(work)
        assert alone.shown(scope) == logged(alone, model, scope).shown(scope), (last, done)
        assert alone.generations() == [alone.maps.current.table]
        alone.link(work)
        alone.link(lambda client, all_=arrivals: alone.linker.take(client, all_["other"]))
        assert alone.shown(scope) == model.shown(scope), (last, done)
        if not was_cut_off:
            break
    assert 12 <= number < len(PLACES) - 1


def _aliases(model: IdentityModel, scope: Scope, *said: tuple[int, str, str]) -> list[Arrival]:
    for number, alias_id, distinct_id in said:
        model.alias(scope, accepted(number), alias_id, distinct_id)
    return [Arrival(scope, Operation(accepted(one[0]), *one[1:]), 0) for one in said]


# Several nodes


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5], ids=str)
def test_the_same_aliases_in_any_order_from_any_node_end_in_the_same_people(
    embedded_url: str, tmp_path: Path, order: tuple[int, ...]
) -> None:
    said = [(10, "a", "b"), (11, "b", "a"), (12, "b", "c"), (13, "a", "c")]
    with (
        node(embedded_url, tmp_path) as leader,
        following(embedded_url, tmp_path) as follower,
    ):
        leader.load(*(event(n, distinct_id=id_) for n, id_ in enumerate("abc")))
        for at, one in enumerate(order):
            (leader, follower)[at % 2].load(alias(*said[one]))
        assert len(leader.ids()) < 2
        leader.catch_up()

        assert leader.ids() == {
            "a": ("b", "c", accepted(10)),
            "b": ("c", "c", accepted(12)),
        }
        assert leader.shown() == Counter({("c", "a"): 1, ("c", "b"): 1, ("c", ""): 1})


@contextmanager
def following(url: str, directory: Path) -> Iterator[Node]:
    """A node that stores what it is sent and leaves the rest to another."""
    made = Node(url, directory, leads=lambda: False)
    try:
        yield made
    finally:
        made.close()


def test_what_another_node_stored_is_linked_once(embedded_url: str, tmp_path: Path) -> None:
    with (
        node(embedded_url, tmp_path) as leader,
        following(embedded_url, tmp_path) as follower,
    ):
        leader.load(event(1, distinct_id="anon"))
        follower.load(alias(2, "anon", "user"))
        leader.catch_up()
        generation = leader.maps.current
        leader.catch_up()
        leader.catch_up()

        assert leader.maps.current is generation
        assert leader.shown() == Counter({("user", "anon"): 1})


def test_an_undo_on_one_node_is_followed_by_another(embedded_url: str, tmp_path: Path) -> None:
    with (
        node(embedded_url, tmp_path) as leader,
        following(embedded_url, tmp_path) as follower,
    ):
        leader.load(event(1, distinct_id="anon"), alias(2, "anon", "user"))
        assert follower.undo("anon", 3)
        leader.catch_up()

        assert leader.shown() == Counter({("anon", ""): 1})
