"""``whipstitch geoip``: the city database that places come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from whipstitch import __version__
from whipstitch.cli.options import DataDir, Json
from whipstitch.cli.output import print_fields, print_json, reporting, timestamp

app = typer.Typer(help="Fetch the database that finds cities by address.", no_args_is_help=True)


@app.command()
def update(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Fetch this city database (.mmdb or .mmdb.gz) in place of DB-IP's.",
            show_default=False,
        ),
    ] = None,
    checksum: Annotated[
        str | None,
        typer.Option(
            metavar="HEX",
            help="SHA-1 or SHA-256 that the download must have. DB-IP shows the SHA-1 on "
            "https://db-ip.com/db/download/ip-to-city-lite.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Fetch DB-IP's free city database. A running server takes it up within 2 seconds."""
    with reporting(as_json):
        import httpx

        from whipstitch.config.settings import Settings
        from whipstitch.ingest.enrichment.dbip import ATTRIBUTION, addresses, fetch

        settings = Settings.load(data_dir=data_dir)
        target = settings.data_dir / "geoip" / "city.mmdb"
        urls = addresses(datetime.now(UTC).date()) if url is None else (url,)
        user_agent = {"User-Agent": f"whipstitch/{__version__}"}
        with (
            httpx.Client(follow_redirects=True, timeout=30, headers=user_agent) as client,
            _progress_bar() as progress,
        ):
            fetched = fetch(urls, target, client, progress, checksum=checksum)

    attribution = ATTRIBUTION if url is None else None
    if as_json:
        print_json(
            {
                "path": str(target),
                "url": fetched.url,
                "size": fetched.size,
                "sha1": fetched.sha1,
                "sha256": fetched.sha256,
                "database_type": fetched.build.database_type,
                "built": timestamp(fetched.build.built),
                "attribution": attribution,
            }
        )
    else:
        print_fields(
            [
                ("Database", f"{fetched.build.database_type} of {fetched.build.built:%Y-%m-%d}"),
                ("From", fetched.url),
                ("SHA-1", fetched.sha1),
                ("Path", str(target)),
                *([("Licence", attribution)] if attribution else []),
            ]
        )
    if settings.geoip not in (None, target):
        typer.echo(
            f"Note: the setting geoip names another database, {settings.geoip}. Remove it, and "
            "the fetched one is used.",
            err=True,
        )


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int | None], None]]:
    """A function that shows bytes done and, where known, of all, on standard error; nothing where
    that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("Downloading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
