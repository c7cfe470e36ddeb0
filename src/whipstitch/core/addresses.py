"""Network addresses: lists of them, private ones, and which one of a request is the client's."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from whipstitch.core.errors import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")
_LONGEST = 64
"""No address is written in more characters; what is longer is not worth parsing or caching."""


def parse_address(text: str) -> Address | None:
    """The address that ``text`` writes, None where it writes none. IPv4-mapped IPv6 addresses
    (``::ffff:1.2.3.4``, as dual-stack sockets report their peers) become IPv4, zones go."""
    return _parse(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=16_384)
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@dataclass(frozen=True, slots=True)
class Networks:
    """A list of single addresses and CIDR ranges, as in a project's IP allowlist."""

    singles: frozenset[Address] = frozenset()
    ranges: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read entries such as ``203.0.113.7``, ``10.0.0.0/8`` and ``2001:db8::/32``; blank ones
        are passed over, host bits in a range are ignored.

        Raises SettingsError on the first entry that is neither."""
        networks = [_network(entry.strip()) for entry in entries if entry.strip()]
        return cls(
            frozenset(n.network_address for n in networks if n.prefixlen == n.max_prefixlen),
            tuple(n for n in networks if n.prefixlen < n.max_prefixlen),
        )

    def __contains__(self, ip: object) -> bool:
        """Whether the written or parsed address is on the list; what is no address is not."""
        address = parse_address(ip) if isinstance(ip, str) else ip
        return address in self.singles or (
            isinstance(address, Address) and any(address in network for network in self.ranges)
        )

    def __bool__(self) -> bool:
        return bool(self.singles or self.ranges)


class TrustedProxies(Networks):
    """The proxies whose ``X-Forwarded-For`` is believed."""


def _network(entry: str) -> Network:
    try:
        network = ip_network(entry, strict=False)
    except ValueError as error:
        raise SettingsError(
            f"{entry!r} is neither an IP address nor a CIDR range such as 10.0.0.0/8"
        ) from error
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = int(network.network_address) & 0xFFFF_FFFF
        return IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    return network


_PRIVATE = Networks.parse(
    ("127.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "::1", "fc00::/7")
)


def is_private(ip: str) -> bool:
    """Whether the address is looked up as the fixed public one (contract, Enrichment): private
    and loopback ones, and no others such as link-local."""
    return ip in _PRIVATE


def network_of(ip: str) -> str:
    """What one client has for itself: the address, or of IPv6 its network of 64 bits, within which
    it takes whichever address it likes. What is no address is itself."""
    address = parse_address(ip)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> 64 << 64, 64)))
    return ip if address is None else str(address)


def client_ip(peer: str, forwarded_for: str | None, trusted: TrustedProxies) -> str:
    """The client's address, in its shortest spelling (contract, Enrichment, Client IP).

    ``peer`` is the address at the other end of the connection, ``forwarded_for`` the values of
    all ``X-Forwarded-For`` headers joined by commas. Only from a trusted peer does the header
    count: its right-most address that is not a trusted proxy is the client's. What stands left of
    an element that is no address was said by somebody unknown, and does not count. Where none is
    left, and where ``peer`` is no address (a Unix socket), the answer is ``peer``."""
    if forwarded_for and peer in trusted:
        for element in reversed(forwarded_for.split(",")):
            address = parse_address(_without_port(element))
            if address is None:
                break
            if address not in trusted:
                return str(address)
    return str(parse_address(peer) or peer)


def _without_port(element: str) -> str:
    """``1.2.3.4:80``, ``[::1]:80`` and the like, which some proxies write, less the rest."""
    host = element.strip().strip('"')
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
