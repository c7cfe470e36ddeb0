"""``whipstitch serve``: everything, in the foreground."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whipstitch.cli.options import Database, DataDir, Json
from whipstitch.cli.output import print_json, reporting

if TYPE_CHECKING:
    from whipstitch.server.first_run import FirstRun
    from whipstitch.settings import Settings

ADDRESS_FILE = "server.address"
"""In the data directory: where its latest server listens, for ``whipstitch doctor``."""


def serve(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on (127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port to listen on (8080); 0 takes any.")
    ] = None,
    clickhouse: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="chdb (in the data dir), or http(s)://user:password@host:8123/database.",
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Run everything in the foreground. SIGTERM and SIGINT finish what is in flight and exit 0."""
    with reporting(as_json):
        from whipstitch import logs
        from whipstitch.server.lock import DataDirLock
        from whipstitch.settings import Settings

        settings = Settings.load(
            data_dir=data_dir, host=host, port=port, clickhouse=clickhouse, database=database
        )
        logs.configure(settings.log_level, settings.log_format)
        with DataDirLock(settings.data_dir):
            _serve(settings, as_json)
    # Everything is closed and on the disk. What the embedded engine does behind Python's back at a
    # process's end is sometimes slow and sometimes a crash, and nobody needs it.
    sys.stdout.flush()
    os._exit(0)


def _serve(settings: Settings, as_json: bool) -> None:
    # Imported late: it takes a second, which who mistyped a setting need not wait.
    from whipstitch.registry.store import Registry
    from whipstitch.server.engine import Engine
    from whipstitch.server.first_run import first_run
    from whipstitch.server.http import serve as serve_http

    with Registry.open(settings.database) as registry:
        engine = Engine(settings, registry)

        def started(address: str) -> None:
            # Not before: what is printed once must not be lost with a start that failed.
            made = first_run(registry)
            engine.directory.refresh()
            (settings.data_dir / ADDRESS_FILE).write_text(address)
            if as_json:
                print_json({"address": address, "first_run": made and made._asdict()})
            else:
                _greet(address, settings.data_dir, made)

        serve_http(engine, settings, started)


def _greet(address: str, data_dir: Path, made: FirstRun | None) -> None:
    typer.echo(f"Whipstitch runs at {address} and keeps its data in {data_dir}.")
    if made is None:
        typer.echo("Keys: `whipstitch project list`, `whipstitch key list PROJECT`. Stop: Ctrl+C.")
        return
    typer.echo(
        f"""
This is the first start, so there is a project with keys now. Token and password are shown
this once only; keep them.

  live key    {made.live_key}
  test key    {made.test_key}
  read token  {made.token}
  dashboard   {address}/   (in a later version)
  sign-in     {made.email} / {made.password}

Send an event:

  curl {address}/api/v1/track -H 'x-api-key: {made.live_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"event_name": "signed_up", "distinct_id": "user_123", "properties": {{"plan": "pro"}}}}'

See it, about two seconds later:

  curl {address}/api/v1/events -H 'Authorization: Bearer {made.token}'
"""
    )
