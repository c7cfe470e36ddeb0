"""``whipstitch demo``: a server with a month of traffic, worth looking at within a minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whipstitch.cli.options import ClickHouse, Database, DataDir, Host, Json, Port
from whipstitch.cli.output import print_json, reporting
from whipstitch.cli.progress import Logged, Shown
from whipstitch.cli.running import opened, run
from whipstitch.core.errors import DemoError, RegistryError

if TYPE_CHECKING:
    from whipstitch.app.bootstrap import FirstRun
    from whipstitch.app.ingestion import Ingestion
    from whipstitch.demo.record import Record
    from whipstitch.registry.store import Registry

_PROJECT = "Demo"
_PEOPLE = 2000


def demo(
    people: Annotated[
        int,
        typer.Option(min=1, max=100_000, metavar="N", help="How many people a new demo is about."),
    ] = _PEOPLE,
    host: Host = None,
    port: Port = None,
    clickhouse: ClickHouse = None,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Run everything, as serve does, with a month of made-up traffic in it and some going on.

    It needs a data directory of its own. Started there again, it goes on where it was stopped."""
    with (
        reporting(as_json),
        opened(
            data_dir=data_dir, host=host, port=port, clickhouse=clickhouse, database=database
        ) as (settings, late_registry),
    ):
        from datetime import UTC, datetime

        from whipstitch.demo.record import Record
        from whipstitch.demo.sending import DemoSender

        registry = late_registry()
        kept = Record.read(settings.data_dir)
        _check_own(registry, kept, settings.data_dir)

        def started(ingestion: Ingestion, address: str) -> None:
            from whipstitch.app.bootstrap import first_run

            now = datetime.now(UTC)
            made = first_run(registry, _PROJECT)
            record = Record(made.project_id, now, people) if made else kept
            if record is None:  # somebody made a project since it was looked at
                raise _others_data(settings.data_dir)
            if made:
                record.write(settings.data_dir)
                registry.set_project(record.project_id, rate_limit=0)
            ingestion.directory.refresh()
            key = _live_key(registry, record.project_id)
            if as_json:
                print_json(_as_json(address, made, record, key))
            else:
                _greet(address, settings.data_dir, made, record)
            sender.start(address, key, partial(_editor_token, registry, record), record, now)

        with DemoSender(settings.data_dir, Logged() if as_json else Shown()) as sender:
            run(settings, late_registry, started)


@contextmanager
def _editor_token(registry: Registry, record: Record) -> Iterator[str]:
    """Raises:
    DemoError: the registry does not make it.
    """
    try:
        made = registry.create_token(record.project_id, "editor", "demo")
    except RegistryError as error:
        raise DemoError(f"The demo's board is not made: {error}") from error
    try:
        yield made.secret
    finally:
        registry.revoke_token(made.token.id)


def _check_own(registry: Registry, kept: Record | None, data_dir: Path) -> None:
    """Raises:
    DemoError: the data is somebody's own, or its demo can no longer be sent to.
    """
    if registry.is_empty():
        return
    if kept is None:
        raise _others_data(data_dir)
    _live_key(registry, kept.project_id)


def _others_data(data_dir: Path) -> DemoError:
    return DemoError(
        f"There are projects in {data_dir} (or its database) already, and made-up traffic should "
        "not mix with theirs. Give the demo a directory of its own: "
        "`whipstitch demo --data-dir ./whipstitch-demo`."
    )


def _live_key(registry: Registry, project_id: str) -> str:
    for key in registry.list_keys(project_id):
        if key.environment == "live" and key.revoked_at is None:
            return key.key
    raise DemoError(
        f"The demo's project has no live key any more: `whipstitch key create {project_id} "
        "--environment live` makes one."
    )


def _as_json(address: str, made: FirstRun | None, record: Record, key: str) -> dict[str, object]:
    return {
        "address": address,
        "first_run": made and made._asdict(),
        "demo": {"project_id": record.project_id, "live_key": key, "people": record.people},
    }


def _greet(address: str, data_dir: Path, made: FirstRun | None, record: Record) -> None:
    typer.echo(f"A demo of Whipstitch runs at {address} and keeps its data in {data_dir}.")
    if made is None:
        typer.echo(
            "Its month is there; visitors go on coming. Stop: Ctrl+C."
            if record.told
            else "It goes on where it was stopped. Stop: Ctrl+C."
        )
        return
    typer.echo(
        f"""
Password and token are shown this once only:

  dashboard   {address}/
  sign-in     {made.sign_in}
  read token  {made.token}
  live key    {made.live_key}
"""
    )
