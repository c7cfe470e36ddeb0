"""The client against a server of the standard library that answers as it is told."""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import whipstitch_client
from whipstitch_client import Client

KEY = "sk_live_" + "0" * 32


class Answering(ThreadingHTTPServer):
    """Answers with ``answers`` first, then 200; keeps the operations that it answered so."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.operations: list[dict[str, Any]] = []
        self.asked = 0
        self.headers: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def payloads(self, type_: str = "track") -> list[dict[str, Any]]:
        return [one["payload"] for one in self.operations if one["type"] == type_]


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked += 1
        self.server.headers = {name.lower(): value for name, value in self.headers.items()}
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        if status == 200:
            assert self.path == "/api/v1/batch"
            self.server.operations += body["operations"]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b'{"ok":true}')

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering() as answering:
        thread = threading.Thread(target=answering.serve_forever, args=(0.01,))
        thread.start()
        yield answering
        answering.shutdown()
        thread.join()


def test_each_call_is_an_operation_of_the_batch(server: Answering) -> None:
    with Client(KEY, host=server.url, default_properties={"app": "shop"}) as client:
        client.track("user_1", "bought", {"price": 2.5}, "2026-05-09T12:00:00Z", message_id="m1")
        client.identify("user_1", {"plan": "pro"}, anonymous_id="anon_1")
        client.people("user_1", set_once={"a": 1}, add={"orders": 2})
    (event,) = server.payloads()
    assert event == {
        "distinct_id": "user_1",
        "event_name": "bought",
        "lib_version": f"whipstitch-client/{whipstitch_client.__version__}",
        "properties": {"price": 2.5},
        "default_properties": {"app": "shop"},
        "timestamp": "2026-05-09T12:00:00Z",
        "message_id": "m1",
    }
    (alias,) = server.payloads("alias")
    assert (alias["alias_id"], alias["distinct_id"]) == ("anon_1", "user_1")
    traits, more = server.payloads("people")
    assert traits["properties"] == {"plan": "pro"}
    assert (more["set_once"], more["add"]) == ({"a": 1}, {"orders": 2})
    assert len({one["payload"]["message_id"] for one in server.operations}) == 4
    assert server.headers["x-api-key"] == KEY


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_batch_is_sent_again_when_it_was_not_taken(server: Answering, status: int) -> None:
    server.answers = [(status, {"retry-after": "0"})]
    with Client(KEY, host=server.url) as client:
        client.track("user_1", "seen")
    assert server.asked == 2
    assert len(server.operations) == 1
    assert client.lost == 0


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 500])
def test_what_is_refused_is_lost_once_and_told(server: Answering, status: int) -> None:
    server.answers = [(status, {"location": "/elsewhere"})]
    told: list[tuple[str, Any]] = []
    with Client(KEY, host=server.url, on_error=lambda *why: told.append(why)) as client:
        client.track("user_1", "lost")
        client.flush()
        client.track("user_1", "kept")
    assert [one["event_name"] for one in server.payloads()] == ["kept"]
    ((why, (operation,)),) = told
    assert why.startswith(str(status))
    assert json.loads(operation)["payload"]["event_name"] == "lost"
    assert client.lost == 1


def test_a_retry_after_is_kept(server: Answering) -> None:
    server.answers = [(503, {"retry-after": "1"})]
    began = time.monotonic()
    with Client(KEY, host=server.url) as client:
        client.track("user_1", "seen")
    assert time.monotonic() - began >= 1
    assert len(server.operations) == 1


def test_a_server_that_is_away_is_waited_for() -> None:
    with Answering() as server:
        url = server.url
    client = Client(KEY, host=url)
    client.track("user_1", "seen")
    assert not client.flush(0.2)
    assert len(client) == 1
    assert not client.shutdown(0.1)
    assert client.lost == 1


def test_more_than_may_wait_is_counted(server: Answering) -> None:
    told: list[str] = []
    client = Client(
        KEY,
        host=server.url,
        max_queue=3,
        flush_interval=60,
        on_error=lambda why, _: told.append(why),
    )
    for number in range(5):
        client.track("user_1", f"event {number}")
    assert (client.lost, client.overflowed, len(told)) == (2, 2, 2)
    client.shutdown()
    assert [one["event_name"] for one in server.payloads()] == ["event 0", "event 1", "event 2"]
    client.track("user_1", "too late")
    assert client.lost == 3


class _Broken(dict[str, object]):
    def items(self) -> Any:
        raise RuntimeError("a lazy object without its database")


@pytest.mark.parametrize(
    ("distinct_id", "event", "properties"),
    [
        (None, "seen", None),
        ("", "seen", None),
        (["user_1"], "seen", None),
        ("user_1", "", None),
        ("user_1", "seen", ["no", "object"]),
        ("user_1", "seen", _Broken(a=1)),
    ],
)
def test_a_wrong_call_raises_only_where_that_is_asked_for(
    server: Answering, distinct_id: Any, event: str, properties: Any
) -> None:
    with Client(KEY, host=server.url) as client:
        client.track(distinct_id, event, properties)
    assert client.lost == 1
    assert server.operations == []
    with (
        Client(KEY, host=server.url, debug=True) as client,
        pytest.raises(Exception, match=r"missing|must be|no attribute|lazy"),
    ):
        client.track(distinct_id, event, properties)


def test_a_value_without_a_form_in_json_is_left_out(server: Answering) -> None:
    with Client(KEY, host=server.url) as client:
        client.track("user_1", "seen", {"a": 1, "b": object()})
    assert server.payloads()[0]["properties"] == {"a": 1}
    with (
        Client(KEY, host=server.url, debug=True) as client,
        pytest.raises(TypeError, match="b: a object has no form in JSON"),
    ):
        client.track("user_1", "seen", {"a": 1, "b": object()})


@pytest.mark.parametrize("wrong", [{"key": ""}, {"host": "localhost:8080"}, {"batch_size": 101}])
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"key|host|batch_size"):
        Client(**{"key": KEY, **wrong})


def test_the_event_loop_goes_on_while_it_is_flushed(server: Answering) -> None:
    server.answers = [(503, {"retry-after": "1"})]

    async def work() -> int:
        turns = 0
        async with Client(KEY, host=server.url) as client:
            client.track("user_1", "seen")
            flushing = asyncio.create_task(client.aflush())
            while not flushing.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert flushing.result()
        return turns

    assert asyncio.run(work()) > 20


def _track_in_child(client: Client) -> None:
    client.track("user_1", "child")


@pytest.mark.parametrize("in_file", [False, True])
def test_a_forked_child_sends_its_own_and_nothing_twice(
    server: Answering, tmp_path: Path, in_file: bool
) -> None:
    client = Client(
        KEY,
        host=server.url,
        flush_interval=60,
        queue_path=tmp_path / "queue.db" if in_file else None,
    )
    client.track("user_1", "parent")
    children = [
        multiprocessing.get_context("fork").Process(target=_track_in_child, args=(client,))
        for _ in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    assert [one["event_name"] for one in server.payloads()] == ["child", "child"]
    assert client.shutdown()
    assert [one["event_name"] for one in server.payloads()].count("parent") == 1


_SCRIPT = """
import os, sys
from whipstitch_client import Client
client = Client("{key}", host=sys.argv[1], queue_path=sys.argv[2] or None, flush_interval=60)
for number in range(150):
    client.track("user_1", "seen", {{"number": number}})
if sys.argv[3] == "killed":
    os.kill(os.getpid(), 9)
"""


def run(url: str, path: str, end: str) -> None:
    subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(key=KEY), url, path, end],
        env=os.environ | {"PYTHONPATH": str(Path(whipstitch_client.__file__).parents[1])},
        check=end != "killed",
        timeout=60,
    )


def test_a_process_that_ends_sends_what_waits(server: Answering) -> None:
    run(server.url, "", "ends")
    assert len(server.operations) == 150


def test_what_a_killed_process_left_in_its_file_is_sent_by_the_next(
    server: Answering, tmp_path: Path
) -> None:
    path = tmp_path / "queue.db"
    with Answering() as away:
        run(away.url, str(path), "killed")
    with Client(KEY, host=server.url, queue_path=path) as client:
        assert client.flush()
    assert [one["properties"]["number"] for one in server.payloads()] == list(range(150))
