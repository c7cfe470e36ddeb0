"""A row that was set aside, and what can be read of it."""

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from whipstitch.core.projects import Somebody

HEAD: Final = 64 * 1024
"""Bytes of a row that are looked at to tell whose it is."""
_FIELD: Final = re.compile(r'"(\w+)":("(?:[^"\\]++|\\.)*+"|\d+)')


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row as it stood in the journal, and why it is here. ``file`` is the name of the file that
    holds it."""

    row: bytes
    reason: str
    file: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """The row's fields but the properties, as far as it can be read."""
        try:
            raw = msgspec.json.decode(self.row, type=dict[str, msgspec.Raw])
            return {
                name: msgspec.json.decode(value)
                for name, value in raw.items()
                if bytes(value)[:1] not in (b"{", b"[")
            }
        except (ValueError, RecursionError):
            return self._head

    @property
    def accepted(self) -> int:
        """When it was accepted; 0 where that cannot be read."""
        found = self._head.get("accepted")
        return found if isinstance(found, int) else 0

    @property
    def received(self) -> float:
        """When it was received (unix seconds); 0 where that cannot be read."""
        found = self._head.get("received")
        return found / 1000 if isinstance(found, int) else self.accepted / 1_000_000

    @property
    def names(self) -> set[Somebody]:
        """Whom the row names, as far as that can be read."""
        head = self._head
        ids = (head.get("distinct_id"), head.get("alias_id"))
        scope = str(head.get("project_id", "")), str(head.get("environment", ""))
        return {Somebody(*scope, id_) for id_ in ids if isinstance(id_, str) and id_}

    @property
    def _head(self) -> dict[str, Any]:
        """The row's first fields, which are ours: also of one that is not whole."""
        text = self.row[:HEAD].decode("utf-8", "replace").partition('"properties":')[0]
        found: dict[str, Any] = {}
        for name, value in _FIELD.findall(text):
            with contextlib.suppress(ValueError):
                found.setdefault(name, json.loads(value))
        return found


def large_letter(file: Path) -> DeadLetter:
    """With the beginning of the row."""
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        return DeadLetter(
            opened.read(HEAD), f"{size} bytes are more than largest_row allows", file.name
        )
