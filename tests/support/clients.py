"""Released clients of other products, from their registries, in environments of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[1] / "clients"
_INSTALL_SECONDS = 240
_RUN_SECONDS = 120


class PythonClients:
    """A virtual environment with ``packages``."""

    def __init__(self, folder: Path, *packages: str) -> None:
        self._python = folder / "bin" / "python"
        # Without a pip of its own, which takes longer to put there than the packages do.
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder.parent)
        install = ["-m", "pip", "--python", str(self._python), "install", "-q", "--no-compile"]
        _install([sys.executable, *install, *packages], folder)

    def run(self, program: str, url: str, key: str) -> None:
        command = [str(self._python), str(PROGRAMS / f"{program}.py"), url, key]
        _run(command, self._python.parent, PYTHONPATH="")


class NodeClients:
    """A folder with ``packages`` in it."""

    def __init__(self, folder: Path, *packages: str) -> None:
        if shutil.which("npm") is None:
            pytest.skip("needs npm (Debian: apt-get install npm)")
        folder.mkdir(exist_ok=True)
        self.modules = folder / "node_modules"
        (folder / "package.json").write_text("{}")
        _install(["npm", "install", "--no-audit", "--no-fund", "--silent", *packages], folder)

    def run(self, program: str, url: str, key: str) -> None:
        command = ["node", str(PROGRAMS / f"{program}.js"), url, key]
        _run(command, self.modules.parent, NODE_PATH=str(self.modules))


def _install(command: list[str], folder: Path) -> None:
    """Without a registry there is nothing to try."""
    try:
        _run(command, folder, seconds=_INSTALL_SECONDS)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the registry cannot be reached: {error}")


def _run(
    command: list[str], folder: Path, seconds: float = _RUN_SECONDS, **environment: str
) -> None:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert ran.returncode == 0, f"{command} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"
