"""What an empty registry gets, and what one without users."""

from pathlib import Path

from structlog.testing import capture_logs
from tests.support.command import registry_of

from whipstitch.app.bootstrap import FIRST_USER, SIGN_IN_FILE, add_account, first_run


def test_the_first_run_makes_a_project_and_an_account(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        made = first_run(registry)

        assert made is not None
        assert made.password is not None
        assert registry.check_password(FIRST_USER, made.password) is not None
        assert first_run(registry) is None
        add_account(registry, tmp_path)
    assert not (tmp_path / SIGN_IN_FILE).exists()


def test_who_may_sign_in_already_gets_no_second_account(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        registry.invite_user("ann@example.com", "admin")

        made = first_run(registry)

        assert made is not None
        assert (made.email, made.password) == (None, None)
        assert [user.email for user in registry.list_users()] == ["ann@example.com"]


def test_a_first_run_that_was_cut_off_is_done_again(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        registry.invite_user(FIRST_USER, "admin")

        made = first_run(registry)

        assert made is not None
        assert made.password is not None
        assert registry.check_password(FIRST_USER, made.password) is not None


def test_projects_without_a_user_get_an_account(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry, capture_logs() as logs:
        add_account(registry, tmp_path)
        assert registry.list_users() == []  # the first run's to make
        registry.create_project("Shop")

        add_account(registry, tmp_path)

        email, password = (tmp_path / SIGN_IN_FILE).read_text().splitlines()
        assert registry.check_password(email, password) is not None
        assert password not in str(logs)
        add_account(registry, tmp_path)
        assert len(registry.list_users()) == 1


def test_where_the_password_cannot_be_written_the_log_says_what_to_do(
    tmp_path: Path,
) -> None:
    with registry_of(tmp_path) as registry, capture_logs() as logs:
        registry.create_project("Shop")

        add_account(registry, tmp_path / "missing")

    assert [one["event"] for one in logs] == ["first_account_not_made"]
    assert "user reset-password" in logs[0]["do"]
