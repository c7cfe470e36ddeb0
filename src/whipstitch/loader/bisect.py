"""A segment that ClickHouse refused: its rows are mended and loaded with care, and what still will
not go in is set aside without its neighbours."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from whipstitch.core.errors import StorageRefused
from whipstitch.core.projects import Scope
from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.loader.behind import MOST_ALIASES
from whipstitch.loader.inserts import Inserts
from whipstitch.loader.large import LARGEST_COPY, NO_COPY
from whipstitch.loader.sanitize import repair
from whipstitch.loader.segment_reader import contents


class _Event(msgspec.Struct):
    k: Literal["track", "trait", "alias", "commit"]
    properties: msgspec.Raw = msgspec.Raw(b"{}")
    default_properties: msgspec.Raw = msgspec.Raw(b"{}")


_event = msgspec.json.Decoder(_Event)
_FIELDS: Final = (("properties", "repaired"), ("default_properties", "default_repaired"))


@dataclass(slots=True)
class Salvage:
    """What became of a refused segment's rows."""

    repaired: int = 0
    stored: int = 0
    dead: list[DeadLetter] = field(default_factory=list)


Mend = Callable[[Path, Path], Salvage]
"""See ``mend_segment``, which may be done in another process."""
Look = Callable[[Salvage], None]


def salvage(
    inserts: Inserts,
    segment: Path,
    scratch: Path,
    late: Collection[Scope] = (),
    *,
    mend: Mend,
    look: Look = lambda _: None,
) -> Salvage:
    """Stores what can be stored of ``segment``, but for the aliases of ``late`` scopes; ``scratch``
    is an empty directory to work in. ``look`` is shown what was refused so far, and raises where
    that is to be the end.

    It may be cut off at any point and repeated.

    Raises:
        StorageUnavailable: not now; the whole of it may be tried again.
        OSError: ``scratch`` cannot be written.
    """
    mended = scratch / segment.name
    outcome = mend(segment, mended)
    _load_halves(inserts, mended, segment.stem, late, outcome, look)
    return outcome


def mend_segment(segment: Path, mended: Path) -> Salvage:
    """Writes ``mended`` with the rows of ``segment``, as far as they can be read.

    Raises OSError."""
    outcome = Salvage()
    with segment.open("rb") as lines, mended.open("wb") as file:
        for line in lines:
            try:
                better = mend(line) if len(line) <= LARGEST_COPY else line
            except (ValueError, RecursionError, MemoryError) as error:
                outcome.dead.append(DeadLetter(line.rstrip(b"\n"), f"cannot be read: {error}"))
                continue
            outcome.repaired += better != line
            file.write(better)
    return outcome


def mend(line: bytes) -> bytes:
    """A journal line; that of an event whose properties JSON will not take, with mended copies for
    queries beside them.

    Raises ValueError or RecursionError where it cannot be read."""
    if line.rstrip().endswith(NO_COPY):
        return line
    row = _event.decode(line)
    if row.k != "track":
        return line
    extra = b""
    for sent, copy in _FIELDS:
        try:
            better = repair(bytes(getattr(row, sent)))
        except (ValueError, RecursionError):
            better = "{}"
        if better is not None:
            extra += b',"%s":%s' % (copy.encode(), msgspec.json.encode(better))
    return line.rstrip()[:-1] + extra + b"}\n" if extra else line


def _load_halves(
    inserts: Inserts,
    piece: Path,
    token: str,
    late: Collection[Scope],
    outcome: Salvage,
    look: Look,
) -> None:
    # What is late may be millions; of others there are few enough.
    held = contents(piece, MOST_ALIASES if late else None).without_aliases(late)
    lines = held.rows.total() + held.unreadable
    try:
        if held.unreadable:
            raise StorageRefused("not a row that Whipstitch writes")
        inserts.load([piece], token, held, careful=True)
        outcome.stored += lines
    except StorageRefused as error:
        if lines == 1:
            row = next(_rows(piece)).rstrip(b"\n")
            outcome.dead.append(DeadLetter(row, error.detail or str(error)))
            look(outcome)
            return
        for half in _split(piece, lines // 2):
            _load_halves(inserts, half, token, late, outcome, look)
            half.unlink()


def _split(piece: Path, first: int) -> tuple[Path, Path]:
    """Two files, the first with ``first`` rows."""
    halves = piece.with_suffix(".a" + piece.suffix), piece.with_suffix(".b" + piece.suffix)
    with halves[0].open("wb") as a, halves[1].open("wb") as b:
        for number, row in enumerate(_rows(piece)):
            (a if number < first else b).write(row)
    return halves


def _rows(piece: Path) -> Iterator[bytes]:
    with piece.open("rb") as lines:
        yield from (line for line in lines if not line.startswith(b'{"k":"commit"'))
