"""The way of a segment into ClickHouse: its aliases are linked, then its rows are inserted."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from whipstitch.identity.arrivals import NO_CORRECTIONS, Corrections
from whipstitch.identity.linker import Linker
from whipstitch.loader.insert_statements import TABLES, settings, statement
from whipstitch.loader.segment_reader import Contents
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.store import Store

_PIECE: Final = 256 * 1024
"""Bytes of a segment that are sent at once."""


class Inserts:
    """Waits for the store's loading thread. ``linker``: None where ids are stored as they come."""

    def __init__(self, store: Store, linker: Linker | None = None) -> None:
        self._store = store
        self._linker = linker
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
            StorageUnavailable: not now; some rows may have been stored.
        """

        def work(client: Client) -> None:
            corrections = self._linker.link(client, contents.named) if self._linker else None
            self._insert(
                client, segments, token, contents, corrections or NO_CORRECTIONS, careful=careful
            )

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
    ) -> None:
        for table in TABLES:
            if not contents.rows[table]:
                continue
            # Of two queries with one id ClickHouse refuses the second. So an attempt that we gave
            # up, and that a server which hung runs after all, does not run beside the next one:
            # whichever comes second finds the rows of the first.
            query_id = f"{client.database}-{token}-{table}"
            target = statement(table, contents.span, corrections, careful=careful)
            # Before the rows, not in the URL: it may name thousands of ids.
            head = f"INSERT INTO {target} FORMAT JSONEachRow\n".encode()
            client.raw_insert(
                "",
                insert_block=self._followed_by(head, segments),
                # As much of the body is read before the statement in it is.
                settings={
                    "query_id": query_id,
                    "max_query_size": len(head) + _PIECE,
                    **settings(careful=careful),
                },
            )

    def _followed_by(self, head: bytes, segments: Sequence[Path]) -> Generator[bytes, None, None]:
        yield head
        for segment in segments:
            with segment.open("rb") as rows:
                while piece := rows.read(_PIECE):
                    yield piece
                    self.sent += 1
