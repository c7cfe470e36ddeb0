"""The checks that need no body: rate limit, key, origin and address, in the contract's order."""

from functools import lru_cache

from whipstitch.core.addresses import Networks, network_of
from whipstitch.core.projects import IngestionKey, ProjectSnapshot
from whipstitch.core.rate_limit import RateLimiter, RateShare
from whipstitch.ingest.client import NO_PROJECT, ClientContext
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.ingest.validation.origins import is_authorized


class Authenticator:
    """Decides who may send. ``rate_limit`` is in requests a minute and key, where the project sets
    none; so is ``address_limit``, in requests a minute of one key from one address, or network of
    IPv6 (0: off)."""

    def __init__(self, rate_limit: int, address_limit: int = 0) -> None:
        self._rate_limit = rate_limit
        self._address_limit = address_limit
        self._keys = RateLimiter()
        self._addresses = RateLimiter(lenient=True)  # the limits by key still hold
        # Apart, so that a flood of made-up keys cannot use up the counts of real ones.
        self._strangers = RateLimiter()

    def divide(self, share: RateShare) -> None:
        """From now on this node lets in its share of each limit. Any thread may call it."""
        for limiter in (self._keys, self._addresses, self._strangers):
            limiter.share = share

    def recognise(
        self, directory: ProjectSnapshot, api_key: str, origin: str | None, ip: str
    ) -> ClientContext:
        """Who ``api_key`` (empty: none was sent), ``origin`` and ``ip`` are, and whether they may
        send. The same for every request, as long as ``directory`` holds. Device and place are left
        to be filled in."""
        key = directory.keys.get(api_key) if api_key else None
        if key is None:
            unknown = answers.INVALID_KEY if api_key else answers.MISSING_KEY
            stranger = IngestionKey(api_key, NO_PROJECT, "live")
            return ClientContext(stranger, unknown, api_key or ip, self._rate_limit)
        own = key.project.rate_limit
        limit = self._rate_limit if own is None else own
        own = key.project.address_rate_limit
        address_limit = self._address_limit if own is None else own
        address = f"{api_key} {network_of(ip)}" if address_limit else ""
        refusal = _refusal(key, origin, ip)
        return ClientContext(key, refusal, api_key, limit, address, address_limit)

    def is_within_limit(self, client: ClientContext, now: float) -> bool:
        """Counts a request at ``now`` (unix seconds). What one address sends too much uses up
        nothing of the key's."""
        address = client.counted_by_address
        if address and not self._addresses.allow(address, client.address_limit, now):
            return False
        limiter = self._keys if client.known else self._strangers
        return limiter.allow(client.counted_by, client.limit, now)


def _refusal(key: IngestionKey, origin: str | None, ip: str) -> Answer | None:
    project = key.project
    if origin is not None:
        if project.domains and not is_authorized(origin, project.domains):
            return answers.UNAUTHORIZED_ORIGIN
    elif project.ips and ip not in _networks(project.ips):
        return answers.UNAUTHORIZED_IP
    return None


@lru_cache(maxsize=1024)
def _networks(ips: tuple[str, ...]) -> Networks:
    return Networks.parse(ips)
