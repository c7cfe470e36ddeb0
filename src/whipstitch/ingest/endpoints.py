"""The endpoints of ingestion, by the path that a request names."""

import re
from collections.abc import Mapping
from typing import Final, Literal

Endpoint = Literal["track", "people", "alias", "batch"]

PATHS: Final[Mapping[str, Endpoint]] = {
    "/api/v1/track": "track",
    "/api/v1/people": "people",
    "/api/v1/alias": "alias",
    "/api/v1/batch": "batch",
}
SNAPSHOT_PATH: Final = "/api/heatmaps/snapshot"
_SLASHES: Final = re.compile("/{2,}")


def plain_path(path: str) -> str:
    """``path``; where it means an endpoint that takes things in, though with more slashes than it
    has, that one's."""
    plain = _SLASHES.sub("/", path).rstrip("/")
    return plain if plain in PATHS or plain == SNAPSHOT_PATH else path
