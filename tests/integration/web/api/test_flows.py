"""``POST /api/v1/flows``."""

from typing import Any

import pytest
from tests.support.server import Server

_RANGE = {"from": "2026-05-09T00:00:00Z", "to": "2026-05-10T00:00:00Z"}


def _ask(server: Server, token: str | None = None, **question: Any) -> tuple[int, dict[str, Any]]:
    answer = server.send(
        "/api/v1/flows",
        question,
        headers={"authorization": f"Bearer {server.token if token is None else token}"},
    )
    return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def _walked(server: Server) -> None:
    """Two people look at a product; one of them puts it into the cart, and signs up then."""
    ways = {"anon_flow": ["flow_view", "flow_cart"], "flow_2": ["flow_view", "flow_search"]}
    operations: list[dict[str, Any]] = [
        {"type": "alias", "payload": {"alias_id": "anon_flow", "distinct_id": "flow_1"}}
    ]
    operations += [
        {
            "type": "track",
            "payload": {
                "event_name": name,
                "distinct_id": id_,
                "timestamp": f"2026-05-09T12:00:{second:02d}Z",
                "properties": {"plan": id_},
            },
        }
        for id_, way in ways.items()
        for second, name in enumerate(way)
    ]
    assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
    for name, count in (("flow_view", 2), ("flow_cart", 1), ("flow_search", 1)):
        server.wait_until(lambda: len(server.events(event_name=name)) == count)  # noqa: B023


@pytest.mark.usefixtures("_walked")
def test_paths_of_people_are_counted_by_step(server: Server) -> None:
    status, answer = _ask(server, event_name="flow_view", direction="after", depth=2, **_RANGE)

    assert (status, answer) == (
        200,
        {
            "ok": True,
            "nodes": [
                {"id": "0:flow_view", "event_name": "flow_view", "step": 0, "count": 2},
                {"id": "1:flow_cart", "event_name": "flow_cart", "step": 1, "count": 1},
                {"id": "1:flow_search", "event_name": "flow_search", "step": 1, "count": 1},
            ],
            "links": [
                {"source": "0:flow_view", "target": "1:flow_cart", "count": 1},
                {"source": "0:flow_view", "target": "1:flow_search", "count": 1},
            ],
        },
    )


@pytest.mark.usefixtures("_walked")
def test_the_people_behind_a_link_are_named_by_their_own_id(server: Server) -> None:
    status, answer = _ask(
        server,
        event_name="flow_cart",
        direction="before",
        depth=1,
        people_of={"link": ["-1:flow_view", "0:flow_cart"]},
        **_RANGE,
    )

    assert (status, answer) == (200, {"ok": True, "people": ["flow_1"], "next_cursor": None})


@pytest.mark.usefixtures("_walked")
def test_paths_of_any_event_go_on_from_any_step(server: Server) -> None:
    question: dict[str, Any] = {
        "event_name": None,
        "exclude": ["flow_search"],
        "through": [{"step": 1, "event_name": "flow_cart"}],
        "filters": [{"property": "plan", "operator": "is", "value": ["anon_flow", "flow_2"]}],
    }

    status, answer = _ask(server, **question, **_RANGE)

    assert status == 200
    assert [(one["id"], one["count"]) for one in answer["nodes"]] == [
        ("0:flow_view", 1),
        ("1:flow_cart", 1),
    ]


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({}, "event_name: "),
        ({"event_name": ""}, "event_name: "),
        ({"event_name": "\ud800"}, ""),
        ({"event_name": "a", "direction": "up"}, "direction: "),
        ({"event_name": "a", "depth": 0}, "depth: "),
        ({"event_name": "a", "depth": 11}, "depth: "),
        ({"event_name": "a", "limit": 51}, "limit: "),
        ({"event_name": "a", "from": "2026-05-02", "to": "2026-05-01"}, "from: "),
        ({"event_name": "a", "filters": [{"operator": "is"}]}, "filters[0].property: "),
        ({"event_name": "a", "steps": 3}, "steps: "),
        ({"event_name": None, "direction": "both"}, "direction: "),
        ({"event_name": "a", "by": "url"}, "by: "),
        ({"event_name": "a", "exclude": ["a"]}, "exclude: "),
        ({"event_name": "a", "exclude": ["b"] * 101}, "exclude: "),
        ({"event_name": "a", "exclude": [""]}, "exclude[0]: "),
        ({"event_name": "a", "through": [{"step": -1, "event_name": "b"}]}, "through[0].step: "),
        ({"event_name": "a", "through": [{"step": 1, "event_name": ""}]}, "through[0].event_name"),
        ({"event_name": "a", "people_of": {}}, "people_of: "),
        ({"event_name": "a", "people_of": {"node": "1:b"}}, "people_of.node: "),
        ({"event_name": "a", "people_of": {"link": ["1:b"]}}, "people_of.link: "),
    ],
)
def test_the_field_at_fault_is_named(server: Server, question: dict[str, Any], error: str) -> None:
    status, answer = _ask(server, **question)

    assert (status, answer["ok"]) == (400, False)
    assert answer["error"].startswith(error)


def test_it_wants_a_token(server: Server) -> None:
    assert _ask(server, token="nobody's", event_name="a")[0] == 401
