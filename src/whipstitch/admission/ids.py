"""Ids: the events' own, and which of the clients' ids say nothing about anybody."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Collection

_LENGTH = 21
_POOL = 1024

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
    "00000000-0000-0000-0000-000000000000",
)


def is_garbage(distinct_id: str) -> bool:
    """Shorter than two characters, or holding a piece of an HTTP header in any case (contract
    README, "Garbage id")."""
    if len(distinct_id) < 2:
        return True
    folded = distinct_id.lower()
    return (  # written out: a loop costs three times as much, on every operation
        "gzip" in folded
        or "*/*" in folded
        or "deflate" in folded
        or "identity" in folded
        or "accept" in folded
    )


class Placeholders:
    """Ids that name nobody: an alias with one of them would merge strangers (contract README,
    "Identity"). Compared without case and surrounding space."""

    def __init__(self, ids: Collection[str] = PLACEHOLDERS) -> None:
        self._ids = frozenset(one.strip().lower() for one in ids)

    def __contains__(self, distinct_id: str) -> bool:
        return distinct_id.strip().lower() in self._ids


class EventIds:
    """Makes ``evt_`` + 21 characters of the nanoid alphabet: 126 random bits, drawn for many ids
    at once because one system call an id would be felt."""

    def __init__(self) -> None:
        self._pool: list[str] = []

    def next(self) -> str:
        if not self._pool:
            # The URL-safe base64 alphabet is nanoid's, and three quarters of a byte a character
            # leave no padding here.
            text = urlsafe_b64encode(os.urandom(_POOL * _LENGTH * 3 // 4)).decode()
            self._pool = ["evt_" + text[at : at + _LENGTH] for at in range(0, len(text), _LENGTH)]
        return self._pool.pop()
