"""Tells the story to a running server, and furnishes it with a board, through the endpoints that
clients use."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, Protocol, Self

import httpx

from whipstitch.core.errors import DemoError
from whipstitch.demo import board
from whipstitch.demo.record import Record
from whipstitch.demo.story import Delivery, Story

_TIMEOUT_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 0.5
"""Before the same request is sent again."""
_JOIN_SECONDS: Final = 5

Token = Callable[[], AbstractContextManager[str]]
"""Gives a token of the query API, of an editor, for as long as the context lasts."""


class DemoProgress(Protocol):
    """Is shown how far it is, in the sender's thread."""

    def history(self, people: int) -> AbstractContextManager[None]:
        """Around the history of so many people."""

    def sent(self, people: int, events: int) -> None:
        """So many people's history and so many events were sent until now."""

    def done(self, events: int) -> None:
        """All was sent, by this sender ``events`` of it."""

    def failed(self, error: DemoError) -> None:
        """Nothing more will be sent; the server goes on."""


class _Stopped(Exception):
    """The sender is to end."""


class DemoSender:
    """Sends the rest of a story's history, then what happens now, in a thread of its own, from
    ``start`` until the context is left."""

    def __init__(self, data_dir: Path, progress: DemoProgress) -> None:
        self._data_dir = data_dir
        self._progress = progress
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def start(
        self, address: str, key: str, token: Token, record: Record, started: datetime
    ) -> None:
        """``started``: now. It makes the visitors of this run others than those of the last."""
        self._thread = threading.Thread(
            target=self._run, args=(address, key, token, record, started), name="demo", daemon=True
        )
        self._thread.start()

    def _run(self, address: str, key: str, token: Token, record: Record, started: datetime) -> None:
        story = Story(record.now, record.people)
        # Nothing of the environment: a proxy has no part in this.
        with httpx.Client(
            base_url=address,
            headers={"x-api-key": key},
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        ) as client:
            try:
                if not record.furnished:
                    with token() as secret:
                        self._furnish(client, secret)
                    record = record.with_furniture()
                    record.write(self._data_dir)
                if not record.told:
                    with self._progress.history(story.people):
                        events = self._tell(client, story, record)
                    self._progress.done(events)
                for pause, delivery in story.presence(Random(f"{started}")):  # noqa: S311 - no secret
                    self._wait(pause)
                    self._send(client, delivery)
            except _Stopped:
                pass
            except DemoError as error:
                self._progress.failed(error)

    def _furnish(self, client: httpx.Client, token: str) -> None:
        """Makes the board. What was saved before a stop is there already."""

        def ask(method: str, what: str, body: object = None) -> Any:
            headers = {"authorization": f"Bearer {token}"}
            return self._ask(client, method, f"/api/v1/{what}", body, headers).json()

        saved = {one["name"]: one["id"] for one in ask("GET", "questions")["questions"]}
        tiles = [
            {
                "question_id": saved.get(one.body["name"])
                or ask("POST", "questions", one.body)["question"]["id"],
                "width": one.width,
            }
            for one in board.QUESTIONS
        ]
        ask("POST", "boards", {"name": board.NAME, "tiles": tiles})

    def _tell(self, client: httpx.Client, story: Story, record: Record) -> int:
        """How many events were sent."""
        events = 0
        before = record.delivered
        for number, (people, delivery) in enumerate(_deliveries(story)):
            if number < before:
                continue
            self._send(client, delivery)
            record = record.one_further()
            record.write(self._data_dir)
            events += delivery.events
            self._progress.sent(people, events)
        record.at_the_end().write(self._data_dir)
        return events

    def _send(self, client: httpx.Client, delivery: Delivery) -> None:
        self._ask(client, "POST", delivery.path, delivery.body, {"user-agent": delivery.user_agent})

    def _ask(
        self, client: httpx.Client, method: str, path: str, body: object, headers: dict[str, str]
    ) -> httpx.Response:
        """Asks until it is answered, as the contract has it: again on 429, 503 and a network that
        fails, and only then."""
        while True:
            if self._stop.is_set():
                raise _Stopped
            try:
                answer = client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                self._wait(_PAUSE_SECONDS)
                continue
            if answer.is_success:
                return answer
            if answer.status_code not in (429, 503):
                raise DemoError(
                    f"The demo's traffic is refused by {path}: {answer.status_code} "
                    f"{answer.text[:200]}. Nothing more is sent. Were its project, allowlists or "
                    "keys changed?"
                )
            self._wait(float(answer.headers.get("retry-after") or _PAUSE_SECONDS))

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _Stopped


def _deliveries(story: Story) -> Iterator[tuple[int, Delivery]]:
    """All of a story's history, each with the number of people whose history is told with it."""
    yield from ((0, delivery) for delivery in story.snapshots())
    for number in range(story.people):
        yield from ((number + 1, delivery) for delivery in story.history(number))
