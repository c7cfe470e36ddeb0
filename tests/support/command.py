"""The installed command, run as a person or a script runs it."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import forked

from whipstitch.registry.store import Registry

COMMAND = Path(sys.executable).parent / "whipstitch"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output; fails where there is anything else."""
        return json.loads(self.out)


def run(*arguments: str, data_dir: Path, **environment: str) -> Outcome:
    """Runs ``whipstitch`` with no setting but the data directory and ``environment``."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("WHIPSTITCH_")
    }
    whole = {**inherited, "WHIPSTITCH_DATA_DIR": str(data_dir), **environment}
    if not forked.suits(whole):
        done = subprocess.run(
            [COMMAND, *arguments],
            env=whole,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = forked.Forked(COMMAND, arguments, whole, out.fileno(), err.fileno())
        code = process.wait()
        for said in (out, err):
            said.seek(0)
        return Outcome(code, out.read().decode(), err.read().decode())


def registry_of(data_dir: Path) -> Registry:
    """The registry that a command with this data directory uses, to prepare and to check."""
    return Registry.open(f"sqlite:///{data_dir}/registry.db")
