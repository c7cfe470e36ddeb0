"""The database that places come from, fetched for a person in front of a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import typer

from whipstitch import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whipstitch.config.settings import Settings
    from whipstitch.ingest.enrichment.dbip import Fetched, Kind

NOT_AFTERWARDS: Final = (
    "Events that were stored before keep blank places: their addresses are not kept."
)
_OFFER: Final = (
    "Fetch DB-IP's free country database (a few MB, CC BY 4.0, https://db-ip.com), so that events "
    "have a country? Those that come before there is one never will: their addresses are not kept"
)
_HOW: Final = (
    "Events have no country until there is a database: `whipstitch geoip update --country` "
    "fetches one, `whipstitch geoip update` one with cities."
)


def path_in(settings: Settings) -> Path:
    """Where fetched databases lie, and where the server looks unless a setting says otherwise."""
    return settings.data_dir / "geoip" / "city.mmdb"


def published(kind: Kind) -> Sequence[str]:
    """Where DB-IP has the newest, or the one before."""
    from whipstitch.ingest.enrichment.dbip import addresses

    return addresses(datetime.now(UTC).date(), kind)


def download(settings: Settings, urls: Sequence[str], checksum: str | None = None) -> Fetched:
    """Puts the first of ``urls`` that is there into the data directory. Raises GeoIPError."""
    import httpx

    from whipstitch.ingest.enrichment.dbip import fetch

    user_agent = {"User-Agent": f"whipstitch/{__version__}"}
    with (
        httpx.Client(follow_redirects=True, timeout=30, headers=user_agent) as client,
        _progress_bar() as progress,
    ):
        return fetch(urls, path_in(settings), client, progress, checksum=checksum)


def offer(settings: Settings, urls: Sequence[str] | None = None) -> str | None:
    """At the first start: asks whether to fetch a country database, where somebody can answer. What
    is left to say of it: nothing where there is one. A download that fails stops no start."""
    from whipstitch.core.errors import WhipstitchError
    from whipstitch.ingest.enrichment.dbip import ATTRIBUTION

    if settings.geoip is not None or path_in(settings).exists():
        return None
    if not (sys.stdin.isatty() and typer.confirm(_OFFER, default=False, err=True)):
        return _HOW
    try:
        fetched = download(settings, urls or published("country"))
    except (WhipstitchError, OSError) as error:
        return f"The country database was not fetched: {error}\n{_HOW}"
    return f"Countries: {fetched.build.database_type}. {ATTRIBUTION}."


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
