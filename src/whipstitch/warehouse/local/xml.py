"""ClickHouse's configuration as XML, from nested values."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape

Element: TypeAlias = "str | int | float | Sequence[Element] | Mapping[str, Element]"
"""A text or number, elements by their name, or several elements of one name."""


def document(elements: Mapping[str, Element]) -> str:
    return _element("clickhouse", elements, 0)


def _element(name: str, content: Element, depth: int) -> str:
    indent = "    " * depth
    if isinstance(content, Mapping):
        inner = "".join(_element(key, one, depth + 1) for key, one in content.items())
        return f"{indent}<{name}>\n{inner}{indent}</{name}>\n"
    if isinstance(content, str | int | float):
        return f"{indent}<{name}>{escape(str(content))}</{name}>\n"
    return "".join(_element(name, one, depth) for one in content)
