"""Signing in and out, and what a session may do."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.integration.web.dashboard.conftest import Visit
from tests.support.server import Server

from whipstitch.web.auth.sessions import COOKIE


def sign_in(client: httpx.Client, email: str, password: str, **more: str) -> httpx.Response:
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def test_the_printed_account_signs_in(server: Server, stranger: httpx.Client) -> None:
    made = server.printed["first_run"]

    answer = sign_in(stranger, made["email"], made["password"], next="/p/x/live/people")

    assert (answer.status_code, answer.headers["location"]) == (303, "/p/x/live/people")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    home = stranger.get("/")
    assert home.headers["location"] == f"/p/{server.project_id}/live/events"
    assert stranger.get(home.headers["location"]).status_code == 200
    assert made["password"] not in server.log
    assert stranger.cookies[COOKIE] not in server.log


def test_behind_https_the_cookie_stays_there(server: Server, stranger: httpx.Client) -> None:
    made = server.printed["first_run"]
    stranger.headers["x-forwarded-proto"] = "https"

    answer = sign_in(stranger, made["email"], made["password"])

    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("email", ["nobody@example.com", "", "nul\0@example.com", "é" * 70_00])
def test_who_signs_in_wrongly_is_told_the_same_whoever_it_is(
    server: Server, stranger: httpx.Client, email: str
) -> None:
    known = sign_in(stranger, server.printed["first_run"]["email"], "wrong")
    unknown = sign_in(stranger, email, "wrong")

    assert known.status_code == unknown.status_code == 403
    assert "are not right" in known.text
    assert "are not right" in unknown.text
    assert COOKIE not in stranger.cookies


def guess(client: httpx.Client, email: str) -> httpx.Response:
    """Wrong passwords, until one is refused."""
    for _ in range(20):
        answer = sign_in(client, email, "wrong")
        if answer.status_code != 403:
            return answer
    raise AssertionError("none was refused")


def test_guessing_is_refused_even_with_the_right_password_and_harms_nobody_else(
    server: Server, visit: Visit, stranger: httpx.Client
) -> None:
    email = visit(password="right password").user.email

    refused = guess(stranger, email)

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 5
    assert f"Wait {refused.headers['retry-after']} seconds" in refused.text
    assert sign_in(stranger, email, "right password").status_code == 429
    elsewhere = {"x-forwarded-for": "198.51.100.1"}
    with httpx.Client(base_url=server.url, trust_env=False, headers=elsewhere, timeout=60) as owner:
        assert sign_in(owner, email, "right password").status_code == 303


def test_ten_wrong_passwords_lock_nobody_out_even_at_the_same_address(
    visit: Visit, stranger: httpx.Client
) -> None:
    email = visit(password="right password").user.email
    answers = [sign_in(stranger, email, "wrong") for _ in range(10)]

    assert [answer.status_code for answer in answers] == [403] * 10
    assert sign_in(stranger, email, "right password").status_code == 303


def test_a_browser_that_signed_in_before_is_not_kept_out_by_who_guesses_at_its_address(
    visit: Visit, stranger: httpx.Client
) -> None:
    email = visit(password="right password").user.email
    other = visit(password="right password").user.email
    cookie = sign_in(stranger, email, "right password").headers.get_list("set-cookie")[-1]
    known = cookie.partition(";")[0]
    assert known.startswith("whipstitch_device=")
    assert "HttpOnly" in cookie
    stranger.cookies.clear()

    guess(stranger, email)

    assert sign_in(stranger, email, "right password").status_code == 429
    stranger.headers["cookie"] = known
    assert sign_in(stranger, email, "right password").status_code == 303
    # It is no key to other accounts, and guessing with it is as slow as without.
    stranger.headers["cookie"] = known
    assert guess(stranger, other).status_code == 429
    assert guess(stranger, email).status_code == 429


def test_addresses_of_one_network_are_one_guesser(visit: Visit, stranger: httpx.Client) -> None:
    email = visit(password="right password").user.email
    statuses = []
    for number in range(20):
        stranger.headers["x-forwarded-for"] = f"2001:db8:7:7::{number:x}"
        statuses.append(sign_in(stranger, email, "wrong").status_code)
    assert statuses[-1] == 429

    stranger.headers["x-forwarded-for"] = "2001:db8:7:8::1"

    assert sign_in(stranger, email, "right password").status_code == 303


def test_a_flood_of_guesses_from_everywhere_leaves_room_for_who_was_here_before(
    server: Server, visit: Visit, stranger: httpx.Client
) -> None:
    email = visit(password="right password").user.email
    sign_in(stranger, email, "right password")
    del stranger.cookies[COOKIE]
    over = threading.Event()
    answers: list[int] = []

    def flood(client: httpx.Client, number: int) -> None:
        while not over.wait(0.05):
            number += 100
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            data = {"email": f"user{number}@example.com", "password": "wrong"}
            headers = {"x-forwarded-for": address}
            answers.append(client.post("/sign-in", data=data, headers=headers).status_code)

    with (
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
        ThreadPoolExecutor(70) as pool,  # one is looked at, and 60 may wait
    ):
        for number in range(70):
            pool.submit(flood, client, number)
        server.wait_until(lambda: 429 in answers)
        during = sign_in(stranger, email, "right password").status_code
        over.set()

    assert during == 303
    assert set(answers) == {403, 429}


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_another_site_cannot_sign_somebody_in(
    server: Server, stranger: httpx.Client, headers: dict[str, str]
) -> None:
    made = server.printed["first_run"]
    stranger.headers.update(headers)

    answer = sign_in(stranger, made["email"], made["password"])

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_without_a_session_every_page_leads_to_sign_in(
    server: Server, stranger: httpx.Client
) -> None:
    for page in ("events", "people", "settings/keys", "trouble"):
        asked = f"/p/{server.project_id}/live/{page}"
        answer = stranger.get(asked)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/sign-in?next={asked}"
    assert stranger.get("/api/v1/events").status_code == 401


def test_signing_out_ends_the_session(visit: Visit) -> None:
    visitor = visit()

    assert visitor.post("sign-out").headers["location"] == "/sign-in"

    visitor.client.cookies.set(COOKIE, visitor.secret)
    assert visitor.get("events").status_code == 303


def test_a_new_password_ends_the_other_sessions(visit: Visit, stranger: httpx.Client) -> None:
    visitor = visit(password="first password")
    email = visitor.user.email
    sign_in(stranger, email, "first password")
    fields = {"current": "first password", "new": "second password", "again": "second password"}

    wrong = visitor.post("settings/account", **fields | {"current": "guessed"})
    differing = visitor.post("settings/account", **fields | {"again": "third password"})
    done = visitor.post("settings/account", **fields)

    assert (wrong.status_code, differing.status_code) == (400, 400)
    assert done.status_code == 303
    assert visitor.get("events").status_code == 200  # with the cookie of the new session
    assert stranger.get("/").headers["location"] == "/sign-in"
    assert sign_in(stranger, email, "first password").status_code == 403
    assert sign_in(stranger, email, "second password").status_code == 303


def test_a_session_reads_the_project_that_it_names(server: Server, visit: Visit) -> None:
    visitor = visit("viewer")
    named = {"x-whipstitch-project": server.project_id}

    assert visitor.client.get("/api/v1/events", headers=named).status_code == 200
    by_query = visitor.client.get("/api/v1/events", params={"project": server.project_id})
    assert by_query.status_code == 200
    assert visitor.client.get("/api/v1/events").status_code == 400
    unknown = {"x-whipstitch-project": "proj_x"}
    assert visitor.client.get("/api/v1/events", headers=unknown).status_code == 404


def test_what_changes_something_needs_the_word_of_a_page_of_this_session(
    server: Server, visit: Visit
) -> None:
    editor, other, viewer = visit("editor"), visit("editor"), visit("viewer")
    headers = {"x-whipstitch-project": server.project_id}

    def undo(client: httpx.Client, csrf: str | None) -> int:
        sent = headers if csrf is None else headers | {"x-csrf-token": csrf}
        return client.delete("/api/v1/aliases/nobody_has_this", headers=sent).status_code

    assert undo(editor.client, None) == 403
    assert undo(editor.client, other.csrf) == 403
    assert undo(editor.client, editor.csrf) == 404
    assert undo(viewer.client, viewer.csrf) == 403
    token = {"authorization": f"Bearer {server.token}"}
    answer = httpx.delete(
        f"{server.url}/api/v1/aliases/nobody_has_this", headers=token, trust_env=False, timeout=60
    )
    assert answer.status_code == 404


def test_a_form_without_the_word_of_its_session_is_not_done(server: Server, visit: Visit) -> None:
    visitor, other = visit(), visit()

    for word in ("", other.csrf):
        answer = visitor.post("settings/keys", do="create", environment="live", csrf_token=word)
        assert answer.status_code == 403
    from_elsewhere = visitor.client.post(
        f"{visitor.place}/settings/keys",
        data={"csrf_token": visitor.csrf, "do": "create"},
        headers={"origin": "https://evil.example"},
    )
    assert from_elsewhere.status_code == 403
    assert server.live_key in visitor.get("settings/keys").text


def test_the_query_api_lets_no_other_origin_read(server: Server, visit: Visit) -> None:
    headers = {"x-whipstitch-project": server.project_id, "origin": "https://evil.example"}

    answer = visit().client.get("/api/v1/events", headers=headers)
    preflight = httpx.options(
        f"{server.url}/api/v1/events",
        headers={"origin": "https://evil.example", "access-control-request-method": "GET"},
        trust_env=False,
    )

    for one in (answer, preflight):
        assert not [name for name in one.headers if name.startswith("access-control")]


def test_the_page_holds_the_word_but_never_the_secret(visit: Visit) -> None:
    visitor = visit()

    page = visitor.get("people").text

    (word,) = re.findall(r'<meta name="csrf-token" content="([^"]+)">', page)
    assert word == visitor.csrf
    assert visitor.secret not in page
