"""The values of a statement, which are bound and never pasted."""

from types import MappingProxyType
from typing import Any

from whipstitch.warehouse.sql import Sql


class Parameters:
    """Collects the values of one statement and gives each its placeholder. Texts that were built
    with the same collector may be put together in any order."""

    def __init__(self, prefix: str = "v") -> None:
        """``prefix``: what the names of placeholders begin with, where a statement has another
        collector's statement in it (``include``)."""
        self._prefix = prefix
        self._bound: dict[str, Any] = {}

    def add(self, value: object, type_: str = "String") -> str:
        """The placeholder of ``value``: ``{v3:String}``. ``type_`` is ClickHouse's; lists
        and tuples are arrays."""
        name = f"{self._prefix}{len(self._bound)}"
        self._bound[name] = list(value) if isinstance(value, list | tuple) else value
        return f"{{{name}:{type_}}}"

    def include(self, sql: Sql) -> str:
        """The text of ``sql``, whose values are bound under their own names, too."""
        assert self._bound.keys().isdisjoint(sql.values)  # noqa: S101 - one would stand for another
        self._bound |= sql.values
        return sql.text

    def sql(self, text: str) -> Sql:
        """The statement ``text`` with what was collected so far."""
        return Sql(text, MappingProxyType(dict(self._bound)))
