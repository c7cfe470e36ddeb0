"""Values too long to be sent beside a statement, as its parameters are: ClickHouse's HTTP interface
takes 128 KiB of each, and no more than an address of 1 MiB holds."""

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from whipstitch.warehouse.literals import literal

_LONG: Final = 16_000
"""Characters. Each may be twelve in an address."""
_BESIDE_EACH: Final = 4
_NUMBER: Final = 20
_PLACE: Final = re.compile(r"\{(\w+):([^{}]+)\}")
_LEAST_QUERY_SIZE: Final = 4 * 2**20


class Bound(NamedTuple):
    """A statement with its long values in it; ``parameters`` are the others. ``settings``: what it
    then takes to be read."""

    sql: str
    parameters: dict[str, Any]
    settings: dict[str, str]


def bound(sql: str, parameters: Mapping[str, Any]) -> Bound:
    """``sql`` has ``{name:Type}`` in the places of ``parameters``. Long ones may be texts, and
    lists of texts and numbers."""
    texts = {name: _text(value) for name, value in parameters.items() if _length(value) > _LONG}
    if not texts:
        return Bound(sql, dict(parameters), {})

    def fill(place: re.Match[str]) -> str:
        name, type_ = place.groups()
        return f"CAST({texts[name]}, {literal(type_)})" if name in texts else place[0]

    filled = _PLACE.sub(fill, sql)
    rest = {name: value for name, value in parameters.items() if name not in texts}
    size = max(_LEAST_QUERY_SIZE, 2 * len(filled.encode(errors="surrogatepass")))
    return Bound(filled, rest, {"max_query_size": str(size)})


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Sequence | Set):
        return sum(_BESIDE_EACH + (len(x) if isinstance(x, str) else _NUMBER) for x in value)
    return 0


def _text(value: Any) -> str:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, Sequence | Set):
        return f"[{','.join(map(_text, value))}]"
    return repr(value)
