"""The small files by which ClickHouse knows its tables: definitions, and mutations that are not
done. Where the disk is full, ClickHouse puts a cut file in the place of a whole one, says that all
went well, and cannot start again: it gives up at the first file that it cannot read. So of each
definition a second name is kept, which is the file as it was before; and before a start what was
cut is put right. Whoever ran the statement was told that it failed (see ``write_guard``)."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_KEPT: Final = "definitions"
_DEFINITIONS: Final = ("metadata/*.sql", "store/*/*/*.sql")
_MUTATIONS: Final = "store/*/*/mutation_*.txt"
_VERSIONS: Final = "store/*/*/format_version.txt"
_VERSION: Final = "1"
_DROPPED: Final = "metadata_dropped"
_UUID: Final = re.compile(r"^ATTACH (TABLE|VIEW|DATABASE) \S+ UUID '([0-9a-f-]+)'", re.MULTILINE)


def keep(directory: Path) -> None:
    """Gives every whole definition a second name: a link, for which a full disk has room. A file
    that ClickHouse writes later has its own content, and leaves that one alone."""
    kept = directory / _KEPT
    with suppress(OSError):
        kept.mkdir(mode=0o700, exist_ok=True)
        named = set()
        for file in _definitions(directory):
            second = _second_name(directory, file)
            named.add(second)
            if not _is_same(file, second) and _is_whole(file):
                _link(file, second)
        for second in kept.iterdir():
            if second not in named and not _is_lost(directory, second):
                second.unlink()


def mend(directory: Path) -> None:
    """To be called while ClickHouse does not run.

    Raises:
        OSError: a file cannot be put right, say because the disk is still full.
    """
    for second in directory.glob(f"{_KEPT}/*.sql"):
        file = _first_name(directory, second)
        if not file.exists() and _is_lost(directory, second):
            log.error("clickhouse_file_gone", file=str(file), restored=True)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _link(second, file)
    for file in _definitions(directory):
        if _is_whole(file):
            continue
        second = _second_name(directory, file)
        log.error("clickhouse_file_cut", file=str(file), restored=second.exists())
        if second.exists():
            _link(second, file)
        else:
            file.unlink()  # of a table that was about to be made
    for file in directory.glob(_MUTATIONS):
        if not _is_whole(file):
            log.error("clickhouse_file_cut", file=str(file), restored=False)
            file.unlink()
    for file in directory.glob(_VERSIONS):
        if not file.stat().st_size:
            log.error("clickhouse_file_cut", file=str(file), restored=True)
            file.write_text(_VERSION)


def undefined(directory: Path) -> list[Path]:
    """Where rows of tables are whose definition is gone."""
    known = {file.stem.rpartition(".")[2] for file in directory.glob(f"{_DROPPED}/*.sql")}
    # Without the database none of its tables is known.
    for file in _definitions(directory) if any(directory.glob("metadata/*.sql")) else ():
        with suppress(OSError):
            known.add(_defined(file)[1])
    return [file.parent for file in directory.glob(_VERSIONS) if file.parent.name not in known]


def parts_of(directory: Path, table: str) -> list[Path]:
    """The parts of a table, as far as its definition is there, or was."""
    kept = directory.glob(f"{_KEPT}/*.{table}.sql")
    for file in (*directory.glob(f"store/*/*/{table}.sql"), *kept):
        with suppress(OSError):
            uuid = _defined(file)[1]
            parts = list((directory / "store" / uuid[:3] / uuid).glob("[0-9]*_*_*"))
            if uuid and parts:
                return parts
    return []


def _is_lost(directory: Path, second: Path) -> bool:
    """Whether what is defined there is not dropped, as far as one can tell: of a table that is, its
    definition is moved first, and its rows go last."""
    with suppress(OSError):
        kind, uuid = _defined(second)
        has_rows = (directory / "store" / uuid[:3] / uuid).is_dir()
        dropped = any(directory.glob(f"{_DROPPED}/*.{uuid}.sql"))
        return bool(uuid) and not dropped and (has_rows or kind == "VIEW")
    return False


def _defined(file: Path) -> tuple[str, str]:
    """What it defines, and its UUID; blank where it defines nothing."""
    found = _UUID.search(file.read_text(errors="replace"))
    return (found[1], found[2]) if found else ("", "")


def _first_name(directory: Path, second: Path) -> Path:
    *folders, name, ending = second.name.split(".")
    return directory.joinpath(*folders, f"{name}.{ending}")


def _definitions(directory: Path) -> Iterator[Path]:
    for pattern in _DEFINITIONS:
        yield from directory.glob(pattern)


def _second_name(directory: Path, file: Path) -> Path:
    return directory / _KEPT / ".".join(file.relative_to(directory).parts)


def _is_same(file: Path, other: Path) -> bool:
    with suppress(FileNotFoundError):
        return file.samefile(other)
    return False


def _is_whole(file: Path) -> bool:
    """Whether its last line is there to its end."""
    with suppress(FileNotFoundError):
        return file.read_bytes().endswith(b"\n")
    return False


def _link(file: Path, name: Path) -> None:
    """Makes ``name`` one of the file's, instead of whatever it named before."""
    part = name.with_name(name.name + ".part")
    part.unlink(missing_ok=True)
    os.link(file, part)
    part.rename(name)
