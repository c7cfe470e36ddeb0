"""``whipstitch project``: makes, lists and sets up projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import UNSET, UnsetType

from whipstitch.cli.options import Database, DataDir, Json, ProjectArgument
from whipstitch.cli.output import print_fields, print_json, print_table
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from whipstitch.core.projects import Project

app = typer.Typer(help="Make, list and set up projects.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the project.")],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a project, with one live and one test key."""
    with registry_session(data_dir, database, as_json) as registry:
        made = registry.create_project(name)
    if as_json:
        print_json(
            {
                "project_id": made.project.id,
                "name": made.project.name,
                "live_key": made.live_key.key,
                "test_key": made.test_key.key,
            }
        )
        return
    print_fields(
        [
            ("Project", f"{made.project.name} ({made.project.id})"),
            ("Live key", made.live_key.key),
            ("Test key", made.test_key.key),
        ]
    )


@app.command("list")
def list_(data_dir: DataDir = None, database: Database = None, as_json: Json = False) -> None:
    """List all projects."""
    with registry_session(data_dir, database, as_json) as registry:
        projects = registry.list_projects()
    if as_json:
        print_json({"projects": [_as_json(project) for project in projects]})
    elif projects:
        _print_projects(projects)
    else:
        typer.echo("There is no project yet: make one with `whipstitch project create NAME`.")


@app.command("set")
def set_(
    project: ProjectArgument,
    domains: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Web domains that may send, comma-separated: example.com, *.example.com, "
            "localhost:3000. Empty lets all.",
            show_default=False,
        ),
    ] = None,
    ips: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Addresses and CIDR ranges that may send without an Origin header, "
            "comma-separated; set --domains, too, for anybody can send one. Empty lets all.",
            show_default=False,
        ),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Requests a minute and key; 0 is no limit; empty or 'default' is the server's "
            "setting.",
            show_default=False,
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="IANA time zone in which its days begin: Europe/Paris. At first it is UTC.",
            show_default=False,
        ),
    ] = None,
    malformed: Annotated[
        str | None,
        typer.Option(
            metavar="refuse|drop",
            help="What becomes of a batch with an operation of the wrong shape: all of it is "
            "refused, as at first, or that operation is dropped.",
            show_default=False,
        ),
    ] = None,
    rate_limit_address: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Requests a minute of one key from one address, besides --rate-limit; 0 is no "
            "limit; empty or 'default' is the server's setting.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[
        str | None,
        typer.Option(
            metavar="keep|drop",
            help="What becomes of an operation without an id that repeats, byte for byte, one of "
            "another request of the last days: it is kept, as at first, or dropped.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Set who may send to a project, how much, and its time zone. What is not named stays."""
    with registry_session(data_dir, database, as_json) as registry:
        now = registry.set_project(
            project,
            domains=UNSET if domains is None else domains.split(","),
            ips=UNSET if ips is None else ips.split(","),
            rate_limit=_rate_limit(rate_limit, "--rate-limit"),
            timezone=UNSET if timezone is None else timezone,
            malformed=UNSET if malformed is None else malformed,
            address_rate_limit=_rate_limit(rate_limit_address, "--rate-limit-address"),
            repeats=UNSET if repeats is None else repeats,
        )
    if as_json:
        print_json(_as_json(now))
    else:
        _print_projects([now])
    for warning in now.warnings:
        typer.echo(f"Warning: {warning}", err=True)


def _rate_limit(text: str | None, option: str) -> int | UnsetType | None:
    if text is None:
        return UNSET
    if text.strip().lower() in ("", "default"):
        return None
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(
            f"a number of requests a minute, 0 or 'default', not {text!r}.",
            param_hint=option,
        ) from None


def _as_json(project: Project) -> dict[str, Any]:
    return {
        "project_id": project.id,
        "name": project.name,
        "domains": project.domains,
        "ips": project.ips,
        "rate_limit": project.rate_limit,
        "timezone": project.timezone,
        "malformed": project.malformed,
        "address_rate_limit": project.address_rate_limit,
        "repeats": project.repeats,
        "warnings": project.warnings,
    }


def _limit_shown(limit: int | None) -> str:
    return "default" if limit is None else str(limit or "off")


def _print_projects(projects: list[Project]) -> None:
    print_table(
        (
            *("Project", "Name", "Domains", "IPs", "Rate limit", "By address", "Time zone"),
            *("Malformed", "Repeats"),
        ),
        [
            (
                project.id,
                project.name,
                ", ".join(project.domains) or "all",
                ", ".join(project.ips) or "all",
                _limit_shown(project.rate_limit),
                _limit_shown(project.address_rate_limit),
                project.timezone,
                project.malformed,
                project.repeats,
            )
            for project in projects
        ],
    )
