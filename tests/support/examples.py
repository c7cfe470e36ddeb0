"""The examples of a section of ``docs/queries.md``: the events that it speaks of, questions and
their answers."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.support.server import Server

_PAGE: Final = Path(__file__).parents[2] / "docs" / "queries.md"
_ROW: Final = re.compile(r"^\| (\d{4}-\S+Z) \| (\S+) \| (\S+) \|$", re.MULTILINE)
_JSON: Final = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Examples:
    """``pairs`` are the section's questions, each with the answer that follows it."""

    def __init__(self, heading: str) -> None:
        _, _, rest = _PAGE.read_text().partition(f"\n## {heading}\n")
        section = rest.partition("\n## ")[0]
        self._events = _ROW.findall(section)
        blocks = [json.loads(block) for block in _JSON.findall(section)]
        self.pairs: list[tuple[Any, Any]] = list(zip(blocks[::2], blocks[1::2], strict=True))
        assert self._events
        assert self.pairs

    def send(self, server: Server) -> None:
        """Sends the events and waits until they are stored."""
        operations = [
            {
                "type": "track",
                "payload": {"event_name": name, "distinct_id": who, "timestamp": timestamp},
            }
            for timestamp, who, name in self._events
        ]
        assert server.send("/api/v1/batch", {"operations": operations}).status_code == 200
        people = Counter(who for _, who, _ in self._events)
        server.wait_until(
            lambda: all(len(server.events(distinct_id=who)) == n for who, n in people.items())
        )
