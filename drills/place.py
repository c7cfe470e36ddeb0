"""Where a round of a drill takes place: a directory, and moments that differ each time."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
from tests.support.load import BATCH, HEAVY, HUGE, SINGLE, Load, stored_tags
from tests.support.server import Server

from drills.tally import Tally, count
from whipstitch.journal.dead_letters import DeadLetters

EVERYBODY = (SINGLE, SINGLE, BATCH, HEAVY, HUGE)
"""Clients of each kind that a server treats in its own way."""


@dataclass(frozen=True)
class Place:
    """``chance`` decides when something happens: a run is repeated by its seed."""

    directory: Path
    chance: Random

    def server(
        self, *flags: str, wait: bool = True, files: int | None = None, **settings: str
    ) -> Server:
        environment = {"RATE_LIMIT": "0", **settings}
        data = self.directory / "data"
        return Server(data, *flags, environment=environment, wait=wait, files=files)


@contextmanager
def place(chance: Random) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="drill-", ignore_cleanup_errors=True) as directory:
        yield Place(Path(directory), chance)


def settle(server: Server, load: Load) -> Tally:
    """Ends the load and counts, once everything is loaded."""
    load.stop()
    stored = stored_tags(server)
    return count(load.requests, stored, _set_aside(server))


def _set_aside(server: Server) -> Counter[str]:
    letters = DeadLetters(server.data_dir / "deadletters").letters()
    tags: Counter[str] = Counter()
    for letter in letters:
        try:
            tags[msgspec.json.decode(letter.row)["properties"]["tag"]] += 1
        except (msgspec.DecodeError, KeyError, TypeError):
            continue  # too damaged to tell whose it was
    return tags
