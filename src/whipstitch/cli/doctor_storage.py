"""What doctor looks at in ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from whipstitch.cli.doctor_findings import Finding

if TYPE_CHECKING:
    from whipstitch.config.settings import Settings


def storage(settings: Settings) -> Finding:
    from whipstitch.config.setting_values import local_directory
    from whipstitch.core.errors import StorageError, WhipstitchError
    from whipstitch.warehouse.connection import Address
    from whipstitch.warehouse.errors import translated
    from whipstitch.warehouse.local.connection import read

    directory = local_directory(settings.clickhouse)
    try:
        address = Address.parse(settings.clickhouse) if directory is None else read(directory)
    except WhipstitchError as error:
        return Finding("storage", "problem", str(error), "see the message")
    if address is None:
        return Finding("storage", "ok", f"{directory} is made at the first start")
    try:
        with translated():
            client = address.connect({}, seconds=10, database="default")
            version = client.server_version
            client.close()
    except StorageError as error:
        if directory is not None:
            return _away(directory, settings)
        where = f"{address.host}:{address.port}"
        return Finding("storage", "problem", f"{where}: {error}", "start it")
    where = f" in {directory}" if directory else ""
    return Finding("storage", "ok", f"ClickHouse {version}{where}")


def own_clickhouse(settings: Settings) -> Iterator[Finding]:
    """What is wrong with its files, also while it does not run."""
    from whipstitch.config.setting_values import local_directory
    from whipstitch.warehouse.damage import set_aside_in
    from whipstitch.warehouse.local.small_files import undefined

    directory = local_directory(settings.clickhouse)
    if directory is None:
        return
    if aside := set_aside_in(directory):
        found = f"{len(aside)} parts set aside by ClickHouse, which could not read them: {aside[0]}"
        advice = (
            "a disk was full (the rows were stored again) or failed (restore a backup if events "
            "are missing); then delete them"
        )
        yield Finding("parts", "problem", found + (", …" if len(aside) > 1 else ""), advice)
    if rows := undefined(directory):
        found = f"{len(rows)} tables have rows but no definition any more, as in {rows[0]}"
        yield Finding("definitions", "problem", found, "restore the data directory from a backup")


def _away(directory: Path, settings: Settings) -> Finding:
    """A ClickHouse of our own that does not answer."""
    from whipstitch.app.lock import is_locked
    from whipstitch.warehouse.local.config import LOG

    if not is_locked(settings.data_dir):
        return Finding("storage", "ok", f"ClickHouse in {directory}, which the server starts")
    advice = f"the server starts it again; {directory / LOG} says more"
    return Finding("storage", "problem", "ClickHouse does not answer", advice)


def erasures(settings: Settings) -> Iterator[Finding]:
    """Where ClickHouse can be asked; what keeps it from that is said elsewhere."""
    import contextlib

    from whipstitch.config.setting_values import local_directory
    from whipstitch.identity.erasure import records
    from whipstitch.identity.seal import Seal
    from whipstitch.registry.store import Registry
    from whipstitch.warehouse.connection import Address
    from whipstitch.warehouse.local.connection import read

    lost = 0
    with contextlib.suppress(Exception):
        directory = local_directory(settings.clickhouse)
        address = Address.parse(settings.clickhouse) if directory is None else read(directory)
        if address is not None:
            with (
                Registry.open(settings.database) as registry,
                contextlib.closing(address.connect({}, seconds=10)) as client,
            ):
                lost = records.lost(client, Seal(lambda: registry.secret(records.IN_REGISTRY)))
    if lost:
        what = f"the secret with which {lost} erased ids were noted is not in this registry"
        yield Finding("erasures", "problem", what, "restore the registry's backup")
