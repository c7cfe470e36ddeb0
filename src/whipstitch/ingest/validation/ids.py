"""Ids: the events' own, and which of the clients' ids are garbage."""

import os
from base64 import urlsafe_b64encode

_LENGTH = 21
_POOL = 1024


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
