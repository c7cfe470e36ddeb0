"""Projects by id or name, and the names that people may give."""

from collections.abc import Sequence
from typing import TypeVar, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import Malformed, Repeats
from whipstitch.registry.tables import ProjectRow

T = TypeVar("T", bound=str)
_LONGEST_NAME = 200


def find_project(session: Session, project: str) -> ProjectRow:
    """The project of that id, or else the only one of that name. Raises RegistryError."""
    row = session.get(ProjectRow, project)
    if row is not None:
        return row
    named = session.scalars(select(ProjectRow).where(ProjectRow.name == project)).all()
    if not named:
        raise RegistryError(
            f"There is no project {project!r}. `whipstitch project list` shows them all."
        )
    if len(named) > 1:
        ids = ", ".join(sorted(row.id for row in named))
        raise RegistryError(f"{len(named)} projects are named {project!r}: use an id ({ids}).")
    return named[0]


def lock_project(session: Session, project_id: str) -> None:
    """Makes changes of what a project has follow one another."""
    session.get(ProjectRow, project_id, with_for_update=True)


def checked_name(name: str, kind: str) -> str:
    """``name`` without the space around it. Raises RegistryError for one that nobody could read
    in a list; ``kind`` says whose name it is."""
    trimmed = name.strip()
    if not trimmed or len(trimmed) > _LONGEST_NAME or not trimmed.isprintable():
        raise RegistryError(
            f"The name of a {kind} has 1 to {_LONGEST_NAME} characters, all of them printable."
        )
    return trimmed


def checked_timezone(name: str) -> str:
    """``name``, if it is a time zone's. Raises RegistryError."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # OSError: it names a directory
        raise RegistryError(
            f"{name!r} is no time zone: use an IANA name such as Europe/Paris or UTC."
        ) from None


def checked_malformed(text: str) -> Malformed:
    """What a project does with malformed operations, if ``text`` is one of the two.

    Raises:
        RegistryError
    """
    choices: tuple[Malformed, ...] = get_args(Malformed)
    return _chosen(text, choices, "Malformed operations")


def checked_repeats(text: str) -> Repeats:
    """What a project does with operations that repeat others, if ``text`` is one of the two.

    Raises:
        RegistryError
    """
    choices: tuple[Repeats, ...] = get_args(Repeats)
    return _chosen(text, choices, "Operations that repeat others")


def _chosen(text: str, choices: Sequence[T], what: str) -> T:
    for one in choices:
        if text == one:
            return one
    raise RegistryError(f"{what}: {' or '.join(choices)}, not {text!r}.")
