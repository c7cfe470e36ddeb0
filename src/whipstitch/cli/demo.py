"""``whipstitch demo``: a server with a month of traffic, worth looking at within a minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whipstitch.cli.options import ClickHouse, Database, DataDir, Host, Json, Port
from whipstitch.cli.output import print_json, reporting
from whipstitch.cli.progress import Logged, Shown
from whipstitch.cli.running import leave, opened, run

if TYPE_CHECKING:
    from whipstitch.demo.record import Record
    from whipstitch.registry.store import Registry
    from whipstitch.server.engine import Engine
    from whipstitch.server.first_run import FirstRun

_PROJECT = "Demo"
_PEOPLE = 2000


def demo(
    people: Annotated[
        int,
        typer.Option(
            min=1, max=100_000, metavar="N", help="How many people a new demo is about."
        ),
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
        ) as (settings, registry),
    ):
        from datetime import UTC, datetime

        from whipstitch.demo.record import Record
        from whipstitch.demo.sending import Sender

        kept = Record.read(settings.data_dir)
        if kept is None:
            _refuse_others(registry, settings.data_dir)

        def started(engine: Engine, address: str) -> None:
            from whipstitch.server.first_run import first_run

            now = datetime.now(UTC)
            made = first_run(registry, _PROJECT)
            record = kept
            if made is not None:
                record = Record(made.project_id, now, people)
                record.write(settings.data_dir)
                registry.set_project(made.project_id, rate_limit=0)
            assert record is not None  # noqa: S101 - else others' data would have been refused
            engine.directory.refresh()
            key = _live_key(registry, record)
            if as_json:
                print_json(_as_json(address, made, record, key))
            else:
                _greet(address, settings.data_dir, made, record)
            sender.start(address, key, record, settings.data_dir, now)

        with Sender(Logged() if as_json else Shown()) as sender:
            run(settings, registry, started)
    leave()
