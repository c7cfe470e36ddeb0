"""The history of another server, moved into this node: what ``whipstitch cluster import`` does."""

import gc
import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from whipstitch.cli.progress import Counted
from whipstitch.config.setting_values import local_directory
from whipstitch.config.settings import Settings
from whipstitch.core.errors import SettingsError
from whipstitch.ingest.history.journal import JournalWriter
from whipstitch.ingest.history.moving import HistoryMove
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.local.connection import read
from whipstitch.warehouse.other_server import OtherServer
from whipstitch.warehouse.servers import Servers
from whipstitch.warehouse.store import Store

_ALLOCATIONS: Final = 200_000


def move(settings: Settings, source: str, projects: set[str], *, again: bool) -> dict[str, Any]:
    """How many rows of each kind were moved. ``projects``: those of the registry.

    Raises:
        WhipstitchError
    """
    if local_directory(settings.clickhouse) is not None:
        raise SettingsError(
            "There is nowhere to move to: name the cluster, or the server, in --clickhouse."
        )
    there = _address(source)
    here = Servers.parse(
        settings.clickhouse, settings.clickhouse_cluster, settings.clickhouse_quorum
    )
    if any(_place(one) == _place(there) for one in here.addresses):
        raise SettingsError(f"{there.name} is where this node stores already.")
    # Records are many small objects without cycles.
    gc.set_threshold(_ALLOCATIONS)
    imports = settings.data_dir / "imports"
    writer = JournalWriter(
        settings.data_dir / "journal",
        imports,
        limit=settings.backlog_limit // 2,
        reserve=settings.disk_reserve,
    )
    marks = imports / f"moved-{_digest(there)}.json"
    if again:
        marks.unlink(missing_ok=True)
    with closing(OtherServer(there)) as other:
        other.check(projects)
        moving = HistoryMove(other, marks)
        with closing(_store(settings, here)) as store:
            undone = store.run_on_writer(moving.undone).result()
        with Counted(moving.rows) as progress:
            moving.run(writer, progress)
    moved = msgspec.to_builtins(moving.moved)
    return {**moved, "aliases": moved["aliases"] + undone}


def _address(source: str) -> Address:
    if "://" in source:
        return Address.parse(source)
    for directory in (Path(source) / "clickhouse", Path(source)):
        if (known := read(directory)) is not None:
            return known
    raise SettingsError(
        f"{source} is neither http(s)://user:password@host:8123/database nor the data directory of "
        "a server that runs with its own ClickHouse."
    )


def _place(address: Address) -> tuple[str, int, str]:
    return address.host, address.port, address.database


def _digest(address: Address) -> str:
    return hashlib.blake2b(repr(_place(address)).encode(), digest_size=8).hexdigest()


def _store(settings: Settings, servers: Servers) -> Store:
    """As the node itself opens it."""
    return Store(
        servers,
        durable=settings.durability == "fsync",
        retention_days=settings.retention,
    )
