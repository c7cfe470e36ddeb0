"""The settings, as forms are posted to them."""

import re

import pytest
from tests.integration.web.dashboard.conftest import Visit
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.journal.dead_letter import DeadLetter
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.segments import SEALED

EVENT = {"event_name": "settings", "distinct_id": "user_1"}


@pytest.mark.parametrize("section", ["project", "keys", "tokens", "users"])
@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_sections_for_admins_are_for_admins(visit: Visit, role: str, section: str) -> None:
    visitor = visit(role)

    assert visitor.get(f"settings/{section}").status_code == 403
    assert visitor.post(f"settings/{section}", do="create").status_code == 403
    assert f"settings/{section}" not in visitor.get("settings/account").text
    assert visitor.post("settings/storage", do="replay").status_code == 403


def test_a_key_is_made_works_and_is_revoked(server: Server, visit: Visit) -> None:
    visitor = visit()
    before = set(re.findall(r"<code>(sk_live_\w+)", visitor.get("settings/keys").text))

    visitor.post("settings/keys", do="create", environment="live")
    (key,) = set(re.findall(r"<code>(sk_live_\w+)", visitor.get("settings/keys").text)) - before
    server.wait_until(lambda: server.send("/api/v1/track", EVENT, key).status_code == 200)
    row = visitor.get("settings/keys").text.partition(key)[2]
    (id_,) = re.findall(r'name="id" value="(key_\w+)"', row)[:1]
    visitor.post("settings/keys", do="revoke", id=id_)

    server.wait_until(lambda: server.send("/api/v1/track", EVENT, key).status_code == 403)
    assert visitor.post("settings/keys", do="revoke", id="key_of_nobody").status_code == 400


def test_a_token_is_shown_once_and_reads(server: Server, visit: Visit) -> None:
    visitor = visit()

    made = visitor.post("settings/tokens", do="create", role="viewer", name="report").text

    (token,) = set(re.findall(r"wst_[\w-]+", made))
    assert server.get("/api/v1/events", token=token).status_code == 200
    after = visitor.get("settings/tokens").text
    assert token not in after
    assert "report" in after
    (id_,) = re.findall(r'name="id" value="(tok_\w+)"', after)[-1:]
    assert visitor.post("settings/tokens", do="revoke", id=id_).status_code == 303
    assert server.get("/api/v1/events", token=token).status_code == 401


def test_a_user_is_added_with_a_password_shown_once_and_deleted(visit: Visit) -> None:
    visitor = visit()
    email = f"new.{visitor.user.email}"

    made = visitor.post("settings/users", do="create", email=email, role="viewer")
    again = visitor.post("settings/users", do="create", email=email, role="viewer")
    owner = visitor.post("settings/users", do="create", email="x@example.com", role="owner")

    (password,) = re.findall(r'data-copy="([^"]+)"', made.text)
    assert (again.status_code, owner.status_code) == (400, 400)
    assert "already" in again.text
    assert password not in visitor.get("settings/users").text
    visitor.post("settings/users", do="role", email=email, role="editor")
    assert visitor.post("settings/users", do="delete", email=email).status_code == 303
    assert email not in visitor.get("settings/users").text
    own = visitor.post("settings/users", do="delete", email=visitor.user.email)
    assert own.status_code == 400


def test_allowlists_and_limits_are_checked_and_kept_as_typed_where_wrong(visit: Visit) -> None:
    visitor = visit()
    fields = {"do": "save", "name": "My project", "ips": "", "rate_limit": "", "timezone": "UTC"}

    wrong = visitor.post("settings/project", **fields | {"domains": "exa mple.com/path"})
    limit = visitor.post("settings/project", **fields | {"domains": "", "rate_limit": "many"})

    zone = visitor.post("settings/project", **fields | {"domains": "", "timezone": "Atlantis"})

    assert (wrong.status_code, limit.status_code, zone.status_code) == (400, 400, 400)
    assert "Atlantis" in zone.text
    assert "is no domain" in wrong.text
    assert "exa mple.com/path" in wrong.text
    own = {"domains": "a.example, b.example", "malformed": "drop", "address_rate_limit": "30"}
    own["repeats"] = "drop"
    saved = visitor.post("settings/project", **fields | own)
    try:
        assert saved.status_code == 303
        page = visitor.get("settings/project").text
        assert page.count('<option value="drop" selected>') == 2
        assert re.search('name="address_rate_limit"[^>]*value="30"', page)
        assert "a.example\nb.example</textarea>" in visitor.get("settings/project").text
    finally:
        visitor.post(
            "settings/project", **fields | {"domains": "", "malformed": "refuse", "repeats": "keep"}
        )


def test_another_project_is_made_and_shown_how_to_send_to(visit: Visit) -> None:
    visitor = visit()

    made = visitor.post("settings/project", do="create", new_name="Another")

    page = visitor.client.get(made.headers["location"])
    assert "Another" in page.text
    assert re.search(r"sk_live_\w+", page.text)
    refused = visitor.post("settings/project", do="create", new_name=" ")
    assert refused.status_code == 400


def test_an_admin_of_one_project_sees_that_one_and_manages_no_installation(
    server: Server, visit: Visit
) -> None:
    with registry_of(server.data_dir) as registry:
        other = registry.create_project("Hidden shop").project
    own = visit("admin", project=server.project_id)
    elsewhere = visit("admin", project=other.id)

    assert "Hidden shop" not in own.get("settings/keys").text
    assert own.get("settings/keys").status_code == 200
    assert own.get("settings/users").status_code == 403
    for section, do in (("users", "create"), ("project", "create"), ("storage", "replay")):
        refused = own.post(f"settings/{section}", do=do, email="x@example.com", new_name="Mine")
        assert refused.status_code == 403
    assert "Another project" not in own.get("settings/project").text
    assert own.client.get("/").headers["location"].startswith(f"/p/{server.project_id}/")
    events = "/api/v1/events"
    headers = {"x-whipstitch-project": server.project_id}
    assert own.client.get(events, headers=headers).status_code == 200

    assert elsewhere.get("events").status_code == 404
    assert elsewhere.client.get(events, headers=headers).status_code == 404
    assert elsewhere.client.get("/").headers["location"].startswith(f"/p/{other.id}/")


def test_a_user_of_one_project_is_invited(server: Server, visit: Visit) -> None:
    visitor = visit()
    fields = {"do": "create", "email": "guest@example.com", "role": "viewer"}

    made = visitor.post("settings/users", **fields, project=server.project_id)
    wrong = visitor.post("settings/users", **fields | {"email": "g2@example.com"}, project="none")

    assert made.status_code == 200
    assert (wrong.status_code, "no project" in wrong.text) == (400, True)
    with registry_of(server.data_dir) as registry:
        users = {user.email: user.project_id for user in registry.list_users()}
        assert users["guest@example.com"] == server.project_id
        registry.delete_user("guest@example.com")


def test_rows_that_were_set_aside_are_shown_and_loaded_again(server: Server, visit: Visit) -> None:
    visitor = visit()
    row = (
        b'{"k":"track","project_id":"%b","environment":"live","id":"evt_x","event_name":"aside",'
        b'"distinct_id":"user_1","accepted":1770000000000000,"timestamp":1770000000000}'
    )
    letters = DeadLetters(server.data_dir / "deadletters")
    letters.add("1", [DeadLetter(row % server.project_id.encode(), "would not fit")])

    shown = visitor.get("settings/storage").text
    replayed = visitor.post("settings/storage", do="replay")

    assert "would not fit" in shown
    assert "aside" in shown
    assert "1 rows are on their way" in replayed.text
    server.wait_until(lambda: not list((server.data_dir / "journal").glob(f"*-replayed{SEALED}")))


def test_what_was_not_stored_is_told_with_a_hint(server: Server, visit: Visit) -> None:
    visitor = visit("viewer")
    secret = {"properties": {"note": "private-matter"}}
    server.send("/api/v1/track", {"event_name": "x", "distinct_id": "1"} | secret)
    server.send("/api/v1/batch", {"operations": [
        {"type": "track", "payload": EVENT},
        {"type": "track", "payload": EVENT | {"distinct_id": "deflate"} | secret},
    ]})  # fmt: skip
    server.send("/api/v1/track", b"{private-matter", server.test_key)
    server.send("/api/v1/track", EVENT, key="sk_live_misspelt_key")
    server.send("/api/v1/people", b"x" * 300_000)
    server.send("/api/v1/track", EVENT | {"timestamp": "yesterday"})
    server.send("/api/v1/people", {"distinct_id": "user_1", "timestamp": "2290-01-01"})

    answer = visitor.get("trouble")

    found = {(one["outcome"], one["reason"], one["endpoint"]) for one in answer.json()["trouble"]}
    assert {
        ("discarded", "garbage_id", "track"),
        ("discarded", "garbage_id", "batch"),
        ("noted", "unread_time", "track"),
        ("noted", "time_ahead", "people"),
        ("rejected", "invalid_key", "track"),
        ("rejected", "invalid_body", "people"),
    } <= found
    assert ("rejected", "invalid_body", "track") not in found  # it came with the test key
    assert all(one["hint"] for one in answer.json()["trouble"])
    assert "private-matter" not in answer.text
    ends = {one["key_end"] for one in answer.json()["trouble"]}
    assert {server.live_key[-4:], "_key"} <= ends
