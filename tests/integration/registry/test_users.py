"""Users and their sessions, in a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from whipstitch.core.errors import RegistryError
from whipstitch.registry.credentials import token_hash
from whipstitch.registry.database import connect
from whipstitch.registry.sessions import IDLE, LONGEST
from whipstitch.registry.store import Registry

PASSWORD = "correct horse"


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 5, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(url: str, clock: Clock) -> Iterator[Registry]:
    with Registry.open(url, clock) as opened:
        yield opened


def everything_kept(url: str) -> str:
    """All secrets as the database has them."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            tables = ("tokens", "users", "sessions")
            return repr([connection.execute(text(f"SELECT * FROM {one}")).all() for one in tables])
    finally:
        engine.dispose()


def test_a_user_signs_in_with_the_password_alone(registry: Registry) -> None:
    user = registry.create_user(" Ada@Example.com ", "correct horse")

    assert registry.check_password("ada@example.COM", "correct horse") == user
    assert registry.check_password("ada@example.com", "Correct horse") is None
    assert registry.check_password("ada@example.com", "") is None
    assert registry.check_password("ada@example.com", "\ud800") is None
    assert registry.check_password("bob@example.com", "correct horse") is None


@pytest.mark.parametrize("email", ["", "ada", "@example.com", "ada@", "a da@example.com"])
def test_what_is_no_address_makes_no_user(registry: Registry, email: str) -> None:
    with pytest.raises(RegistryError, match="e-mail"):
        registry.create_user(email, "correct horse")


def test_a_short_password_makes_no_user(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="at least 8"):
        registry.create_user("ada@example.com", "horse")


def test_an_address_belongs_to_one_user(registry: Registry) -> None:
    registry.create_user("ada@example.com", "correct horse")

    with pytest.raises(RegistryError, match="already"):
        registry.create_user("ADA@example.com", "another horse")


def test_an_invited_user_signs_in_with_the_password_shown_once(registry: Registry) -> None:
    made = registry.invite_user("ada@example.com", "viewer")

    assert registry.check_password("ada@example.com", made.password) == made.user
    assert registry.list_users() == [made.user]
    assert made.password not in repr(made)


def test_the_last_admin_stays_an_admin(registry: Registry) -> None:
    registry.create_user("ada@example.com", PASSWORD, "admin")
    registry.create_user("bob@example.com", PASSWORD, "editor")

    with pytest.raises(RegistryError, match="only admin"):
        registry.set_role("ada@example.com", "viewer")
    with pytest.raises(RegistryError, match="only admin"):
        registry.delete_user("ada@example.com")

    registry.set_role("bob@example.com", "admin")
    registry.delete_user("ada@example.com")
    assert [user.email for user in registry.list_users()] == ["bob@example.com"]


def test_a_user_of_one_project_is_no_operator(registry: Registry) -> None:
    shop = registry.create_project("Shop").project
    blog = registry.create_project("Blog").project
    registry.create_user("ada@example.com", PASSWORD)

    registry.create_user("bob@example.com", PASSWORD, "admin", "Shop")

    ada, bob = registry.list_users()
    assert (ada.project_id, ada.is_operator, ada.sees(shop), ada.sees(blog)) == (
        None,
        True,
        True,
        True,
    )
    assert (bob.project_id, bob.is_operator, bob.sees(shop), bob.sees(blog)) == (
        shop.id,
        False,
        True,
        False,
    )
    with pytest.raises(RegistryError, match="only admin"):
        registry.delete_user("ada@example.com")
    with pytest.raises(RegistryError, match="no project 'Shpo'"):
        registry.create_user("cy@example.com", PASSWORD, "viewer", "Shpo")
    registry.set_role("bob@example.com", "viewer")


def test_a_session_stands_for_its_user_with_the_role_of_the_moment(registry: Registry) -> None:
    registry.create_user("ada@example.com", PASSWORD, "admin")
    bob = registry.create_user("bob@example.com", PASSWORD, "admin")
    secret = registry.start_session("bob@example.com")

    assert registry.session_user(secret) == bob
    demoted = registry.set_role("bob@example.com", "viewer")
    assert registry.session_user(secret) == demoted
    assert registry.session_user(secret[:-1]) is None


def test_a_session_lasts_while_it_is_used_but_not_for_ever(
    registry: Registry, clock: Clock
) -> None:
    user = registry.create_user("ada@example.com", PASSWORD)
    secret = registry.start_session(user.email)
    began = clock.time

    while clock.time - began < LONGEST - IDLE:
        clock.time += IDLE - timedelta(hours=1)
        assert registry.session_user(secret) == user
    clock.time = began + LONGEST + timedelta(seconds=1)

    assert registry.session_user(secret) is None


def test_a_session_that_nobody_uses_ends(registry: Registry, clock: Clock, url: str) -> None:
    user = registry.create_user("ada@example.com", PASSWORD)
    secret = registry.start_session(user.email)

    clock.time += IDLE + timedelta(seconds=1)

    assert registry.session_user(secret) is None
    assert token_hash(secret) in everything_kept(url)
    registry.start_session(user.email)
    assert token_hash(secret) not in everything_kept(url)


def test_signing_out_ends_one_session_and_a_new_password_all(registry: Registry) -> None:
    user = registry.create_user("ada@example.com", PASSWORD)
    one, two, three = (registry.start_session(user.email) for _ in range(3))

    registry.end_session(one)
    assert registry.session_user(one) is None
    assert registry.session_user(two) == user
    registry.set_password(user.email, "another horse")

    assert registry.session_user(two) is registry.session_user(three) is None
    assert registry.check_password(user.email, PASSWORD) is None
    assert registry.check_password(user.email, "another horse") == user


def test_a_deleted_user_is_signed_out(registry: Registry) -> None:
    registry.create_user("ada@example.com", PASSWORD)
    registry.create_user("bob@example.com", PASSWORD)
    secret = registry.start_session("bob@example.com")

    registry.delete_user("bob@example.com")

    assert registry.session_user(secret) is None


def test_secrets_are_kept_only_as_hashes(registry: Registry, url: str) -> None:
    registry.create_project("Shop")
    token = registry.create_token("Shop", "admin").secret
    registry.create_user("ada@example.com", PASSWORD)
    session = registry.start_session("ada@example.com")

    kept = everything_kept(url)
    assert token[-4:] in kept
    assert token[:-4] not in kept
    assert PASSWORD not in kept
    assert session not in kept
    assert "$argon2id$" in kept
