"""Inserts as ClickHouse is sent them: a statement, and pieces of segments after it."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from whipstitch.loader.blocks import PIECE, blocks_of, pieces_of
from whipstitch.loader.insert_statements import settings
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import translated

_ONE_BLOCK: Final[Mapping[str, int | str]] = {
    "insert_deduplicate": 1,
    "deduplicate_insert_select": "force_enable",
    # Of as many rows and bytes as can be.
    "max_insert_block_size": 2**30,
    "max_block_size": 2**30,
    "input_format_max_block_size_bytes": 2**40,
}


class Insert(NamedTuple):
    """``name`` tells inserts of one attempt apart; ``settings`` are its own; ``pieces`` are the
    rows."""

    name: str
    settings: Mapping[str, int | str]
    pieces: Iterator[bytes]


class InsertRequests:
    """``sent``: how many pieces were, by all threads."""

    def __init__(self) -> None:
        self.sent = 0

    def send(
        self,
        client: Client,
        target: str,
        inserts: Iterator[Insert],
        *,
        token: str,
        name: str,
        careful: bool,
    ) -> None:
        # Before the rows, not in the URL: it may name thousands of ids.
        head = f"INSERT INTO {target} FORMAT JSONEachRow\n".encode()
        for part, more, pieces in inserts:
            with translated():
                client.raw_insert(
                    "",
                    insert_block=self._followed_by(head, pieces),
                    settings={
                        # Of two queries with one id ClickHouse refuses the second. So an attempt
                        # that we gave up, and that a server which hung runs after all, does not run
                        # beside the next one: whichever comes second finds the rows of the first.
                        "query_id": f"{client.database}-{token}-{name}{part}",
                        # As much of the body is read before the statement in it is.
                        "max_query_size": len(head) + PIECE,
                        **settings(careful=careful),
                        **{key: value for key, value in more.items() if _knows(client, key)},
                    },
                )

    def _followed_by(self, head: bytes, pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
        yield head
        for piece in pieces:
            yield piece
            self.sent += 1


def whole(segments: Sequence[Path]) -> Iterator[Insert]:
    """All in one insert."""
    yield Insert("", {}, (piece for segment in segments for piece in pieces_of(segment)))


def blocks(segments: Sequence[Path], careful: bool) -> Iterator[Insert]:
    """Inserts of one block each, with a token: on several replicas the next attempt may not see
    what the one before stored, and a replica takes no block of the same token twice. As a block
    is stored whole in each partition, or not at all, it does no harm that rows are left out of
    it that are seen to be there; with several blocks a token could then mean other rows."""
    for segment in segments:
        for start, end in blocks_of(segment):
            name = f"{segment.name}-{start}{'-careful' if careful else ''}"
            more = {**_ONE_BLOCK, "insert_deduplication_token": name}
            yield Insert(f"-{name}", more, pieces_of(segment, start, end))


def _knows(client: Client, setting: str) -> bool:
    return setting in client.server_settings
