"""Properties are found under whatever name they were sent, and a name is never more than a name."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.reference import Event, Update, World, Worlds

from whipstitch.analytics.expressions import filters, properties
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.people import person_properties
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE, Rows

_BREAKING = st.sampled_from(
    [
        *(
            "`",
            "``",
            "\\`",
            "`a`",
            '"a"',
            "'",
            "''",
            "\\",
            "\\\\",
            "\\'",
            "--",
            "/*",
            "*/",
            "#",
            ";",
        ),
        *("{project_id:String}", "{v0:String}", "{x", "}", "%s", "%(v0)s", "%%", "?", "$1", "$a$"),
        *("` FROM events --", "') OR 1=1 --", "` OR project_id != '", "properties`.`a", "x`) AS y"),
        *(".:Int64", "^a", ":a", "[]", "a[0]", "%2E", "a%2Eb", "null", "size0", "\0", "\n", "\t"),
        *("\u202e", "\u2019", "😀", " ", "a ", "NULL", "1", "1.5", "toString(1)", "sleep(3)"),
    ]
)
_names = st.lists(_BREAKING | st.text(min_size=1, max_size=5), min_size=1, max_size=3).map("".join)


def _usable(name: str) -> bool:
    taken = (*properties.PROMOTED, properties.PERSON_ID)
    return name.count(".") <= 10 and name not in taken


@settings(max_examples=12, deadline=None)
@given(
    names=st.lists(
        _names.filter(_usable),
        min_size=8,
        max_size=8,
        # Such keys are stored as one.
        unique_by=lambda name: name.replace("%2E", "."),
    )
)
def test_a_property_is_found_under_the_name_it_was_sent(worlds: Worlds, names: list[str]) -> None:
    events = [
        Event("seen", "ann", 0, {name: f"value {at}"}, {"default": 1})
        for at, name in enumerate(names)
    ]
    world = worlds.put(World([*events, Event("seen", "bob", 0, {}, dict.fromkeys(names, 7))]))
    # Rows of another project, with the same names: nothing of them may be seen.
    worlds.put(World([Event("seen", "spy", 0, dict.fromkeys(names, "secret"))]))

    async def ask(reading: QuerySession) -> Rows:
        values = Parameters()
        found = [properties.of_event(name, reading.persons, Parameters()) for name in names]
        columns = ", ".join(f"({one.text}, {one.number}, {one.exists})" for one in found)
        conditions = " AND ".join(
            all_met(
                filters.parse([{"property": name, "operator": "is_not", "value": name}], "f"),
                values,
                reading.persons,
            )
            for name in names
        )
        sql = f"SELECT {columns} FROM events WHERE {IN_SCOPE} AND {conditions} ORDER BY accepted"
        return await reading.run(values.sql(sql))

    rows = worlds.read(world.scope(), ask)

    assert len(rows) == len(names) + 1
    for at, row in enumerate(rows[:-1]):
        assert row[at] == (f"value {at}", None, 1)
        assert all(one == (None, None, 0) for place, one in enumerate(row) if place != at)
    assert all(one == ("7", 7.0, 1) for one in rows[-1])


@settings(max_examples=8, deadline=None)
@given(names=st.lists(_names.filter(lambda name: name.count(".") <= 10), max_size=6, unique=True))
def test_a_trait_is_found_under_the_name_it_was_sent(worlds: Worlds, names: list[str]) -> None:
    traits = [Update("ann", name, f"value {at}") for at, name in enumerate(names)]
    world = worlds.put(World([Event("seen", "ann", 0)], updates=traits))
    worlds.put(World([Event("seen", "spy", 0)], updates=[Update("spy", n, "x") for n in names]))

    async def ask(reading: QuerySession) -> list[Any]:
        found = []
        for name in names:
            values = Parameters()
            people = person_properties.of_people(name, values)
            text = person_properties.VALUE.text
            found.append(await reading.run(values.sql(f"SELECT {text} FROM ({people})")))
        return found

    found = worlds.read(world.scope(), ask)

    assert found == [[(f"value {at}",)] for at in range(len(names))]


def _texts(worlds: Worlds, name: str, *sent: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(text, number, exists) of a property in events with these properties and defaults."""
    world = worlds.put(
        World(
            [Event("seen", "ann", 0, one.get("own", {}), one.get("defaults", {})) for one in sent]
        )
    )

    async def ask(reading: QuerySession) -> list[tuple[Any, ...]]:
        value = properties.of_event(name, reading.persons, Parameters())
        columns = f"{value.text}, {value.number}, {value.exists}"
        sql = f"SELECT {columns} FROM events WHERE {IN_SCOPE} ORDER BY accepted"
        return [tuple(row) for row in await reading.run(Parameters().sql(sql))]

    return worlds.read(world.scope(), ask)


def test_a_property_is_looked_up_in_the_defaults_where_the_event_has_none(worlds: Worlds) -> None:
    assert _texts(
        worlds,
        "price",
        {"own": {"price": 1}, "defaults": {"price": 2}},
        {"own": {"price": None}, "defaults": {"price": 2}},
        {"own": {"price": "free"}, "defaults": {"price": 2}},
        {"own": {"price": ""}, "defaults": {"price": 2}},
        {"defaults": {"price": False}},
        {},
    ) == [
        ("1", 1.0, 1),
        ("2", 2.0, 1),
        ("free", None, 1),
        ("", None, 1),
        ("false", None, 1),
        (None, None, 0),
    ]


def test_dots_walk_into_objects_unless_a_key_is_called_so(worlds: Worlds) -> None:
    assert _texts(
        worlds,
        "a.b",
        {"own": {"a": {"b": "walked"}}},
        {"own": {"a.b": "called"}},
        {"own": {"a": {"b": "walked"}, "a.b": "called"}},
        {"own": {"a": {"b": {"c": 1}}}},
        {"own": {"a": "text"}},
        {"own": {"a": {}}},
    ) == [
        ("walked", None, 1),
        ("called", None, 1),
        ("called", None, 1),
        (None, None, 1),
        (None, None, 0),
        (None, None, 0),
    ]


def test_values_of_every_type_have_a_text(worlds: Worlds) -> None:
    sent = [5, 2.0, -1.5, True, "12", "x", [1, 2], ["a", None], [{"b": 1}], "2026-05-09", 2**60]

    found = _texts(worlds, "v", *({"own": {"v": value}} for value in sent))

    assert [row[0] for row in found] == [
        *("5", "2", "-1.5", "true", "12", "x", "[1,2]", '["a",null]', '[{"b":1}]', "2026-05-09"),
        str(2**60),
    ]
    assert [row[1] for row in found] == [5, 2, -1.5, None, 12, None, None, None, None, None, 2**60]


def test_what_a_client_sent_under_a_name_of_the_servers_is_reached_by_its_place(
    worlds: Worlds,
) -> None:
    sent = {name: f"Sent {name}" for name in (*properties.PROMOTED, properties.PERSON_ID)}

    for name, value in sent.items():
        found = _texts(worlds, f"properties.{name}", {"own": sent}, {"defaults": sent}, {})
        assert found == [(value, None, 1), (None, None, 0), (None, None, 0)]
        found = _texts(worlds, f"default_properties.{name}", {"defaults": sent}, {"own": sent})
        assert found == [(value, None, 1), (None, None, 0)]
