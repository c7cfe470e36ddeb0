"""``whipstitch doctor``: looks the installation over and says what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from whipstitch.cli.doctor_findings import Finding
from whipstitch.cli.doctor_journal import (
    clock,
    damaged,
    dead_letters,
    journal,
    set_aside_in_journal,
)
from whipstitch.cli.doctor_storage import erasures, own_clickhouse, storage
from whipstitch.cli.options import Database, DataDir, Json
from whipstitch.cli.output import print_json, print_table, reporting
from whipstitch.cli.running import ADDRESS_FILE

if TYPE_CHECKING:
    from whipstitch.config.settings import Settings


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
    yield storage(settings)
    yield from own_clickhouse(settings)
    yield from erasures(settings)
    yield journal(settings)
    yield from set_aside_in_journal(settings)
    yield from clock(settings)
    yield dead_letters(settings)
    yield from damaged(settings)
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


def _geoip(settings: Settings) -> Finding:
    from whipstitch.ingest.enrichment.geoip import GeoIP

    path = settings.geoip or settings.data_dir / "geoip" / "city.mmdb"
    geoip = GeoIP(path, settings.private_ip_stand_in)
    if geoip.build is None:
        found = str(geoip.problem) if settings.geoip else "no city database: places stay blank"
        return Finding("geoip", "warning", found, "`whipstitch geoip update` fetches one")
    return Finding("geoip", "ok", f"{geoip.build.database_type} of {geoip.build.built:%Y-%m-%d}")
