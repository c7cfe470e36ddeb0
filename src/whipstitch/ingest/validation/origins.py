"""Which web pages may send: a project's authorized domains held against an ``Origin`` header."""

from functools import lru_cache
from urllib.parse import urlsplit

_LONGEST = 300
"""Characters of an origin with the longest host there can be; beyond, it is not worth reading."""


def is_authorized(origin: str, domains: tuple[str, ...]) -> bool:
    """Whether ``origin`` (``scheme://host[:port]``) is among ``domains``.

    A domain is ``[scheme://]host[:port]``; what it leaves out may be anything, and a host that
    starts with ``*.`` takes every subdomain but not the bare domain. ``null``, the origin of files
    and sandboxed frames, is never among them."""
    asked = _parts(origin) if len(origin) <= _LONGEST else None
    if asked is None:
        return False
    return any(_matches(asked, rule) for rule in _rules(domains))


_Parts = tuple[str, str, int | None]


@lru_cache(maxsize=1024)
def _rules(domains: tuple[str, ...]) -> tuple[_Parts, ...]:
    return tuple(rule for rule in map(_parts, domains) if rule is not None)


@lru_cache(maxsize=4096)
def _parts(text: str) -> _Parts | None:
    """``(scheme or "", host, port or None)``, lower-cased."""
    try:
        split = urlsplit(text if "://" in text else f"//{text}")
        host, port = split.hostname, split.port
    except ValueError:
        return None
    if not host:
        return None
    return split.scheme.lower(), host.rstrip("."), port or _DEFAULT_PORTS.get(split.scheme.lower())


_DEFAULT_PORTS = {"http": 80, "https": 443}


def _matches(asked: _Parts, rule: _Parts) -> bool:
    scheme, host, port = rule
    if scheme and scheme != asked[0]:
        return False
    if port is not None and port != asked[2]:
        return False
    if host.startswith("*."):
        return asked[1].endswith(host[1:])
    return asked[1] == host
