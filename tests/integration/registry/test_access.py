"""Tokens of the query API, in a real database."""

import pytest

from whipstitch.core.errors import RegistryError
from whipstitch.registry.store import Registry


def test_a_token_stands_for_its_project_and_role(registry: Registry) -> None:
    project = registry.create_project("Shop").project
    registry.create_project("Blog")

    made = registry.create_token("Shop", "editor", "nightly report")

    assert registry.token_holder(made.secret) == (
        *(project.id, "editor", "UTC", "nightly report"),
        made.token.id,
    )
    assert registry.list_tokens("Shop") == [made.token]
    assert registry.list_tokens("Blog") == []
    assert made.secret.endswith(made.token.ends_with)


def test_a_token_without_a_name_is_called_by_its_last_characters(registry: Registry) -> None:
    registry.create_project("Shop")
    made = registry.create_token("Shop", "viewer")

    holder = registry.token_holder(made.secret)

    assert holder is not None
    assert holder.called == f"token …{made.token.ends_with}"


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
