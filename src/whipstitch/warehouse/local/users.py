"""The child's ``users.xml``. Users are known from there only: CREATE USER is refused in this mode,
and a change takes a restart."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from whipstitch.core.projects import SqlUser
from whipstitch.warehouse.local import sql_access
from whipstitch.warehouse.local.connection import USER
from whipstitch.warehouse.local.xml import Element, document

_ANYWHERE: Final = {"ip": "::/0"}
_HERE: Final = {"ip": ["127.0.0.1", "::1"]}
_AGES: Final = 315_360_000
"""Seconds: ten years."""
_SERVING: Final = "serving"
_SQL: Final = "sql"


def users_xml(
    password: str, sql_users: Sequence[SqlUser], database: str, *, from_wheel: bool = True
) -> str:
    """The whole file. ``password`` is that of the user whom Whipstitch itself signs in as.
    ``from_wheel``: whether it is for the library of the wheel, and not for a ``clickhouse``."""
    # The library can read Python's objects, and ends where it is asked to and there is no Python.
    library: dict[str, Element] = {"allow_python_table_function": 0} if from_wheel else {}
    profiles: Element = {
        # Holds for everybody. Who changes to it alone is refused, for the others' differ in this.
        "default": {**library, "priority": 0},
        _SERVING: {
            "max_concurrent_queries_for_user": 1,
            "max_memory_usage": 100 * 10**6,
            "max_threads": 1,
        },
        USER: {"priority": 1},
        _SQL: sql_access.profile(),
    }
    users: dict[str, Element] = {
        # The session that serves (see ``launch``) signs in as this one, without a password. It
        # needs two queries, and nobody gets a third, but of those that read nothing: one of these
        # at a time, for which the profile leaves little.
        "default": {
            "password": "",
            "networks": {"ip": "127.0.0.1"},
            "profile": _SERVING,
            "quota": _SERVING,
            "grants": {"query": ["GRANT SYSTEM LISTEN ON *.*", "GRANT SELECT ON system.numbers"]},
        },
        USER: {
            "password_sha256_hex": sha256(password.encode()).hexdigest(),
            "networks": _HERE,
            "profile": USER,
            "quota": "default",
        },
        **{user.name: _sql_user(user, database) for user in sql_users},
    }
    quotas: Element = {"default": "", _SERVING: {"interval": {"duration": _AGES, "queries": 2}}}
    return document({"profiles": profiles, "quotas": quotas, "users": users})


def _sql_user(user: SqlUser, database: str) -> Element:
    return {
        "password_sha256_hex": user.password_sha256,
        "networks": _ANYWHERE,
        "profile": _SQL,
        "quota": "default",
        "default_database": database,
        "grants": {"query": sql_access.grants(database)},
        "databases": sql_access.row_policies(database, user.project_id),
    }
