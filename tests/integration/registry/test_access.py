"""Tokens of the query API and users, in a real database."""

import pytest
from sqlalchemy import text

from whipstitch.errors import RegistryError
from whipstitch.registry.database import connect
from whipstitch.registry.store import Registry


def everything_kept(url: str) -> str:
    """All tokens and users as the database has them."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            return repr(
                [
                    connection.execute(text("SELECT * FROM tokens")).all(),
                    connection.execute(text("SELECT * FROM users")).all(),
                ]
            )
    finally:
        engine.dispose()


def test_a_token_stands_for_its_project_and_role(registry: Registry) -> None:
    project = registry.create_project("Shop").project
    registry.create_project("Blog")

    made = registry.create_token("Shop", "editor", "nightly report")

    assert registry.token_holder(made.secret) == (project.id, "editor", "UTC")
    assert registry.list_tokens("Shop") == [made.token]
    assert registry.list_tokens("Blog") == []
    assert made.secret.endswith(made.token.ends_with)


@pytest.mark.parametrize("guess", ["", "wst_", "x" * 10_000, "\ud800", "nul\0"])
def test_what_is_no_token_stands_for_nobody(registry: Registry, guess: str) -> None:
    registry.create_project("Shop")
    registry.create_token("Shop", "admin")

    assert registry.token_holder(guess) is None


@pytest.mark.parametrize("by", ["secret", "id"])
def test_a_revoked_token_stands_for_nobody(registry: Registry, by: str) -> None:
    registry.create_project("Shop")
    made = registry.create_token("Shop", "viewer")

    revoked = registry.revoke_token(made.secret if by == "secret" else made.token.id)

    assert revoked.revoked_at is not None
    assert registry.token_holder(made.secret) is None
    assert registry.list_tokens("Shop") == [revoked]


def test_an_unknown_token_cannot_be_revoked(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no such token"):
        registry.revoke_token("wst_x")


def test_a_token_for_an_unknown_project_is_not_made(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no project"):
        registry.create_token("nope", "viewer")


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


def test_tokens_and_passwords_are_kept_only_as_hashes(url: str) -> None:
    with Registry.open(url) as registry:
        registry.create_project("Shop")
        token = registry.create_token("Shop", "admin").secret
        registry.create_user("ada@example.com", "correct horse")

    kept = everything_kept(url)
    assert token[-4:] in kept
    assert token[:-4] not in kept
    assert "correct horse" not in kept
    assert "$argon2id$" in kept
