"""The checks that need no body: rate limit, key, origin and address, in the contract's order."""

from collections.abc import Callable

from whipstitch.admission import answers
from whipstitch.admission.answers import Answer
from whipstitch.admission.origins import is_authorized
from whipstitch.admission.rate_limit import RateLimiter
from whipstitch.enrichment.addresses import Networks
from whipstitch.projects import Directory, IngestionKey


class Gate:
    """Decides who may send.

    ``directory`` gives the keys known at this moment, or None while the registry has never been
    read; ``rate_limit`` is in requests a minute and key, where the project sets none (0: off)."""

    def __init__(self, directory: Callable[[], Directory | None], rate_limit: int) -> None:
        self._directory = directory
        self._rate_limit = rate_limit
        self._limiter = RateLimiter()
        self._networks: dict[tuple[str, ...], Networks] = {}

    def check(self, api_key: str, origin: str | None, ip: str, now: float) -> IngestionKey | Answer:
        """The key that ``api_key`` (empty: none was sent) stands for, or the refusal. ``now`` is in
        unix seconds."""
        directory = self._directory()
        if directory is None:
            return answers.UNAVAILABLE
        key = directory.keys.get(api_key) if api_key else None
        limit = self._rate_limit
        if key is not None and key.project.rate_limit is not None:
            limit = key.project.rate_limit
        if not self._limiter.allow(api_key or ip, limit, now):
            return answers.RATE_LIMITED
        if not api_key:
            return answers.MISSING_KEY
        if key is None:
            return answers.INVALID_KEY
        project = key.project
        if origin is not None:
            if project.domains and not is_authorized(origin, project.domains):
                return answers.UNAUTHORIZED_ORIGIN
        elif project.ips and not self._is_listed(ip, project.ips):
            return answers.UNAUTHORIZED_IP
        return key

    def _is_listed(self, ip: str, ips: tuple[str, ...]) -> bool:
        networks = self._networks.get(ips)
        if networks is None:
            networks = self._networks[ips] = Networks.parse(ips)
        return ip in networks
