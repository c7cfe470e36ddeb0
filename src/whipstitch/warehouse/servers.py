"""Which ClickHouse servers the settings name."""

from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

from whipstitch.core.errors import SettingsError
from whipstitch.warehouse.connection import Address

Quorum = Literal["none", "auto"]


@dataclass(frozen=True, slots=True)
class Servers:
    """``cluster``: the name under which the servers know each other; blank: they are one, or say
    all the same. ``quorum``: how many replicas have a row before it counts as stored: one, or
    (``auto``) most of them."""

    addresses: tuple[Address, ...]
    cluster: str = ""
    quorum: Quorum = "none"

    @classmethod
    def parse(cls, url: str, cluster: str = "", quorum: Quorum = "none") -> Self:
        """``http(s)://user:password@host:8123,host2:8123/database``.

        Raises:
            SettingsError: it is no such URL, or names a host twice.
        """
        parts = urlsplit(url)
        user, at, hosts = parts.netloc.rpartition("@")
        addresses = tuple(
            Address.parse(urlunsplit(parts._replace(netloc=f"{user}{at}{host}")))
            for host in hosts.split(",")
        )
        if len(set(addresses)) < len(addresses):
            raise SettingsError("ClickHouse's address names a host twice.")
        return cls(addresses, cluster, quorum)
