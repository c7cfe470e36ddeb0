"""``whipstitch serve`` as a person runs it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.command import COMMAND, run
from tests.support.server import Server

EVENT = {"event_name": "signed_up", "distinct_id": "user_123"}
SECRET = re.compile(r"sk_live_\w+|sk_test_\w+|wst_\S+")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests may set up but not stop."""
    environment = {"RATE_LIMIT": "0", "LOG_LEVEL": "debug"}
    with Server(tmp_path_factory.mktemp("serve") / "data", environment=environment) as running:
        yield running


def test_what_the_first_start_prints_works_when_pasted(tmp_path: Path) -> None:
    with _foreground(tmp_path) as process:
        greeting = _read_until(process, "api/v1/events")
        send, read = _commands(greeting)

        assert _paste(send) == {"ok": True, "commands": []}
        events: list[dict[str, object]] = []
        give_up = time.monotonic() + 60
        while not events and time.monotonic() < give_up:  # none while ClickHouse starts
            time.sleep(0.1)
            events = _paste(read).get("events", [])

        assert [event["event_name"] for event in events] == ["signed_up"]
        assert str(tmp_path / "whipstitch-data") in greeting
        assert _stop(process) == 0
    with _foreground(tmp_path) as process:
        again = _read_until(process, "Ctrl+C")
        assert "http://127.0.0.1:" in again
        assert not SECRET.search(again + _rest(process, signal.SIGINT))


def test_json_is_one_value_with_all_that_a_script_needs(server: Server) -> None:
    first_run = server.printed["first_run"]

    assert first_run.keys() == {
        *("project_id", "live_key", "test_key", "token", "email", "password"),
    }
    assert server.printed.keys() == {"address", "first_run"}


def test_events_are_taken_while_clickhouse_starts(tmp_path: Path) -> None:
    with Server(tmp_path / "data", wait=False) as server:
        process = server.process.pid
        assert server.send("/api/v1/track", EVENT).status_code == 200
        server.wait_until(lambda: server.is_ready() and bool(server.events()))
        assert server.process.pid == process


def test_nothing_that_was_answered_is_lost_by_a_stop(tmp_path: Path) -> None:
    with Server(tmp_path / "data", environment={"RATE_LIMIT": "0"}) as server:
        names = [f"event_{number}" for number in range(50)]
        for name in names:
            assert server.send("/api/v1/track", EVENT | {"event_name": name}).status_code == 200

        assert server.terminate(seconds=10) == 0

        server.start()
        server.wait_until(lambda: len(server.events()) >= len(names))
        assert sorted(event["event_name"] for event in server.events()) == sorted(names)
        assert server.printed["first_run"] is None


def test_a_revoked_key_stops(server: Server) -> None:
    made = run("key", "create", server.project_id, *("--environment", "live"), "--json",
               data_dir=server.data_dir)  # fmt: skip
    key = made.json["key"]
    server.wait_until(lambda: server.send("/api/v1/track", EVENT, key).status_code == 200)

    run("key", "revoke", key, data_dir=server.data_dir)

    server.wait_until(lambda: server.send("/api/v1/track", EVENT, key).status_code == 403)
    assert server.send("/api/v1/track", EVENT, key).json()["error"] == "Invalid API Key"
    assert server.send("/api/v1/track", EVENT).status_code == 200


def test_allowlists_and_rate_limits_take_effect(server: Server) -> None:
    made = run("project", "create", "Fenced", "--json", data_dir=server.data_dir).json
    key, project = made["live_key"], made["project_id"]
    page = {"origin": "https://evil.example"}

    run("project", "set", project, "--domains", "example.com", data_dir=server.data_dir)

    refused = {"ok": False, "error": "Unauthorized Origin"}
    server.wait_until(lambda: server.send("/api/v1/track", EVENT, key, page).json() == refused)
    assert server.send("/api/v1/track", EVENT, key, page).status_code == 403
    allowed = {"origin": "https://example.com"}
    assert server.send("/api/v1/track", EVENT, key, allowed).status_code == 200

    run("project", "set", project, "--domains", "", "--rate-limit", "1", data_dir=server.data_dir)

    server.wait_until(lambda: server.send("/api/v1/track", EVENT, key, page).status_code == 429)


def test_a_second_server_on_the_same_data_says_that_it_is_in_use(server: Server) -> None:
    refused = run("serve", "--port", "0", data_dir=server.data_dir)

    assert refused.code == 1
    assert refused.out == ""
    assert "Another whipstitch server uses" in refused.err
    assert "--data-dir" in refused.err


def test_a_port_in_use_is_named_and_the_first_start_still_to_come(
    server: Server, tmp_path: Path
) -> None:
    port = server.url.rpartition(":")[2]

    refused = run("serve", "--port", port, data_dir=tmp_path / "data")

    assert (refused.code, refused.out) == (1, "")
    assert f"port {port}" in refused.err
    assert "--port" in refused.err
    assert "Traceback" not in refused.err
    with Server(tmp_path / "data") as another:
        assert another.send("/api/v1/track", EVENT).status_code == 200


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root may write everywhere but where nobody can.
        closed = Path("/proc")
    else:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)

    refused = run("serve", "--data-dir", str(closed), "--json", data_dir=tmp_path)

    assert refused.code == 1
    assert f"The data directory {closed} cannot be used" in refused.json["error"]
    assert "--data-dir" in refused.json["error"]


def test_what_was_printed_once_is_the_last_time_it_is_seen(server: Server) -> None:
    """Keys, tokens, passwords and what clients send stay out of the log, at its most talkative."""
    server.send("/api/v1/track", EVENT | {"properties": {"note": "private-matter"}})
    server.send("/api/v1/track", b'{"broken-matter', key="sk_live_misspelt")
    server.get("/api/v1/events", token="wst_misspelt")
    server.wait_until(lambda: bool(server.events()))

    log = server.log

    assert log
    for secret in (server.live_key, server.token, server.printed["first_run"]["password"]):
        assert secret not in log
    for word in ("private-matter", "broken-matter", "misspelt", "user_123"):
        assert word not in log


def test_files_are_for_their_owner_alone(server: Server) -> None:
    names = ("", "registry.db", "journal", "clickhouse", "clickhouse/store")
    files = ("config.xml", "users.xml", "connection.json", "clickhouse.log", "output.log")
    for name in (*names, *(f"clickhouse/{file}" for file in files)):
        assert (server.data_dir / name).stat().st_mode & 0o077 == 0, name


def _commands(greeting: str) -> list[str]:
    """The command lines in a greeting, as one copies them."""
    return re.findall(r"^  (curl (?:.*\\\n)*.*)$", greeting, re.MULTILINE)


def _paste(line: str) -> dict[str, list[dict[str, object]]]:
    shell = subprocess.run(
        ["sh", "-c", line.replace("curl ", "curl --silent --show-error ", 1)],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, list[dict[str, object]]] = json.loads(shell.stdout)
    return answer


@contextmanager
def _foreground(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """``whipstitch serve`` in ``directory``, with nothing set."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WHIPSTITCH_")}
    with subprocess.Popen(
        [COMMAND, "serve", "--port", "0"],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    read = ""
    while text not in read.rpartition("\n\n")[2]:
        line = process.stdout.readline()
        assert line, read
        read += line
    return read


def _rest(process: subprocess.Popen[str], stop: signal.Signals) -> str:
    process.send_signal(stop)
    assert process.stdout is not None
    rest = process.stdout.read()
    assert process.wait(60) == 0
    return rest


def _stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(60)
