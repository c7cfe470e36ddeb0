"""Statements: text with placeholders, and the values that are bound to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Rows = Sequence[Sequence[Any]]

IN_SCOPE: Final = "project_id = {project_id:String} AND environment = {environment:String}"
"""The condition that every statement sets on every table that it reads."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement with ``{name:Type}`` placeholders, and the values that are bound to them.
    ``project_id``, ``environment`` and ``generation`` are bound by the reading that runs it."""

    text: str
    values: Mapping[str, Any]
