"""Attempts to sign in."""

import pytest

from whipstitch.dashboard.signing_in import Attempts, _local


class Clock:
    time = 1_770_000_000.0

    def __call__(self) -> float:
        return self.time


def test_attempts_are_limited_by_address_and_by_account_for_a_minute() -> None:
    clock = Clock()
    attempts = Attempts(clock)

    one_address = [attempts.allow("203.0.113.7", f"user{n}@example.com") for n in range(11)]
    one_account = [attempts.allow(f"198.51.100.{n}", "Ada@example.com ") for n in range(11)]

    assert one_address == one_account == [True] * 10 + [False]
    assert not attempts.allow("203.0.113.8", "ada@example.com")
    assert attempts.allow("203.0.113.9", "bob@example.com")
    clock.time += 60
    assert attempts.allow("203.0.113.7", "ada@example.com")


@pytest.mark.parametrize(
    "path",
    ["", "//evil.example", "https://evil.example", "/\\evil.example", "/p/\\x", "/p/\nx", "/docs"],
)
def test_a_link_to_sign_in_leads_nowhere_but_to_a_page(path: str) -> None:
    assert _local(path) == "/"


def test_who_signs_in_comes_to_the_page_that_was_asked_for() -> None:
    assert _local("/p/proj_a/live/people?search=x") == "/p/proj_a/live/people?search=x"
