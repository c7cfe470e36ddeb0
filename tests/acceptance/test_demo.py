"""``whipstitch demo`` as a person and as a script run it."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.command import COMMAND, registry_of, run
from tests.support.server import Server

from whipstitch.demo.record import Record
from whipstitch.demo.story import Delivery, Story

PEOPLE = 250


def record_of(server: Server) -> Record:
    record = Record.read(server.data_dir)
    assert record is not None
    return record


def deliveries(story: Story) -> list[Delivery]:
    return [*story.snapshots(), *(one for n in range(story.people) for one in story.history(n))]


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo that was stopped in the middle of its history and started again, to its end."""
    data_dir = tmp_path_factory.mktemp("demo") / "data"
    # It sends as soon as it is started.
    with Server(data_dir, "--people", str(PEOPLE), command="demo", wait=False) as running:
        running.wait_until(lambda: record_of(running).delivered > 20)
        assert running.terminate(seconds=15) == 0
        assert not record_of(running).told
        running.start()
        running.wait_until(lambda: "demo_sent" in running.log)
        running.wait_until(lambda: record_of(running).told)
        running.wait_until(running.is_ready)
        yield running


@pytest.fixture(scope="module")
def history(server: Server) -> list[dict[str, Any]]:
    """The events of the month, without those of the visitors who came since."""
    end = record_of(server).now
    expected = sum(delivery.events for delivery in deliveries(Story(end, PEOPLE)))

    def month() -> list[dict[str, Any]]:
        return server.events(to=rfc3339(end))

    server.wait_until(lambda: len(month()) >= expected)
    return month()


def test_json_is_one_value_and_the_second_start_shows_no_secret_again(server: Server) -> None:
    assert server.printed.keys() == {"address", "first_run", "demo"}
    assert server.printed["first_run"] is None
    assert server.printed["demo"] == {
        "project_id": server.project_id,
        "live_key": server.live_key,
        "people": PEOPLE,
    }


def test_a_stop_in_the_middle_neither_loses_nor_doubles_an_event(
    server: Server, history: list[dict[str, Any]]
) -> None:
    told = deliveries(Story(record_of(server).now, PEOPLE))

    assert len(history) == sum(delivery.events for delivery in told)


def test_devices_of_one_person_are_stitched(server: Server) -> None:
    answer = server.get("/api/v1/aliases", {"limit": 1000}).json()
    aliases = {one["alias_id"]: one["distinct_id"] for one in answer["aliases"]}

    def names() -> set[str]:
        return {event["distinct_id"] for event in server.events()}

    assert len(aliases) > len(set(aliases.values())) > 0, "nobody has two devices"
    # Some are of visitors of now, whose events may be on their way.
    server.wait_until(lambda: names() >= set(aliases.values()))
    assert not names() & aliases.keys()


def test_fewer_sign_up_than_look_around_and_fewer_buy_than_sign_up(
    history: list[dict[str, Any]],
) -> None:
    def who(event_name: str) -> set[str]:
        return {one["distinct_id"] for one in history if one["event_name"] == event_name}

    # Who never signs in on a second device is somebody else there.
    assert len(who("$screen_view")) >= PEOPLE > len(who("signed_up"))
    assert len(who("signed_up")) > len(who("signed_up") & who("purchase_completed")) > 0


def test_events_are_enriched_from_many_devices(history: list[dict[str, Any]]) -> None:
    assert {"ios", "android", "windows", "darwin", "linux"} <= {one["os"] for one in history}
    assert {"Chrome", "Safari", "Firefox", "Edge"} <= {one["browser"] for one in history}


def test_there_is_a_board_whose_questions_have_answers(
    server: Server, history: list[dict[str, Any]]
) -> None:
    assert history
    (board,) = server.get("/api/v1/boards").json()["boards"]
    whole = server.get(f"/api/v1/boards/{board['id']}").json()
    saved = server.get("/api/v1/questions").json()["questions"]

    surfaces = {"insights", "funnels", "retention", "flows", "experiments"}
    assert {one["surface"] for one in saved} == surfaces
    assert [one["id"] for one in whole["questions"]] == [one["id"] for one in saved]
    for question in saved:
        answer = server.ask(f"/api/v1/{question['surface']}", question["query"])
        assert answer.status_code == 200, answer.text
        assert re.search(r":[1-9]", answer.text), f"nothing is shown by {question['name']}"


def test_the_token_that_made_the_board_is_good_no_more(server: Server) -> None:
    with registry_of(server.data_dir) as registry:
        tokens = [one for one in registry.list_tokens("Demo") if one.name == "demo"]

    assert tokens
    assert all(one.revoked_at for one in tokens)


def test_visitors_go_on_coming(server: Server, history: list[dict[str, Any]]) -> None:
    begun = rfc3339(record_of(server).now)
    latest = max(event["timestamp"] for event in history)

    server.wait_until(lambda: len(server.events(**{"from": begun})) > 1)

    assert latest < begun


def test_screens_with_a_snapshot_are_not_asked_for(server: Server) -> None:
    view = {"event_name": "$screen_view", "distinct_id": "user_123"}

    def asked(screen: str) -> bool:
        body = view | {"properties": {"$screen_name": screen}}
        return bool(server.send("/api/v1/track", body).json()["commands"])

    assert not asked("Home")
    assert asked("Account")


def test_no_rate_limit_stands_in_its_way(server: Server) -> None:
    with registry_of(server.data_dir) as registry:
        assert registry.find_project("Demo").rate_limit == 0


def test_it_keeps_away_from_data_that_is_not_its_own(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        registry.create_project("Mine")

    refused = run("demo", "--port", "0", "--json", data_dir=tmp_path)

    assert refused.code == 1
    assert refused.json["ok"] is False
    assert "whipstitch demo --data-dir" in refused.json["error"]
    assert Record.read(tmp_path) is None


def test_a_person_is_told_how_to_sign_in_how_far_it_is_and_what_to_look_at(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WHIPSTITCH_")}
    with subprocess.Popen(
        [COMMAND, "demo", "--people", "10", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not any("Ctrl+C" in line for line in lines):
                lines.append(process.stdout.readline())
                assert lines[-1], lines
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()

    said = "".join(lines)
    assert re.search(r"sign-in +admin@\S+ / \S+", said)
    assert re.search(r"Sent 10 of 10 people, \d+ events\.", said)
    assert "Funnels" in said
    assert "\x1b" not in said
    assert json.loads((tmp_path / "whipstitch-data" / "demo.json").read_text())["told"]
