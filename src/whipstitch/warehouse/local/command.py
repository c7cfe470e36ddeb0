"""The command line that runs a ClickHouse server in a directory that has its ``config.xml``."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from whipstitch.core.errors import SettingsError

_LAUNCH: Final = Path(__file__).with_name("launch.py")
_LIBRARY: Final = "_chdb.abi3.so"


def command(directory: Path, binary: Path | None, niceness: int) -> list[str]:
    """How to start the child: ``binary`` where one is named, else an installed ``clickhouse``, else
    the library of the ``chdb-core`` wheel (see ``launch``).

    Raises:
        SettingsError: there is none of them.
    """
    # -I: neither the working directory nor PYTHONPATH is looked at; -S: nor what is installed.
    launch = [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(niceness)]
    return [*launch, str(directory), *_clickhouse(binary)]


def is_from_wheel(command: Sequence[str]) -> bool:
    """Whether that command runs the library of the wheel."""
    return command[-1].endswith(_LIBRARY)


def _clickhouse(binary: Path | None) -> list[str]:
    found = str(binary) if binary else shutil.which("clickhouse")
    if found:
        if not (Path(found).is_file() and os.access(found, os.X_OK)):
            raise SettingsError(f"{found} cannot be run: check the setting clickhouse_binary.")
        return [found, "server", "--config-file=config.xml"]
    package = importlib.util.find_spec("chdb")
    for place in (package and package.submodule_search_locations) or ():
        if (library := Path(place) / _LIBRARY).exists():
            return [str(library)]
    raise SettingsError(
        "There is no ClickHouse to run: install the package chdb-core, or ClickHouse itself, or "
        "name a server with --clickhouse http(s)://user:password@host:8123/database."
    )
