"""What BI tools are told while people are linked, parted and rewritten: each statement sees them as
they were before or after, never a mixture."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.segments import START_MS, alias
from tests.support.sql import Ask, http_tool, native_tool, shared
from tests.support.stitching import Node, seen, started_node, until

from whipstitch.identity import sql_readers
from whipstitch.warehouse.local.supervisor import LocalClickHouse

__all__ = ["shared"]

PEOPLE = 8
MONTHS = 4
"""In each of which everybody did something: a rewrite changes one after the other."""
_MONTH_MS = 30 * 24 * 3_600_000
_numbers = itertools.count(1)


@pytest.fixture
def node(shared: LocalClickHouse, tmp_path: Path) -> Iterator[Node]:
    with started_node(shared.address, tmp_path) as started:
        yield started


def test_no_statement_sees_people_half_way(node: Node, shared: LocalClickHouse) -> None:
    ids = [f"visitor_{number}" for number in range(PEOPLE)]
    times = [START_MS - month * _MONTH_MS for month in range(MONTHS)]
    node.load(*(seen(id_, timestamp=at) for at in times for id_ in ids))
    with (
        http_tool(shared.address.port, "reader_a") as http,
        native_tool(shared.native_port, "reader_a") as native,
        asking(http, "SELECT uniqExact(distinct_id) FROM sql_events") as people,
        asking(native, "SELECT count() FROM (SELECT DISTINCT distinct_id FROM sql_events)") as more,
    ):
        for _ in range(2):
            node.load(*(alias(next(_numbers), id_, "owner") for id_ in ids))
            asked_more(people, more)
            node.rewrite()
            for id_ in ids:
                assert node.undo(id_, next(_numbers))
            asked_more(people, more)
            node.rewrite()
        asked_more(people, more)
    for answers in (people, more):
        # All become one at once; then one after the other leaves. A rewrite changes nothing.
        assert all(other >= one or other == 1 for one, other in itertools.pairwise(answers))
        assert {1, PEOPLE} <= set(answers) <= {*range(1, PEOPLE + 1)}
        assert answers[-1] == PEOPLE


def test_a_rewrite_waits_for_statements_that_know_less(node: Node, shared: LocalClickHouse) -> None:
    node.load(seen("visitor"), alias(next(_numbers), "visitor", "user"))
    slow = "SELECT sum(sleepEachRow(0.3)) FROM numbers(2) WHERE 'sql_events' != ''"
    with native_tool(shared.native_port, "reader_a") as tool, asking(tool, slow) as answers:
        until(lambda: node.store.run_in_background(sql_readers.running).result())
        node.rewrite()
    assert len(answers) >= 2  # one before its rows were changed, one before this was forgotten
    assert node.pending() == 0


def test_a_rewrite_waits_for_no_others(node: Node) -> None:
    assert node.store.run_in_background(sql_readers.running).result() == set()


@contextmanager
def asking(tool: Ask, sql: str) -> Iterator[list[int]]:
    """The answers to a question that is asked again and again meanwhile."""
    answers: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.extend(row[0] for row in tool(sql))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def asked_more(*answers: list[int]) -> None:
    """Until each was asked twice more."""
    counts = [len(one) for one in answers]
    until(lambda: all(len(one) > count + 2 for one, count in zip(answers, counts, strict=True)))
