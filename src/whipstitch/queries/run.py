"""What a query needs of the storage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement with ``{name:Type}`` placeholders, and the values that are bound to them."""

    text: str
    values: Mapping[str, Any]


class Run(Protocol):
    """Runs a statement and gives its rows, each with its columns in the order selected.

    Raises:
        StorageUnavailable
    """

    async def __call__(self, sql: Sql) -> Sequence[Sequence[Any]]: ...
