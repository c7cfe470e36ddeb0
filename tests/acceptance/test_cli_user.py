"""``whipstitch user``."""

from pathlib import Path

import httpx
from tests.support.command import registry_of, run
from tests.support.server import Server


def test_a_user_is_made_listed_given_another_role_and_deleted(tmp_path: Path) -> None:
    boss = run("user", "create", "Boss@Example.com", "--role", "admin", "--json", data_dir=tmp_path)
    shop = run("project", "create", "Shop", "--json", data_dir=tmp_path).json["project_id"]
    made = run(
        "user",
        "create",
        "ann@example.com",
        "--role",
        "viewer",
        "--project",
        "Shop",
        data_dir=tmp_path,
    )
    raised = run("user", "role", "ann@example.com", "editor", "--json", data_dir=tmp_path).json
    listed = run("user", "list", "--json", data_dir=tmp_path)

    password = boss.json["password"]
    assert (boss.json["email"], boss.json["role"]) == ("boss@example.com", "admin")
    assert "ann@example.com" in made.out
    assert "cannot be shown again" in made.err
    assert raised["role"] == "editor"
    assert [(one["email"], one["project_id"]) for one in listed.json["users"]] == [
        ("boss@example.com", None),
        ("ann@example.com", shop),
    ]
    assert password not in listed.out
    with registry_of(tmp_path) as registry:
        user = registry.check_password("boss@example.com", password)
        assert user is not None
        assert user.role == "admin"
    assert run("user", "delete", "ann@example.com", data_dir=tmp_path).code == 0
    last = run("user", "delete", "boss@example.com", data_dir=tmp_path)
    assert (last.code, last.err.count("\n")) == (1, 1)
    assert "only admin" in last.err


def test_a_lost_password_is_replaced_and_the_old_sessions_end(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        registry.create_user("ann@example.com", "the lost one")
        session = registry.start_session("ann@example.com")

    made = run("user", "reset-password", "ann@example.com", "--json", data_dir=tmp_path).json

    with registry_of(tmp_path) as registry:
        assert registry.check_password("ann@example.com", made["password"]) is not None
        assert registry.check_password("ann@example.com", "the lost one") is None
        assert registry.session_user(session) is None
    assert run("user", "reset-password", "bob@example.com", data_dir=tmp_path).code == 1


def test_a_service_whose_project_was_made_before_has_an_account_to_sign_in_with(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    made = run("project", "create", "Shop", "--json", data_dir=data_dir).json
    with Server(data_dir, wait=False) as server:
        path = data_dir / "first-sign-in.txt"
        server.wait_until(path.exists)
        server.wait_until(lambda: path.read_text().count("\n") == 2)

        assert server.printed["first_run"] is None
        assert path.stat().st_mode & 0o777 == 0o600
        email, password = path.read_text().splitlines()
        assert password not in server.log
        assert "first_account_made" in server.log
        answer = httpx.post(
            f"{server.url}/sign-in",
            data={"email": email, "password": password},
            trust_env=False,
            timeout=30,
        )
        assert answer.status_code == 303
        assert server.send("/api/v1/track", {}, made["live_key"]).status_code == 400
