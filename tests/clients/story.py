"""What a released Python client is made to tell: ``story.py CLIENT HOST KEY``, in an environment
that has ``requirements.txt``.

An anonymous visitor becomes ``<client>-person``; 20 numbered events, half of them before the line
that is awaited from standard input. Whatever the client complains of goes to standard error."""

import logging
import sys
from collections.abc import Callable
from typing import Any

logging.basicConfig(level=logging.WARNING)
EVENTS = 20


def complain(*said: object) -> None:
    print("client:", *said, file=sys.stderr)


def posthog(host: str, key: str, pause: Callable[[], None]) -> None:
    from posthog import Posthog  # type: ignore[import-not-found]

    client = Posthog(key, host=host, on_error=complain)
    person, anonymous = "posthog-python-person", "posthog-python-anonymous"
    client.capture("before", distinct_id=anonymous, properties={"$session_id": "s1"})
    client.set(distinct_id=person, properties={"email": "ada@example.com", "plan": "pro"})
    client.set_once(distinct_id=person, properties={"first": "yes"})
    client.alias(previous_id=anonymous, distinct_id=person)
    client.group_identify("company", "acme", {"name": "Acme"})
    assert client.feature_enabled("beta", person) in (None, False)
    send(lambda n: client.capture("numbered", distinct_id=person, properties={"n": n}), 0)
    client.flush()
    pause()
    send(lambda n: client.capture("numbered", distinct_id=person, properties={"n": n}), 1)
    client.shutdown()


def segment(host: str, key: str, pause: Callable[[], None]) -> None:
    from segment.analytics.client import Client  # type: ignore[import-not-found]

    tell(Client(key, host=host, on_error=complain), "segment-python", pause)


def rudder(host: str, key: str, pause: Callable[[], None]) -> None:
    from rudderstack.analytics.client import Client  # type: ignore[import-not-found]

    tell(Client(key, host=host, on_error=complain), "rudder-python", pause)


def tell(client: Any, name: str, pause: Callable[[], None]) -> None:
    person, anonymous = f"{name}-person", f"{name}-anonymous"
    client.track(anonymous_id=anonymous, event="before", properties={})
    client.identify(
        user_id=person,
        anonymous_id=anonymous,
        traits={"email": "ada@example.com", "plan": "pro"},
    )
    client.alias(previous_id=f"{name}-former", user_id=person)
    client.group(user_id=person, group_id="acme", traits={"name": "Acme"})
    client.page(user_id=person, category="Docs", name="Home", properties={"path": "/home"})
    send(lambda n: client.track(user_id=person, event="numbered", properties={"n": n}), 0)
    client.flush()
    pause()
    send(lambda n: client.track(user_id=person, event="numbered", properties={"n": n}), 1)
    client.flush()
    client.shutdown()


def send(one: Callable[[int], object], half: int) -> None:
    for number in range(half * EVENTS // 2, (half + 1) * EVENTS // 2):
        one(number)


def wait() -> None:
    print("half", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    stories = {"posthog-python": posthog, "segment-python": segment, "rudder-python": rudder}
    stories[sys.argv[1]](sys.argv[2], sys.argv[3], wait)
