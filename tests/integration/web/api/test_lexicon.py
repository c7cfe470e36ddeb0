"""``GET /api/v1/lexicon``."""

import pytest
from tests.support.server import Server


def test_an_event_is_described_with_its_properties(server: Server) -> None:
    server.send(
        "/api/v1/track",
        {
            "event_name": "lexicon's own",
            "distinct_id": "user_1",
            "timestamp": "2026-05-09T12:00:00Z",
            "properties": {"a.b": 1, "c": {"d": [True]}},
            "default_properties": {"$os": "iOS"},
        },
    )
    server.wait_until(lambda: len(server.events(event_name="lexicon's own")) == 1)

    answer = server.get(
        "/api/v1/lexicon",
        {"search": "LEXICON'S", "from": "2026-05-09T00:00:00Z", "to": "2026-05-10T00:00:00Z"},
    )

    at = "2026-05-09T12:00:00.000Z"
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "events": [
            {
                "event_name": "lexicon's own",
                "count": 1,
                "first_seen": "2026-05-09T12:00:00.000Z",
                "last_seen": "2026-05-09T12:00:00.000Z",
                "properties": [
                    {"name": name, "types": [type_], "samples": [sample], "last_seen": at}
                    for name, type_, sample in (
                        ("$bot", "boolean", False),
                        ("$os", "string", "ios"),
                        ("a.b", "number", 1),
                        ("c.d", "array", [True]),
                        ("default_properties.$os", "string", "iOS"),
                    )
                ],
            }
        ],
        "next_cursor": None,
    }


def test_an_event_can_be_listed_without_its_properties(server: Server) -> None:
    body = {"event_name": "bare", "distinct_id": "user_1", "properties": {"a": 1}}
    server.send("/api/v1/track", body)
    server.wait_until(lambda: len(server.events(event_name="bare")) == 1)

    (event,) = server.get("/api/v1/lexicon", {"search": "bare", "properties": "false"}).json()[
        "events"
    ]

    assert (event["count"], event["properties"]) == (1, [])


def test_traits_are_listed(server: Server) -> None:
    body = {"distinct_id": "user_1", "properties": {"lexicon": {"trait": "x"}}}
    server.send("/api/v1/people", body)
    expected = {"name": "lexicon.trait", "types": ["string"], "samples": ["x"]}

    server.wait_until(lambda: expected in server.get("/api/v1/lexicon/traits").json()["traits"])


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"limit": 0}, "limit: "),
        ({"cursor": "AAAA"}, "cursor: "),
        ({"from": "then"}, "from: "),
        ({"environment": "prod"}, "environment: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    server: Server, parameters: dict[str, str | int], error: str
) -> None:
    refused = server.get("/api/v1/lexicon", parameters)

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)


def test_it_wants_a_token(server: Server) -> None:
    for path in ("lexicon", "lexicon/traits"):
        assert server.get(f"/api/v1/{path}", token="nobody's").status_code == 401
