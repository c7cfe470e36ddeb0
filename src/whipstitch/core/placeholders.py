"""Ids that name nobody, such as clients send before they know who somebody is."""

from collections.abc import Collection

PLACEHOLDERS = (
    "anonymous",
    "guest",
    "null",
    "undefined",
    "none",
    "nil",
    "unknown",
    "0",
    "nan",
    "[object object]",
    "anon",
    "user",
    "n/a",
    "true",
    "false",
    "(null)",
    "not_authenticated",
    "email",
    "distinct_id",
    "distinctid",
    "(none)",
    "(nil)",
    "(undefined)",
    "(unknown)",
    "(not set)",
    "<nil>",
    "<null>",
    "<none>",
    "<undefined>",
    "optional(nil)",
    "[object undefined]",
    "[object null]",
    "id",
    "user_id",
    "userid",
    "anonymous_id",
    "device_id",
    "-",
    "--",
    "n.a.",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
)

_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
    # What looks like space or like nothing, though Unicode does not call it that.
    "\x00\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060"
    "\u2061\u2062\u2063\u2064\u2800\u3164\ufeff\uffa0"
)
_QUOTES = (
    "\"'`\\\xab\xb4\xbb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a\u300c\u300d"
    "\u300e\u300f\uff02\uff07"
)
_AROUND = _SPACE + _QUOTES
"""What may stand around an id that names nobody. One ``strip`` with all of it, for stripping in
turns takes a time that grows with the square of what was sent."""


class Placeholders:
    """Ids that name nobody: an alias with one of them would merge strangers (contract README,
    "Identity"). Compared without case, and without the space and quotes around them; an id of
    nothing else is one of them, whatever the list."""

    def __init__(self, ids: Collection[str] = PLACEHOLDERS) -> None:
        self._ids = frozenset(["", *map(_bare, ids)])

    def __contains__(self, distinct_id: str) -> bool:
        return _bare(distinct_id) in self._ids


def _bare(distinct_id: str) -> str:
    return distinct_id.strip(_AROUND).casefold()
