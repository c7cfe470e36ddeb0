"""Released clients of other products, from their registries, each in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

CLIENTS: Final = Path(__file__).parents[1] / "clients"
PYTHON: Final = ("posthog-python", "segment-python", "rudder-python")
NODE: Final = ("posthog-node", "segment-node", "rudder-node")
EVENTS: Final = 20
"""Numbered ones, of each run."""
INSTALL_SECONDS: Final = 60


def install(folder: Path, client: str) -> list[str] | str:
    """The command that runs ``client``, its package installed in ``folder``; or why there is
    none."""
    try:
        return _python(folder) if client in PYTHON else _node(folder)
    except FileNotFoundError as error:
        return f"{error.filename} is missing"
    except subprocess.TimeoutExpired:
        return "the registry did not answer within a minute"
    except subprocess.CalledProcessError as error:
        return f"the registry did not give the packages: {error.stderr[-500:].decode()}"


def _python(folder: Path) -> list[str]:
    place = folder / "python"
    if not place.exists():
        # Without a pip of its own, which takes longer to put there than the packages do.
        _run(sys.executable, "-m", "venv", "--without-pip", place)
        pip = (sys.executable, "-m", "pip", "--python", place / "bin" / "python")
        wanted = CLIENTS / "requirements.txt"
        _run(*pip, "install", "--quiet", "--no-compile", "--requirement", wanted)
    return [str(place / "bin" / "python"), str(CLIENTS / "story.py")]


def _node(folder: Path) -> list[str]:
    place = folder / "node"
    if not (place / "node_modules").exists():
        place.mkdir(exist_ok=True)
        for name in ("package.json", "story.cjs"):
            shutil.copy(CLIENTS / name, place)
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error")
        _run("npm", "--prefix", place, "install", *quiet)
    return ["node", str(place / "story.cjs")]


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)


class Story:
    """A client telling its story, which waits half-way until it is told to ``go_on``."""

    def __init__(self, command: list[str], client: str, host: str, key: str) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH",)}
        self._process = subprocess.Popen(
            [*command, client, host, key],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def half_way(self) -> None:
        """Waits until the first half is delivered."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == "half\n", self._process.communicate(timeout=60)

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self, seconds: float = 60) -> str:
        """What it complained of; fails where it ended with an error."""
        _, complaints = self._process.communicate(timeout=seconds)
        assert self._process.returncode == 0, complaints
        return complaints

    def give_up(self, seconds: float) -> None:
        """Waits until it ends, whatever it says of how; fails where it does not."""
        try:
            self._process.communicate("\n", timeout=seconds)
        finally:
            self._process.kill()
