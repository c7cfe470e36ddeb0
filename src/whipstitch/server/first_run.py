"""What an empty registry gets, so that the first event is one pasted line away."""

import secrets
from typing import NamedTuple

from whipstitch.registry.store import Registry

FIRST_USER = "admin@localhost.local"
_PROJECT = "My project"


class FirstRun(NamedTuple):
    """Shown once: token and password are kept only as hashes."""

    project_id: str
    live_key: str
    test_key: str
    token: str
    email: str
    password: str


def first_run(registry: Registry, name: str = _PROJECT) -> FirstRun | None:
    """Makes a project of that name, a token to read it and an account, where there is no project
    yet."""
    if not registry.is_empty():
        return None
    made = registry.create_project(name)
    token = registry.create_token(made.project.id, "admin", "first run")
    password = secrets.token_urlsafe(12)
    registry.create_user(FIRST_USER, password)
    return FirstRun(
        made.project.id,
        made.live_key.key,
        made.test_key.key,
        token.secret,
        FIRST_USER,
        password,
    )
