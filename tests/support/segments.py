"""Segments as the journal writes them, for tests of what reads them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from whipstitch.journal.groups import seal_group

START_MS = 1_770_000_000_000
"""2026-02-02T02:40:00Z; rows are accepted one microsecond after the other from here."""


def event(number: int, *, properties: str | bytes = "{}", **fields: Any) -> bytes:
    """The line of one event; ``number`` makes its id and times, ``properties`` is raw text."""
    row = {
        "k": "track",
        "project_id": "proj_a",
        "environment": "live",
        "id": f"evt_{number:021d}",
        "event_name": "visited",
        "distinct_id": f"user_{number % 7}",
        "session_id": "",
        "timestamp": START_MS + number,
        "accepted": START_MS * 1000 + number,
        "os": "ios",
        "browser": "Safari",
        "device_model": "iPhone 15",
        "bot": False,
        "city": "",
        "region": "",
        "country": "DE",
        "timezone": "",
        "lib_version": "",
    } | fields
    raw = properties.encode() if isinstance(properties, str) else properties
    head = json.dumps(row, separators=(",", ":")).encode()[:-1]
    return head + b',"properties":' + raw + b',"default_properties":{"$os":"ios"}}'


def trait(number: int, distinct_id: str, property_: str, value: str, **fields: Any) -> bytes:
    row = {
        "k": "trait",
        "project_id": "proj_a",
        "environment": "live",
        "distinct_id": distinct_id,
        "property": property_,
        "value": value,
        "deleted": False,
        "timestamp": START_MS + number,
        "accepted": START_MS * 1000 + number,
    } | fields
    return json.dumps(row, separators=(",", ":")).encode()


def alias(number: int, alias_id: str, distinct_id: str, **fields: Any) -> bytes:
    row = {
        "k": "alias",
        "project_id": "proj_a",
        "environment": "live",
        "alias_id": alias_id,
        "distinct_id": distinct_id,
        "timestamp": START_MS + number,
        "accepted": START_MS * 1000 + number,
        "refused": "",
    } | fields
    return json.dumps(row, separators=(",", ":")).encode()


def write_segment(directory: Path, lines: Iterable[bytes], number: int = 1) -> Path:
    """A sealed segment of one group."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{number:020d}-0a1b2c3d.jsonl"
    rows = list(lines)
    path.write_bytes(seal_group([line + b"\n" for line in rows], len(rows)))
    return path
