"""Requests that released clients really sent, in ``tests/recordings``: bytes, order and case of
headers are as received. See the README there."""

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.doors import KEY

_FOLDER = Path(__file__).parents[1] / "recordings"


class Recorded(NamedTuple):
    """``status``: what the client wants to be answered."""

    name: str
    scenario: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    status: int
    answer: str

    def request(self, key: str = KEY, prefix: str = "") -> bytes:
        """The bytes of the request, to be sent over a socket: as recorded, but for the key, which
        is another one of the same length, and a ``prefix`` of the path."""
        lines = [f"{self.method} {prefix}{self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return (
            "\r\n".join([*lines, "", ""])
            .encode("latin-1")
            .replace(b"sk_live_00000000000000000000000000000000", key.encode())
            + self.body
        )


def recorded(client: str, scenario: str | None = None) -> list[Recorded]:
    """All requests of a client, in the order sent; of one ``scenario``, if named."""
    found = [_read(path) for path in sorted((_FOLDER / client).glob("*.json"))]
    return [one for one in found if scenario in (None, one.scenario)]


def _read(path: Path) -> Recorded:
    sent: dict[str, Any] = json.loads(path.read_text())
    body = sent.get("body_text", "").encode() or base64.b64decode(sent.get("body_base64", ""))
    reply = sent["reply"]
    headers = [(name, value) for name, value in sent["headers"]]
    return Recorded(
        f"{path.parent.name}/{path.stem}",
        sent["scenario"],
        sent["method"],
        sent["path"],
        headers,
        body,
        reply["status"],
        reply["body"],
    )
