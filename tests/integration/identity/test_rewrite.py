"""Rows that are given their person's id, while every read says the same throughout."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.support.segments import START_MS, alias
from tests.support.stitching import LIVE, Node, seen

from whipstitch.core.projects import Scope
from whipstitch.identity import rewrite
from whipstitch.identity.person_map import SETTLED

MONTH_MS = 31 * 86_400_000


def test_rows_say_their_person_and_keep_the_id_that_was_sent(node: Node) -> None:
    node.load(seen("anon"), seen("user"), seen("somebody"))
    node.load(alias(1, "anon", "user"))

    node.rewrite()

    expected = Counter({("user", "anon"): 1, ("user", ""): 1, ("somebody", ""): 1})
    assert node.stored() == expected
    assert node.shown() == expected
    assert (node.pending(), node.generations()) == (0, [])
    assert node.maps.current.of(LIVE) == SETTLED


def test_a_late_event_arrives_rewritten(node: Node) -> None:
    node.load(seen("anon"), alias(1, "anon", "b"), alias(2, "b", "user"))
    node.rewrite()

    node.load(seen("anon"), seen("b"), seen("user"))

    assert node.stored() == Counter({("user", "anon"): 2, ("user", "b"): 1, ("user", ""): 1})


def test_what_is_said_again_after_the_rewrite_changes_nothing(node: Node) -> None:
    node.load(seen("anon"))
    node.load(alias(1, "anon", "user"))
    node.rewrite()
    generation = node.maps.current

    node.load(alias(2, "anon", "user"), alias(3, "anon", "other"))
    node.rewrite()

    assert node.maps.current is generation
    assert node.stored() == Counter({("user", "anon"): 1})


def test_a_rewritten_row_follows_its_person_to_another(node: Node) -> None:
    node.load(seen("a"), seen("b"))
    for number, pair in enumerate([("a", "b"), ("b", "c"), ("c", "d")]):
        node.load(alias(number, *pair))
        node.rewrite()

    assert node.stored() == Counter({("d", "a"): 1, ("d", "b"): 1})


def test_an_undo_gives_rewritten_rows_back(node: Node) -> None:
    ids = ("a", "b", "user", "other")
    node.load(*(seen(id_) for id_ in ids))
    node.load(alias(1, "a", "b"), alias(2, "b", "user"), alias(3, "other", "user"))
    node.rewrite()
    node.load(*(seen(id_) for id_ in ids))

    assert node.undo("b", 10)

    expected = Counter({("b", "a"): 2, ("b", ""): 2, ("user", ""): 2, ("user", "other"): 2})
    assert node.shown() == expected
    node.rewrite()
    assert node.stored() == expected
    assert node.shown() == expected
    assert (node.pending(), node.generations()) == (0, [])


def test_rows_go_to_and_fro_as_often_as_is_said(node: Node) -> None:
    node.load(seen("a"), seen("b"), alias(1, "a", "b"))
    for turn in range(3):
        number = 10 * (turn + 1)
        node.load(alias(number, "b", "c"))
        if turn:
            node.rewrite()
        assert node.shown() == Counter({("c", "a"): 1, ("c", "b"): 1})
        node.undo("b", number + 1)
        if turn != 1:
            node.rewrite()
        assert node.shown() == Counter({("b", "a"): 1, ("b", ""): 1})


def test_what_is_undone_before_the_rewrite_is_never_rewritten(node: Node) -> None:
    node.load(seen("anon"))
    node.load(alias(1, "anon", "user"))
    node.undo("anon", 2)

    assert node.steps() == []
    node.rewrite()
    assert node.stored() == Counter({("anon", ""): 1})
    assert (node.pending(), node.generations()) == (0, [])


@pytest.mark.parametrize("others", [0, 200], ids=["few", "many"])
def test_only_partitions_with_such_rows_are_touched(node: Node, others: int) -> None:
    months = [START_MS - n * MONTH_MS for n in range(4)]
    node.load(*(seen("somebody", timestamp=at, accepted=at * 1000) for at in months))
    node.load(*(seen("anon", timestamp=at, accepted=at * 1000) for at in months[1:3]))
    node.load(alias(1, "anon", "user"), *(alias(n, f"x{n}", "y") for n in range(others)))

    partitions = node.store.query(
        "SELECT DISTINCT _partition_id FROM events WHERE distinct_id = 'anon'"
    )
    assert len(partitions) == 2
    assert {(step.partition,) for step in node.steps()} == {tuple(row) for row in partitions}


def test_other_scopes_are_left_alone(node: Node) -> None:
    test = Scope("proj_a", "test")
    node.load(seen("anon"), seen("anon", environment="test"))
    node.load(alias(1, "anon", "user"))

    assert {step.scope for step in node.steps()} == {LIVE}
    node.rewrite()
    assert node.stored(test) == Counter({("anon", ""): 1})


def test_a_step_may_be_repeated_and_reads_say_the_same_after_each(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrite, "_ROWS", 20)
    times = [START_MS, START_MS - MONTH_MS]
    node.load(
        *(
            seen(f"anon_{n % 9}", timestamp=times[n % 2], accepted=times[n % 2] * 1000 + n)
            for n in range(100)
        )
    )
    node.load(*(alias(1000 + n, f"anon_{n}", f"user_{n % 2}") for n in range(9)))
    expected = node.shown()
    assert sum(expected.values()) == 100
    steps = node.steps()
    assert len(steps) >= 6  # each shard has its own

    for step in [*steps, *steps]:
        node.take_steps([step])
        assert node.shown() == expected
    assert node.steps() == []
    assert node.stored() == expected


def test_a_read_that_began_before_goes_on_to_say_the_same(node: Node) -> None:
    node.load(seen("anon"), seen("b"))
    node.load(alias(1, "anon", "user"))
    with node.maps.hold() as generation:
        node.take_steps()
        assert node.shown(generation=generation) == Counter({("user", "anon"): 1, ("b", ""): 1})
        node.link(lambda client: node.linker.settle(client, generation.number))
        node.load(alias(2, "b", "user"))
        node.load(seen("anon"))

        assert node.shown(generation=generation) == Counter({("user", "anon"): 2, ("b", ""): 1})
    assert node.shown() == Counter({("user", "anon"): 2, ("user", "b"): 1})


@contextmanager
def reading(node: Node) -> Iterator[list[Counter[tuple[str, str]]]]:
    """Reads all the time, in a thread; what was read is in the list."""
    read: list[Counter[tuple[str, str]]] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            read.append(node.shown())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield read
    finally:
        stop.set()
        thread.join()


def test_totals_never_waver_while_rows_are_rewritten(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrite, "_ROWS", 1_000)
    lines = [
        seen(f"anon_{n % 50}", timestamp=at, accepted=at * 1000 + n)
        for at in (START_MS, START_MS - MONTH_MS)
        for n in range(2_000)
    ]
    node.load(*lines)
    node.load(*(alias(10_000 + n, f"anon_{n}", f"user_{n % 5}") for n in range(50)))
    expected = node.shown()

    with reading(node) as read:
        node.rewrite()
        node.undo("anon_7", 20_000)
        back = len(read)
        node.rewrite()

    assert node.stored()["anon_7", ""] == 80
    given_back = expected - Counter({("user_2", "anon_7"): 80}) + Counter({("anon_7", ""): 80})
    assert node.stored() == given_back
    wrong = [one for one in read if one not in (expected, given_back)]
    assert not wrong
    assert {frozenset(one.items()) for one in read[back + 1 :]} <= {frozenset(given_back.items())}
    assert len(read) > 3


def test_a_partition_is_never_anything_but_a_name(node: Node) -> None:
    node.load(seen("anon"))
    node.load(alias(1, "anon", "user"))
    (step,) = node.steps()

    with pytest.raises(ValueError, match="partition"):
        node.take_steps([replace(step, partition="1' WHERE 1 --")])
