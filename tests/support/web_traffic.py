"""Sessions in plain Python: what a world's events make of visits, and what is counted of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from tests.support.reference import Event, World

PAUSE: Final = 30 * 60 * 1000
DAY: Final = 24 * 60 * 60 * 1000
PASSIVE: Final = ("$pageview", "$pageleave", "$screen", "$screen_view", "$screen_seen")
VIEWS: Final = ("$pageview", "$screen", "$screen_view")
_NAMES: Final = ("$screen_name", "$screen", "screen_name", "screen")


@dataclass(frozen=True)
class Visit:
    """``pages``: how often each was seen by the events that count; ``seen``: by all of them."""

    person: str
    session_id: str
    events: Sequence[Event]
    pages: Mapping[str, int]
    seen: Mapping[str, int]

    @property
    def start(self) -> int:
        return self.events[0].at

    @property
    def seconds(self) -> float:
        return (self.events[-1].at - self.start) / 1000

    @property
    def bounced(self) -> bool:
        active = [one for one in self.events if one.name not in PASSIVE]
        return not active and sum(self.seen.values()) <= 1

    @property
    def views(self) -> int:
        return sum(self.pages.values())

    def value(self, name: str) -> str | None:
        """What the session has under a breakdown's name, but for its pages and its channel."""
        views = [one for one in self.events if one.name in (*VIEWS, "$screen_seen")]
        if name in ("entry_page", "exit_page"):
            return (page_of(views[0 if name == "entry_page" else -1]) or None) if views else None
        first = views[0] if views else self.events[0]
        if name == "referrer":
            return _referrer(first)
        if name in ("os", "country"):
            return first.columns.get(f"${name}") or None
        if name == "device":
            return _device(first)
        return _text(first, name) or None


def visits(world: World, filters: Iterable[Mapping[str, Any]], end: int) -> list[Visit]:
    """All sessions of a world with an event that passes all of ``filters``; what happened after
    the end of the day (in UTC, in which START is midnight) a day after ``end`` is not seen."""
    grouped: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    found = world.matching(None, [], -(10**12), -(-end // DAY) * DAY + DAY)
    for event in sorted(found, key=lambda one: one.at):  # stable: in the order of acceptance
        session = event.columns.get("$session_id", "")
        grouped[world.person(event.sent_id), session].append(event)
    every = tuple(filters)
    made = []
    for (person, session), events in grouped.items():
        for part in _parts(events, DAY if session else PAUSE):
            passing = [one for one in part if all(world.passes(one, each) for each in every)]
            if passing:
                made.append(Visit(person, session, part, _pages(passing), _pages(part)))
    return made


def numbers(found: Sequence[Visit], views: int) -> dict[str, Any]:
    """What is told of some sessions."""
    return {
        "visitors": len({one.person for one in found}),
        "sessions": len(found),
        "views": views,
        "bounce_rate": sum(one.bounced for one in found) / len(found) if found else None,
        "median_seconds": median(one.events[-1].at - one.start for one in found) / 1000
        if found
        else None,
    }


def page_of(event: Event) -> str:
    """The screen that an event names."""
    names = [*_NAMES, *(["name"] if event.name in ("$screen", "$screen_view") else [])]
    texts = (event.properties.get(one) for one in (*names, "$pathname"))
    return next((one for one in texts if isinstance(one, str) and one), "")


def _pages(events: Sequence[Event]) -> dict[str, int]:
    shown = Counter(page_of(one) for one in events if one.name in VIEWS)
    seen = Counter(page_of(one) for one in events if one.name == "$screen_seen")
    return dict(shown | seen)


def _parts(events: list[Event], pause: int) -> list[list[Event]]:
    parts: list[list[Event]] = []
    for event in events:
        if not parts or event.at - parts[-1][-1].at > pause:
            parts.append([])
        parts[-1].append(event)
    return parts


def _text(event: Event, name: str) -> str:
    for source in (event.properties, event.default_properties):
        if isinstance(found := source.get(name), str) and found:
            return found
    return ""


def _referrer(event: Event) -> str | None:
    domain, host = _text(event, "$referring_domain"), _text(event, "$host")
    told = f"//{domain}" if domain else _text(event, "$referrer")
    found = _domain(told)
    own = _domain(f"//{host}" if host else _text(event, "$current_url"))
    return None if domain == "$direct" or found == own else found or None


def _domain(url: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    return host.removeprefix("www.")


def _device(event: Event) -> str | None:
    called = _text(event, "$device_type").lower()
    named = {"mobile": "Mobile", "tablet": "Tablet", "desktop": "Desktop", "laptop": "Desktop"}
    by_os = {"ios": "Mobile", "android": "Mobile", "linux": "Desktop"}
    return named.get(called) or by_os.get(event.columns.get("$os", ""))
