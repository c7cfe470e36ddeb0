"""The child's ``users.xml``. Users are known from there only: CREATE USER is refused in this mode,
and a change takes a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from whipstitch.storage.local.connection import USER
from whipstitch.storage.local.xml import Element, document

_ANYWHERE: Final = {"ip": "::/0"}
_HERE: Final = {"ip": ["127.0.0.1", "::1"]}
_AGES: Final = 315_360_000
"""Seconds: ten years."""


@dataclass(frozen=True, slots=True)
class SqlUser:
    """Somebody who reads one project's rows with a tool of theirs."""

    name: str
    project_id: str
    password_sha256: str = field(repr=False)
    """In hexadecimal digits."""


def users_xml(password: str, sql_users: Sequence[SqlUser], database: str) -> str:
    """The whole file. ``password`` is that of the user whom Whipstitch itself signs in as."""
    users: dict[str, Element] = {
        # The session that serves (see ``launch``) signs in as this one, without a password. It
        # needs two queries, and nobody gets a third.
        "default": {
            "password": "",
            "networks": {"ip": "127.0.0.1"},
            "profile": "default",
            "quota": "serving",
            "grants": {"query": ["GRANT SYSTEM LISTEN ON *.*", "GRANT SELECT ON system.numbers"]},
        },
        USER: {
            "password_sha256_hex": sha256(password.encode()).hexdigest(),
            "networks": _HERE,
            "profile": "default",
            "quota": "default",
        },
    }
    quotas: Element = {"default": "", "serving": {"interval": {"duration": _AGES, "queries": 2}}}
    return document({"profiles": {"default": ""}, "quotas": quotas, "users": users})
