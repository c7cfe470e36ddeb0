"""The name by which the other nodes know this one, for as long as its journal is there."""

import secrets
from pathlib import Path
from typing import Final

from whipstitch.journal.segments import PART, sync_directory

FILE: Final = "node"
"""In the data directory."""


def node_name(data_dir: Path) -> str:
    """The name in the data directory, which is made where there is none.

    Raises OSError."""
    file = data_dir / FILE
    if file.exists() and (name := file.read_text().strip()):
        return name
    name = secrets.token_hex(8)
    part = file.with_suffix(PART)
    part.write_text(name + "\n")
    part.replace(file)
    sync_directory(data_dir)
    return name
