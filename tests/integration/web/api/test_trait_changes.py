"""What people are, after traits were set, set once, added to and deleted, in any order and under
several ids."""

import json
import random
from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import pytest
from tests.integration.web.api.conftest import Call
from tests.support.server import Server

_TEXTS = ("text", "10", True, [1, {"a": 2}])
_KEY = "level"


class Change(NamedTuple):
    """``kind``: the field of the update that has it. ``second``: of its time."""

    id: str
    kind: str
    value: Any
    second: int


def meant(changes: list[Change]) -> Any:
    """The trait after ``changes``, which came in the order given; None: there is none."""
    value, was_set_once = None, False
    for change in sorted(changes, key=lambda one: one.second):
        if change.kind == "properties":
            value = change.value
        elif change.kind == "set_once":
            value = change.value if value is None and not was_set_once else value
            was_set_once = True
        elif value is None:
            value = change.value
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            value = Decimal(str(value)) + Decimal(str(change.value))
    return float(value) if isinstance(value, Decimal) else value


def _drawn(source: random.Random, ids: list[str]) -> list[Change]:
    def value(kind: str) -> Any:
        numbers = (0, 1, 10, -3, 0.1, 2.5, 1e15)
        if kind == "add":
            return source.choice(numbers)
        odd = (None,) if kind == "properties" else ()
        return source.choice((*numbers, *_TEXTS, *odd, *odd, *odd))

    kinds = [source.choice(("properties", "set_once", "add")) for _ in range(source.randint(1, 7))]
    return [Change(source.choice(ids), kind, value(kind), source.randint(0, 9)) for kind in kinds]


@pytest.fixture(scope="module")
def people(server: Server) -> dict[str, list[Change]]:
    """By distinct id. Half of the people have two ids."""
    source = random.Random(20261128)  # noqa: S311 - the same each time
    made: dict[str, list[Change]] = {}
    operations: list[dict[str, Any]] = []
    for number in range(120):
        ids = [f"chg user {number}", f"chg anon {number}"][: 1 + number % 2]
        made[ids[0]] = _drawn(source, ids)
        for alias in ids[1:]:
            payload = {"alias_id": alias, "distinct_id": ids[0]}
            operations.append({"type": "alias", "payload": payload})
        for change in made[ids[0]]:
            update: dict[str, Any] = {
                "distinct_id": change.id,
                "timestamp": f"2026-05-09T12:00:0{change.second}Z",
                change.kind: {_KEY: change.value},
            }
            operations.append({"type": "people", "payload": update})
    # In several segments, so that what belongs together lies in several parts.
    third = len(operations) // 3
    for some in (operations[:third], operations[third : 2 * third], operations[2 * third :]):
        assert server.send("/api/v1/batch", {"operations": some}).status_code == 200
    last = list(made)[-1]
    server.wait_until(lambda: server.get(f"/api/v1/people/{last}").status_code == 200)
    return made


def test_a_trait_is_what_the_updates_in_the_order_of_their_times_make_it(
    server: Server, people: dict[str, list[Change]]
) -> None:
    for person, changes in list(people.items())[::4]:  # the list of the next test has all
        known = server.get(f"/api/v1/people/{person}").json()["person"]["properties"]
        assert known.get(_KEY) == meant(changes), changes


def test_lists_profiles_values_and_views_tell_the_same(
    server: Server, people: dict[str, list[Change]]
) -> None:
    expected = {person: meant(changes) for person, changes in people.items()}

    listed: dict[str, Any] = {}
    cursor = None
    while True:
        asked: dict[str, str | int] = {"search": "chg ", "limit": 50}
        if cursor:
            asked["cursor"] = cursor
        page = server.get("/api/v1/people", asked).json()
        listed |= {one["distinct_id"]: one["properties"].get(_KEY) for one in page["people"]}
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == expected

    counted = server.get(f"/api/v1/properties/{_KEY}/values", {"on": "person", "limit": 100}).json()
    shown = Counter(_as_text(value) for value in expected.values() if value is not None)
    assert {one["value"]: one["count"] for one in counted["values"]} == shown

    told = _asked(server, f"SELECT distinct_id, properties['{_KEY}'] FROM sql_people FORMAT TSV")
    of_view = dict(line.split("\t") for line in told.splitlines() if line.startswith("chg "))
    assert {one: _compact(text) for one, text in of_view.items() if text} == {
        one: _as_text(value) for one, value in expected.items() if value is not None
    }


def test_after_an_undo_each_has_what_was_said_of_them(server: Server, call: Call) -> None:
    sent: list[dict[str, Any]] = [
        {"distinct_id": "undo user", "set_once": {"first": "u"}, "add": {"n": 2}},
        {"distinct_id": "undo anon", "set_once": {"first": "a"}, "add": {"n": 3}},
    ]
    for number, payload in enumerate(reversed(sent)):
        payload["timestamp"] = f"2026-05-09T12:00:0{number}Z"
    alias = {"type": "alias", "payload": {"alias_id": "undo anon", "distinct_id": "undo user"}}
    operations = [alias, *({"type": "people", "payload": payload} for payload in sent)]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200

    def properties(id_: str) -> Any:
        answer = server.get(f"/api/v1/people/{id_}").json()
        return answer["person"]["properties"] if answer["ok"] else None

    server.wait_until(lambda: properties("undo user") == {"first": "a", "n": 5})
    assert call("DELETE", "/api/v1/aliases/undo anon").status_code == 200
    server.wait_until(lambda: properties("undo user") == {"first": "u", "n": 2})
    assert properties("undo anon") == {"first": "a", "n": 3}


def test_what_is_no_number_is_not_added_and_the_operator_sees_it(server: Server) -> None:
    name = 'whipstitch_noted_operations_total{reason="not_added"}'
    before = server.metric(name)
    odd = {"a": "5", "b": [1], "c": 1e31, "d": None, "e": 5, "f": True}
    payload = {"distinct_id": "chg odd", "add": odd, "set_once": {"g": None}}
    assert server.send("/api/v1/people", payload).status_code == 200
    for wrong in ({"add": [1]}, {"add": 1}, {"set_once": "text"}):
        refused = server.send("/api/v1/people", {"distinct_id": "chg odd", **wrong})
        assert (refused.status_code, refused.json()["error"]) == (400, "Invalid request body")

    server.wait_until(lambda: server.get("/api/v1/people/chg odd").status_code == 200)
    assert server.get("/api/v1/people/chg odd").json()["person"]["properties"] == {"e": 5}
    assert server.metric(name) - before == 4


def _as_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _compact(text: str) -> str:
    """Of the view, which shows values as they were sent."""
    return text.replace(" ", "").removesuffix(".0")


def _asked(server: Server, sql: str) -> str:
    """What ClickHouse answers."""
    file = server.data_dir / "clickhouse" / "connection.json"
    connection = json.loads(file.read_text())
    headers = {"X-ClickHouse-User": "whipstitch", "X-ClickHouse-Key": connection["password"]}
    url = f"http://127.0.0.1:{connection['http_port']}/?database=whipstitch"
    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.post(url, content=sql, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text
