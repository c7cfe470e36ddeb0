"""The shapes of ids, keys and tokens, and what is kept of secrets."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.projects import Environment
from whipstitch.registry.credentials import (
    is_password,
    new_id,
    new_key,
    new_token,
    password_hash,
    token_hash,
)


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_key_names_its_environment_before_32_hex_digits(environment: Environment) -> None:
    assert re.fullmatch(rf"sk_{environment}_[0-9a-f]{{32}}", new_key(environment))


def test_an_id_names_its_kind() -> None:
    assert re.fullmatch(r"proj_[0-9A-Za-z]{21}", new_id("proj"))


def test_a_token_holds_256_bits() -> None:
    assert re.fullmatch(r"wst_[0-9A-Za-z_-]{43}", new_token())


@pytest.mark.parametrize("make", [lambda: new_key("live"), lambda: new_id("key"), new_token])
def test_no_two_are_alike(make: Callable[[], str]) -> None:
    assert len({make() for _ in range(1_000)}) == 1_000


@given(st.text(st.characters(exclude_categories=[])))
def test_whatever_is_sent_as_a_token_has_a_hash(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", token_hash(text))


def test_a_password_is_recognised_by_its_hash_alone() -> None:
    kept = password_hash("correct horse")

    assert kept.startswith("$argon2id$")
    assert is_password("correct horse", kept)
    assert not is_password("correct horse ", kept)
    assert not is_password("correct horse", None)


def test_the_same_password_has_a_different_hash_each_time() -> None:
    assert password_hash("correct horse") != password_hash("correct horse")


@pytest.mark.parametrize("kept", ["plain text", "$argon2id$broken"])
def test_a_hash_that_is_none_lets_nobody_in(kept: str) -> None:
    assert not is_password(kept, kept)
