"""The values of a statement, which are bound and never pasted."""

from types import MappingProxyType
from typing import Any

from whipstitch.warehouse.sql import Sql


class Parameters:
    """Collects the values of one statement and gives each its placeholder. Texts that were built
    with the same collector may be put together in any order."""

    def __init__(self) -> None:
        self._bound: dict[str, Any] = {}

    def add(self, value: object, type_: str = "String") -> str:
        """The placeholder of ``value``: ``{v3:String}``. ``type_`` is ClickHouse's; lists
        and tuples are arrays."""
        name = f"v{len(self._bound)}"
        self._bound[name] = list(value) if isinstance(value, list | tuple) else value
        return f"{{{name}:{type_}}}"

    def sql(self, text: str) -> Sql:
        """The statement ``text`` with what was collected so far."""
        return Sql(text, MappingProxyType(dict(self._bound)))
