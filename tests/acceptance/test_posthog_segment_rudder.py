"""Released clients of other products, installed from their registries and unmodified, against the
installed server: what they send is stored once, as the person whom they mean, and they complain of
nothing. ``scripts/try-clients`` does the same for those that run in browsers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.server import Server
from tests.support.stories import EVENTS, NODE, PYTHON, Story, install

CLIENTS = (*PYTHON, *NODE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"RATE_LIMIT": "0"}
    with Server(tmp_path_factory.mktemp("clients") / "data", environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


def command_of(installed: Path, client: str) -> list[str]:
    command = install(installed, client)
    if isinstance(command, str):
        pytest.skip(command)
    return command


def numbers(server: Server, client: str) -> list[int]:
    events = server.events(distinct_id=f"{client}-person", event_name="numbered")
    return sorted(event["properties"]["n"] for event in events)


@pytest.mark.parametrize("client", CLIENTS)
def test_all_that_a_client_sends_is_stored_once_also_while_the_server_starts_again(
    server: Server, installed: Path, client: str
) -> None:
    command = command_of(installed, client)
    prefix = "" if client == "segment-node" else f"/{client.partition('-')[0]}"
    story = Story(command, client, server.url + prefix, server.live_key)
    story.half_way()
    server.terminate()
    story.go_on()
    time.sleep(0.5)
    server.start()
    complaints = story.end()
    server.wait_until(lambda: len(numbers(server, client)) >= EVENTS)
    assert numbers(server, client) == list(range(EVENTS))
    assert "client:" not in complaints
    # The anonymous past is the person's.
    names = {event["event_name"] for event in server.events(distinct_id=f"{client}-person")}
    assert {"before", "numbered"} <= names
    person = server.get(f"/api/v1/people/{client}-person").json()
    assert (
        person["person"]["properties"].items()
        >= {"email": "ada@example.com", "plan": "pro"}.items()
    )
    assert "acme" not in server.get("/api/v1/people", {"limit": 1000}).text


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_with_a_wrong_key_gives_up_and_does_not_send_for_ever(
    server: Server, installed: Path, client: str
) -> None:
    command = command_of(installed, client)
    refused = 'whipstitch_rejected_requests_total{reason="invalid_key"}'
    before = server.metric(refused)
    Story(command, client, server.url, "sk_live_" + "x" * 32).give_up(45)
    told = server.metric(refused) - before
    assert 1 <= told <= 12
    time.sleep(1)
    assert server.metric(refused) - before == told
