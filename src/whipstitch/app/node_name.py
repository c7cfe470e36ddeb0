"""The name by which the other nodes know this one, for as long as its journal is there."""

import secrets
from pathlib import Path
from typing import Final

from whipstitch.core.files import write_whole

FILE: Final = "node"
"""In the data directory."""


def node_name(data_dir: Path) -> str:
    """The name in the data directory, which is made where there is none.

    Raises OSError."""
    file = data_dir / FILE
    if file.exists() and (name := file.read_text().strip()):
        return name
    name = secrets.token_hex(8)
    write_whole(file, [f"{name}\n".encode()])
    return name
