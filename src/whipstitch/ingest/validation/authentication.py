"""The checks that need no body: rate limit, key, origin and address, in the contract's order."""

from functools import lru_cache

import msgspec

from whipstitch.core.addresses import Networks, network_of
from whipstitch.core.projects import IngestionKey, ProjectSnapshot
from whipstitch.core.rate_limit import RateLimiter
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.origins import is_authorized


class Visitor(msgspec.Struct, frozen=True):
    """What the headers of a request tell, before any request is counted."""

    caller: str
    """By what requests are counted."""
    limit: int
    """Requests a minute, 0 for no limit."""
    address: str
    """With a key, by what its requests from one place are counted; blank where they are not."""
    known: bool
    """Whether the caller is a key of ours."""
    outcome: IngestionKey | Answer
    """The key, or the refusal, of a request within the limit."""


class Authenticator:
    """Decides who may send. ``rate_limit`` is in requests a minute and key, where the project sets
    none; ``address_limit`` in requests a minute of one key from one address, or network of IPv6 (0:
    off)."""

    def __init__(self, rate_limit: int, address_limit: int = 0) -> None:
        self._rate_limit = rate_limit
        self._address_limit = address_limit
        self._keys = RateLimiter()
        self._addresses = RateLimiter(lenient=True)  # the limits by key still hold
        # Apart, so that a flood of made-up keys cannot use up the counts of real ones.
        self._strangers = RateLimiter()

    def recognise(
        self, directory: ProjectSnapshot, api_key: str, origin: str | None, ip: str
    ) -> Visitor:
        """Who ``api_key`` (empty: none was sent), ``origin`` and ``ip`` are, and whether they may
        send. The same for every request, as long as ``directory`` holds."""
        key = directory.keys.get(api_key) if api_key else None
        limit = self._rate_limit
        if key is not None and key.project.rate_limit is not None:
            limit = key.project.rate_limit
        known = key is not None
        counted = known and self._address_limit
        address = f"{api_key} {network_of(ip)}" if counted else ""
        return Visitor(api_key or ip, limit, address, known, _outcome(api_key, key, origin, ip))

    def is_within_limit(self, visitor: Visitor, now: float) -> bool:
        """Counts a request at ``now`` (unix seconds). What one address sends too much uses up
        nothing of the key's."""
        if visitor.address and not self._addresses.allow(visitor.address, self._address_limit, now):
            return False
        limiter = self._keys if visitor.known else self._strangers
        return limiter.allow(visitor.caller, visitor.limit, now)


def _outcome(
    api_key: str, key: IngestionKey | None, origin: str | None, ip: str
) -> IngestionKey | Answer:
    if not api_key:
        return answers.MISSING_KEY
    if key is None:
        return answers.INVALID_KEY
    project = key.project
    if origin is not None:
        if project.domains and not is_authorized(origin, project.domains):
            return answers.UNAUTHORIZED_ORIGIN
    elif project.ips and ip not in _networks(project.ips):
        return answers.UNAUTHORIZED_IP
    return key


@lru_cache(maxsize=1024)
def _networks(ips: tuple[str, ...]) -> Networks:
    return Networks.parse(ips)
