"""A journal on a real event loop, and rows for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import uvloop
from tests.support.doors import Row

from whipstitch.journal.group_commit import Entry
from whipstitch.journal.journal import Journal

Durability = Literal["fsync", "os"]


def journal_in(directory: Path, durability: Durability = "fsync", **options: Any) -> Journal:
    settings: dict[str, Any] = {"backlog_limit": 1 << 30, "disk_reserve": 0} | options
    return Journal(directory, durability=durability, **settings)


def line(name: str) -> bytes:
    return b'{"k":"track","accepted":1,"name":"%b"}\n' % name.encode()


class Told(Entry):
    """An entry whose outcome is told to ``tell``."""

    tell: Callable[[bool], None] = lambda _: None

    def done(self, durable: bool) -> None:
        self.tell(durable)


def append(journal: Journal, name: str) -> "asyncio.Future[bool]":
    """The outcome of one row."""
    outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    assert journal.append(Told(line(name), 1, outcome.set_result))
    return outcome


def names(rows: list[Row]) -> list[str]:
    return [row["name"] for row in rows]


def run(work: Callable[[], Any]) -> None:
    uvloop.run(work())
