"""Which product a path is of. The only place that names the products."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from whipstitch.ingest.compat import (
    amplitude,
    ga4,
    mixpanel,
    otlp,
    posthog,
    rudder,
    segment,
    snowplow,
)
from whipstitch.ingest.compat.translation import Ecosystem, Route

ECOSYSTEMS: Final[Sequence[Ecosystem]] = (
    posthog.ECOSYSTEM,
    rudder.ECOSYSTEM,
    segment.ECOSYSTEM,
    mixpanel.ECOSYSTEM,
    amplitude.ECOSYSTEM,
    snowplow.ECOSYSTEM,
    otlp.ECOSYSTEM,
    ga4.ECOSYSTEM,
)


class RouteMatch(NamedTuple):
    """``path``: without the product's prefix, and without slashes at its end."""

    ecosystem: Ecosystem
    route: Route
    path: str


_PATTERNS: Final = {id(route): re.compile(route.path) for one in ECOSYSTEMS for route in one.routes}
_SLASHES: Final = re.compile("/{2,}")


@lru_cache(maxsize=1024)
def matches(path: str) -> tuple[RouteMatch, ...]:
    """What ``path`` may mean, with any number of slashes. More than one only at the root, where the
    method and the body tell which."""
    plain = _SLASHES.sub("/", path).rstrip("/")
    for one in ECOSYSTEMS:
        if plain.startswith(f"{one.prefix}/"):
            return tuple(_of(one, plain.removeprefix(one.prefix), at_root=False))
    return tuple(match for one in ECOSYSTEMS for match in _of(one, plain, at_root=True))


def _of(ecosystem: Ecosystem, path: str, *, at_root: bool) -> list[RouteMatch]:
    return [
        RouteMatch(ecosystem, route, path)
        for route in ecosystem.routes
        if (route.at_root or not at_root) and _PATTERNS[id(route)].fullmatch(path)
    ]
