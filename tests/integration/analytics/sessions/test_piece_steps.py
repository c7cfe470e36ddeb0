"""Sessions that are summed up, against those that events alone make, which ``test_sessions.py``
holds against plain Python; and what takes steps back."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.segments import START_MS, alias, event
from tests.support.stitching import LIVE, Node, accepted

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.session import QuerySession, SessionFactory
from whipstitch.analytics.sessions import asking, piece_steps, pieces, sessions, summed_up
from whipstitch.analytics.sessions.sessions import Sessions
from whipstitch.core.projects import Scope
from whipstitch.identity.erasure import hide, records
from whipstitch.registry.acceptance import Watermark
from whipstitch.warehouse.maintenance import retention, session_steps
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import Rows, Sql

_MINUTE = 60_000
_DAY = 24 * 60 * _MINUTE
_IDS = "abcde"
_EVERY = Sessions(
    TimeRange(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
)
_numbers = itertools.count(10, 10)
"""Of acceptance: rows in between are late."""
_projects = itertools.count()


def _read(node: Node, scope: Scope, work: Callable[[QuerySession], Any]) -> Any:
    async def read() -> Any:
        async with SessionFactory(node.store, node.maps).open(scope, "test") as reading:
            return await work(reading)

    return asyncio.run(read())


def _asked(node: Node, query: Sessions = _EVERY, scope: Scope = LIVE) -> tuple[bool, Rows]:
    """Whether pieces were asked, and what is said in the end, in order."""
    of_pieces = False

    def build(select: Any) -> Sql:
        nonlocal of_pieces
        of_pieces = select.func is summed_up.select
        values = Parameters()
        return values.sql(
            f"SELECT * FROM ({select(query, values)}) ORDER BY key, session_id, start"
        )

    rows = _read(node, scope, lambda reading: asking.asked(reading, query, build))
    return of_pieces, [tuple(row) for row in rows]


def _by_events(node: Node, query: Sessions = _EVERY, scope: Scope = LIVE) -> Rows:
    async def ask(reading: QuerySession) -> Rows:
        values = Parameters()
        of_events = sessions.select(query, values, reading.persons)
        sql = values.sql(f"SELECT * FROM ({of_events}) ORDER BY key, session_id, start")
        return [tuple(row) for row in await reading.run(sql)]

    rows: Rows = _read(node, scope, ask)
    return rows


def _until(node: Node) -> int:
    return int(node.store.run_in_background(session_steps.in_force).result().until)


def _pieces(node: Node) -> int:
    return node.count("session_pieces")


def _erase(node: Node, id_: str, number: int, scope: Scope = LIVE) -> None:
    """Up to where they are hidden."""
    at = accepted(number)
    ids = node.link(partial(hide.ids_at, scope=scope, id_=id_, accepted=at))
    if ids:
        asked = node.link(partial(node.record.add, scope=scope, ids=ids, accepted=at))
        node.link(partial(node.linker.forget, scope=scope, ids=ids, accepted=at))
        node.link(partial(records.save, erasure=asked.now("running", 0)))


class _History:
    """What happens to some people of a project, one thing after the other."""

    def __init__(self, node: Node, seed: int) -> None:
        self.node = node
        self.random = Random(seed)  # noqa: S311
        self.scope = Scope(f"proj_{next(_projects)}", "live")
        self.numbers = [next(_numbers)]
        self.late = itertools.count(1)

    def go_on(self) -> None:
        happens = self.random.choices(
            (
                *(self.visits, self.step, self.half_a_step, self.alias, self.undo),
                *(self.late_visit, self.erase, self.node.rewrite),
            ),
            weights=(8, 4, 1, 3, 1, 1, 1, 1),
        )[0]
        happens()

    def next(self) -> int:
        self.numbers.append(next(_numbers))
        return self.numbers[-1]

    def visits(self) -> None:
        self.node.load(*(self.event(self.next()) for _ in range(self.random.randint(1, 12))))

    def late_visit(self) -> None:
        self.node.load(self.event(self.random.choice(self.numbers) + next(self.late) % 9 + 1))

    def step(self) -> None:
        self.node.sum_sessions_up(most=self.random.choice([3, 1000]))

    def half_a_step(self) -> None:
        self.node.make_session_step()

    def alias(self) -> None:
        self.node.load(alias(self.next(), *self.random.sample(_IDS, 2), **self.scope._asdict()))

    def undo(self) -> None:
        self.node.undo(self.random.choice(_IDS), self.next(), self.scope)

    def erase(self) -> None:
        _erase(
            self.node,
            self.random.choice(_IDS),
            self.random.choice([self.numbers[-1], self.random.choice(self.numbers)]),
            self.scope,
        )

    def event(self, number: int) -> bytes:
        random = self.random
        at = random.choice([0, 1, 2, 3]) * _DAY + random.choice([0, 1, 20, 50, 600]) * _MINUTE
        at += random.choice([0, 1, 30 * _MINUTE, 30 * _MINUTE + 1, random.randrange(_DAY)])
        options: dict[str, list[Any]] = {
            "$pathname": ["/", "/a", "/b"],
            "$referrer": ["https://www.google.com/", "https://news.example/x", "o'dd\\"],
            "utm_source": ["newsletter", "x"],
            "utm_medium": ["cpc", "email"],
        }
        properties = {
            name: random.choice(values) for name, values in options.items() if random.random() < 0.6
        }
        return event(
            number,
            **self.scope._asdict(),
            timestamp=START_MS + at,
            distinct_id=random.choice(_IDS),
            session_id=random.choice(["", "s", "t"]),
            event_name=random.choice(["$pageview", "$pageview", "$screen_seen", "bought", "$set"]),
            country=random.choice(["DE", "FR", ""]),
            properties=json.dumps(properties),
        )


@settings(
    max_examples=examples(3),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_sessions_are_the_same_as_of_events_whatever_happened(node: Node, seed: int) -> None:
    history = _History(node, seed)
    for _ in range(16):
        history.go_on()
        start = datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(
            minutes=history.random.choice([-600, 0, 20, 1440])
        )
        end = start + timedelta(minutes=history.random.choice([1, 300, 1440, 9000]))
        query = Sessions(TimeRange(start, end), viewed=history.random.random() < 0.5)
        assert _asked(node, query, history.scope)[1] == _by_events(node, query, history.scope)
    history.visits()
    node.sum_sessions_up()
    everything = _by_events(node, scope=history.scope)
    assert _asked(node, scope=history.scope) == (True, everything)


def _load(node: Node, *numbers: int, id_: str = "a") -> None:
    node.load(*(event(one, distinct_id=id_, event_name="$pageview") for one in numbers))


def test_reads_use_pieces_up_to_the_step_and_events_after_it(node: Node) -> None:
    _load(node, 1, 2)
    assert _asked(node)[0] is False
    assert node.sum_sessions_up()
    node.store.query("INSERT INTO session_pieces SELECT * FROM session_pieces")
    _load(node, 3)
    of_pieces, rows = _asked(node)
    assert of_pieces
    assert [row[6] for row in rows] == [5], "two, told twice, and one"


def test_what_pieces_do_not_know_is_asked_of_events(node: Node) -> None:
    _load(node, 1)
    node.sum_sessions_up()
    of_events = filters.parse([{"property": "$os", "operator": "is", "value": "ios"}], "filters")
    query = replace(_EVERY, filters=tuple(of_events))
    assert _asked(node, query) == (False, _by_events(node, query))


def test_a_step_is_taken_when_there_is_enough_to_do(node: Node) -> None:
    clock = itertools.count(1).__next__
    assert not node.sum_sessions_up(clock=clock)
    _load(node, 1, 2)
    assert not node.sum_sessions_up(events=2, clock=lambda: 10**10, began=10**10 - 1)
    assert node.sum_sessions_up(events=2, clock=lambda: 10**10), "there was none before"
    assert not node.sum_sessions_up(events=0)
    _load(node, 3, 4)
    assert not node.sum_sessions_up(events=2, clock=lambda: 10**10 + 1)
    assert node.sum_sessions_up(events=1, clock=lambda: 10**10 + 1)
    _load(node, 5)
    assert node.sum_sessions_up(events=2, clock=lambda: 2 * 10**10), "it is some time ago"


def test_many_events_are_summed_up_in_several_steps(node: Node) -> None:
    _load(node, *range(10))
    made = node.make_session_step(most=4)
    assert made is not None
    assert made.more
    assert node.put_in_force(made)
    assert _until(node) == accepted(3)
    assert node.sum_sessions_up(most=4)
    assert node.sum_sessions_up(most=4)
    assert _until(node) == accepted(9)
    assert _asked(node) == (True, _by_events(node))


def test_a_step_that_was_cut_off_is_made_again(node: Node) -> None:
    _load(node, 1)
    node.sum_sessions_up()
    _load(node, 2)
    node.make_session_step()
    assert _asked(node) == (True, _by_events(node))
    _load(node, 3)
    assert node.sum_sessions_up()
    assert _pieces(node) == 2
    assert _asked(node) == (True, _by_events(node))


def test_events_that_come_late_take_back_what_was_made_from_there_on(node: Node) -> None:
    for number in (10, 20, 30):
        _load(node, number)
        node.sum_sessions_up()
    _load(node, 15)
    assert _until(node) == accepted(10)
    assert _asked(node) == (True, _by_events(node))
    assert node.sum_sessions_up()
    assert _asked(node) == (True, _by_events(node))
    assert _pieces(node) == 2


def test_a_step_that_was_begun_before_an_event_came_late_is_dropped(node: Node) -> None:
    _load(node, 10)
    node.sum_sessions_up()
    _load(node, 20)
    made = node.make_session_step()
    assert made is not None
    _load(node, 5)
    assert not node.put_in_force(made)
    assert _until(node) == 0
    assert node.sum_sessions_up()
    assert _asked(node) == (True, _by_events(node))


def test_a_step_has_no_event_beyond_the_watermark(node: Node) -> None:
    _load(node, 5, 9)
    early = Watermark(accepted(5))
    making = partial(piece_steps.make, watermark=early, events=0)
    made = node.store.run_in_background(making).result()
    assert made is not None
    assert node.link(partial(piece_steps.publish, made=made, current=lambda: early))
    assert node.store.query("SELECT sum(events) FROM session_pieces") == [(1,)]
    assert _asked(node) == (True, _by_events(node))


def test_an_erasure_takes_the_pieces_of_its_ids_at_once(node: Node) -> None:
    _load(node, 1, 2)
    _load(node, 3, id_="b")
    node.load(alias(4, "a", "user"))
    node.sum_sessions_up()
    _load(node, 5, id_="b")
    made = node.make_session_step()
    assert made is not None
    _erase(node, "user", 6)
    assert node.store.query("SELECT DISTINCT sent_id FROM session_pieces") == [("b",)]
    assert not node.put_in_force(made), "it was begun before"
    assert _asked(node) == (True, _by_events(node))
    assert node.sum_sessions_up()
    assert _asked(node) == (True, _by_events(node))


def test_what_came_after_an_erasure_stays(node: Node) -> None:
    _load(node, 10)
    node.sum_sessions_up()
    _load(node, 30)
    node.sum_sessions_up()
    _erase(node, "a", 20)
    _, rows = _asked(node)
    assert [row[6] for row in rows] == [1]
    assert rows == _by_events(node)


def test_while_somebody_is_to_be_hidden_no_step_is_taken(node: Node) -> None:
    _load(node, 1)
    node.link(partial(node.record.add, scope=LIVE, ids=["a"], accepted=accepted(5)))
    assert not node.sum_sessions_up()


def test_who_does_not_lead_any_more_takes_no_step(node: Node) -> None:
    _load(node, 1)
    assert not node.sum_sessions_up(leads=lambda: 0)
    turns = iter((1, 1))
    made = node.make_session_step(leads=lambda: next(turns, 0))
    assert made is not None
    current = node.acceptance.current
    assert not node.link(partial(piece_steps.publish, made=made, current=current, leads=lambda: 0))
    assert _until(node) == 0


def test_pieces_of_another_version_do_not_count_and_are_made_anew(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    _load(node, 1)
    node.sum_sessions_up()
    monkeypatch.setattr(pieces, "MADE_BY", "another")
    assert _asked(node) == (False, _by_events(node))
    assert node.sum_sessions_up()
    assert _pieces(node) == 1
    assert _asked(node) == (True, _by_events(node))


def test_the_next_process_knows_what_is_summed_up(node: Node) -> None:
    _load(node, 5)
    node.sum_sessions_up()
    assert node.link(retention.summarized_until) == accepted(5)
