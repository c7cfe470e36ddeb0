"""What is asked about virtual names, against worlds where clients sent those very names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.reference import HOUR_MS, START, Event, World, Worlds

from whipstitch.analytics.cohorts import definitions
from whipstitch.analytics.events import events, export, property_values, stream
from whipstitch.analytics.events.export import ExportQuery
from whipstitch.analytics.events.property_values import ValuesQuery
from whipstitch.analytics.expressions.time_ranges import TimeRange
from whipstitch.analytics.expressions.virtual import Virtuals
from whipstitch.analytics.people.drill_down import SelectedPage
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.parameters import Parameters
from whipstitch.web.api.report_kinds import read

_HOURS = 60
_NOW = START + timedelta(hours=_HOURS)
_RANGE = {
    "from": START.isoformat(),
    "to": _NOW.isoformat(),
}
_FILTERED = [{"property": "form", "operator": "is", "value": "join"}]
_VIRTUAL = Virtuals(
    {
        "Sign up": [
            {"event_name": "signup"},
            {"event_name": "Sign up"},
            {"event_name": "form", "filters": _FILTERED},
        ]
    },
    {"price": "amount / 4", "where": "if(country_code = 'CH', 'home', concat(country_code, '!'))"},
)
_SENT = ("view", "signup", "Sign up", "form", "buy")


def _world(random: Random) -> World:
    found = []
    for at in sorted(random.sample(range(_HOURS * 60), k=40)):
        properties: dict[str, Any] = {}
        if random.random() < 0.8:
            properties["amount"] = random.choice([0, 1, 6, 10.5, "8", "free"])
        if random.random() < 0.8:
            properties["country_code"] = random.choice(["CH", "AT", "DE"])
        properties["form"] = random.choice(["join", "news"])
        found.append(
            Event(
                random.choice(_SENT),
                random.choice(("ann", "bob", "anon1")),
                at * HOUR_MS // 60,
                properties,
                columns={"$session_id": random.choice(["", "s1", "s2"])},
            )
        )
    return World(found, {"anon1": "ann"}, frozenset({"anon1"}))


def _as_if_sent(world: World) -> World:
    """The world in which clients sent what is virtual."""

    def sent(event: Event) -> Event:
        properties = dict(event.properties)
        amount = properties.get("amount")
        if amount is not None and amount != "free":
            properties["price"] = float(amount) / 4
        if (country := properties.get("country_code")) is not None:
            properties["where"] = "home" if country == "CH" else f"{country}!"
        else:
            properties["where"] = None
        joins = event.name in ("signup", "Sign up")
        joins = joins or (event.name == "form" and properties["form"] == "join")
        return replace(event, name="Sign up" if joins else event.name, properties=properties)

    return World([sent(one) for one in world.events], world.parents, world.waiting)


_PRICE = {"property": "price", "operator": "gte", "value": 2}
_HOME = {"property": "where", "operator": "is", "value": ["home", "AT!"]}


def _is_called(operator: str, name: str) -> dict[str, str]:
    return {"property": "$event_name", "operator": operator, "value": name}


_QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "insights",
        {
            "events": [
                {"event_name": "Sign up", "math": "unique"},
                {"event_name": "Sign up", "math": "sum", "property": "price"},
                {"event_name": None, "math": "p50", "property": "price", "filters": [_HOME]},
                {"event_name": "buy", "math": "distinct", "property": "where"},
                {"event_name": "Sign up", "math": "sum", "property": "price", "per_person": "avg"},
            ],
            "interval": "day",
            "formulas": [{"expression": "B / A"}],
        },
    ),
    (
        "insights",
        {
            "events": [{"event_name": "Sign up"}, {"event_name": None, "math": "unique"}],
            "interval": "hour",
            "breakdown": {"property": "where", "limit": 2},
            "filters": [
                {"any": [_PRICE, {"property": "$event_name", "operator": "is", "value": "view"}]}
            ],
        },
    ),
    (
        "insights",
        {
            "events": [{"event_name": "Sign up", "math": "avg", "property": "price"}],
            "interval": "day",
            "breakdowns": [{"property": "where"}, {"property": "price", "buckets": [0.5, 2]}],
        },
    ),
    (
        "funnels",
        {
            "steps": [
                {"event_name": "view"},
                {"any_of": [{"event_name": "Sign up", "filters": [_HOME]}, {"event_name": "buy"}]},
                {"event_name": "view", "optional": True},
            ],
            "window_seconds": 86_400,
            "exclusions": [{"event_name": "Sign up", "filters": [_PRICE]}],
            "breakdown": {"property": "where"},
        },
    ),
    (
        "retention",
        {
            "start_event": "Sign up",
            "return_event": "Sign up",
            "interval": "day",
            "periods": 3,
            "breakdown": {"property": "where"},
            "filters": [_PRICE],
        },
    ),
    ("flows", {"event_name": "Sign up", "direction": "both", "depth": 3, "filters": [_HOME]}),
    ("flows", {"event_name": "view", "through": [{"step": 1, "event_name": "Sign up"}]}),
    ("flows", {"event_name": None, "exclude": ["Sign up"]}),
    (
        "experiments",
        {
            "exposure": {"event_name": "Sign up"},
            "variant": {"property": "where"},
            "control": "home",
            "variants": ["AT!"],
            "goal": {"event_name": None, "math": "sum", "property": "price"},
        },
    ),
    ("stickiness", {"event_name": "Sign up", "filters": [_HOME]}),
    ("lifecycle", {"event_name": "Sign up"}),
    (
        "web",
        {"filters": [_HOME, {"property": "$event_name", "operator": "is_not", "value": "buy"}]},
    ),
)
_PEOPLE: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "insights",
        {
            "events": [{"event_name": "Sign up"}],
            "interval": "day",
            "breakdown": {"property": "where"},
            "people_of": {"series": 0, "breakdown": "home"},
        },
    ),
    (
        "funnels",
        {
            "steps": [{"event_name": "view"}, {"event_name": "Sign up"}],
            "window_seconds": 86_400,
            "people_of": {"step": 1, "outcome": "converted"},
        },
    ),
)


def _answer(kind: str, sent: dict[str, Any], virtuals: Virtuals) -> Callable[[QuerySession], Any]:
    body = read(kind, {**sent, **_RANGE})
    query = virtuals.resolved(body.parsed(ZoneInfo("UTC"), _NOW))

    async def ask(session: QuerySession) -> Any:
        if body.people_of is None:
            return await body.report.answer(session, query)
        selector = await body.people_of.selector(session, query, ZoneInfo("UTC"))
        sql = body.report.people(query, selector, SelectedPage(100), session.persons)
        return sorted(await session.run(sql))

    return ask


@settings(max_examples=examples(2))
@given(seed=st.integers(0, 2**32))
def test_reports_are_those_of_a_world_where_clients_sent_these_names(
    worlds: Worlds, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    world = worlds.put(_world(random))
    plain = worlds.put(_as_if_sent(world))

    for kind, sent in (*_QUESTIONS, *_PEOPLE):
        found = worlds.read(world.scope(), _answer(kind, sent, _VIRTUAL))
        expected = worlds.read(plain.scope(), _answer(kind, sent, Virtuals()))
        assert found == expected, (kind, sent)


def _rows(what: str, virtuals: Virtuals) -> Callable[[QuerySession], Any]:
    """What lists of events, their live stream, values and cohorts find."""

    async def ask(session: QuerySession) -> Any:
        persons = session.persons
        if what == "events":
            query = virtuals.resolved(events.EventsQuery(100, "Sign up"))
            return [row[4] for row in await session.run(events.build(query, persons))]
        if what == "stream":
            live = virtuals.resolved(stream.StreamQuery("Sign up"))
            return len(await session.run(stream.landed(live, 0, 0, persons)))
        if what == "values":
            asked = virtuals.resolved(ValuesQuery("where", event_name="Sign up"))
            return await property_values.of(session, asked, _NOW)
        if what == "export":
            range_ = TimeRange(START, _NOW)
            file = virtuals.resolved(ExportQuery(range_, "jsonl", "Sign up"))
            return len(await session.run(export.build(file, persons)))
        values = Parameters()
        did = {"did": "Sign up", "at_least": 2, "filters": [_HOME]}
        definition = virtuals.resolved(
            definitions.parse({"any": [did, {**_PRICE, "value": 2.5, "on": "event"}]})
        )
        people = definitions.people(definition, _NOW, values, persons)
        return sorted(await session.run(values.sql(people)))

    return ask


def test_lists_and_cohorts_are_those_of_a_world_where_clients_sent_these_names(
    worlds: Worlds,
) -> None:
    world = worlds.put(_world(Random(4)))  # noqa: S311
    plain = worlds.put(_as_if_sent(world))

    for what in ("events", "stream", "values", "export", "cohort"):
        found = worlds.read(world.scope(), _rows(what, _VIRTUAL))
        assert found == worlds.read(plain.scope(), _rows(what, Virtuals())), what
        assert found, what


def test_what_is_asked_for_by_its_sent_name_is_called_so_in_flows(worlds: Worlds) -> None:
    names = ("view", "signup", "form", "Sign up")
    world = worlds.put(
        World([Event(name, "ann", at, {"form": "join"}) for at, name in enumerate(names)])
    )

    flows = worlds.read(
        world.scope(), _answer("flows", {"event_name": "signup", "direction": "both"}, _VIRTUAL)
    )

    assert [node.id for node in flows.nodes] == ["0:signup", "-1:view", "1:Sign up"]
