"""The command ``whipstitch``: a list of what it can do."""

from typing import Annotated

import typer

from whipstitch import __version__
from whipstitch.cli import (
    cluster,
    deadletters,
    demo,
    doctor,
    geoip,
    import_,
    key,
    project,
    registry,
    serve,
    sql,
    token,
    user,
)
from whipstitch.cli.encoding import speak_utf8
from whipstitch.config import logs

app = typer.Typer(
    help="Self-hosted product analytics that knows one person behind many ids.",
    no_args_is_help=True,
    add_completion=False,
    # Values of variables may be keys.
    pretty_exceptions_show_locals=False,
)
app.command()(serve.serve)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command("import")(import_.import_)
app.add_typer(project.app, name="project")
app.add_typer(key.app, name="key")
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(sql.app, name="sql")
app.add_typer(geoip.app, name="geoip")
app.add_typer(cluster.app, name="cluster")
app.add_typer(registry.app, name="registry")
app.add_typer(deadletters.app, name="deadletters")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"whipstitch {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    speak_utf8()
    # A server goes by its settings; the other commands answer by themselves.
    logs.configure("warning", "console")
