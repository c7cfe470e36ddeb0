"""The way of a segment into ClickHouse: its aliases are linked, then its rows are inserted."""

from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from whipstitch.core.errors import ShardAway, StorageError, StorageUnavailable, StorageUnreachable
from whipstitch.identity.arrivals import NO_CORRECTIONS, Corrections
from whipstitch.identity.linker import Linker
from whipstitch.loader.blocks import PIECE, blocks_of, pieces_of
from whipstitch.loader.insert_statements import Target, settings, statement
from whipstitch.loader.repeats import Repeats, without_repeats
from whipstitch.loader.segment_reader import Contents
from whipstitch.registry.acceptance import Acceptance
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.maintenance.retention import take_out_of_force
from whipstitch.warehouse.store import Store

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


class Inserts:
    """Waits for the store's loading thread. ``linker``: None where ids are stored as they come.
    ``acceptance`` is told of rows that come late."""

    def __init__(
        self,
        store: Store,
        linker: Linker | None = None,
        acceptance: Acceptance | None = None,
        repeats: Repeats | None = None,
    ) -> None:
        """``repeats``: None where rows are stored though their ids repeat."""
        self._store = store
        self._repeats = repeats
        self._linker = linker
        self._acceptance = acceptance or Acceptance()
        self._stored: set[tuple[str, str]] = set()
        """Segments, by name, and shards that have their rows, where another one is away."""
        self.sent = 0
        """Pieces of segments that were sent."""

    def load(
        self, segments: Sequence[Path], token: str, contents: Contents, *, careful: bool = False
    ) -> None:
        """Stores the rows of ``segments``, which are ``contents``; whatever their size, in level
        memory. Rows that are stored already are not stored twice, so it may be repeated after any
        end. ``token`` names the attempt: on a server one of that name runs at a time. ``careful``:
        see ``insert_statements``.

        Raises:
            StorageRefused: some row cannot be stored; others may have been.
            ShardAway: not all now; the rows of all other shards are stored.
            StorageUnavailable: not now; some rows may have been stored.
        """

        def work(client: Client) -> None:
            waiting = [shard for shard in client.shards() if self._left(segments, shard)]
            if client.peers and (why := client.peers.why_away(waiting)):
                raise ShardAway(why)  # as some time ago, when all others were given their rows
            if contents.rows["track"] and self._acceptance.is_late(contents.span.first):
                self._acceptance.take_back(contents.span.first - 1)
                take_out_of_force(client)
            repeats: Set[int] = frozenset()
            if self._repeats is not None and contents.marked:
                repeats = self._repeats.find(client, contents.marked)
            named = without_repeats(contents.named, repeats)
            corrections = self._linker.link(client, named) if self._linker else None
            self._insert(
                client,
                segments,
                token,
                contents,
                corrections or NO_CORRECTIONS,
                careful=careful,
                repeats=repeats,
            )
            if self._repeats is not None and repeats:
                self._repeats.count(contents.marked, repeats)

        self._store.run_on_writer(work).result()

    def _insert(
        self,
        client: Client,
        segments: Sequence[Path],
        token: str,
        contents: Contents,
        corrections: Corrections,
        *,
        careful: bool,
        repeats: Set[int],
    ) -> None:
        load = partial(self._insert_at, token=token, careful=careful)
        if contents.rows["trait"]:
            # Traits that are stored twice count once, whatever the engine is.
            target = statement(
                "trait", contents.span, corrections, careful=careful, repeats=repeats
            )
            load(client, target, self._whole(segments), name="trait")
        if not contents.rows["track"]:
            return
        shards = client.shards()
        away: list[StorageError] = []
        for number, shard in enumerate(shards):
            if not (left := self._left(segments, shard)):
                continue
            target = statement(
                "track",
                contents.span,
                corrections,
                careful=careful,
                target=Target(client.events, number, len(shards)),
                repeats=repeats,
            )
            blocks = self._blocks(left, careful)
            inserts = blocks if client.replicated else self._whole(left)
            try:
                with translated():
                    load(client.shard(shard), target, inserts, name=f"track{shard}")
            except StorageUnavailable as error:
                if client.peers is None:
                    raise
                # The rows of other shards do not wait for this one.
                away.append(error)
            else:
                self._stored.update((segment.name, shard) for segment in left)
        # Where the host itself is gone that we are at, another one is to be found first.
        gone = [error for error in away if isinstance(error, StorageUnreachable)]
        if gone and not client.answers():
            raise gone[0]
        if away:
            raise ShardAway(str(away[0])) from None
        self._stored -= {(segment.name, shard) for segment in segments for shard in shards}

    def _left(self, segments: Sequence[Path], shard: str) -> list[Path]:
        """Those of which this shard has not been given all rows."""
        return [segment for segment in segments if (segment.name, shard) not in self._stored]

    def _insert_at(
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
            client.raw_insert(
                "",
                insert_block=self._followed_by(head, pieces),
                settings={
                    # Of two queries with one id ClickHouse refuses the second. So an attempt that
                    # we gave up, and that a server which hung runs after all, does not run beside
                    # the next one: whichever comes second finds the rows of the first.
                    "query_id": f"{client.database}-{token}-{name}{part}",
                    # As much of the body is read before the statement in it is.
                    "max_query_size": len(head) + PIECE,
                    **settings(careful=careful),
                    **{key: value for key, value in more.items() if _knows(client, key)},
                },
            )

    @staticmethod
    def _whole(segments: Sequence[Path]) -> Iterator[Insert]:
        """All in one insert."""
        yield Insert("", {}, (piece for segment in segments for piece in pieces_of(segment)))

    @staticmethod
    def _blocks(segments: Sequence[Path], careful: bool) -> Iterator[Insert]:
        """Inserts of one block each, with a token: on several replicas the next attempt may not see
        what the one before stored, and a replica takes no block of the same token twice. As a block
        is stored whole in each partition, or not at all, it does no harm that rows are left out of
        it that are seen to be there; with several blocks a token could then mean other rows."""
        for segment in segments:
            for start, end in blocks_of(segment):
                name = f"{segment.name}-{start}{'-careful' if careful else ''}"
                more = {**_ONE_BLOCK, "insert_deduplication_token": name}
                yield Insert(f"-{name}", more, pieces_of(segment, start, end))

    def _followed_by(self, head: bytes, pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
        yield head
        for piece in pieces:
            yield piece
            self.sent += 1


def _knows(client: Client, setting: str) -> bool:
    return setting in client.server_settings
