"""``GET /api/v1/people`` and ``GET /api/v1/aliases``, through a running server."""

import csv
import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.integration.web.api.conftest import Call
from tests.support.server import Server


@pytest.fixture(scope="module")
def known(server: Server) -> str:
    """Somebody with two ids, traits and events, and somebody with traits only."""
    operations: list[dict[str, Any]] = [
        {
            "type": "track",
            "payload": {
                "event_name": "people",
                "distinct_id": id_,
                "timestamp": f"2026-05-09T12:00:0{second}Z",
            },
        }
        for second, id_ in enumerate(("ppl anon/1", "ppl user"))
    ]
    operations += [
        {"type": "alias", "payload": {"alias_id": "ppl anon/1", "distinct_id": "ppl user"}},
        {"type": "alias", "payload": {"alias_id": "ppl anon/1", "distinct_id": "ppl thief"}},
        {
            "type": "people",
            "payload": {"distinct_id": "ppl anon/1", "properties": {"$name": "Ada"}},
        },
        {"type": "people", "payload": {"distinct_id": "ppl named", "properties": {"age": 36}}},
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    server.wait_until(
        lambda: (
            [event["distinct_id"] for event in server.events(event_name="people")]
            == ["ppl user"] * 2
        )
    )
    return "ppl user"


def test_the_list_shows_people_with_all_their_ids_and_traits(server: Server, known: str) -> None:
    answer = server.get("/api/v1/people", {"search": "ppl "})

    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "people": [
            {
                "distinct_id": known,
                "aliases": ["ppl anon/1"],
                "properties": {"$name": "Ada"},
                "first_seen": "2026-05-09T12:00:00.000Z",
                "last_seen": "2026-05-09T12:00:01.000Z",
                "event_count": 2,
            },
            {
                "distinct_id": "ppl named",
                "aliases": [],
                "properties": {"age": 36},
                "first_seen": None,
                "last_seen": None,
                "event_count": 0,
            },
        ],
        "next_cursor": None,
    }


def test_people_are_asked_for_by_several_ids(server: Server, known: str) -> None:
    answer = server.get("/api/v1/people?id=ppl%20named&id=ppl%20anon%2F1&id=ppl%20nobody").json()

    assert [person["distinct_id"] for person in answer["people"]] == [known, "ppl named"]
    assert answer["next_cursor"] is None


def test_the_cursor_leads_through_the_list(server: Server, known: str) -> None:
    first = server.get("/api/v1/people", {"search": "ppl ", "limit": 1}).json()
    cursor = first["next_cursor"]
    second = server.get("/api/v1/people", {"search": "ppl ", "limit": 1, "cursor": cursor}).json()

    listed = [person["distinct_id"] for person in first["people"] + second["people"]]
    assert (listed, second["next_cursor"]) == ([known, "ppl named"], None)


@pytest.mark.parametrize("id_", ["ppl user", "ppl anon/1"])
def test_a_person_is_shown_by_any_of_their_ids(server: Server, known: str, id_: str) -> None:
    answer = server.get(f"/api/v1/people/{quote(id_, safe='')}")

    assert answer.status_code == 200
    person = answer.json()["person"]
    (alias,) = person.pop("aliases")
    assert person == {
        "distinct_id": known,
        "properties": {"$name": "Ada"},
        "first_seen": "2026-05-09T12:00:00.000Z",
        "last_seen": "2026-05-09T12:00:01.000Z",
        "event_count": 2,
    }
    assert (alias["alias_id"], alias["aliases"]) == ("ppl anon/1", [])
    assert alias["state"] in ("pending", "rewritten")


def test_events_are_found_by_any_id_of_their_person(server: Server, known: str) -> None:
    by_person = server.events(event_name="people", distinct_id=known)

    assert [event["anon_id"] for event in by_person] == ["", "ppl anon/1"]
    assert server.events(event_name="people", distinct_id="ppl anon/1") == by_person
    assert server.events(event_name="people", distinct_id="ppl thief") == []


def test_the_list_of_aliases_says_what_became_of_each(server: Server, known: str) -> None:
    (refused, stitched) = server.get("/api/v1/aliases", {"distinct_id": known}).json()["aliases"]

    assert refused.pop("created_at") >= stitched.pop("created_at")
    said = {"via": "batch", "client": refused["client"]}
    assert refused["client"].startswith("python-httpx/")
    assert refused == {
        "alias_id": "ppl anon/1",
        "distinct_id": "ppl thief",
        "state": "refused",
        "reason": "second_parent",
        **said,
    }
    assert stitched.pop("state") in ("pending", "rewritten")
    assert stitched == {"alias_id": "ppl anon/1", "distinct_id": known, "reason": None, **said}


def test_two_people_are_merged_as_the_preview_says_and_apart_again(
    server: Server, call: Call, tokens: dict[str, str]
) -> None:
    for who, plan, second in (("mrg one", "free", 1), ("mrg two", "pro", 2)):
        at = f"2026-05-09T12:00:0{second}Z"
        track = {"event_name": "merging", "distinct_id": who, "timestamp": at}
        server.send("/api/v1/track", track)
        traits = {"distinct_id": who, "properties": {"plan": plan}, "timestamp": at}
        server.send("/api/v1/people", traits)
    both = "/api/v1/people?id=mrg%20one&id=mrg%20two"
    server.wait_until(
        lambda: (
            [one["properties"] for one in server.get(both).json()["people"]]
            == [{"plan": "pro"}, {"plan": "free"}]
        )
    )
    alias = {"alias_id": "mrg one", "distinct_id": "mrg two"}

    preview = server.get("/api/v1/aliases/preview", alias).json()
    path = "/api/v1/aliases"
    assert call("POST", path, alias, token=tokens["viewer"]).status_code == 403
    assert call("POST", path, alias | {"distinct_id": "mrg nobody"}).status_code == 404
    made = call("POST", path, alias, token=tokens["editor"])
    person = server.get("/api/v1/people/mrg%20one").json()["person"]
    again = call("POST", path, alias | {"distinct_id": known_by(server, "mrg three")})
    undone = call("DELETE", path, alias_id="mrg one")

    assert preview == {
        "ok": True,
        "distinct_id": "mrg two",
        "refused": None,
        "known": True,
        "ids": ["mrg one"],
        "id_count": 1,
        "event_count": 1,
        "events_before": 1,
        "properties": [{"name": "plan", "value": "pro", "of_alias": "free", "of_person": "pro"}],
    }
    assert (made.status_code, made.json()["alias"]["state"]) == (201, "pending")
    assert made.json()["alias"]["via"] == "merge"
    assert made.json()["alias"]["client"] == "Bob's"
    assert (person["distinct_id"], person["event_count"]) == ("mrg two", 2)
    assert person["aliases"][0]["client"] == "Bob's"
    assert (again.json()["alias"]["state"], again.json()["alias"]["reason"]) == (
        "refused",
        "second_parent",
    )
    assert undone.status_code == 200
    assert server.get("/api/v1/people/mrg%20one").json()["person"]["event_count"] == 1


def known_by(server: Server, who: str) -> str:
    """Somebody with an event."""
    server.send("/api/v1/track", {"event_name": "merging", "distinct_id": who})
    server.wait_until(lambda: server.get(f"/api/v1/people/{quote(who)}").status_code == 200)
    return who


def test_nobody_has_an_id_that_was_never_seen(server: Server, known: str) -> None:
    for path in ("ppl%20nobody", f"{quote(known)}?environment=test"):
        unknown = server.get(f"/api/v1/people/{path}")
        assert unknown.status_code == 404
        assert unknown.json() == {"ok": False, "error": "No person has this id"}


_AGED = {"definition": '{"all": [{"property": "age", "operator": "is_set", "on": "person"}]}'}
_DID = {
    "surface": "insights",
    "query": {
        "events": [{"event_name": "people"}],
        "from": "2026-05-09",
        "to": "2026-05-10",
        "people_of": {"series": 0},
    },
}


def test_a_list_has_whom_a_definition_says_by_a_column_and_how_many(
    server: Server, known: str
) -> None:
    asked: dict[str, str | int] = {"sort": "properties.$name", "limit": 1, "with_count": "true"}
    asked |= {
        "definition": '{"any": [{"did": "people"}, {"property": "age", "operator": "is_set"}]}'
    }
    asked["search"] = "ppl"
    first = server.get("/api/v1/people", asked).json()
    second = server.get("/api/v1/people", asked | {"cursor": first["next_cursor"]}).json()

    listed = [person["distinct_id"] for person in first["people"] + second["people"]]
    assert listed == [known, "ppl named"]
    assert (first["count"], second["count"], second["next_cursor"]) == (2, 2, None)
    assert "count" not in server.get("/api/v1/people", {"search": "ppl"}).json()


def test_the_people_behind_a_number_are_listed_and_the_cohort_made_of_them_keeps_the_question(
    server: Server, call: Call, known: str
) -> None:
    behind = {"people_of": json.dumps(_DID), "with_count": "true"}
    page = server.get("/api/v1/people", behind).json()
    assert ([one["distinct_id"] for one in page["people"]], page["count"]) == ([known], 1)

    body = {"name": "Did", "kind": "static", "people_of": _DID}
    made = call("POST", "/api/v1/cohorts", body).json()["cohort"]
    renamed = call("PUT", f"/api/v1/cohorts/{made['id']}", {"name": "It", "kind": "static"}).json()
    named = {"name": "It", "kind": "static", "members": ["ppl named"]}
    replaced = call("PUT", f"/api/v1/cohorts/{made['id']}", named).json()

    assert (made["size"], made["people_of"]) == (1, _DID)
    assert made["refreshed_at"] is not None
    assert renamed["cohort"]["people_of"] == _DID
    assert replaced["cohort"]["people_of"] is None


@pytest.mark.usefixtures("known")
def test_a_list_becomes_a_static_cohort_of_its_members(call: Call) -> None:
    query = {"search": "ppl", "definition": json.loads(_AGED["definition"])}
    source = {"surface": "people", "query": query}
    body = {"name": "Aged", "kind": "static", "people_of": source}

    made = call("POST", "/api/v1/cohorts", body).json()["cohort"]

    assert (made["size"], made["people_of"]) == (1, source)
    members = call("GET", f"/api/v1/cohorts/{made['id']}/members").json()["members"]
    assert members == ["ppl named"]


def test_a_file_has_all_that_are_listed_with_the_columns_chosen(server: Server, known: str) -> None:
    server.send(
        "/api/v1/people", {"distinct_id": "ppl =1+1", "properties": {"age": "=HYPERLINK()"}}
    )
    server.wait_until(lambda: server.get("/api/v1/people", {"search": "ppl ="}).json()["people"])
    columns = ("distinct_id", "properties.age", "ids", "event_count", "last_seen")
    asked = "&".join(f"columns={name}" for name in columns)

    answer = server.get(f"/api/v1/people.csv?{asked}&search=ppl%20&sort=event_count")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="people.csv"' in answer.headers["content-disposition"]
    assert list(csv.reader(answer.content.decode("utf-8-sig").splitlines())) == [
        ["distinct_id", "age", "ids", "event_count", "last_seen"],
        [known, "", "2", "2", "2026-05-09T12:00:01.000Z"],
        ["ppl =1+1", "'=HYPERLINK()", "1", "0", ""],
        ["ppl named", "36", "1", "0", ""],
    ]
    nobody = server.get("/api/v1/people.csv?columns=ids&search=nobody%20at%20all")
    assert nobody.content == b"\xef\xbb\xbfids\n"


@pytest.mark.parametrize("path", ["people", "people.csv", "people/someone", "aliases"])
def test_reading_wants_a_token(server: Server, path: str) -> None:
    assert server.get(f"/api/v1/{path}", token="wst_x").status_code == 401


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("people?limit=0", "limit: "),
        ("people?limit=201", "limit: "),
        ("people?cursor=AAAA", "cursor: "),
        ("people?environment=prod", "environment: "),
        ("people?id=x&search=y", "id: "),
        ("people?id=x&definition={}", "id: "),
        ("people?sort=plan", "sort: "),
        ("people?order=up", "order: "),
        ("people?sort=ids&cursor=WzEsMiwieCJd", "cursor: "),
        ("people?sort=ids&cursor=WzksMCwiIiwieCJd", "cursor: "),
        ("people?cohort=gone", "cohort: "),
        ("people?definition=plan", "definition: "),
        ('people?definition={"all":[{"did":1}]}', "definition.all[0].did: "),
        (
            'people?definition={"all":[{"property":"a","operator":"regex","value":"("}]}',
            "definition.all[0].value: ",
        ),
        ('people?people_of={"surface":"x","query":{}}', "people_of.surface: "),
        ('people?people_of={"surface":"flows","query":{}}', "people_of.query.event_name: "),
        ('people?definition={"all":[{"did":"x"}]}&people_of={}', "people_of: "),
        ("people.csv?columns=plan", "columns[0]: "),
        ("people.csv?" + "columns=ids&" * 21, "columns: "),
        ("people?" + "id=x&" * 201, "id: "),
        (f"people?search={'x' * 1001}", "search: "),
        ("people/someone?environment=prod", "environment: "),
        ("aliases?limit=1001", "limit: "),
        ("aliases/preview?alias_id=x", "distinct_id: "),
        ('events?filters=[{"property":"a"}]', "filters[0].operator: "),
        ("events?filters=plan", "filters: "),
        ('events?filters=[{"cohort":"gone"}]', "filters[0].cohort: "),
        ("aliases?cursor=WzFd", "cursor: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(server: Server, query: str, error: str) -> None:
    refused = server.get(f"/api/v1/{query}")

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)
