"""``GET /api/v1/properties/{name}/values``."""

from urllib.parse import quote

import pytest
from tests.support.server import Server

NAMES = ["suggested", "sug/gested", "sug.gested", "sug%2Fgested", "sug\n", "sug?a=b#c", "values"]
UNFIT_FOR_PATHS = ["..", "//"]


@pytest.fixture(scope="module", autouse=True)
def sent(server: Server) -> None:
    for value in ("a", "b", "b"):
        properties = {name: f"{value} of {name}" for name in (*NAMES, *UNFIT_FOR_PATHS)}
        body = {"event_name": "suggesting", "distinct_id": "user_1", "properties": properties}
        server.send("/api/v1/track", body)
    body = {"distinct_id": "user_1", "properties": {"suggested": "trait"}}
    server.send("/api/v1/people", body)
    server.wait_until(lambda: len(server.events(event_name="suggesting")) == 3)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_listed_by_path_and_by_parameter(server: Server, name: str) -> None:
    expected = {
        "ok": True,
        "values": [
            {"value": f"b of {name}", "count": 2},
            {"value": f"a of {name}", "count": 1},
        ],
        "approximate": False,
    }
    assert server.get(f"/api/v1/properties/{quote(name, safe='')}/values").json() == expected
    assert server.get("/api/v1/properties/values", {"name": name}).json() == expected


@pytest.mark.parametrize("name", UNFIT_FOR_PATHS)
def test_names_that_do_not_survive_in_a_path_are_parameters(server: Server, name: str) -> None:
    found = server.get("/api/v1/properties/values", {"name": name, "search": "A OF"}).json()
    assert found["values"] == [{"value": f"a of {name}", "count": 1}]


def test_of_people_and_of_one_event(server: Server) -> None:
    path = "/api/v1/properties/suggested/values"
    server.wait_until(
        lambda: (
            server.get(path, {"on": "person"}).json()["values"] == [{"value": "trait", "count": 1}]
        )
    )
    assert server.get(path, {"event_name": "another"}).json()["values"] == []
    assert len(server.get(path, {"event_name": "suggesting", "limit": 1}).json()["values"]) == 1


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"name": ""}, "name: "),
        ({"name": "x" * 1001}, "name: "),
        ({"name": "p", "limit": 0}, "limit: "),
        ({"name": "p", "on": "group"}, "on: "),
        ({"name": "p", "search": "x" * 1001}, "search: "),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    server: Server, parameters: dict[str, str | int], error: str
) -> None:
    refused = server.get("/api/v1/properties/values", parameters)

    assert refused.status_code == 400
    assert refused.json()["error"].startswith(error)


def test_it_wants_a_token(server: Server) -> None:
    assert server.get("/api/v1/properties/p/values", token="nobody's").status_code == 401
