"""The way of a segment into ClickHouse: its aliases are linked, then its rows are inserted."""

from collections.abc import Sequence, Set
from functools import partial
from pathlib import Path

from whipstitch.core.errors import ShardAway, StorageError, StorageUnavailable, StorageUnreachable
from whipstitch.core.side_by_side import side_by_side
from whipstitch.identity.arrivals import NO_CORRECTIONS, RowCorrections
from whipstitch.identity.linker import Linker
from whipstitch.loader.insert_requests import InsertRequests, blocks, whole
from whipstitch.loader.insert_statements import Target, statement
from whipstitch.loader.repeats import Repeats, without_repeats
from whipstitch.loader.segment_reader import Contents
from whipstitch.registry.acceptance import Acceptance
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.errors import translated
from whipstitch.warehouse.maintenance import session_steps
from whipstitch.warehouse.maintenance.retention import take_out_of_force
from whipstitch.warehouse.store import Store


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
        self._requests = InsertRequests()
        self._stored: set[tuple[str, str]] = set()
        """Segments, by name, and shards that have their rows, where another one is away."""

    @property
    def sent(self) -> int:
        """Pieces of segments that were sent."""
        return self._requests.sent

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
                session_steps.take_back(client, contents.span.first - 1)
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
        corrections: RowCorrections,
        *,
        careful: bool,
        repeats: Set[int],
    ) -> None:
        load = partial(self._requests.send, token=token, careful=careful)
        if contents.rows["trait"]:
            # Traits that are stored twice count once, whatever the engine is.
            target = statement(
                "trait", contents.span, corrections, careful=careful, repeats=repeats
            )
            load(client, target, whole(segments), name="trait")
        if not contents.rows["track"]:
            return
        shards = client.shards()
        away: list[StorageError] = []
        reached: dict[str, list[Path]] = {}
        works = []
        for number, shard in enumerate(shards):
            if not (left := self._left(segments, shard)):
                continue
            try:
                with translated():
                    there = client.shard(shard)
            except StorageUnavailable as error:
                away.append(error)
                continue
            target = statement(
                "track",
                contents.span,
                corrections,
                careful=careful,
                target=Target(client.events, number, len(shards)),
                repeats=repeats,
            )
            inserts = blocks(left, careful) if client.replicated else whole(left)
            works.append(partial(load, there, target, inserts, name=f"track{shard}"))
            reached[shard] = left
        # At one time: each shard reads the whole segment, and takes its own rows.
        failed = side_by_side("clickhouse-load-shard", works)
        for (shard, left), problem in zip(reached.items(), failed, strict=True):
            if problem is None:
                self._stored.update((segment.name, shard) for segment in left)
            elif client.peers is None or not isinstance(problem, StorageUnavailable):
                raise problem
            else:
                # The rows of other shards do not wait for this one.
                away.append(problem)
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
