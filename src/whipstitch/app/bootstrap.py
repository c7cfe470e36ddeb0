"""What an empty registry gets, so that the first event is one pasted line away; and the account
that one without users gets."""

import os
from pathlib import Path
from typing import NamedTuple

import structlog

from whipstitch.core.errors import WhipstitchError
from whipstitch.registry.store import Registry
from whipstitch.registry.values import NewUser

log = structlog.get_logger(__name__)

FIRST_USER = "admin@localhost.local"
SIGN_IN_FILE = "first-sign-in.txt"
"""In the data directory: the first account, where nobody may have seen it printed."""
_PROJECT = "My project"


class FirstRun(NamedTuple):
    """Shown once: token and password are kept only as hashes. E-mail address and password are None
    where somebody may sign in already."""

    project_id: str
    live_key: str
    test_key: str
    token: str
    email: str | None
    password: str | None

    @property
    def sign_in(self) -> str:
        """For people."""
        return f"{self.email} / {self.password}" if self.email else "as a user who is there already"


def first_run(registry: Registry, name: str = _PROJECT) -> FirstRun | None:
    """Makes a project of that name, a token to read it and an account, where there is no project
    yet."""
    if not registry.is_empty():
        return None
    # The account first: a project without users gets one in the background (`add_account`).
    account = _account(registry)
    made = registry.create_project(name)
    token = registry.create_token(made.project.id, "admin", "first run")
    return FirstRun(
        made.project.id,
        made.live_key.key,
        made.test_key.key,
        token.secret,
        account.user.email if account else None,
        account.password if account else None,
    )


def add_account(registry: Registry, data_dir: Path) -> None:
    """Makes an account where there are projects (of the command line) and no user, and writes it to
    SIGN_IN_FILE: a service's output is a log, which is no place for passwords. Where that does not
    succeed the log says so, and the server runs without."""
    try:
        if registry.is_empty() or registry.list_users():
            return
        made = registry.invite_user(FIRST_USER, "admin")
        path = data_dir / SIGN_IN_FILE
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{made.user.email}\n{made.password}\n")
    except (WhipstitchError, OSError) as error:
        log.warning(
            "first_account_not_made", problem=str(error), do="run `whipstitch user create EMAIL"
            " --role admin`, or `whipstitch user reset-password EMAIL`",
        )  # fmt: skip
        return
    log.warning("first_account_made", email=FIRST_USER, password_in=str(path))


def _account(registry: Registry) -> NewUser | None:
    users = registry.list_users()
    if not users:
        return registry.invite_user(FIRST_USER, "admin")
    if [user.email for user in users] == [FIRST_USER]:
        # Of a first run that was cut off: nobody saw the password.
        return registry.reset_password(FIRST_USER)
    return None
