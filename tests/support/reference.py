"""What questions are answered by, in plain Python: a small world of events, people and traits, and
what its rows look like in ClickHouse at some moment between aliases and their rewriting.

Each world has a project of its own, so worlds need not be taken away again."""

import asyncio
import itertools
import json
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from clickhouse_connect.driver.client import Client
from hypothesis import strategies as st

from whipstitch.projects import Environment, Scope
from whipstitch.queries.persons import PersonMap
from whipstitch.queries.run import Reading
from whipstitch.server.readings import StoreReadings
from whipstitch.stitching import maps
from whipstitch.storage.connect import LOADING, Address
from whipstitch.storage.store import Store

T = TypeVar("T")

START: Final = datetime(2026, 3, 27, tzinfo=UTC)
"""Two days before clocks in Europe are put forward."""
START_MS: Final = int(START.timestamp() * 1000)
HOUR_MS: Final = 3_600_000
NAMES: Final = ("view", "cart", "buy")
IDS: Final = ("ann", "bob", "cid", "anon1", "anon2", "anon3")

_COLUMNS: Final = {"$os": "os", "$country": "country", "$session_id": "session_id"}
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_projects = itertools.count()
_generations = itertools.count(800_000)


@dataclass(frozen=True)
class Event:
    """One event as it was sent. ``at`` is in milliseconds from START."""

    name: str
    sent_id: str
    at: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    default_properties: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    environment: Environment = "live"

    @property
    def ms(self) -> int:
        return START_MS + self.at


@dataclass(frozen=True)
class Update:
    """One trait of an id, None: deleted. Updates count in their order."""

    id: str
    name: str
    value: Any


@dataclass(frozen=True)
class World:
    """``parents``: the aliases in force, without loops. The rows of the ids in ``waiting`` are not
    rewritten yet."""

    events: Sequence[Event]
    parents: Mapping[str, str] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    updates: Sequence[Update] = ()
    project_id: str = field(default_factory=lambda: f"world_{next(_projects)}")

    def person(self, id_: str) -> str:
        while id_ in self.parents:
            id_ = self.parents[id_]
        return id_

    def traits(self, person: str) -> dict[str, Any]:
        traits: dict[str, Any] = {}
        for update in self.updates:
            if self.person(update.id) == person:
                traits[update.name] = update.value
        return {name: value for name, value in traits.items() if value is not None}

    def scope(self, environment: Environment = "live") -> Scope:
        return Scope(self.project_id, environment)

    def matching(
        self, name: str | None, filters: Iterable[Mapping[str, Any]], start: int, end: int
    ) -> list[Event]:
        """The live events of a name that pass all filters; times as in ``Event.at``."""
        return [
            event
            for event in self.events
            if event.environment == "live"
            and name in (None, event.name)
            and start <= event.at < end
            and all(self.passes(event, one) for one in filters)
        ]

    def value(self, event: Event, name: str, on: str = "event") -> Any:
        """What an event, or its person, has under a property's name; None: nothing."""
        if on == "person":
            return _walk(self.traits(self.person(event.sent_id)), name)
        if name == "$distinct_id":
            return self.person(event.sent_id)
        if name == "$event_name":
            return event.name
        if name in _COLUMNS:
            return event.columns.get(name) or None
        for source in (event.properties, event.default_properties):
            if (value := _walk(source, name)) is not None and not isinstance(value, dict):
                return value
        return _walk(event.properties, name) or _walk(event.default_properties, name)

    def passes(self, event: Event, filter_: Mapping[str, Any]) -> bool:
        operator = filter_["operator"]
        if operator in ("is_not", "not_contains", "is_not_set"):
            opposite = {"is_not": "is", "not_contains": "contains", "is_not_set": "is_set"}
            return not self.passes(event, {**filter_, "operator": opposite[operator]})
        on = filter_.get("on", "event")
        value = self.value(event, filter_["property"], on)
        if operator == "is_set":
            return value is not None
        wanted = filter_["value"]
        options = wanted if isinstance(wanted, list) else [wanted]
        if filter_["property"] == "$distinct_id" and on == "event" and operator == "is":
            return value in {self.person(text(one) or "") for one in options}
        found = text(value, objects=on == "person")
        return found is not None and any(_meets(operator, found, one) for one in options)


def _meets(operator: str, found: str, wanted: Any) -> bool:
    number = number_in(found)
    if operator == "is":
        if isinstance(wanted, int | float) and not isinstance(wanted, bool):
            return number == wanted
        return found == text(wanted)
    if operator == "contains":
        return (text(wanted) or "").lower() in found.lower()
    if operator == "regex":
        return re.search(text(wanted) or "", found) is not None
    limit = number_in(text(wanted) or "")
    left, right = (found, text(wanted)) if limit is None else (number, limit)
    if left is None:
        return False
    order = (left > right) - (left < right)  # type: ignore[operator] # both text, or both numbers
    return {"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[operator]


def text(value: Any, *, objects: bool = False) -> str | None:
    """A value as filters and breakdowns see it; None: there is none."""
    if value is None or (isinstance(value, dict) and not objects):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def number_in(found: str | None) -> float | None:
    """The number that a text reads as."""
    if found is None or not _NUMBER.fullmatch(found):
        return None
    number = float(found)
    return number if math.isfinite(number) else None


def _walk(source: Mapping[str, Any], name: str) -> Any:
    """A key of that very name, else dots walk into objects. Empty objects are nothing."""
    value = source.get(name)
    if value is None and "." in name:
        value = source
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
    return None if value == {} else value


# Worlds to try


_PROPERTIES: Final = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["free", "pro", "Team é", "", "$other", "o'dd\"`\\"])
        | st.sampled_from([None, True, False, ["pro", "x"], [1, 2], {"name": "pro"}]),
        "price": st.sampled_from([0, 1, 2, 10, -3, 2.5, 1.0, "10", " 1", "2.50", "nan", "1e999"])
        | st.sampled_from([True, None, [3], 2**60, "abc", "1e1"]),
        "a": st.sampled_from(["x", {"b": 1}, {"b": "one"}, {"b": {"c": True}}, {}, None]),
        "a.b": st.sampled_from([2, "two"]),
    },
)
EVENTS: Final = st.builds(
    Event,
    name=st.sampled_from(NAMES),
    sent_id=st.sampled_from(IDS),
    # Few instants, so that many events share one; some lie outside every range that is asked for.
    at=st.integers(-2, 80).map(lambda step: step * HOUR_MS * 2) | st.integers(0, 160 * HOUR_MS),
    properties=_PROPERTIES,
    default_properties=_PROPERTIES,
    columns=st.fixed_dictionaries(
        {}, optional={"$os": st.sampled_from(["ios", "", "web"]), "$country": st.just("FR")}
    ),
    environment=st.sampled_from(["live", "live", "live", "test"]),
)
_UPDATES: Final = st.builds(
    Update,
    id=st.sampled_from(IDS),
    name=st.sampled_from(["plan", "age", "address", "address.city"]),
    value=st.sampled_from(["pro", "free", "", 30, 30.5, True, None, {"city": "Paris"}, [1]]),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Some events, some of them twice, of people with several ids."""
    events = draw(st.lists(EVENTS, min_size=1, max_size=30))
    again = draw(st.lists(st.sampled_from(events), max_size=3))
    # An id's parent is one before it: no loops.
    parents = {
        id_: draw(st.sampled_from(IDS[:index]))
        for index, id_ in enumerate(IDS)
        if index and draw(st.booleans())
    }
    waiting = draw(st.sets(st.sampled_from(sorted(parents)))) if parents else set()
    updates = draw(st.lists(_UPDATES, max_size=6))
    return World([*events, *again], parents, frozenset(waiting), updates)


# Rows


class Worlds:
    """Worlds in one embedded storage."""

    def __init__(self, store: Store, client: Client, scratch: Path) -> None:
        self._store = store
        self._client = client
        self._scratch = scratch
        self._map = PersonMap(next(_generations))

    def put(self, world: World) -> World:
        """Stores its rows, and makes the map that reads of it want."""
        write(world, self._client, self._scratch)
        if world.waiting:
            self._map = maps.make(self._client, next(_generations))
        return world

    def read(self, scope: Scope, work: Callable[[Reading], Awaitable[T]]) -> T:
        """What ``work`` finds in a reading."""

        async def run() -> T:
            async with StoreReadings(self._store, self).open(scope) as reading:
                return await work(reading)

        return asyncio.run(run())

    @contextmanager
    def hold(self) -> Iterator[PersonMap]:
        yield self._map

    def command(self, sql: str) -> None:
        self._client.command(sql)


@contextmanager
def worlds_in(url: str, scratch: Path) -> Iterator[Worlds]:
    """An embedded storage for worlds, which leaves nothing that other tests would meet."""
    store = Store.open(url, durable=False, retention_days=0)
    client = Address.parse(url).connect(LOADING, seconds=60)
    try:
        yield Worlds(store, client, scratch)
    finally:
        made = client.query("SELECT name FROM system.tables WHERE name LIKE 'person\\_map\\_%'")
        for (name,) in made.result_rows:
            client.command(f"DROP TABLE {name} SYNC")
        for table in ("events", "person_traits", "person_ids", "person_moves", "person_maps"):
            client.command(f"TRUNCATE TABLE {table}")
        client.close()
        store.close()


_EVENT_FIELDS: Final = (
    "environment String, event_name String, at Int64, accepted UInt64, id String, "
    "distinct_id String, anon_id String, session_id String, os String, country String, "
    "properties String, default_properties String"
)


def write(world: World, client: Client, scratch: Path) -> None:
    """Stores the rows of a world. ``client`` is one that loads."""
    rows = [_event_row(world, number, event) for number, event in enumerate(world.events)]
    path = scratch / f"{world.project_id}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    columns = "environment, event_name, accepted, id, distinct_id, anon_id, session_id, os, country"
    client.command(
        f"INSERT INTO events ({columns}, project_id, timestamp, received_at, properties, "
        "properties_sent, default_properties, default_properties_sent) "
        f"SELECT {columns}, {{project:String}}, fromUnixTimestamp64Milli(at, 'UTC'), now64(3), "
        "CAST(properties, 'JSON(max_dynamic_paths = 256)'), properties, "
        "CAST(default_properties, 'JSON(max_dynamic_paths = 64)'), default_properties "
        "FROM file({path:String}, 'JSONEachRow', {fields:String})",
        {"project": world.project_id, "path": str(path), "fields": _EVENT_FIELDS},
    )
    path.unlink()
    _insert(client, world, "person_ids", _links(world))
    _insert(client, world, "person_moves", _moves(world))
    _insert(client, world, "person_traits", _traits(world))


def _event_row(world: World, number: int, event: Event) -> dict[str, Any]:
    """A row is rewritten as far as no id on its way waits."""
    stored = event.sent_id
    if event.environment == "live":
        while stored in world.parents and stored not in world.waiting:
            stored = world.parents[stored]
    return {
        "environment": event.environment,
        "event_name": event.name,
        "at": event.ms,
        "accepted": number,
        "id": f"evt_{number}",
        "distinct_id": stored,
        "anon_id": "" if stored == event.sent_id else event.sent_id,
        "session_id": event.columns.get("$session_id", ""),
        "os": event.columns.get("$os", ""),
        "country": event.columns.get("$country", ""),
        "properties": json.dumps(event.properties),
        "default_properties": json.dumps(event.default_properties),
    }


def _links(world: World) -> list[dict[str, Any]]:
    return [
        {"id": id_, "parent": parent, "person": world.person(id_), "version": 1}
        for id_, parent in world.parents.items()
    ]


def _moves(world: World) -> list[dict[str, Any]]:
    return [
        {"stands_in": "distinct_id", "id": id_, "person": world.person(id_), "version": 1}
        for id_ in sorted(world.waiting)
    ]


def _traits(world: World) -> list[dict[str, Any]]:
    return [
        {
            "distinct_id": update.id,
            "property": update.name,
            "value": "" if update.value is None else _json(update.value),
            "deleted": update.value is None,
            # Updates of one instant are told apart by the order in which they were accepted.
            "timestamp": START + (number // 2) * (START.resolution * 1000),
            "accepted": number,
            "version": number,
        }
        for number, update in enumerate(world.updates)
    ]


def _insert(client: Client, world: World, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        scope = {"project_id": world.project_id, "environment": "live"}
        complete = [scope | row for row in rows]
        client.insert(table, [list(row.values()) for row in complete], list(complete[0]))
