"""What ClickHouse has stored and cannot read any more. It sets a part aside that is broken when it
starts, and goes on without its rows; one that is damaged in its middle it keeps, and each read or
merge that comes to it fails. It says neither, but in its tables about itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from whipstitch.warehouse.client import Client
from whipstitch.warehouse.literals import literal

SPEAKS_OF: Final = "ClickHouse "
"""What each sentence of ``told`` begins with."""
_REASONS: Final = (
    *("broken", "broken-on-start", "broken-from-backup", "covered-by-broken", "ignored"),
    *("unexpected", "noquorum", "merge-not-byte-identical", "mutate-not-byte-identical"),
)
"""As ClickHouse names them. Not what an operator detached, nor what is on its way."""
_NAMED: Final = re.compile(f"({'|'.join(sorted(_REASONS, key=len, reverse=True))})_.+")
_SET_ASIDE: Final = """\
SELECT table, name FROM system.detached_parts
WHERE database = currentDatabase() AND reason IN {reasons:Array(String)} ORDER BY table, name"""
_ERRORS: Final = """\
SELECT sum(value) FROM system.errors
WHERE NOT remote AND name IN ('CHECKSUM_DOESNT_MATCH', 'CORRUPTED_DATA', 'CANNOT_DECOMPRESS',
    'UNKNOWN_COMPRESSION_METHOD', 'TOO_LARGE_SIZE_COMPRESSED')"""
_PARTS: Final = """\
SELECT table, name FROM system.parts WHERE database = currentDatabase() AND active
ORDER BY table, name"""
_DETAILED: Final = {"check_query_single_value_result": 0, "max_threads": 1}
_PROJECTS: Final = "SELECT DISTINCT project_id FROM events"
_SHOWN: Final = 3


class SetAsidePart(NamedTuple):
    """``name`` is that of its directory."""

    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}/{self.name}"


class StorageDamage(NamedTuple):
    """Parts that were ``set_aside``, parts that are ``damaged``, and projects that events are of
    and the registry has not."""

    set_aside: tuple[SetAsidePart, ...] = ()
    damaged: tuple[SetAsidePart, ...] = ()
    unknown: tuple[str, ...] = ()


def set_aside(client: Client) -> tuple[SetAsidePart, ...]:
    """Parts whose rows are in no answer any more."""
    found = client.query(_SET_ASIDE, {"reasons": list(_REASONS)}).result_rows
    return tuple(SetAsidePart(*row) for row in found)


def set_aside_in(directory: Path) -> list[Path]:
    """The same of a ClickHouse of our own, which need not run."""
    there = directory.glob("store/*/*/detached/*")
    return sorted(one for one in there if _NAMED.fullmatch(one.name))


def failed_reads(client: Client) -> int:
    """How often, since it was started, it could not read what may have been a damaged part."""
    return int(client.query(_ERRORS).result_rows[0][0])


def parts(client: Client) -> tuple[SetAsidePart, ...]:
    """All that reads may come to."""
    return tuple(SetAsidePart(*row) for row in client.query(_PARTS).result_rows)


def is_damaged(client: Client, part: SetAsidePart) -> bool:
    """Reads all of it."""
    # The statement takes no bound value there.
    check = f"CHECK TABLE {{table:Identifier}} PART {literal(part.name)}"
    checked = client.query(check, {"table": part.table}, dict(_DETAILED)).result_rows
    return any(str(row[1]) == "0" for row in checked)  # the driver leaves it as text


def projects(client: Client) -> set[str]:
    """Those that events are of."""
    return {row[0] for row in client.query(_PROJECTS).result_rows}


def told(found: StorageDamage) -> Iterator[str]:
    """For a person, with what to do."""
    if found.set_aside:
        yield (
            f"{SPEAKS_OF}has set aside {_some(found.set_aside)}: it could not read them, and what "
            "they held is in no answer. Where a disk was full, their rows were stored again; else "
            "restore a backup. Then delete them from `detached` in the table's directory."
        )
    if found.damaged:
        yield (
            f"{SPEAKS_OF}cannot read {_some(found.damaged)}: a bit flipped, or a piece is lost. "
            "Questions that come to them fail, and they are never merged. Check the disk and "
            "restore a backup; or give their rows up: stop the server, move the part's directory "
            "into `detached` beside it, and start the server."
        )
    if found.unknown:
        shown = ", ".join(found.unknown[:_SHOWN])
        yield (
            f"{SPEAKS_OF}holds events of {len(found.unknown)} projects that the registry does not "
            f"know ({shown}{', …' if len(found.unknown) > _SHOWN else ''}): nobody can read them. "
            "Restore the registry from a backup."
        )


def _some(found: tuple[SetAsidePart, ...]) -> str:
    shown = ", ".join(map(str, found[:_SHOWN]))
    more = ", …" if len(found) > _SHOWN else ""
    return f"{len(found)} part{'s' if len(found) > 1 else ''} ({shown}{more})"
