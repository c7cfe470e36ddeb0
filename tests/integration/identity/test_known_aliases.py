"""Repeats that ClickHouse tells before anything is made of them."""

import pytest
from tests.integration.identity.test_state_machine import (
    live_through,
)
from tests.support.segments import alias, event, trait
from tests.support.stitching import LIVE, Node

from whipstitch.identity import known_aliases, tables
from whipstitch.identity.arrivals import Arrival
from whipstitch.identity.linker import Linker
from whipstitch.warehouse.client import Client

Said = tuple[str, str, int]
ODD = (
    "it's",
    "back\\slash",
    "two\nlines",
    "a\ttab",
    "-- text",
    "/* text */",
    "{ids:String}",
    "é☃",
    '"',
)


@pytest.fixture(autouse=True)
def _however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are looked at without, and a statement is given many."""
    monkeypatch.setattr(known_aliases, "_FEW", 0)
    monkeypatch.setattr(known_aliases, "_AT_ONCE", 2)


@pytest.fixture
def let_through(monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """What was not told to be a repeat, of all that is loaded from now on."""
    found: list[Said] = []
    take = Linker.take

    def noting(linker: Linker, client: Client, arrivals: list[Arrival]) -> None:
        found.extend((one.alias_id, one.distinct_id, one.accepted) for _, one, *_ in arrivals)
        take(linker, client, arrivals)

    monkeypatch.setattr(Linker, "take", noting)
    return found


def names(said: list[Said]) -> list[tuple[str, str]]:
    return [(alias_id, distinct_id) for alias_id, distinct_id, _ in said]


def test_of_what_was_said_before_nothing_is_made(node: Node, let_through: list[Said]) -> None:
    node.load(alias(1, "anon", "user"), alias(2, "anon", "other"), alias(3, "x", "y"))
    node.load(alias(4, "guest", "user", refused="placeholder"))
    let_through.clear()

    node.load(alias(11, "anon", "user"), alias(12, "anon", "other"), alias(13, "x", "y"))
    node.load(alias(14, "guest", "user", refused="placeholder"), event(5), trait(6, "u", "p", "1"))

    assert let_through == []


def test_what_was_not_said_before_is_let_through(node: Node, let_through: list[Said]) -> None:
    node.load(alias(5, "anon", "user"), alias(6, "guest", "user", refused="placeholder"))
    node.load(alias(7, "elsewhere", "user", project_id="proj_b"))
    let_through.clear()
    lines = [
        alias(11, "anon", "other"),
        alias(12, "new", "user"),
        alias(13, "user", "anon"),
        alias(14, "guest", "user"),
        alias(15, "elsewhere", "user"),
        alias(16, "anon", "user", environment="test"),
        alias(4, "anon", "user"),
    ]

    node.load(*lines, alias(17, "anon", "user"))

    assert sorted(names(let_through)) == sorted(
        [
            ("anon", "other"),
            ("new", "user"),
            ("user", "anon"),
            ("guest", "user"),
            ("elsewhere", "user"),
            ("anon", "user"),
            ("anon", "user"),
        ]
    )


def test_what_was_undone_is_let_through(node: Node, let_through: list[Said]) -> None:
    node.load(alias(1, "anon", "user"))
    assert node.undo("anon", 2)
    let_through.clear()
    node.load(alias(3, "anon", "user"))
    assert names(let_through) == [("anon", "user")]
    assert node.ids()["anon"][0] == "user"


def test_what_was_said_before_an_undo_is_let_through_whoever_came_since(
    node: Node, let_through: list[Said]
) -> None:
    node.load(alias(1, "anon", "user"))
    assert node.undo("anon", 2)
    node.load(alias(3, "anon", "other"))
    let_through.clear()
    node.load(alias(4, "anon", "user"))
    assert names(let_through) == [("anon", "user")]


def test_what_was_refused_as_a_loop_is_let_through(node: Node, let_through: list[Said]) -> None:
    node.load(alias(1, "a", "b"), alias(2, "b", "a"))
    assert node.undo("a", 3)
    let_through.clear()
    node.load(alias(4, "b", "a"))
    assert names(let_through) == [("b", "a")]
    assert node.ids()["b"][0] == "a"


def test_ids_may_be_any_text(node: Node, let_through: list[Said]) -> None:
    pairs = [(one, f"person of {one}") for one in ODD]
    node.load(*(alias(1 + n, *pair) for n, pair in enumerate(pairs)))
    assert {id_: found[0] for id_, found in node.ids().items()} == dict(pairs)
    assert node.link(lambda client: tables.persons_of(client, LIVE, ODD)) == dict(pairs)
    let_through.clear()

    node.load(*(alias(51 + n, *pair) for n, pair in enumerate(pairs)))

    assert let_through == []


def test_histories_are_right_where_all_aliases_are_looked_at(node: Node) -> None:
    live_through(node, histories=2)
