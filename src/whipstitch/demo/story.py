"""The whole story, as the requests that tell it: a month of history, then people who are there."""

import base64
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from random import Random
from typing import Any, Final, NamedTuple

from whipstitch.demo import rhythm
from whipstitch.demo.journeys import DemoOperation, Shopper
from whipstitch.demo.people import APP_VERSION, make_person
from whipstitch.demo.pictures import picture

_PICTURED: Final = ("Home", "Product", "Cart", "Checkout")
"""Search and Account are left without a snapshot: that state is worth seeing, too."""
_PICTURE_WIDTH, _PICTURE_HEIGHT = 390, 844
_SERVER_SDK: Final = "Harbor/2.4 (demo)"

_THERE_AT_ONCE: Final = 8
_NEW: Final = 0.4
_PAUSE: Final = 0.4
_SLOWER_AFTER: Final = 200
"""Operations after which the pauses are twice as long, three times after as many more, and so on:
who lets the demo run over night should not find a day that dwarfs the month."""


class Delivery(NamedTuple):
    """One request: ``body`` is JSON, ``events`` how many events are in it."""

    path: str
    user_agent: str
    body: dict[str, Any]
    events: int


@dataclass(frozen=True, slots=True)
class Story:
    """The same for the same ``seed``, ``now`` and number of ``people``; each person's is the same
    however many there are."""

    now: datetime
    people: int
    seed: int = 1

    def snapshots(self) -> Iterator[Delivery]:
        """The pristine snapshots of some screens."""
        for screen in _PICTURED:
            image = picture(screen, _PICTURE_WIDTH, _PICTURE_HEIGHT)
            yield Delivery(
                "/api/heatmaps/snapshot",
                _SERVER_SDK,
                {
                    "screen_name": screen,
                    "app_version": APP_VERSION,
                    "os": "ios",
                    "device_width": _PICTURE_WIDTH,
                    "device_height": _PICTURE_HEIGHT,
                    "scroll_offset_y": 0,
                    "image_base64": base64.b64encode(image).decode(),
                },
                0,
            )

    def history(self, number: int) -> list[Delivery]:
        """What person ``number`` did in the month before ``now``: a request for each stretch of
        time on one device, for a request has one User-Agent."""
        _, past = self._past(number)
        return [
            _delivery(list(operations), stamped=True)
            for _, operations in groupby(past, key=lambda operation: operation.device.anon_id)
        ]

    def presence(self, rng: Random) -> Iterator[tuple[float, Delivery]]:
        """People who are there now, for ever: seconds to wait, then what to send, without a
        timestamp. ``rng`` is to be another one each time, or the new visitors are the old ones."""
        back: dict[int, Shopper] = {}
        there: list[deque[DemoOperation]] = []
        for count in itertools.count():
            while len(there) < _THERE_AT_ONCE:
                there.append(deque(self._somebody(rng, back).visit(self.now)))
            visit = rng.choice(there)
            operation = visit.popleft()
            if not visit:
                there = [one for one in there if one]
            pause = rng.expovariate(1 / _PAUSE) * (1 + count / _SLOWER_AFTER)
            yield pause, _delivery([operation], stamped=False)

    def _somebody(self, rng: Random, back: dict[int, Shopper]) -> Shopper:
        """A new visitor, or one from the past; ``back`` are those of them who were here since."""
        if rng.random() < _NEW:
            return Shopper(make_person(rng), rng)
        number = rng.randrange(self.people)
        if number not in back:
            back[number], _ = self._past(number)
            back[number].rng = rng
        return back[number]

    def _past(self, number: int) -> tuple[Shopper, list[DemoOperation]]:
        rng = Random(f"{self.seed}:{number}")  # noqa: S311 - nothing here is secret
        visitor = Shopper(make_person(rng), rng)
        offset = visitor.person.country.utc_offset
        first = rhythm.arrival(rng, self.now, offset)
        later = rhythm.returns(rng, first, self.now, offset, visitor.person.keenness)
        starts = [first, *later]
        return visitor, [operation for start in starts for operation in visitor.visit(start)]


def _delivery(operations: list[DemoOperation], *, stamped: bool) -> Delivery:
    """One operation goes to its own endpoint, several go to ``/batch``."""
    bodies = [
        {**one.payload, "timestamp": _rfc3339(one.at)} if stamped else dict(one.payload)
        for one in operations
    ]
    agent = operations[0].device.model.user_agent
    events = sum(one.kind == "track" for one in operations)
    if len(operations) == 1:
        return Delivery(f"/api/v1/{operations[0].kind}", agent, bodies[0], events)
    return Delivery("/api/v1/batch", agent, {"operations": _typed(operations, bodies)}, events)


def _typed(operations: Iterable[DemoOperation], bodies: Iterable[dict[str, Any]]) -> list[object]:
    return [
        {"type": one.kind, "payload": body} for one, body in zip(operations, bodies, strict=True)
    ]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
