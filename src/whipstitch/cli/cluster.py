"""``whipstitch cluster``: ClickHouse's hosts, and the nodes of Whipstitch that write to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whipstitch.cli.options import ClickHouse, Database, DataDir, Json
from whipstitch.cli.output import print_json, print_table, reporting, timestamp
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from pathlib import Path

    from whipstitch.registry.nodes import IngestNode
    from whipstitch.warehouse.cluster_state import HostState
    from whipstitch.warehouse.servers import Servers

app = typer.Typer(
    help="Look after a ClickHouse cluster and several Whipstitch nodes.", no_args_is_help=True
)


@app.command()
def check(
    clickhouse: ClickHouse = None,
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask every host for its version, shard, replica, clock, lag and tables, and list the nodes;
    exit with 1 where something must be mended."""
    with reporting(as_json):
        from whipstitch.warehouse import cluster_state

        servers = _servers(data_dir, clickhouse)
        hosts = cluster_state.states(servers)
        problems = cluster_state.problems(servers, hosts)
    with registry_session(data_dir, database, as_json) as registry:
        nodes = registry.list_nodes()
    if as_json:
        print_json(
            {
                "hosts": [_host(one) for one in hosts],
                "nodes": [_node(one) for one in nodes],
                "problems": problems,
            }
        )
    else:
        print_table(
            ("Host", "Version", "Shard", "Replica", "Clock", "Behind", "Queue", "Missing"),
            [tuple(str(value) for value in _host(one).values())[:8] for one in hosts],
        )
        if nodes:
            print_table(
                ("Node", "Stored until", "Seen"),
                [(one["node"], one["stored_until"], one["seen_at"]) for one in map(_node, nodes)],
            )
        for problem in problems:
            typer.echo(f"- {problem}")
    if problems:
        raise typer.Exit(1)


@app.command()
def join(clickhouse: ClickHouse = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give hosts that are new the tables that they lack; replicas then fetch the rows."""
    with reporting(as_json):
        from whipstitch.warehouse import cluster_state

        made = cluster_state.join(_servers(data_dir, clickhouse))
    if as_json:
        print_json({"made": made})
        return
    for host, tables in made.items():
        typer.echo(f"{host}: made {', '.join(tables)}")
    if not made:
        typer.echo("Every host has all tables.")


@app.command()
def forget(
    node: Annotated[str, typer.Argument(metavar="NODE", help="As `cluster check` lists it.")],
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Wait no longer for a node whose journal is lost, or that will not come back."""
    from whipstitch.core.errors import RegistryError

    with registry_session(data_dir, database, as_json) as registry:
        if not registry.leave_nodes(node):
            raise RegistryError(f"There is no node {node}: `whipstitch cluster check` lists them.")
    if as_json:
        print_json({"forgotten": node})
    else:
        typer.echo(f"{node} is forgotten.")


@app.command("import")
def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="The other server: http(s)://user:password@host:8123/database, or the data "
            "directory of one that runs with its own ClickHouse.",
            show_default=False,
        ),
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Also what an earlier run moved; nothing is doubled.")
    ] = False,
    clickhouse: ClickHouse = None,
    database: Database = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Move the history of another ClickHouse here, month by month: events, traits and aliases.

    This node has to run, and may be sent to meanwhile. Ended at any moment and run again, it goes
    on where it stopped; run again later, it moves what came since."""
    with registry_session(data_dir, database, as_json) as registry:
        from whipstitch.cli.moving import move
        from whipstitch.config.settings import Settings

        settings = Settings.load(data_dir=data_dir, clickhouse=clickhouse, database=database)
        projects = {one.id for one in registry.list_projects()}
        moved = move(settings, source, projects, again=again)
    if as_json:
        print_json(moved)
        return
    typer.echo(
        f"Moved {moved['events']:,} events, {moved['traits']:,} traits and "
        f"{moved['aliases']:,} aliases; this node stores them within seconds."
    )
    if moved["recent"]:
        typer.echo(f"{moved['recent']:,} rows are less than a minute old: run this again for them.")


def _servers(data_dir: Path | None, clickhouse: str | None) -> Servers:
    from whipstitch.config.setting_values import local_directory
    from whipstitch.config.settings import Settings
    from whipstitch.core.errors import SettingsError
    from whipstitch.warehouse.servers import Servers

    settings = Settings.load(data_dir=data_dir, clickhouse=clickhouse)
    if local_directory(settings.clickhouse) is not None or not settings.clickhouse_cluster:
        raise SettingsError(
            "There is no cluster: name its hosts in --clickhouse, and it in the setting "
            "clickhouse_cluster."
        )
    return Servers.parse(
        settings.clickhouse, settings.clickhouse_cluster, settings.clickhouse_quorum
    )


def _host(state: HostState) -> dict[str, Any]:
    look = state.look
    return {
        "host": state.name,
        "version": look.version if look else "",
        "shard": look.shard if look else "",
        "replica": look.macros.get("replica", "") if look else "",
        "clock": f"{look.clock:+.1f}s" if look else "",
        "behind": state.delay,
        "queue": state.queued,
        "missing": ", ".join(state.missing),
        "problem": state.problem,
    }


def _node(node: IngestNode) -> dict[str, Any]:
    until = datetime.fromtimestamp(node.until / 1_000_000, UTC)
    return {
        "node": node.name,
        "stored_until": timestamp(until) if node.until else "",
        "seen_at": timestamp(node.seen_at),
    }
