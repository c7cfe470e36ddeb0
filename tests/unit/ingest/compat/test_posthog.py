"""What PostHog's clients send, beyond what the recordings show."""

import json
from typing import Any

import pytest

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.posthog import translate
from whipstitch.ingest.compat.request import CompatRequest, Unreadable
from whipstitch.ingest.compat.translation import Translation

MOMENT = "2026-05-09T14:32:01.482Z"
UUID = "01a21c11-bd79-70f8-bf92-aa997e373b67"


def sent(body: object, **query: str) -> Translation:
    return translate(CompatRequest("POST", "/batch", query, {}), json.dumps(body).encode())


def batch(*events: dict[str, Any]) -> Translation:
    return sent({"api_key": "phc_1", "batch": list(events)})


def merge(person: str, other: str, library: str = "") -> list[tuple[str, str]]:
    properties = {"distinct_id": person, "alias": other, "$lib": library}
    done = batch({"event": "$create_alias", "distinct_id": person, "properties": properties})
    payloads = [one["payload"] for one in done.operations]
    return [(one["alias_id"], one["distinct_id"]) for one in payloads]


def test_an_alias_of_the_python_client_means_that_its_distinct_id_was_the_former_one() -> None:
    assert merge("visitor-7", "member-9", "posthog-python") == [("visitor-7", "member-9")]


@pytest.mark.parametrize("library", ["posthog-node", "web", "posthog-ruby"])
def test_an_alias_of_all_other_clients_means_the_opposite(library: str) -> None:
    assert merge("member-9", "visitor-7", library) == [("visitor-7", "member-9")]


def test_without_a_library_the_id_that_looks_like_a_devices_gives_way() -> None:
    assert merge("ada", UUID) == merge(UUID, "ada") == [(UUID, "ada")]


def test_without_a_library_two_ids_that_look_alike_are_merged_in_either_direction() -> None:
    assert merge("ada", "bob") == [("bob", "ada"), ("ada", "bob")]


def test_a_group_is_no_person_and_no_event() -> None:
    done = batch(
        {"event": "$groupidentify", "distinct_id": "$company_acme", "$set": {"a": 1}},
        {"event": "x", "distinct_id": "ada", "properties": {"$groups": {"company": "acme"}}},
    )
    assert [one["payload"]["distinct_id"] for one in done.operations] == ["ada"]
    assert done.drops == {Reason.GROUP_TRAITS: 1}


def test_traits_stand_beside_the_event_or_inside_its_properties() -> None:
    inside = {"$set": {"a": 1}, "$set_once": {"b": 2, "none": None}, "$unset": ["c"], "kept": True}
    done = batch(
        {"event": "x", "distinct_id": "ada", "properties": inside, "uuid": UUID},
        {"event": "$set", "distinct_id": "ada", "$set": {"d": 4}, "timestamp": MOMENT},
    )
    traits = {"properties": {"a": 1, "c": None}, "set_once": {"b": 2}}
    assert [(one["type"], one["payload"]) for one in done.operations] == [
        ("people", traits | {"distinct_id": "ada", "message_id": UUID}),
        (
            "track",
            {
                "event_name": "x",
                "distinct_id": "ada",
                "properties": {"kept": True},
                "message_id": UUID,
            },
        ),
        ("people", {"properties": {"d": 4}, "distinct_id": "ada", "timestamp": MOMENT}),
    ]


def test_traits_of_the_first_visit_that_each_event_repeats_are_told_once_a_request() -> None:
    event = {"event": "x", "distinct_id": "ada", "$set_once": {"$initial_referrer": "$direct"}}
    kinds = [one["type"] for one in batch(event, event, event).operations]
    assert kinds == ["people", "track", "track", "track"]


def test_an_event_without_a_person_profile_sets_no_traits() -> None:
    properties = {"$process_person_profile": False, "$set": {"a": 1}}
    done = batch({"event": "x", "distinct_id": "ada", "properties": properties})
    assert [one["type"] for one in done.operations] == ["track"]


def test_an_offset_counts_back_from_when_the_client_sent_it() -> None:
    event = {"event": "x", "distinct_id": "ada", "offset": 2985}
    told = [
        sent([event], _="1795768052632"),
        sent({"batch": [event], "sent_at": "2026-11-27T08:27:32.632Z"}),
    ]
    times = [one.operations[0]["payload"]["timestamp"] for one in told]
    assert times == [1795768049647, 1795768049647]


def test_an_offset_counts_back_from_now_where_nothing_says_when_it_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    done = sent([{"event": "x", "distinct_id": "ada", "offset": 1500}])
    assert done.operations[0]["payload"]["timestamp"] == 1_799_999_998_500


def test_the_key_is_found_wherever_a_client_puts_it() -> None:
    event = {"event": "x", "distinct_id": "ada"}
    for done in (
        sent([event | {"properties": {"token": "phc_1"}}]),
        sent(event | {"api_key": "phc_1"}),
        sent({"token": "phc_1", "batch": [event]}),
        sent([event], api_key="phc_1"),
    ):
        assert done.key == "phc_1"


def test_recordings_of_sessions_are_dropped_with_their_reason() -> None:
    assert batch({"event": "$snapshot", "distinct_id": "ada"}).drops == {Reason.REPLAY_OFF: 1}


@pytest.mark.parametrize("body", [b"", b"7", b'{"batch": 7}', b"nonsense"])
def test_what_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        translate(CompatRequest("POST", "/e", {}, {}), body)


def test_odd_events_among_good_ones_are_dropped_alone() -> None:
    done = batch(
        {"event": "x", "distinct_id": 17},
        {"event": 5, "distinct_id": "ada"},
        {"event": "x"},
        {"event": "x", "distinct_id": {"no": 1}, "properties": "none"},
    )
    payloads = [one["payload"] for one in done.operations]
    assert [(one["event_name"], one["distinct_id"]) for one in payloads] == [
        ("x", "17"),
        ("5", "ada"),
    ]
    assert done.drops == {Reason.UNREADABLE_OPERATION: 2}
