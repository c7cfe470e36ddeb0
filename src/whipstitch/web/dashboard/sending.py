"""What a page tells about sending: where to, and with which key."""

import json
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from whipstitch.registry.store import Registry
from whipstitch.registry.values import Key
from whipstitch.web.dashboard.visits import PageContext

_EVENT: Final[dict[str, Any]] = {
    "event_name": "signed_up",
    "distinct_id": "user_123",
    "properties": {"plan": "pro"},
}


@dataclass(frozen=True, slots=True)
class Sending:
    """``origin``: scheme and host, as the browser came here; ``key``: the oldest that is valid in
    the environment at hand, None where there is none; ``keys``: all of the project, the revoked
    ones among them."""

    origin: str
    key: str | None
    keys: list[Key]

    @property
    def curl(self) -> str:
        """A first event."""
        return self._curl("track", _EVENT)

    @property
    def alias(self) -> str:
        """A first alias."""
        return self._curl("alias", {"alias_id": "anon_a3b9ff", "distinct_id": "user_123"})

    @property
    def screen(self) -> str:
        """A first view of a screen."""
        return self._curl(
            "track",
            {
                "event_name": "$screen_view",
                "distinct_id": "user_123",
                "properties": {"$screen_name": "Checkout"},
            },
        )

    @property
    def tap(self) -> str:
        """A tap on it."""
        return self._curl(
            "track",
            {
                "event_name": "$tap",
                "distinct_id": "user_123",
                "properties": {
                    "$screen_name": "Checkout",
                    "$x": 195,
                    "$y": 760,
                    "$screen_width": 390,
                    "$screen_height": 844,
                },
            },
        )

    @property
    def snapshot(self) -> str:
        """Its picture, which may be longer than an argument of a command."""
        body = (
            '{"screen_name": "Checkout", "os": "ios", "device_width": 390, "device_height": 844, '
            '"image_base64": "%s"}'
        )
        return (
            f"printf '{body}' \\\n"
            "  \"$(base64 < checkout.png | tr -d '\\n')\" |\n"
            f"  curl {self.origin}/api/heatmaps/snapshot -H 'x-api-key: {self.key}' -d @-"
        )

    @property
    def javascript(self) -> str:
        return f"""await fetch("{self.origin}/api/v1/track", {{
  method: "POST",
  keepalive: true,
  headers: {{ "Content-Type": "application/json", "x-api-key": "{self.key}" }},
  body: JSON.stringify({{
    event_name: "signed_up",
    distinct_id: "user_123",
    properties: {{ plan: "pro" }},
  }}),
}});"""

    @property
    def web(self) -> str:
        """The script of a web site."""
        return f'<script defer src="{self.origin}/w.js" data-key="{self.key}"></script>'

    @property
    def web_calls(self) -> str:
        """What a page says itself."""
        return """window.whipstitch = window.whipstitch || [];
whipstitch.push(["track", "signed_up", { plan: "pro" }]);
whipstitch.push(["identify", "user_123", { email: "ada@example.com" }]);"""

    @property
    def python(self) -> str:
        return f"""from whipstitch import Client

with Client("{self.key}", host="{self.origin}") as client:
    client.track("user_123", "signed_up", {{"plan": "pro"}})"""

    def _curl(self, endpoint: str, body: object) -> str:
        return (
            f"curl {self.origin}/api/v1/{endpoint} -H 'x-api-key: {self.key}' \\\n"
            "  -H 'Content-Type: application/json' \\\n"
            f"  -d '{json.dumps(body)}'"
        )


async def sending(registry: Registry, visit: PageContext) -> Sending:
    """Raises RegistryUnavailable."""
    keys = await run_in_threadpool(registry.list_keys, visit.project.id)
    valid = (one.key for one in keys if one.revoked_at is None and _here(one, visit))
    return Sending(_origin(visit), next(valid, None), keys)


def _here(key: Key, visit: PageContext) -> bool:
    return key.environment == visit.environment


def _origin(visit: PageContext) -> str:
    request = visit.request
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "")
    scheme = request.headers.get("x-forwarded-proto") or request.url.scheme
    return f"{scheme.partition(',')[0].strip()}://{host.partition(',')[0].strip()}"
