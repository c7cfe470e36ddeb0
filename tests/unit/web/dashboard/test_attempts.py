"""Attempts to sign in."""

import pytest

from whipstitch.web.dashboard import attempts as module
from whipstitch.web.dashboard.attempts import Attempts, TooManyAttempts


class Clock:
    time = 1_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def waits(attempts: Attempts, source: str, account: str, count: int) -> list[float]:
    """How long each of so many wrong passwords at one moment waits; -1: it is refused."""
    found = []
    for _ in range(count):
        try:
            found.append(attempts.begin(source, account))
        except TooManyAttempts:
            found.append(-1.0)
    return found


def test_guesses_at_one_account_wait_longer_and_longer(attempts: Attempts) -> None:
    assert waits(attempts, "203.0.113.7", "ada", 14) == [0.0] * 10 + [1.0, 3.0, -1.0, -1.0]


def test_the_longest_wait_is_a_minute_however_long_somebody_guesses(
    attempts: Attempts, clock: Clock
) -> None:
    for _ in range(40):
        waits(attempts, "203.0.113.7", "ada", 1)
        clock.time += 60

    assert waits(attempts, "203.0.113.7", "ada", 1) == [0.0]
    with pytest.raises(TooManyAttempts, match="Wait 60 seconds") as refused:
        attempts.begin("203.0.113.7", "ada")
    assert refused.value.seconds == 60


def test_what_is_refused_does_not_count(attempts: Attempts, clock: Clock) -> None:
    waits(attempts, "203.0.113.7", "ada", 1000)
    clock.time += 7  # 1 + 2 + 4

    assert waits(attempts, "203.0.113.7", "ada", 1) == [0.0]


def test_guesses_from_one_address_keep_nobody_else_out(attempts: Attempts) -> None:
    waits(attempts, "203.0.113.7", "ada", 100)

    assert attempts.begin("203.0.113.8", "ada") == 0
    assert attempts.begin("203.0.113.7", "bob") == 0


def test_guesses_at_many_accounts_from_one_address_are_slowed_down(
    attempts: Attempts, clock: Clock
) -> None:
    found = [waits(attempts, "203.0.113.7", f"user{number}", 1)[0] for number in range(40)]

    assert found == [0.0] * 30 + [2.0, 4.0] + [-1.0] * 8
    assert attempts.begin("203.0.113.8", "ada") == 0
    clock.time += 10
    assert attempts.begin("203.0.113.7", "ada") == 0


def test_who_knows_the_password_is_never_slowed_down(attempts: Attempts) -> None:
    for _ in range(100):
        assert waits(attempts, "203.0.113.7", "ada", 9) == [0.0] * 9
        assert attempts.begin("203.0.113.7", "ada") == 0
        attempts.right("203.0.113.7", "ada")
        for _ in range(9):
            attempts.unused("203.0.113.7")


def test_guesses_are_forgotten_in_time(attempts: Attempts, clock: Clock) -> None:
    waits(attempts, "203.0.113.7", "ada", 12)
    clock.time += 901

    assert waits(attempts, "203.0.113.7", "ada", 10) == [0.0] * 10


def test_a_flood_of_made_up_addresses_takes_level_memory_and_keeps_nobody_out(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 100)
    for number in range(1010):
        attempts.begin(f"10.0.{number // 256}.{number % 256}", f"user{number}@example.com")

    assert attempts.begin("203.0.113.7", "ada") == 0
    assert len(attempts._guesses) == len(attempts._used) == 100
