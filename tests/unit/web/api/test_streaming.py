"""Answers that are sent while they are made, and who may have how many."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from whipstitch.core.errors import QueryTimedOut
from whipstitch.web.api import streaming
from whipstitch.web.api.streaming import ConcurrencyLimit, Streamed
from whipstitch.web.auth.access import Reader


def reader(project: str, id_: str) -> Reader:
    return Reader(project, "viewer", "UTC", id_, id_)


def test_nobody_and_no_project_has_all_places() -> None:
    places = ConcurrencyLimit(4, of_project=3, of_user=2, what="exports")
    with ExitStack() as taken:
        for id_ in ("ann", "ann", "bob"):
            taken.enter_context(places.taken(reader("shop", id_)))
        for id_, why in (("ann", "3 exports of one project"), ("cid", "3 exports of one project")):
            with pytest.raises(HTTPException, match=why), places.taken(reader("shop", id_)):
                pass
        with (
            pytest.raises(HTTPException, match="2 exports of one user"),
            places.taken(reader("blog", "ann")),
        ):
            pass
        taken.enter_context(places.taken(reader("blog", "cid")))
        with pytest.raises(HTTPException, match="429: 4 exports are"):
            taken.enter_context(places.taken(reader("wiki", "dan")))
    with places.taken(reader("wiki", "dan")):
        pass


class Client:
    """Takes ``pause`` seconds for each message that it is sent."""

    def __init__(self, pause: float) -> None:
        self.took: list[Message] = []
        self._pause = pause

    async def send(self, message: Message) -> None:
        await asyncio.sleep(self._pause)
        self.took.append(message)

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError


class File:
    """Pieces without end, ``pause`` seconds apart."""

    def __init__(self, pause: float = 0.0, most: int = 10**9) -> None:
        self.closed = False
        self._pause = pause
        self._most = most

    async def pieces(self) -> AsyncGenerator[bytes]:
        try:
            for _ in range(self._most):
                await asyncio.sleep(self._pause)
                yield b"x" * 100
        finally:
            self.closed = True


def send(file: File, client: Client, seconds: float | None) -> None:
    answer = Streamed(file.pieces(), "text/plain", seconds=seconds)
    asyncio.run(answer({"type": "http"}, client.receive, client.send))


def ended(client: Client) -> bool:
    return not client.took[-1].get("more_body", True)


def test_a_reader_that_takes_drop_by_drop_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_PATIENCE", 0.3)
    file, client = File(), Client(0.05)  # never too slow for one piece

    send(file, client, 3600)

    assert file.closed
    assert not ended(client)


def test_a_file_ends_after_its_time_however_fast_it_is_read() -> None:
    file, client = File(0.01), Client(0.0)

    send(file, client, 0.3)

    assert file.closed
    assert len(client.took) > 1
    assert not ended(client)


def test_a_file_that_does_not_even_begin_in_its_time_is_answered_so() -> None:
    file = File(3600)
    with pytest.raises(QueryTimedOut, match="shorter range"):
        send(file, Client(0.0), 0.1)
    assert file.closed


def test_a_stream_lasts_however_slowly_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_PATIENCE", 0.3)
    file, client = File(most=10), Client(0.05)

    send(file, client, None)

    assert ended(client)
