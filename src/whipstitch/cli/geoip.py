"""``whipstitch geoip``: the database that places come from."""

from __future__ import annotations

from typing import Annotated

import typer

from whipstitch.cli.options import DataDir, Json
from whipstitch.cli.output import print_fields, print_json, reporting, timestamp
from whipstitch.cli.places import NOT_AFTERWARDS, download, path_in, published

app = typer.Typer(help="Fetch the database that finds places by address.", no_args_is_help=True)


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
            "https://db-ip.com/db/download/ip-to-city-lite (or ip-to-country-lite).",
            show_default=False,
        ),
    ] = None,
    country: Annotated[
        bool,
        typer.Option(
            "--country",
            help="Fetch DB-IP's country database, of a few MB: without city, region, time zone.",
        ),
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Fetch DB-IP's free city database. A running server takes it up within 2 seconds. Events that
    were stored before stay without a place."""
    with reporting(as_json):
        from whipstitch.config.settings import Settings
        from whipstitch.ingest.enrichment.dbip import ATTRIBUTION
        from whipstitch.ingest.enrichment.geoip import GeoIPError

        if country and url is not None:
            raise GeoIPError("--country and --url each say what to fetch: name one of them.")
        settings = Settings.load(data_dir=data_dir)
        target = path_in(settings)
        urls = published("country" if country else "city") if url is None else (url,)
        fetched = download(settings, urls, checksum)

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
        typer.echo(NOT_AFTERWARDS)
    if settings.geoip not in (None, target):
        typer.echo(
            f"Note: the setting geoip names another database, {settings.geoip}. Remove it, and "
            "the fetched one is used.",
            err=True,
        )
