"""BI tools of other makers beside a running server: they are told what the API says."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from tests.support.command import run
from tests.support.server import Server
from tests.support.sql import Ask, http_tool, native_tool

DAY = "2026-03-04"
RANGE = {"from": f"{DAY}T00:00:00Z", "to": "2026-03-05T00:00:00Z"}
VISITORS = ("anon_1", "anon_2", "anon_3", "anon_4")
ORDERS = 3
MOST_SECONDS = 10.0
"""It takes one or two, on a machine with nothing else to do."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With orders of some visitors; it rewrites only when asked to."""
    directory = tmp_path_factory.mktemp("sql") / "data"
    with Server(directory, environment={"STITCH_INTERVAL": "3600", "RATE_LIMIT": "0"}) as running:
        for visitor in VISITORS:
            for number in range(ORDERS):
                order(running, visitor, number)
        running.wait_until(lambda: len(running.events()) == len(VISITORS) * ORDERS)
        yield running


@pytest.fixture(scope="module")
def asks(server: Server) -> Iterator[dict[str, Ask]]:
    """A tool over each protocol."""
    made = create(server, server.project_id, "tools")
    with signed_in(server, made, "http") as http, signed_in(server, made, "native") as native:
        yield {"http": http, "native": native}


def test_totals_are_the_api_s_in_every_state(server: Server, asks: dict[str, Ask]) -> None:
    assert_same(server, asks, persons=4)

    for visitor in ("anon_1", "anon_2"):
        ok(server.send("/api/v1/alias", {"alias_id": visitor, "distinct_id": "user_1"}))
    server.wait_until(lambda: persons(server) == 3)
    assert_same(server, asks, persons=3)  # pending

    order(server, "anon_1", 8)
    server.wait_until(lambda: len(server.events()) == 13)
    assert_same(server, asks, persons=3)  # one row says who it is, the others do not yet

    rewrite(server)
    assert_same(server, asks, persons=3)

    ok(server.send("/api/v1/alias", {"alias_id": "user_1", "distinct_id": "account_1"}))
    server.wait_until(lambda: "account_1" in {one["distinct_id"] for one in server.events()})
    assert_same(server, asks, persons=3)

    undo(server, "anon_1")
    assert_same(server, asks, persons=4)
    rewrite(server)
    assert_same(server, asks, persons=4)

    erase(server, "anon_2")  # with user_1 and account_1
    assert_same(server, asks, persons=3)


def test_traits_are_those_that_the_api_tells(server: Server, asks: dict[str, Ask]) -> None:
    for traits in ({"plan": "free", "seats": 3, "name": "Ann"}, {"plan": "pro", "name": None}):
        ok(server.send("/api/v1/people", {"distinct_id": "anon_3", "properties": traits}))
    sent = {"plan": "pro", "seats": 3}
    server.wait_until(lambda: people(server).get("anon_3", {}).get("properties") == sent)

    for ask in asks.values():
        ((told,),) = ask("SELECT properties FROM sql_people WHERE distinct_id = 'anon_3'")
        assert told == {"plan": "pro", "seats": "3"}


@pytest.mark.parametrize("protocol", ["http", "native"])
def test_another_project_has_nothing_of_this_one(server: Server, protocol: str) -> None:
    other = run("project", "create", f"Other {protocol}", "--json", data_dir=server.data_dir).json
    made = create(server, other["project_id"], f"other_{protocol}")

    with signed_in(server, made, protocol) as ask:
        for view in ("sql_events", "sql_people", "sql_aliases"):
            assert ask(f"SELECT count() FROM {view}") == [(0,)]


def test_a_user_who_is_deleted_reads_no_more(server: Server) -> None:
    made = create(server, server.project_id, "leaver")
    with signed_in(server, made, "native"):
        pass

    run("sql", "user", "delete", "leaver", data_dir=server.data_dir)

    seconds = seconds_until(lambda: not can_sign_in(made))
    assert seconds < MOST_SECONDS
    server.wait_until(server.is_ready)


def order(server: Server, distinct_id: str, number: int) -> None:
    event = {
        "event_name": "order",
        "distinct_id": distinct_id,
        "properties": {"price": number + 0.5, "plan": f"plan {number}"},
        "timestamp": f"{DAY}T0{number}:00:00Z",
    }
    ok(server.send("/api/v1/track", event))


def ok(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else None


def create(server: Server, project: str, name: str) -> dict[str, str]:
    made: dict[str, str] = run(
        *("sql", "user", "create", "--project", project, "--name", name, "--json"),
        data_dir=server.data_dir,
    ).json
    return made


@contextmanager
def signed_in(server: Server, made: dict[str, str], protocol: str) -> Iterator[Ask]:
    """As soon as the running server knows them, which is soon."""
    assert seconds_until(lambda: can_sign_in(made)) < MOST_SECONDS
    server.wait_until(server.is_ready)
    tool = http_tool if protocol == "http" else native_tool
    with tool(int(made[protocol].rpartition(":")[2]), made["user"], made["password"]) as ask:
        yield ask


def can_sign_in(made: dict[str, str]) -> bool:
    try:
        port = int(made["native"].rpartition(":")[2])
        with native_tool(port, made["user"], made["password"]) as ask:
            return ask("SELECT 1") == [(1,)]
    except Exception:
        return False


def seconds_until(condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    return time.monotonic() - began


def insights(server: Server) -> dict[str, Any]:
    maths = [{"math": "total"}, {"math": "unique"}, {"math": "sum", "property": "price"}]
    question = {
        "events": [{"event_name": "order", **math} for math in maths],
        "interval": "hour",
        **RANGE,
    }
    answer: dict[str, Any] = ok(server.ask("/api/v1/insights", question))
    return answer


def persons(server: Server) -> int:
    total: int = insights(server)["series"][1]["total"]
    return total


def people(server: Server) -> dict[str, dict[str, Any]]:
    found = ok(server.get("/api/v1/people", {"limit": 200}))["people"]
    return {one["distinct_id"]: one for one in found}


def assert_same(server: Server, asks: dict[str, Ask], *, persons: int) -> None:
    """What insights, the events and the people of the API say, the tools are told."""
    answer = insights(server)
    total, unique, sums = answer["series"]
    assert unique["total"] == persons
    events = sorted((one["id"], one["distinct_id"], one["anon_id"]) for one in server.events())
    known = people(server)
    for ask in asks.values():
        assert ask(
            "SELECT count(), uniqExact(distinct_id), sum(properties.price::Float64) "
            "FROM sql_events WHERE event_name = 'order' AND environment = 'live'"
        ) == [(total["total"], unique["total"], sums["total"])]
        hours = ask(
            "SELECT toHour(timestamp) AS hour, count(), uniqExact(distinct_id) "
            "FROM sql_events GROUP BY hour ORDER BY hour"
        )
        assert hours == [
            (hour, count, people_)
            for hour, (count, people_) in enumerate(
                zip(total["values"], unique["values"], strict=True)
            )
            if count
        ]
        assert sorted(ask("SELECT id, distinct_id, anon_id FROM sql_events")) == events
        told = ask("SELECT distinct_id, event_count FROM sql_people")
        assert dict(told) == {id_: one["event_count"] for id_, one in known.items()}
        aliases = ask("SELECT distinct_id, alias_id FROM sql_aliases")
        assert sorted(aliases) == sorted(
            (id_, alias) for id_, one in known.items() for alias in one["aliases"]
        )


def rewrite(server: Server) -> None:
    assert server.ask("/api/v1/aliases/rewrite", {}).status_code in (200, 202)
    server.wait_until(
        lambda: all(
            one["state"] != "pending" for one in ok(server.get("/api/v1/aliases"))["aliases"]
        )
    )


def undo(server: Server, alias_id: str) -> None:
    assert delete(server, f"/api/v1/aliases/{alias_id}").status_code == 200


def erase(server: Server, distinct_id: str) -> None:
    assert delete(server, f"/api/v1/people/{distinct_id}").status_code in (200, 202)


def delete(server: Server, path: str) -> httpx.Response:
    credentials = {"authorization": f"Bearer {server.token}"}
    return httpx.delete(server.url + path, headers=credentials, trust_env=False, timeout=60)
