"""``whipstitch doctor``: looks the installation over and says what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import typer

from whipstitch.cli.options import Database, DataDir, Json
from whipstitch.cli.output import print_json, print_table, reporting
from whipstitch.cli.running import ADDRESS_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from whipstitch.config.settings import Settings

Verdict = Literal["ok", "warning", "problem"]


class Finding(NamedTuple):
    """One thing looked at. ``advice`` says what to do, blank where all is well."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""


def doctor(data_dir: DataDir = None, database: Database = None, as_json: Json = False) -> None:
    """Check the installation and say what is missing. Exits 1 where something must be mended."""
    with reporting(as_json):
        from whipstitch.config.settings import Settings

        findings = list(_look(Settings.load(data_dir=data_dir, database=database)))
    sick = any(finding.verdict == "problem" for finding in findings)
    if as_json:
        print_json({"ok": not sick, "checks": [finding._asdict() for finding in findings]})
    else:
        print_table(("Check", "", "Found", "What to do"), findings)
    if sick:
        raise typer.Exit(1)


def _look(settings: Settings) -> Iterator[Finding]:
    yield _data_dir(settings)
    yield from _registry(settings)
    yield from _server(settings)
    yield _storage(settings)
    yield from _own_clickhouse(settings)
    yield from _erasures(settings)
    yield _journal(settings)
    yield from _set_aside_in_journal(settings)
    yield from _clock(settings)
    yield _dead_letters(settings)
    yield from _damaged(settings)
    yield _geoip(settings)


def _data_dir(settings: Settings) -> Finding:
    import os
    import shutil

    path = settings.data_dir
    if not path.exists():
        return Finding("data dir", "warning", f"{path} is not there", "`whipstitch serve` makes it")
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("data dir", "problem", f"{path} is not writable", "give it to this user")
    disk = shutil.disk_usage(path)
    free = f"{path}, {disk.free / 2**30:.1f} GiB free"
    if disk.free < min(settings.disk_reserve, disk.total // 10):
        return Finding("data dir", "problem", free, "make room: nothing is accepted now")
    return Finding("data dir", "ok", free)


def _registry(settings: Settings) -> Iterator[Finding]:
    from whipstitch.app.lost_registry import lost
    from whipstitch.core.errors import RegistryError
    from whipstitch.registry.store import Registry

    if not settings.data_dir.exists():
        yield Finding("registry", "warning", "not made yet", "`whipstitch serve` makes it")
        return
    try:
        with Registry.open(settings.database) as registry:
            projects = registry.list_projects()
            gone = lost(registry, settings)
    except RegistryError as error:
        yield Finding("registry", "problem", str(error), "see the message")
        return
    count = f"{len(projects)} project{'s' if len(projects) > 1 else ''}"
    if gone:
        yield Finding("registry", "problem", gone, "see the message")
    elif not projects:
        advice = "`whipstitch project create NAME` makes one"
        yield Finding("registry", "warning", "no project", advice)
    else:
        yield Finding("registry", "ok", count)
    for project in projects:
        for warning in project.warnings:
            advice = f"`whipstitch project set {project.id} --domains …`"
            yield Finding(f"allowlists of {project.name}", "warning", warning, advice)


def _server(settings: Settings) -> Iterator[Finding]:
    import httpx

    from whipstitch.app.lock import is_locked
    from whipstitch.warehouse.damage import SPEAKS_OF

    if not is_locked(settings.data_dir):
        yield Finding("server", "warning", "not running", "`whipstitch serve` starts it")
        return
    try:
        address = (settings.data_dir / ADDRESS_FILE).read_text()
        answer = httpx.get(f"{address}/ready", timeout=5, trust_env=False)
        state = answer.json()
    except OSError:
        yield Finding("server", "warning", "starting", "look again in some seconds")
        return
    except (httpx.HTTPError, ValueError):
        advice = "starting, stopping or overloaded: its log says more"
        yield Finding("server", "warning", f"{address} does not answer", advice)
        return
    if answer.status_code != 200:
        yield Finding("server", "problem", f"not ready: {state['error']}", "see the message")
        return
    yield Finding("server", "ok", f"ready at {address}")
    for warning in state.get("warnings", ()):
        if warning.startswith(SPEAKS_OF):  # what else it warns of is looked at here
            yield Finding("storage", "problem", warning, "see the message")


def _storage(settings: Settings) -> Finding:
    from whipstitch.config.setting_values import local_directory
    from whipstitch.core.errors import WhipstitchError
    from whipstitch.warehouse.connection import Address
    from whipstitch.warehouse.local.connection import read

    directory = local_directory(settings.clickhouse)
    try:
        address = Address.parse(settings.clickhouse) if directory is None else read(directory)
        if address is None:
            return Finding("storage", "ok", f"{directory} is made at the first start")
        client = address.connect({}, seconds=10, database="default")
        version = client.server_version
        client.close()
    except WhipstitchError as error:
        return Finding("storage", "problem", str(error), "see the message")
    except Exception as error:  # the driver's errors have no common base
        if directory is not None:
            return _away(directory, settings)
        where = f"{address.host}:{address.port}" if address else ""
        return Finding("storage", "problem", f"{where} does not answer: {error}", "start it")
    where = f" in {directory}" if directory else ""
    return Finding("storage", "ok", f"ClickHouse {version}{where}")


def _own_clickhouse(settings: Settings) -> Iterator[Finding]:
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


def _erasures(settings: Settings) -> Iterator[Finding]:
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


def _journal(settings: Settings) -> Finding:
    directory = settings.data_dir / "journal"
    sizes = [file.stat().st_size for file in directory.glob("*.jsonl")]
    found = f"{sum(sizes) / 2**20:.1f} MiB in {len(sizes)} segments wait for ClickHouse"
    if sum(sizes) > settings.backlog_limit * 0.8:
        return Finding("journal", "problem", found, "bring ClickHouse back, or raise backlog_limit")
    return Finding("journal", "ok", found)


def _clock(settings: Settings) -> Iterator[Finding]:
    import time

    from whipstitch.journal.acceptance_numbers import MUCH_AHEAD, remembered_number, said_ahead
    from whipstitch.journal.segments import number_of

    directory = settings.data_dir / "journal"
    numbers = [number_of(segment) or 0 for segment in directory.glob("*-*.*")]
    ahead = max([remembered_number(directory), *numbers]) / 1_000_000 - time.time()
    if ahead >= MUCH_AHEAD:
        advice = "check that the clock is right now; what is received from now on is dated by it"
        yield Finding("clock", "warning", said_ahead(ahead), advice)


def _set_aside_in_journal(settings: Settings) -> Iterator[Finding]:
    aside = settings.data_dir / "journal" / "aside"
    if aside.is_dir() and (found := len(list(aside.iterdir()))):
        advice = f"look into {aside}; a segment that can be read again goes back into the journal"
        yield Finding("journal", "problem", f"{found} set aside as unreadable or unknown", advice)


def _damaged(settings: Settings) -> Iterator[Finding]:
    from whipstitch.journal.dead_letters import DeadLetters

    if files := DeadLetters(settings.data_dir / "deadletters").damaged():
        size = sum(file.stat().st_size for file in files)
        advice = f"check the disk; the log says what is missing; then delete {files[0].parent}/*"
        found = f"parts of {len(files)} segments were damaged: {size} bytes are kept"
        yield Finding("damage", "problem", found, advice + files[0].suffix)


def _dead_letters(settings: Settings) -> Finding:
    from whipstitch.journal.dead_letters import DeadLetters

    count = DeadLetters(settings.data_dir / "deadletters").count()
    if count:
        advice = "`whipstitch deadletters list` says why, `… replay` loads them again"
        return Finding("dead letters", "warning", f"{count} rows set aside", advice)
    return Finding("dead letters", "ok", "none")


def _geoip(settings: Settings) -> Finding:
    from whipstitch.ingest.enrichment.geoip import GeoIP

    path = settings.geoip or settings.data_dir / "geoip" / "city.mmdb"
    geoip = GeoIP(path, settings.private_ip_stand_in)
    if geoip.build is None:
        found = str(geoip.problem) if settings.geoip else "no city database: places stay blank"
        return Finding("geoip", "warning", found, "`whipstitch geoip update` fetches one")
    return Finding("geoip", "ok", f"{geoip.build.database_type} of {geoip.build.built:%Y-%m-%d}")
