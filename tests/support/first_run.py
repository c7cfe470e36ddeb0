"""A data directory as the first start of a server leaves it: made once by each process that runs
tests. Copied, it saves a server most of its first start: the registry, the schema, their syncs."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_HARMLESS: Final = frozenset(
    {"COHORT_INTERVAL", "DURABILITY", "RATE_LIMIT", "STITCH_INTERVAL", "TRUSTED_PROXIES"}
)
"""Settings that leave no trace in a first start."""


def started_before(data_dir: Path, settings: Mapping[str, str]) -> dict[str, Any] | None:
    """Fills ``data_dir``, unless it is there or ``settings`` want another; what the first start
    printed then, else None."""
    if data_dir.exists() or not settings.keys() <= _HARMLESS:
        return None
    template, made = _first_start()
    shutil.copytree(template, data_dir, symlinks=True)
    return made


@functools.cache
def _first_start() -> tuple[Path, dict[str, Any]]:
    from tests.support.server import Server

    place = Path(tempfile.mkdtemp(prefix="whipstitch-first-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    with Server(place / "data", environment={"DURABILITY": "os"}, first=True) as server:
        made: dict[str, Any] = server.printed["first_run"]
        assert server.terminate() == 0, server.log
    for chosen in (place / "data").rglob("connection.json"):
        chosen.unlink()  # ports are chosen by each
    return place / "data", made
