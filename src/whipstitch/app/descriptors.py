"""How many connections there may be: each is an open file, and where those run out, journal and
storage cannot open theirs."""

from typing import Final, NamedTuple

from whipstitch.core.errors import SettingsError
from whipstitch.core.portable import raise_file_limit

_KEPT: Final = 160
"""Files that all the rest has open at most: journal, ClickHouse's clients, registry, workers."""
_FILES_EACH: Final = 2
"""A connection, and the file that a large body is received into."""
_FEWEST: Final = 8
_MOST: Final = 20_000
_LONGEST_BACKLOG: Final = 4096


class DescriptorRoom(NamedTuple):
    """``connections``: at most so many are open; ``backlog``: so many may come at once."""

    connections: int
    backlog: int


def make_room(wanted: int) -> DescriptorRoom:
    """Raises the soft limit of open files to the hard one, and shares out what there is.
    ``wanted``: connections, 0: as many as can be.

    Raises:
        SettingsError: the limit leaves none.
    """
    return share(raise_file_limit(), wanted)


def share(files: int, wanted: int) -> DescriptorRoom:
    """Raises SettingsError."""
    # Those that come at once are accepted before they can be counted.
    backlog = min(max(files // 8, _FEWEST), _LONGEST_BACKLOG)
    most = (files - _KEPT - backlog) // _FILES_EACH
    if most < _FEWEST:
        raise SettingsError(
            f"At most {files} files may be open, which is too few: allow "
            f"{2 * _KEPT} or more (`ulimit -n`, LimitNOFILE= of systemd)."
        )
    return DescriptorRoom(min(wanted or _MOST, most), backlog)
