"""What a setting may look like as text, and what it becomes. Each parser raises ValueError with
what is allowed, worded to follow "it must be"."""

import ipaddress
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_LOCAL = "local://"
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def clickhouse_url(url: str, data_dir: Path) -> str:
    """``url`` itself; for a bare ``local`` the place of its own ClickHouse in ``data_dir``. That
    was ``chdb`` in the first version, and may be called so."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("local", "chdb") and not rest:
        return f"{_LOCAL}{data_dir}/clickhouse"
    if scheme == "chdb":
        scheme, url = "local", f"{_LOCAL}{rest}"
    allowed = "local, local:///ABSOLUTE/PATH or http(s)://user:password@host:8123/database"
    try:
        split = urlsplit(url)
        user, at, hosts = split.netloc.rpartition("@")
        each = [urlsplit(f"//{user}{at}{one}") for one in hosts.split(",")]
        host = all(one.hostname and (one.port or True) for one in each)
    except ValueError:
        raise ValueError(allowed) from None
    local = scheme == "local" and separator and rest.startswith("/") and len(rest) > 1
    server = scheme in ("http", "https") and host and split.path.count("/") <= 1
    if not (local or server):
        raise ValueError(allowed)
    return url


def local_directory(url: str) -> Path | None:
    """The directory of Whipstitch's own ClickHouse in a complete URL; None: it names a server."""
    # Verbatim: a directory may bear any name.
    return Path(url.removeprefix(_LOCAL)) if url.startswith(_LOCAL) else None


def database_url(url: str, data_dir: Path) -> str:
    """``url`` itself, or the SQLite file in ``data_dir`` where it is empty."""
    if not url:
        return f"sqlite:///{quote(str(data_dir / 'registry.db'))}"
    dialect, _, rest = url.partition("://")
    # A registry in memory would forget every key at the end of the command.
    is_file = dialect == "sqlite" and rest.startswith("/") and rest not in ("/", "/:memory:")
    is_server = dialect in ("postgres", "postgresql", "postgresql+psycopg") and rest
    if not (is_file or is_server):
        raise ValueError(
            "sqlite:////ABSOLUTE/PATH/registry.db or postgresql://user:password@host:5432/database"
        )
    return url


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError("a number of bytes, or a size such as 500MB or 10GB")
    number, unit = match.groups()
    return int(Decimal(number) * 1024 ** _POWERS[unit.upper()])


def _separated(value: object) -> object:
    if isinstance(value, str):
        return [part for part in (part.strip() for part in value.split(",")) if part]
    return value


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(value, strict=False)) for value in values)
    except ValueError as error:
        raise ValueError(
            f"addresses or CIDR ranges, separated by commas, such as 10.0.0.0/8 ({error})"
        ) from error


def _host(value: str) -> str:
    if not value.strip():
        # Python would listen on every interface.
        raise ValueError("an address to listen on, such as 127.0.0.1 or 0.0.0.0")
    return value.strip()


def _public_address(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        address = None
    if address is None or not address.is_global:
        raise ValueError("a public IPv4 or IPv6 address, such as 8.8.8.8")
    return str(address)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(_size)]
"""Bytes; as text also with a unit (``500MB``), units counting in 1024s."""

Networks = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_separated), AfterValidator(_networks)
]
"""Addresses and CIDR ranges, as text separated by commas; each becomes a range."""

Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)]
"""Any texts, separated by commas."""

Host = Annotated[str, AfterValidator(_host)]
PublicAddress = Annotated[str, AfterValidator(_public_address)]
AnyCase = BeforeValidator(_lower)
