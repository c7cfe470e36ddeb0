"""``whipstitch registry``: where projects, keys, users and boards are kept."""

from __future__ import annotations

from typing import Annotated

import typer

from whipstitch.cli.options import Database, DataDir, Json
from whipstitch.cli.output import print_json, reporting

app = typer.Typer(help="Look after the database of projects and users.", no_args_is_help=True)


@app.callback()
def _several() -> None:
    """One command would else be no group."""


@app.command()
def copy(
    to: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="An empty database: postgresql://user:password@host:5432/database.",
            show_default=False,
        ),
    ],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Copy projects, keys, users, boards and all else into an empty database, such as from SQLite
    to PostgreSQL, which several nodes need. The server must be stopped meanwhile."""
    with reporting(as_json):
        from whipstitch.app.lock import DataDirLock
        from whipstitch.config.settings import Settings
        from whipstitch.registry.copying import copy as copied

        settings = Settings.load(data_dir=data_dir, database=database)
        with DataDirLock(settings.data_dir):
            rows = copied(settings.database, to)
    if as_json:
        print_json({"ok": True, "rows": rows})
        return
    typer.echo(
        f"Copied {sum(rows.values()):,} rows of {len(rows)} tables. Now name that database in the "
        "setting database (WHIPSTITCH_DATABASE) of every node, and start them; the old one stays "
        "as it is."
    )
