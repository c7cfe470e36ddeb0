"""ClickHouse's libraries, without those for data frames: chDB and its client load pandas, pyarrow
and numpy where they are installed, and with chDB they are, for kinds of answers that nobody asks
for here. That is 90 MB, and nearly half a second of every start."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from clickhouse_connect.driver import options

_UNUSED: Final = ("numpy", "pandas", "pyarrow")


@cache
def without_data_frames() -> None:
    """Has the libraries look for them now, once for the process, and find none. Whoever else wants
    them can import them."""
    with _absent():
        for name in ("np", "pd", "arrow"):
            getattr(options, name)
        importlib.import_module("chdb.state.sqlitelike")


@contextmanager
def _absent() -> Iterator[None]:
    hidden = [name for name in _UNUSED if name not in sys.modules]
    sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type] # None: not to be imported
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
