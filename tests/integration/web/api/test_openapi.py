"""``/openapi.json``."""

from typing import Any

import pytest
from tests.support.server import Server

from whipstitch import __version__


@pytest.fixture
def described(server: Server) -> dict[str, Any]:
    document: dict[str, Any] = server.get("/openapi.json").json()
    return document


def test_the_description_names_the_version(described: dict[str, Any]) -> None:
    assert described["info"]["version"] == __version__


def test_every_endpoint_that_reads_is_described(described: dict[str, Any]) -> None:
    read = {path for path, item in described["paths"].items() if "get" in item}

    assert read == {
        "/health",
        "/ready",
        "/metrics",
        "/api/v1/events",
        "/api/v1/people",
        "/api/v1/people.csv",
        "/api/v1/people/{id}",
        "/api/v1/person",
        "/api/v1/aliases",
        "/api/v1/aliases/preview",
        "/api/v1/cohorts",
        "/api/v1/cohorts/{cohort_id}",
        "/api/v1/cohorts/{cohort_id}/members",
        "/api/v1/questions",
        "/api/v1/questions/{question_id}",
        "/api/v1/boards",
        "/api/v1/boards/{board_id}",
        "/api/v1/projects",
        "/api/v1/erasures",
        "/api/v1/erasures/{erasure_id}",
        "/api/v1/lexicon",
        "/api/v1/lexicon/names",
        "/api/v1/lexicon/traits",
        "/api/v1/properties/{name}/values",
        "/api/v1/properties/values",
        "/api/v1/screens",
        "/api/v1/screens/image",
        "/api/v1/sessions",
        "/api/v1/export",
        "/api/v1/events/stream",
        "/api/v1/rejections",
    }


def test_errors_are_described_as_they_are(described: dict[str, Any], server: Server) -> None:
    responses = described["paths"]["/api/v1/events"]["get"]["responses"]
    (schema,) = responses["400"]["content"].values()

    assert "422" not in responses
    assert schema == {"schema": {"$ref": "#/components/schemas/Refused"}}
    shape = described["components"]["schemas"]["Refused"]
    assert shape["properties"].keys() == server.get("/api/v1/events?limit=0").json().keys()


def test_the_example_has_the_fields_of_an_event(described: dict[str, Any], server: Server) -> None:
    server.send("/api/v1/track", {"event_name": "example", "distinct_id": "user_1"})
    server.wait_until(lambda: len(server.events(event_name="example")) == 1)
    success = described["paths"]["/api/v1/events"]["get"]["responses"]["200"]

    (example,) = success["content"]["application/json"]["example"]["events"]

    (event,) = server.events(event_name="example")
    assert example.keys() == event.keys()


def test_the_api_wants_a_token_and_the_rest_does_not(described: dict[str, Any]) -> None:
    for path, item in described["paths"].items():
        for operation in item.values():
            assert ("security" in operation) == path.startswith("/api/")
