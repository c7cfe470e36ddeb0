"""A server that is not always well: real sockets, answers as they come."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from whipstitch.core.errors import DemoError
from whipstitch.demo import board
from whipstitch.demo.record import Record
from whipstitch.demo.sending import DemoSender
from whipstitch.demo.story import Story

NOW = datetime(2026, 5, 20, 15, tzinfo=UTC)
PEOPLE = 3
_TIMEOUT = 20
_HANG_UP = 0


class Watched:
    """Notes how it ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.error: DemoError | None = None
        self.events = -1

    @contextmanager
    def history(self, people: int) -> Iterator[None]:
        assert people == PEOPLE
        yield

    def sent(self, people: int, events: int) -> None:
        assert 0 <= people <= PEOPLE
        assert events >= 0

    def done(self, events: int) -> None:
        self.events = events
        self.ended.set()

    def failed(self, error: DemoError) -> None:
        self.error = error
        self.ended.set()


@contextmanager
def answering(
    *statuses: int, saved: Mapping[str, str] | None = None
) -> Iterator[tuple[str, list[object]]]:
    """A server that answers the first requests so (_HANG_UP: not at all) and all others 200; its
    address, and the bodies of those. ``saved`` are the ids of questions by their names."""
    rest = list(statuses)
    accepted: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = [{"id": id_, "name": name} for name, id_ in (saved or {}).items()]
            self._answer(200, {"questions": found})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = rest.pop(0) if rest else 200
            if status == _HANG_UP:
                self.close_connection = True
                return
            if status == 200:
                accepted.append(json.loads(body))
            self._answer(status, {"question": {"id": f"qst_{len(accepted)}"}})

        def _answer(self, status: int, answer: object) -> None:
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("retry-after", "0")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", accepted
        finally:
            server.shutdown()
            thread.join()


def _token() -> AbstractContextManager[str]:
    return nullcontext("wst_x")


def send(data_dir: Path, record: Record, address: str) -> Watched:
    watched = Watched()
    with DemoSender(data_dir, watched) as sender:
        sender.start(address, "sk_live_x", _token, record, NOW)
        assert watched.ended.wait(_TIMEOUT)
    return watched


def send_until(done: Callable[[], bool], data_dir: Path, record: Record, address: str) -> None:
    with DemoSender(data_dir, Watched()) as sender:
        sender.start(address, "sk_live_x", _token, record, NOW)
        give_up = time.monotonic() + _TIMEOUT
        while not done():
            assert time.monotonic() < give_up
            time.sleep(0.02)


def history() -> list[object]:
    story = Story(NOW, PEOPLE)
    deliveries = [*story.snapshots()]
    for number in range(PEOPLE):
        deliveries += story.history(number)
    return [delivery.body for delivery in deliveries]


def test_what_was_not_taken_is_sent_again_and_everything_arrives_once(tmp_path: Path) -> None:
    with answering(503, 200, _HANG_UP, 429) as (address, accepted):
        watched = send(tmp_path, Record("proj_1", NOW, PEOPLE, furnished=True), address)

    told = history()
    assert watched.error is None
    assert watched.events > 0
    assert accepted[: len(told)] == told
    assert Record.read(tmp_path) == Record("proj_1", NOW, PEOPLE, len(told), True, True)


def test_a_story_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    told = history()

    with answering() as (address, accepted):
        send(tmp_path, Record("proj_1", NOW, PEOPLE, 5, furnished=True), address)

    assert accepted[: len(told) - 5] == told[5:]


def test_a_board_is_made_once_with_the_questions_that_are_not_saved_yet(tmp_path: Path) -> None:
    kept = {board.QUESTIONS[0].body["name"]: "qst_kept"}
    record = Record("proj_1", NOW, PEOPLE, told=True)

    with answering(503, saved=kept) as (address, accepted):
        send_until(lambda: len(accepted) > len(board.QUESTIONS), tmp_path, record, address)
        begun = len(accepted)
        written = Record.read(tmp_path)
        assert written is not None
        send_until(lambda: len(accepted) > begun, tmp_path, written, address)

    bodies = [one.body for one in board.QUESTIONS[1:]]
    made = accepted[len(bodies)]
    assert accepted[: len(bodies)] == bodies
    assert isinstance(made, dict)
    assert made["name"] == board.NAME
    assert made["tiles"][0] == {"question_id": "qst_kept", "width": board.QUESTIONS[0].width}
    assert [one["width"] for one in made["tiles"]] == [one.width for one in board.QUESTIONS]
    assert made not in accepted[len(bodies) + 1 :]


def test_a_refusal_ends_it_and_says_what_to_look_at(tmp_path: Path) -> None:
    with answering(200, 403) as (address, accepted):
        watched = send(tmp_path, Record("proj_1", NOW, PEOPLE, furnished=True), address)

    assert len(accepted) == 1
    assert "403" in str(watched.error)
    assert "keys" in str(watched.error)
    assert "sk_live_x" not in str(watched.error)
