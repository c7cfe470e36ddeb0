"""``python -m whipstitch``: the command without its script."""

from whipstitch.cli.main import app

app(prog_name="whipstitch")
