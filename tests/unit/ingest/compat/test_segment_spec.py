"""What Segment's and RudderStack's clients send, beyond what the recordings show."""

import base64
import json
from typing import Any

import pytest

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import CompatRequest, Unreadable
from whipstitch.ingest.compat.segment_spec import translate
from whipstitch.ingest.compat.translation import Translation

SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)


def sent(*calls: object) -> Translation:
    body = json.dumps({"batch": list(calls), "writeKey": "wk"}).encode()
    return translate(CompatRequest("POST", "/v1/batch", {}, {}), body)


def said(done: Translation) -> list[tuple[str, str, str]]:
    return [
        (
            one["type"],
            one["payload"].get("event_name") or one["payload"].get("alias_id") or "",
            one["payload"]["distinct_id"],
        )
        for one in done.operations
    ]


def rudder(kind: str, session: int, user: str = "", **more: Any) -> dict[str, Any]:
    """A call of a browser, whose anonymous id is always the same."""
    context = {"library": {"name": "RudderLabs JavaScript SDK"}, "sessionId": session}
    return {"type": kind, "userId": user, "anonymousId": "dev1", "context": context, **more}


def test_two_people_on_one_device_that_keeps_its_anonymous_id_do_not_get_each_others_past() -> None:
    done = sent(
        rudder("track", 1, event="before"),
        rudder("identify", 1, "ada"),
        rudder("track", 1, "ada", event="as_ada"),
        rudder("track", 2, event="after_reset"),  # reset() begins another session
        rudder("identify", 2, "bob"),
        rudder("track", 2, "bob", event="as_bob"),
        rudder("track", 3, event="after_reset"),
    )
    assert said(done) == [
        ("track", "before", "dev1:1"),
        ("alias", "dev1:1", "ada"),
        ("track", "as_ada", "ada"),
        ("track", "after_reset", "dev1:2"),
        ("alias", "dev1:2", "bob"),
        ("track", "as_bob", "bob"),
        ("track", "after_reset", "dev1:3"),
    ]


def test_an_alias_of_the_anonymous_id_is_one_of_the_anonymous_person() -> None:
    assert said(sent(rudder("alias", 1, "ada", previousId="dev1"))) == [("alias", "dev1:1", "ada")]
    plain = {"type": "alias", "userId": "ada", "anonymousId": "dev1"}
    assert said(sent(plain)) == [("alias", "dev1", "ada")]


def test_a_call_with_both_ids_says_that_they_are_one() -> None:
    call = {"type": "track", "event": "x", "userId": "ada", "anonymousId": "dev1"}
    assert said(sent(call, call)) == [
        ("alias", "dev1", "ada"),
        ("track", "x", "ada"),
        ("track", "x", "ada"),
    ]


def test_the_traits_of_an_identify_call_may_stand_in_its_context() -> None:
    call = {"type": "identify", "userId": 17, "context": {"traits": {"a": 1}}, "traits": {"b": 2}}
    payload = sent(call | {"messageId": "m1"}).operations[0]["payload"]
    assert payload == {"distinct_id": "17", "properties": {"a": 1, "b": 2}, "message_id": "m1"}


def test_a_group_call_says_nothing_of_a_person() -> None:
    done = sent({"type": "group", "userId": "ada", "groupId": "acme", "traits": {"a": 1}})
    assert done.operations == []
    assert done.drops == {Reason.GROUP_TRAITS: 1}


def test_what_a_context_says_has_the_names_that_reports_know() -> None:
    context = {
        "page": {"url": "https://e.com/a", "path": "/a", "referrer": "https://r.com", "title": "A"},
        "campaign": {"source": "mail", "name": "may", "id": 7},
        "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
        "userAgent": SAFARI,
        "app": {"version": "2.4.1"},
        "locale": "en-US",
        "custom": {"tier": 3},
    }
    own = {"path": "/b", "name": "Own"}
    call = {"type": "page", "name": "Home", "userId": "ada", "context": context, "properties": own}
    payload = sent(call).operations[0]["payload"]
    assert payload["event_name"] == "$pageview"
    assert payload["properties"] == own | {
        "$current_url": "https://e.com/a",
        "$pathname": "/b",
        "$referrer": "https://r.com",
        "$title": "A",
        "utm_source": "mail",
        "utm_campaign": "may",
        "utm_id": 7,
        "context": {"custom": {"tier": 3}},
    }
    assert payload["default_properties"] == {
        "$os": "ios",
        "$browser": "Mobile Safari",
        "$device_model": "iPhone",
        "$app_version": "2.4.1",
        "$locale": "en-US",
    }
    assert payload["lib_version"] == "analytics.js@npm:next-1.84.3"


def test_a_screen_call_is_a_screen_event_with_its_name() -> None:
    payload = sent({"type": "screen", "name": "Cart", "userId": "ada"}).operations[0]["payload"]
    assert (payload["event_name"], payload["properties"]) == ("$screen", {"$screen_name": "Cart"})


@pytest.mark.parametrize("path", ["/v1/t", "/v1/track"])
def test_the_path_names_the_call_where_the_body_does_not(path: str) -> None:
    body = json.dumps({"event": "x", "userId": "ada"}).encode()
    done = translate(CompatRequest("POST", path, {}, {}), body)
    assert [one["type"] for one in done.operations] == ["track"]


def test_the_key_is_found_in_the_header_the_body_and_the_query() -> None:
    basic = {b"authorization": b"Basic " + base64.b64encode(b"wk:")}
    for request, body in (
        (CompatRequest("POST", "/v1/t", {}, basic), b'{"event": "x"}'),
        (CompatRequest("POST", "/v1/t", {"writeKey": "wk"}, {}), b'{"event": "x"}'),
        (CompatRequest("POST", "/v1/t", {}, {}), b'{"event": "x", "writeKey": "wk"}'),
    ):
        assert translate(request, body).key == "wk"


def test_odd_calls_among_good_ones_are_dropped_alone() -> None:
    done = sent(
        {"type": "track", "event": "x"},
        {"type": "teleport", "userId": "ada"},
        "text",
        None,
        {"type": "track", "event": "x", "userId": "ada", "context": 7, "properties": []},
    )
    assert said(done) == [("track", "x", "ada")]
    assert done.drops == {Reason.UNREADABLE_OPERATION: 4}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"batch": 7}'])
def test_what_is_no_call_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        translate(CompatRequest("POST", "/v1/batch", {}, {}), body)
