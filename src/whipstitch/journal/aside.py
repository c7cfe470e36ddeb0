"""What was found among the segments and is none, or cannot be read: it is moved out of the way."""

import secrets
from pathlib import Path
from typing import Final

import structlog

from whipstitch.core.files import sync_directory

log = structlog.get_logger(__name__)

ASIDE: Final = "aside"
"""The folder in the journal's directory."""


def put_aside(thing: Path, why: str) -> None:
    """Moves something of the journal's directory out of the way; where that cannot be done it is
    passed over."""
    aside = thing.parent / ASIDE
    target = aside / f"{thing.name[:200]}-{secrets.token_hex(4)}"
    try:
        aside.mkdir(mode=0o700, exist_ok=True)
        thing.rename(target)
        sync_directory(thing.parent)
    except OSError as error:
        problem = error.strerror or str(error)
        log.error("journal_passes_over", name=thing.name, why=why, problem=problem)
        return
    log.error("journal_sets_aside", name=thing.name, why=why, kept_in=str(target))


def said_of_aside(directory: Path) -> str | None:
    """For a person: what lies aside in the journal in ``directory``; None: nothing."""
    aside = directory / ASIDE
    try:
        found = sum(1 for _ in aside.iterdir())
    except OSError:
        return None
    if not found:
        return None
    return f"What is no journal segment, or cannot be read ({found}), is in {aside}."
