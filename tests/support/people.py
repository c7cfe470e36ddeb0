"""People with many devices each, and what a server says of them while ids are linked and people are
erased."""

from typing import Any, Final

import httpx
from tests.support.load import drained
from tests.support.server import Server

_PEOPLE: Final = 20
_DEVICES: Final = 10
_EVENTS: Final = 100
"""Of each device."""
_SECONDS: Final = 60


class Devices:
    """``erased``: who was asked to go."""

    def __init__(self, server: Server) -> None:
        self.erased: set[str] = set()
        self._server = server

    def send(self) -> dict[str, int]:
        """Sends events of many devices, and whose each of them is; who has how many events, once
        they are stored."""
        devices = range(_PEOPLE * _DEVICES)
        for start in range(0, _EVENTS, 10):
            self._send(
                *(
                    _track(f"anon_{device}", f"2026-0{1 + start % 4}-05T12:00:{start:02d}Z")
                    for device in devices
                    for _ in range(10)
                ),
            )
        self._send(*(_alias(f"anon_{device}", f"user_{device % _PEOPLE}") for device in devices))
        self._server.wait_until(lambda: drained(self._server), _SECONDS)
        return {f"user_{person}": _DEVICES * _EVENTS for person in range(_PEOPLE)}

    def rewrite(self) -> None:
        """Asks that the rows be rewritten, without waiting for it."""
        self.call("POST", "/api/v1/aliases/rewrite")

    def erase(self, person: str) -> httpx.Response:
        self.erased.add(person)
        return self.call("DELETE", f"/api/v1/people/{person}")

    def settle(self) -> None:
        """Until every erasure is done, and the server can be read."""
        self._server.wait_until(lambda: set(self.erasures()) <= {"done"}, _SECONDS)

    def states(self) -> set[str]:
        """Of all aliases; none while they cannot be read."""
        answer = self._server.get("/api/v1/aliases", {"limit": 1000})
        return {one["state"] for one in answer.json()["aliases"]} if answer.is_success else set()

    def erasures(self) -> list[str]:
        """Their states; one that is none while they cannot be read."""
        answer = self._server.get("/api/v1/erasures")
        if not answer.is_success:
            return ["unknown"]
        return [one["state"] for one in answer.json()["erasures"]]

    def request(self) -> dict[str, Any]:
        """What asks for everybody."""
        headers = {"authorization": f"Bearer {self._server.token}"}
        url = f"{self._server.url}/api/v1/people"
        return {"url": url, "params": {"limit": 200}, "headers": headers}

    def totals(self) -> dict[str, int]:
        """Who has how many events."""
        answer = httpx.get(**self.request(), trust_env=False, timeout=_SECONDS)
        assert answer.status_code == 200, answer.text
        return counts(answer)

    def call(self, method: str, path: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._server.token}"}
        url = self._server.url + path
        return httpx.request(method, url, headers=headers, trust_env=False, timeout=_SECONDS)

    def _send(self, *operations: dict[str, Any]) -> None:
        answer = self._server.send("/api/v1/batch", {"operations": operations})
        assert answer.status_code == 200, answer.text


def counts(answer: httpx.Response) -> dict[str, int]:
    """Events by person, of an answer to ``request``."""
    return {one["distinct_id"]: one["event_count"] for one in answer.json()["people"]}


def _track(distinct_id: str, timestamp: str) -> dict[str, Any]:
    payload = {"event_name": "visited", "distinct_id": distinct_id, "timestamp": timestamp}
    return {"type": "track", "payload": payload}


def _alias(alias_id: str, distinct_id: str) -> dict[str, Any]:
    return {"type": "alias", "payload": {"alias_id": alias_id, "distinct_id": distinct_id}}
