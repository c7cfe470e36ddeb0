"""Options and arguments that several commands share. None means not given: settings.py then looks
further."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Where everything is kept: WHIPSTITCH_DATA_DIR, else ./whipstitch-data.",
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Where projects and keys are kept: WHIPSTITCH_DATABASE, else registry.db in the "
        "data dir.",
        show_default=False,
    ),
]
Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Address to listen on (127.0.0.1).")
]
Port = Annotated[
    int | None, typer.Option(metavar="PORT", help="Port to listen on (8080); 0 takes any.")
]
ClickHouse = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="local (in the data dir), or http(s)://user:password@host:8123/database.",
    ),
]


class PartChoice(StrEnum):
    """Which part of a node's work it does."""

    ALL = "all"
    INGEST = "ingest"
    APP = "app"


Only = Annotated[
    PartChoice | None,
    typer.Option(
        help="Take events and store them, without dashboard and query API (ingest), or only have "
        "these (app); all: both.",
        show_default=False,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON value and nothing else on standard output.")
]
ProjectArgument = Annotated[
    str, typer.Argument(metavar="PROJECT", help="Id or name of the project.", show_default=False)
]


class EnvironmentChoice(StrEnum):
    """The two environments of a project."""

    LIVE = "live"
    TEST = "test"


class RoleChoice(StrEnum):
    """What the holder of a token may do."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
