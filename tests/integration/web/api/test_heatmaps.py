"""``POST /api/v1/heatmaps``."""

from typing import Any

import pytest
from tests.support.command import registry_of
from tests.support.server import Server

PATH = "/api/v1/heatmaps"
MAY = {"from": "2026-05-09T00:00:00Z", "to": "2026-05-10T00:00:00Z"}
BODY = {"screen": "Tapped", **MAY, "columns": 10, "rows": 10}


@pytest.fixture(scope="module", autouse=True)
def _sent(server: Server) -> None:
    for who, x, version in (("ann_1", 12, "2.0"), ("ann_2", 12, "2.0"), ("bob", 95, "2.1")):
        event = {
            "event_name": "$tap",
            "distinct_id": who,
            "timestamp": "2026-05-09T12:00:00Z",
            "properties": {"$screen_name": "Tapped", "$x": x, "$y": 130},
            "default_properties": {
                "$screen_width": 100,
                "$screen_height": 200,
                "$os": "ios",
                "$app_version": version,
            },
        }
        assert server.send("/api/v1/track", event).status_code == 200
    server.send("/api/v1/alias", {"alias_id": "ann_1", "distinct_id": "ann_2"})
    server.wait_until(lambda: ask(server)["people"] == 2)


def ask(server: Server, **changes: Any) -> Any:
    answer = server.ask(PATH, {**BODY, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_taps_are_counted_by_cell(server: Server) -> None:
    assert ask(server) == {
        "ok": True,
        "taps": 3,
        "people": 2,
        "unplaced": 0,
        "columns": 10,
        "rows": 10,
        "cells": [
            {"column": 1, "row": 6, "taps": 2, "people": 1},
            {"column": 9, "row": 6, "taps": 1, "people": 1},
        ],
        "events": [{"value": "$tap", "taps": 3}],
        "os": [{"value": "ios", "taps": 3}],
        "app_versions": [{"value": "2.0", "taps": 2}, {"value": "2.1", "taps": 1}],
    }


def test_filters_choose_a_version(server: Server) -> None:
    version = {"property": "$app_version", "operator": "is", "value": "2.1"}

    assert ask(server, filters=[version])["cells"] == [
        {"column": 9, "row": 6, "taps": 1, "people": 1}
    ]


def test_the_people_behind_a_cell_are_told(server: Server) -> None:
    assert ask(server, people_of={"column": 1, "row": 6}) == {
        "ok": True,
        "people": ["ann_2"],
        "next_cursor": None,
    }


def test_the_people_behind_a_cell_become_a_cohort(server: Server) -> None:
    source = {"surface": "heatmaps", "query": {**BODY, "people_of": {"column": 1, "row": 6}}}
    body = {"name": "Tapped", "kind": "static", "people_of": source}

    made = server.ask("/api/v1/cohorts", body).json()["cohort"]

    members = server.get(f"/api/v1/cohorts/{made['id']}/members").json()["members"]
    assert (made["size"], members) == (1, ["ann_2"])


def test_other_projects_and_the_other_environment_see_nothing(server: Server) -> None:
    with registry_of(server.data_dir) as registry:
        other = registry.create_project("Other").project
        stranger = registry.create_token(other.id, "admin").secret

    assert server.ask(PATH, BODY, token=stranger).json()["taps"] == 0
    assert server.ask(PATH, BODY, {"environment": "test"}).json()["taps"] == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"screen": ""}, "screen: "),
        ({"screen": "x" * 1001}, "screen: "),
        ({"screen": "\ud800"}, "screen: "),
        ({"screen": None}, "screen: "),
        ({"columns": 101}, "columns: "),
        ({"rows": 0}, "rows: "),
        ({"depth": 21}, "depth: "),
        ({"event_name": ""}, "event_name: "),
        ({"filters": [{"property": "a", "operator": "like"}]}, "filters[0].operator: "),
        ({"filters": [{"cohort": "coh_none"}]}, "filters[0].cohort: "),
        ({"from": "2026-05-10", "to": "2026-05-09"}, "from: "),
        ({"people_of": {"column": 1}}, "people_of.row: "),
        ({"people_of": {"column": 10, "row": 1}}, "people_of.column: "),
        ({"people_of": {"column": 1, "row": 50}}, "people_of.row: "),
        ({"cells": 1}, "cells: "),
    ],
)
def test_what_cannot_be_asked_is_named(server: Server, changes: dict[str, Any], error: str) -> None:
    refused = server.ask(PATH, {**BODY, **changes})

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)


def test_it_wants_a_token(server: Server) -> None:
    assert server.ask(PATH, BODY, token="nobody's").status_code == 401
