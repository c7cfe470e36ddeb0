"""``whipstitch import``: history from other products, and from our own export."""

from __future__ import annotations

import gc
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from whipstitch.cli.options import Database, DataDir, EnvironmentChoice, Json
from whipstitch.cli.output import print_json, print_table
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from whipstitch.core.projects import Project
    from whipstitch.ingest.history.importing import Imported
    from whipstitch.registry.store import Registry


_ALLOCATIONS: Final = 200_000


class FormatChoice(StrEnum):
    """Whose files they are."""

    WHIPSTITCH = "whipstitch"
    MIXPANEL = "mixpanel"
    POSTHOG = "posthog"
    AMPLITUDE = "amplitude"
    SEGMENT = "segment"
    RUDDER = "rudder"
    UMAMI = "umami"
    PLAUSIBLE = "plausible"


def import_(
    format_: Annotated[
        FormatChoice,
        typer.Argument(metavar="FORMAT", help="Whose files: " + ", ".join(FormatChoice) + "."),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="Files, also packed by gzip or zip; - is standard input."
        ),
    ],
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="Id or name of the project; it may be left out where there is one only.",
            show_default=False,
        ),
    ] = None,
    environment: Annotated[
        EnvironmentChoice, typer.Option(help="Where it goes.")
    ] = EnvironmentChoice.LIVE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be imported, and what cannot.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Also what an earlier run imported: what is stored is not doubled."
        ),
    ] = False,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Import history: events with their times and ids, traits and aliases.

    A running server stores it within seconds, another one when it starts. Ended at any moment and
    run again, it goes on where it stopped; nothing is stored twice."""
    with registry_session(data_dir, database, as_json) as registry:
        from whipstitch.cli.progress import Counted
        from whipstitch.config.settings import Settings
        from whipstitch.core.placeholders import Placeholders
        from whipstitch.core.projects import IngestionKey
        from whipstitch.ingest.history import importing
        from whipstitch.ingest.history.journal import JournalWriter

        # Records are many small objects without cycles, for which a tenth of the time is spent.
        gc.set_threshold(_ALLOCATIONS)
        settings = Settings.load(data_dir=data_dir, database=database)
        importing.check(files)
        key = IngestionKey("", _project(registry, project), environment.value)
        writer = None
        if not dry_run:
            writer = JournalWriter(
                settings.data_dir / "journal",
                settings.data_dir / "imports",
                limit=settings.backlog_limit // 2,
                reserve=settings.disk_reserve,
            )
        with Counted(sum(one.stat().st_size for one in files if one.is_file())) as progress:
            done = importing.run(
                format_.value,
                files,
                key,
                Placeholders(settings.placeholder_ids),
                settings.data_dir,
                progress,
                writer=writer,
                again=again,
            )
    if as_json:
        print_json(_as_json(done, key.project, environment, dry_run))
    else:
        _say(done, dry_run)


def _project(registry: Registry, named: str | None) -> Project:
    """Raises RegistryError."""
    from whipstitch.core.errors import HistoryError

    if named is not None:
        return registry.find_project(named)
    projects = registry.list_projects()
    if len(projects) != 1:
        raise HistoryError("Which project? Name it with --project: `whipstitch project list`.")
    return projects[0]


def _as_json(done: Imported, project: Project, environment: str, dry_run: bool) -> dict[str, Any]:
    return {
        "project_id": project.id,
        "environment": str(environment),
        "dry_run": dry_run,
        "records": done.records,
        "events": done.events,
        "people": done.people,
        "aliases": done.aliases,
        "skipped": done.skipped,
        "left_out": dict(done.left_out),
        "examples": done.examples,
    }


def _say(done: Imported, dry_run: bool) -> None:
    verb = "Would import" if dry_run else "Imported"
    typer.echo(
        f"{verb} {done.events:,} events, {done.people:,} updates of traits and {done.aliases:,} "
        f"aliases of {done.records:,} records."
    )
    if done.skipped:
        typer.echo(f"{done.skipped:,} records were imported before.")
    if done.left_out:
        typer.echo("\nWhat cannot be placed:\n")
        print_table(("Records", "Why"), [(f"{n:,}", why) for why, n in done.left_out.most_common()])
        typer.echo("\nFor example:\n\n  " + "\n  ".join(done.examples))
