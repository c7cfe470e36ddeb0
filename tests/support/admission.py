"""One body admitted by the way of light bodies, and by that of large ones."""

import itertools
import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey, Project, ProjectSnapshot
from whipstitch.core.sequence import Sequence
from whipstitch.ingest.client import ClientContext
from whipstitch.ingest.validation import large, large_people, runs
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.counts import Counts
from whipstitch.ingest.validation.large import LargeValidator, Lines, lines_of
from whipstitch.ingest.validation.outcomes import Validated
from whipstitch.ingest.validation.validate import Validator

_KEY = IngestionKey("sk_live_0123456789abcdef0123456789abcdef", Project("proj_a", "A"), "live")
CLIENT = ClientContext(_KEY)
LENIENT = ClientContext(
    IngestionKey("sk_live_1", Project("proj_b", "B", malformed="drop", repeats="drop"), "live")
)
NOW = 1_770_000_000_000_000


def _ids() -> Iterator[str]:
    return (f"evt_{number}" for number in itertools.count())


def small_pieces(run: int, set_to: Callable[[ModuleType, str, Any], None] = setattr) -> None:
    """Makes ``run`` bytes large: bodies are taken apart that would else be taken as they are."""
    for module in (runs, large, large_people):
        set_to(module, "RUN", run)
        set_to(module, "_PIECE", 7)
    set_to(runs, "_TRIES", (run, run // 4))


def admitted(
    endpoint: str, body: bytes, max_operation: int = 0, client: ClientContext = CLIENT
) -> tuple[tuple[Counts, Answer, list[Any]], tuple[Counts, Answer, list[Any]]]:
    """By the way of light bodies, and by that of large ones."""
    directory, placeholders = ProjectSnapshot(), Placeholders()
    light = Validator(
        Sequence(lambda: NOW),
        lambda: directory,
        placeholders,
        _ids().__next__,
        max_operation=max_operation,
    )
    method = getattr(light, endpoint)
    one = (method if endpoint == "batch" else light.alone(method))(body, client)
    first = (
        (one.tally, one.answer, _rows(one.lines))
        if isinstance(one, Validated)
        else (Counts(), one, [])
    )

    taken: list[bytes] = []
    counted = 0

    def put(lines: Lines, rows: int) -> None:
        nonlocal counted
        taken.extend(map(bytes, lines))
        counted += rows

    def encode(rows: Any) -> bytes:
        put(lines_of(rows), len(rows))
        return b""

    sequence = Sequence(lambda: NOW)
    heavy = Validator(
        sequence,
        lambda: directory,
        placeholders,
        _ids().__next__,
        max_operation=max_operation,
        encode=encode,
    )
    memory = memoryview(bytearray(body))
    tally, answer = LargeValidator(heavy, sequence, put, directory).admit(endpoint, memory, client)
    rows = _rows(b"".join(taken))
    assert len(rows) == counted
    if answer.refuses:
        assert not rows
        tally = Counts()
    return first, (tally, answer, rows)


def _rows(lines: bytes) -> list[Any]:
    return [json.loads(line) for line in lines.splitlines()]


def meaning(rows: list[Any]) -> Any:
    """Events and aliases as they are, and for each trait the row that counts: what large updates
    say of traits has numbers of its own."""
    traits: dict[Any, Any] = {}
    for row in rows:
        if row["k"] == "trait":
            kind = min(row.get("operation", 0), 2)  # what is added has its number here
            key = row["distinct_id"], row["property"], kind
            number = row["accepted"]
            if key not in traits or (row["timestamp"], number) >= traits[key][0]:
                traits[key] = (row["timestamp"], number), row["value"], row["deleted"]
    in_order = sorted(rows, key=lambda row: int(row["accepted"]))
    others = [
        {k: v for k, v in row.items() if k != "accepted"} for row in in_order if row["k"] != "trait"
    ]
    return others, {key: (when[0], *rest) for key, (when, *rest) in traits.items()}
