"""The allowlists of a project, checked and brought into one form when they are set, so that
ingestion only compares."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from whipstitch.core.errors import RegistryError

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def normal_domains(domains: Iterable[str]) -> tuple[str, ...]:
    """Authorized domains as ``[scheme://][*.]host[:port]``: lower-case, international names as
    browsers send them (``xn--…``), a scheme's default port left out; empty ones and repetitions
    dropped. Raises RegistryError for what no ``Origin`` header could hold."""
    return tuple(dict.fromkeys(_domain(text) for text in map(str.strip, domains) if text))


def normal_ips(ips: Iterable[str]) -> tuple[str, ...]:
    """Authorized addresses: single ones and CIDR ranges (``10.1.2.3/8`` becomes ``10.0.0.0/8``),
    empty ones and repetitions dropped. Raises RegistryError for anything else."""
    return tuple(dict.fromkeys(_address(text) for text in map(str.strip, ips) if text))


def _address(text: str) -> str:
    try:
        if "/" in text:
            return str(ipaddress.ip_network(text, strict=False))
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise RegistryError(
            f"{text!r} is no IP address: use one such as 203.0.113.7, or a range such as "
            "203.0.113.0/24"
        ) from None


def _domain(text: str) -> str:
    try:
        split = urlsplit(text if "://" in text else f"//{text}")
        host, port = split.hostname or "", split.port
    except ValueError:
        raise _no_domain(text) from None
    extras = split.path.strip("/") or split.query or split.fragment or "@" in split.netloc
    if extras or (split.scheme and not re.fullmatch(r"[a-z][a-z0-9+.-]*", split.scheme)):
        raise _no_domain(text)
    host = _host(host)
    if not host:
        raise _no_domain(text)
    scheme = f"{split.scheme}://" if split.scheme else ""
    if port is None or port == _DEFAULT_PORTS.get(split.scheme):
        return f"{scheme}{host}"
    return f"{scheme}{host}:{port}"


def _host(host: str) -> str:
    """``host`` as an ``Origin`` header has it, or nothing where none could."""
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            return ""
    wildcard, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    try:
        name = name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    if len(name) > 253 or not all(map(_LABEL.fullmatch, name.split("."))):
        return ""
    return wildcard + name


def _no_domain(text: str) -> RegistryError:
    return RegistryError(
        f"{text!r} is no domain: use one such as example.com, *.example.com, localhost:3000 or "
        "https://app.example.com, without a path"
    )
