"""``whipstitch serve``: everything, in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from whipstitch.cli.options import ClickHouse, Database, DataDir, Host, Json, Only, Port
from whipstitch.cli.output import print_json, reporting
from whipstitch.cli.places import offer
from whipstitch.cli.running import opened, run

if TYPE_CHECKING:
    from whipstitch.app.bootstrap import FirstRun
    from whipstitch.app.ingestion import Ingestion
    from whipstitch.registry.late import LateRegistry


def serve(
    host: Host = None,
    port: Port = None,
    clickhouse: ClickHouse = None,
    data_dir: DataDir = None,
    database: Database = None,
    only: Only = None,
    as_json: Json = False,
) -> None:
    """Run everything in the foreground. SIGTERM and SIGINT finish what is in flight and exit 0."""
    with (
        reporting(as_json),
        opened(
            data_dir=data_dir,
            host=host,
            port=port,
            clickhouse=clickhouse,
            database=database,
            only=only,
        ) as (settings, registry),
    ):
        # There is no journal before the first start.
        is_first = not (settings.data_dir / "journal").exists()
        places = offer(settings) if is_first and not as_json else None

        def started(ingestion: Ingestion, address: str) -> None:
            made = None if ingestion.directory.has_keys else _first_run(registry, ingestion)
            if as_json:
                print_json({"address": address, "first_run": made and made._asdict()})
            else:
                _greet(address, settings.data_dir, made)
                if places is not None:
                    typer.echo(places)

        run(settings, registry, started)


def _first_run(registry: LateRegistry, ingestion: Ingestion) -> FirstRun | None:
    from whipstitch.app.bootstrap import first_run

    made = first_run(registry())
    ingestion.directory.refresh()
    return made


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
  dashboard   {address}/
  sign-in     {made.sign_in}

Send an event:

  curl {address}/api/v1/track -H 'x-api-key: {made.live_key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"event_name": "signed_up", "distinct_id": "user_123", "properties": {{"plan": "pro"}}}}'

See it, about two seconds later:

  curl {address}/api/v1/events -H 'Authorization: Bearer {made.token}'
"""
    )
