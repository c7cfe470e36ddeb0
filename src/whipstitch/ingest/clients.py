"""Who sends: clients recognised by their headers and address, and remembered."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from whipstitch.core.addresses import TrustedProxies, client_ip
from whipstitch.core.projects import IngestionKey, ProjectSnapshot
from whipstitch.ingest.client import ClientContext, ClientHeaders
from whipstitch.ingest.day_ids import DayIds
from whipstitch.ingest.enrichment.geoip import GeoIP
from whipstitch.ingest.enrichment.user_agent import UserAgents, software
from whipstitch.ingest.validation.authentication import Authenticator

_MOST_KNOWN: Final = 10_000
_LONGEST_KNOWN: Final = 2048
"""Bytes of headers."""


class Clients:
    """Every method but ``forget`` belongs to the event loop's thread."""

    def __init__(
        self,
        directory: Callable[[], ProjectSnapshot | None],
        authenticator: Authenticator,
        *,
        user_agents: UserAgents,
        geoip: GeoIP,
        trusted_proxies: TrustedProxies,
        day_ids: DayIds,
    ) -> None:
        self._directory = directory
        self._authenticator = authenticator
        self._user_agents = user_agents
        self._geoip = geoip
        self._trusted_proxies = trusted_proxies
        self._day_ids = day_ids
        self._known: dict[ClientHeaders, ClientContext] = {}
        self._known_by: Mapping[str, IngestionKey] | None = None

    def of(self, headers: ClientHeaders) -> ClientContext | None:
        """The client with these ``headers``, whether it may send or not; None: the registry was
        never read, so nobody knows."""
        directory = self._directory()
        keys = None if directory is None else directory.keys
        if keys is not self._known_by:
            self._known.clear()
            self._known_by = keys
        client = self._known.get(headers)
        if client is None and directory is not None:
            client = self._recognise(directory, *headers)
        return client

    def forget(self) -> None:
        """Has clients looked up afresh: the city database changed, or the day. Any thread may call
        it."""
        self._known_by = None

    def _recognise(
        self,
        directory: ProjectSnapshot,
        api_key: bytes,
        origin: bytes | None,
        forwarded_for: bytes | None,
        user_agent: bytes,
        peer: str,
    ) -> ClientContext:
        """Remembers the outcome: a client sends the same headers with each of its requests."""
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        forwarded = None if forwarded_for is None else forwarded_for.decode("latin-1")
        ip = client_ip(peer, forwarded, self._trusted_proxies)
        client = self._authenticator.recognise(
            directory,
            api_key.decode("latin-1").strip(),
            None if origin is None else origin.decode("latin-1"),
            ip,
        )
        if client.refusal is None:
            agent = self._user_agents.look_up(user_agent.decode("latin-1"))
            place = self._geoip.look_up(ip)
            day_id = self._day_ids.of(client.key, ip, user_agent)
            client = msgspec.structs.replace(
                client,
                agent=agent,
                software=software(agent, user_agent.decode("latin-1")),
                place=place,
                day_id=day_id,
            )
        sent = (api_key, origin or b"", forwarded_for or b"", user_agent)
        if sum(map(len, sent)) < _LONGEST_KNOWN:
            self._known[api_key, origin, forwarded_for, user_agent, peer] = client
        return client
