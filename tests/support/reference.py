"""What questions are answered by, in plain Python: a small world of events, people and traits, and
what its rows look like in ClickHouse at some moment between aliases and their rewriting.

Each world has a project of its own, so worlds need not be taken away again."""

import asyncio
import itertools
import json
import math
import re
import unicodedata
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, Final, TypeVar

from tests.support.clickhouse import opened
from tests.support.cluster import CLUSTER, TABLES, connected, place_of

from whipstitch.analytics.expressions.filters import OPERATORS
from whipstitch.analytics.session import QuerySession, SessionFactory
from whipstitch.analytics.sessions import piece_steps
from whipstitch.core.projects import Environment, Scope
from whipstitch.identity import map_generations
from whipstitch.identity.person_map import PersonMap
from whipstitch.registry.acceptance import Watermark
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.connection import LOADING, Address
from whipstitch.warehouse.maintenance import session_steps
from whipstitch.warehouse.store import Store

T = TypeVar("T")

START: Final = datetime(2026, 3, 27, tzinfo=UTC)
"""Two days before clocks in Europe are put forward."""
START_MS: Final = int(START.timestamp() * 1000)
HOUR_MS: Final = 3_600_000
NAMES: Final = ("view", "cart", "buy")
IDS: Final = ("ann", "bob", "cid", "anon1", "anon2", "anon3")

_COLUMNS: Final = {"$os": "os", "$country": "country", "$session_id": "session_id"}
_RESERVED: Final = ("name", "email", "avatar", "phone")
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
    """One trait of an id, None: deleted. Updates count by their time (in milliseconds from START),
    those of one time in their order."""

    id: str
    name: str
    value: Any
    at: int = 0


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
        """What is known of a person, the reserved ones in both spellings."""
        traits: dict[str, Any] = {}
        for update in sorted(self.updates, key=lambda update: update.at):
            if self.person(update.id) == person:
                plain = update.name.removeprefix("$")
                names = (plain, f"${plain}") if plain in _RESERVED else (update.name,)
                traits |= dict.fromkeys(names, update.value)
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
        return self._sent(event, name)

    def _sent(self, event: Event, name: str) -> Any:
        """What the client sent under a name, or where the name says that it did."""
        places = [(event.properties, name), (event.default_properties, name)]
        if name.startswith("properties."):
            places.append((event.properties, name.removeprefix("properties.")))
        if name.startswith("default_properties."):
            places.append((event.default_properties, name.removeprefix("default_properties.")))
        found = [value for source, key in places if (value := _walk(source, key)) is not None]
        return next(
            (one for one in found if not isinstance(one, dict)), found[0] if found else None
        )

    def passes(self, event: Event, filter_: Mapping[str, Any]) -> bool:
        if "any" in filter_:
            return any(self.passes(event, one) for one in filter_["any"])
        if "all" in filter_:
            return all(self.passes(event, one) for one in filter_["all"])
        operator = filter_["operator"]
        opposite = {
            "is_not": "is",
            "not_contains": "contains",
            "is_not_set": "is_set",
            "none_of": "any_of",
        }
        if operator in opposite:
            return not self.passes(event, {**filter_, "operator": opposite[operator]})
        on = filter_.get("on", "event")
        value = self.value(event, filter_["property"], on)
        if operator == "is_set":
            return value is not None
        wanted = filter_["value"]
        options = wanted if isinstance(wanted, list) else [wanted]
        if filter_["property"] == "$distinct_id" and on == "event" and operator in ("is", "any_of"):
            return value in {self.person(text(one) or "") for one in options}
        if filter_["property"] == "$os" and on == "event" and operator != "regex":
            options = [one.lower() if isinstance(one, str) else one for one in options]
        if operator in ("any_of", "all_of"):
            elements = value if isinstance(value, list) else [value]
            inside = [one for element in elements if (one := text(element)) is not None]
            each = (any(_meets("is", element, one) for element in inside) for one in options)
            return any(each) if operator == "any_of" else all(each)
        found = text(value)
        return found is not None and any(_meets(operator, found, one) for one in options)


def _meets(operator: str, found: str, wanted: Any) -> bool:
    number = number_in(found)
    limit = number_in(text(wanted))
    if operator == "is":
        return found == text(wanted) if limit is None else number == limit
    if operator == "contains":
        return folded(text(wanted) or "") in folded(found)
    if operator == "regex":
        return re.search(text(wanted) or "", found) is not None
    if operator in ("before", "after"):
        moment, asked = moment_in(found), moment_in(wanted)
        return moment is not None and (moment < asked if operator == "before" else moment > asked)
    left: Any = number
    right: Any = limit
    if operator.startswith("semver_"):
        left, right = version_in(found), version_in(wanted)
    elif limit is None:
        left, right = found, text(wanted)
    if left is None:
        return False
    order = (left > right) - (left < right)
    comparison = operator.removeprefix("semver_")
    met = {"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}
    return bool(met[comparison])


def text(value: Any) -> str | None:
    """A value as filters and breakdowns see it; None: there is none."""
    if value is None or isinstance(value, dict):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _json(value)


def folded(value: str) -> str:
    """Without what tells the cases of letters apart, and composed."""
    return unicodedata.normalize("NFC", value.replace("\u0130", "i").casefold())


def moment_in(found: str) -> Any:
    """The unix milliseconds of the time that a text is; None: it is none."""
    number = number_in(found)
    if number is not None:
        return number * 1000 if number < 1e11 else number if number < 1e14 else number / 1000
    if re.match(r"\d{4}-\d{2}-\d{2}([T ]|$)", found):
        moment = datetime.fromisoformat(found)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.timestamp() * 1000
    return None


def version_in(found: str) -> Any:
    """What sorts as the version does that a text is; None: it is none."""
    match = re.fullmatch(r"[vV]?(\d+(?:\.\d+)*)(?:-([\w.-]+))?(?:\+[\w.-]+)?", found)
    if match is None:
        return None
    numbers = [int(one) for one in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    parts = match[2].split(".") if match[2] else []
    before = [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in parts]
    return numbers, not before, before


def _json(value: Any) -> str:
    return json.dumps(_shortest(value), separators=(",", ":"), ensure_ascii=False)


def _shortest(value: Any) -> Any:
    """With the numbers in it in their shortest way, and no keys without a value."""
    if isinstance(value, list):
        return [_shortest(one) for one in value]
    if isinstance(value, dict):
        return {name: _shortest(one) for name, one in value.items() if not _is_nothing(one)}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number_in(found: str | None) -> Fraction | float | None:
    """The number that a text reads as."""
    if found is None or not _NUMBER.fullmatch(found):
        return None
    number = float(found)
    if not math.isfinite(number):
        return None
    return Fraction(found) if abs(number) >= 2**53 else number


def _walk(source: Mapping[str, Any], name: str) -> Any:
    """A key of that very name, else dots walk into objects. Empty objects are nothing."""
    value = source.get(name)
    if value is None and "." in name:
        value = source
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
    return None if _is_nothing(value) else value


def _is_nothing(value: Any) -> bool:
    """Whether there is no value in it."""
    return value is None or (isinstance(value, dict) and all(map(_is_nothing, value.values())))


# Worlds to try

_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "plan": [
        *("free", "pro", "Team é", "", "o'dd\"`\\", "10", True, False, None),
        *(["pro", "x"], [1, 2], {"name": "pro"}, ["https://a/b", "free"], [True, 10, "x"], []),
        *("\u0130stanbul", "Team e\u0301", "stra\u00dfe"),
    ],
    "price": [
        *(0, 1, 2, 10, -3, 2.5, 1.0, 2**40, True, None, [3]),
        *("10", " 1", "2.50", "nan", "1e999", "1e1", "abc"),
        *("1.0", "01", "+1", -0.0, 2**53, 2**53 + 1, str(2**53 + 1), "1e16", 2**64 + 1, ["10", 2]),
    ],
    "version": [
        *("2.4", "2.4.0", "2.4.1", "2.10.0", "v3", "2.4.0-rc.1", "2.4.0-rc.11", "2.4.0-rc.a"),
        *("2.4.0-alpha", "2.4.0+build.7", "two", "2.4.", 3, 2.5, "1.0.0.1"),
    ],
    "renewed": [
        *("2026-05-01", "2026-04-30T23:00:00.499Z", "2026-04-30 23:00:00.501", "May", None),
        *("2026-05-01T00:30:00+02:00", 1_777_593_600, "1777593599999", 1_777_593_600_000_001),
    ],
    "$os": ["iOS", "Web", ["x"], None],
    "properties": [{"plan": "inside"}],
    "tags": [["a", "b"], ["b"], "a", ["a", None, {"k": 1}, ["b"], 1.0], [], ["1", "c"]],
    "a": ["x", {"b": 1}, {"b": "one"}, {"b": {"c": True}}, {}, None],
    "a.b": [2, "two"],
    "o'd\"`\\d": ["x"],
}
_OTHER_NAMES: Final = (
    *("a.b.c", "$distinct_id", "gone", "properties.$os", "default_properties.$os"),
    *("properties.plan", "default_properties.price", "properties.a.b"),
)
_COLUMN_VALUES: Final = {"$os": ["ios", "web", ""], "$country": ["FR", ""], "$session_id": ["s1"]}
_TRAITS: Final[Mapping[str, Sequence[Any]]] = {
    "plan": ["pro", "free", "", True, None],
    "age": [30, 30.5, "30", "30.0", -0.0, 2**53 + 1, None],
    "tags": [["a", "b"], ["b", 1.0], "a", []],
    "version": ["2.4", "2.4.1", "2.10.0-rc.1"],
    "address": [{"city": "Paris"}, {"city": None}, {}, [1], {"city": {"x": None}}, ["a/b", "c"]],
    "address.city": ["Rome", None],
    "email": ["ann@example.com", None],
    "$email": ["bob@example.com", None],
}


def random_world(random: Random, events: int = 60) -> World:
    """Some events, some of them twice, of people with several ids."""
    sent = [_random_event(random) for _ in range(events)]
    sent += random.choices(sent, k=events // 10)
    # An id's parent is one before it: no loops.
    parents = {
        id_: random.choice(IDS[:index])
        for index, id_ in enumerate(IDS)
        if index and random.random() < 0.6
    }
    waiting = frozenset(id_ for id_ in parents if random.random() < 0.5)
    return World(sent, parents, waiting, [_random_update(random) for _ in range(16)])


def _random_event(random: Random) -> Event:
    def some(values: Mapping[str, Sequence[Any]], share: float) -> dict[str, Any]:
        return {
            name: random.choice(options)
            for name, options in values.items()
            if random.random() < share
        }

    # Few instants, so that many events share one; some lie outside of every range.
    step, count = random.choice([(2 * HOUR_MS, 80), (HOUR_MS // 7, 1120)])
    return Event(
        random.choice(NAMES),
        random.choice(IDS),
        step * random.randint(-2, count),
        some(_VALUES, 0.6),
        some(_VALUES, 0.3),
        some(_COLUMN_VALUES, 0.6),
        "test" if random.random() < 0.1 else "live",
    )


def _random_update(random: Random) -> Update:
    name = random.choice(list(_TRAITS))
    return Update(random.choice(IDS), name, random.choice(_TRAITS[name]), random.randrange(5))


def random_filter(random: Random) -> dict[str, Any]:
    """A filter, or a group of them, that some events of a random world pass, mostly."""
    if random.random() < 0.1:
        several = [random_filter(random) for _ in range(random.randint(1, 3))]
        return {random.choice(["any", "all"]): several}
    on = random.choice(["event", "event", "person"])
    if on == "event":
        name = random.choice([*_VALUES, *_COLUMN_VALUES, *_OTHER_NAMES])
        sent = name.removeprefix("default_").removeprefix("properties.")
        options = [*_VALUES.get(sent, ()), *_COLUMN_VALUES.get(sent, ()), *IDS]
    else:
        name = random.choice([*_TRAITS, "gone"])
        options = [*_TRAITS.get(name, ()), "Paris"]
    scalars = [one for one in options if isinstance(one, str | int | float)]
    lists = [one for one in options if isinstance(one, list)]
    scalars += [_json(one) for one in lists]
    scalars += [one for many in lists for one in many if isinstance(one, str | int | float)]
    operator = random.choice(OPERATORS)
    filter_ = {"property": name, "operator": operator, "on": on}
    if operator in ("is_set", "is_not_set"):
        return filter_
    value: Any = random.choice(scalars)
    if operator in ("gt", "gte", "lt", "lte"):
        value = random.choice([one for one in scalars if not isinstance(one, bool)])
    elif operator.startswith("semver_"):
        value = random.choice([*filter(version_in, map(str, _VALUES["version"])), "2", "2.4.0-1"])
    elif operator in ("before", "after"):
        value = random.choice(
            ["2026-05-01", "2026-05-01T01:00:00.500+02:00", "1970-01-01T00:00:02"]
        )
    elif operator == "regex":
        value = random.choice(["^p", "[0-9]+$", "o.d", "."])
    elif operator in ("contains", "not_contains"):
        value = (str(value) or "o").upper()
    elif random.random() < 0.4:
        value = random.sample(scalars, k=min(3, len(scalars)))
    return filter_ | {"value": value}


# Rows


class Worlds:
    """Worlds in one storage."""

    problem: str | None = None

    def __init__(self, store: Store, client: Client) -> None:
        self._store = store
        self._client = client
        self._map = PersonMap(next(_generations))

    def put(self, world: World) -> World:
        """Stores its rows, and makes the map that reads of it want."""
        write(world, self._client)
        if world.waiting:
            self._map = map_generations.make(self._client, next(_generations))
        return world

    def read(self, scope: Scope, work: Callable[[QuerySession], Awaitable[T]]) -> T:
        """What ``work`` finds in a reading."""

        async def run() -> T:
            async with SessionFactory(self._store, self).open(scope, "test") as reading:
                return await work(reading)

        return asyncio.run(run())

    @contextmanager
    def hold(self) -> Iterator[PersonMap]:
        yield self._map

    def command(self, sql: str) -> None:
        self._client.command(sql)

    def sum_sessions_up(self, rows: int) -> None:
        """Of the first so many rows of each world, and of no others."""
        session_steps.take_back(self._client)
        watermark = Watermark(rows)
        if made := piece_steps.make(self._client, watermark, events=0):
            piece_steps.publish(self._client, made, lambda: watermark)


@contextmanager
def worlds_in(address: Address) -> Iterator[Worlds]:
    """A storage for worlds."""
    client = connected(place_of(address), LOADING)
    with closing(client), opened(address) as store:
        yield Worlds(store, client)


_EVENT_FIELDS: Final = (
    "environment String, event_name String, at Int64, accepted UInt64, id String, "
    "distinct_id String, anon_id String, session_id String, os String, country String, "
    "properties String, default_properties String"
)


def write(world: World, client: Client) -> None:
    """Stores the rows of a world. ``client`` is one that loads."""
    rows = [_event_row(world, number, event) for number, event in enumerate(world.events)]
    columns = "environment, event_name, accepted, id, distinct_id, anon_id, session_id, os, country"
    statement = (
        f"INSERT INTO {client.events} ({columns}, project_id, timestamp, received_at, properties, "
        "properties_sent, default_properties, default_properties_sent) "
        f"SELECT {columns}, '{world.project_id}', fromUnixTimestamp64Milli(at, 'UTC'), now64(3), "
        "CAST(properties, 'JSON(max_dynamic_paths = 256)'), properties, "
        "CAST(default_properties, 'JSON(max_dynamic_paths = 64)'), default_properties "
        f"FROM input('{_EVENT_FIELDS}') FORMAT JSONEachRow"
    )
    shards = client.shards()
    for number, shard in enumerate(shards):
        # As they are dealt out: all rows of an id to one, somebody's ids to any.
        theirs = (
            row
            for row, event in zip(rows, world.events, strict=True)
            if zlib.crc32(event.sent_id.encode()) // 7 % len(shards) == number
        )
        some = map(json.dumps, theirs)
        client.shard(shard).raw_insert("", insert_block="\n".join([statement, *some]))
    _insert(client, world, "person_ids", _links(world))
    _insert(client, world, "person_aliases", _aliases(world))
    _insert(client, world, "person_moves", _moves(world))
    _insert(client, world, "person_traits", _traits(world))
    if CLUSTER:
        client.await_replicas(*TABLES)


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
        "accepted": number + 1,
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


def _aliases(world: World) -> list[dict[str, Any]]:
    return [
        {"alias_id": id_, "distinct_id": parent, "version": 1}
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
            "timestamp": START + timedelta(milliseconds=update.at),
            "accepted": number,
            "version": update.at * 1_000_000 + number,
        }
        for number, update in enumerate(world.updates)
    ]


def _insert(client: Client, world: World, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        scope = {"project_id": world.project_id, "environment": "live"}
        complete = [scope | row for row in rows]
        # Replicas have it from each other; shards without replicas have it from us.
        for node in [client] if CLUSTER else client.all_nodes():
            node.insert(table, [list(row.values()) for row in complete], list(complete[0]))
