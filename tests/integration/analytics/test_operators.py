"""What operators make of values that only look different, or only look the same."""

from typing import Any

import pytest
from tests.support.reference import Event, Update, World, Worlds

from whipstitch.analytics.expressions import filters
from whipstitch.analytics.expressions.conditions import all_met
from whipstitch.analytics.session import QuerySession
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE


def _found(worlds: Worlds, sent: list[Any], on: str, operator: str, value: Any) -> list[Any]:
    """Those of the values that pass, sent as a property or a trait."""
    if on == "event":
        world = World([Event("e", f"id{at}", 0, {"m": one}) for at, one in enumerate(sent)])
    else:
        world = World(
            [Event("e", f"id{at}", 0) for at in range(len(sent))],
            updates=[Update(f"id{at}", "m", one) for at, one in enumerate(sent)],
        )

    async def ask(reading: QuerySession) -> set[str]:
        values = Parameters()
        asked = {"property": "m", "operator": operator, "value": value, "on": on}
        condition = all_met(filters.parse([asked], "f"), values, reading.persons)
        sql = f"SELECT sent_id FROM events WHERE {IN_SCOPE} AND {condition}"
        return {row[0] for row in await reading.run(values.sql(sql))}

    found = worlds.read(worlds.put(world).scope(), ask)
    return [one for at, one in enumerate(sent) if f"id{at}" in found]


@pytest.mark.parametrize("on", ["event", "person"])
@pytest.mark.parametrize("wanted", [1, 1.0, "1", "1.0", "1e0", "01", "+1"])
def test_what_reads_as_a_number_is_equal_by_value(worlds: Worlds, on: str, wanted: Any) -> None:
    ones = [1, 1.0, "1", "1.0", "1e0", "01", "+1"]

    assert _found(worlds, [*ones, 2, "1 ", "x", None, True], on, "is", wanted) == ones


@pytest.mark.parametrize("on", ["event", "person"])
@pytest.mark.parametrize("wanted", [0, -0.0, "0", "-0", "-0.0", "-0e5"])
def test_zero_has_no_sign(worlds: Worlds, on: str, wanted: Any) -> None:
    zeros = [0, -0.0, "0", "-0", "-0.0"]

    assert _found(worlds, [*zeros, 1, "", None], on, "is", wanted) == zeros
    assert _found(worlds, [[*zeros, 1], [1]], on, "any_of", wanted) == [[*zeros, 1]]


@pytest.mark.parametrize("on", ["event", "person"])
@pytest.mark.parametrize(
    "wanted", [2**53, 2**53 + 1, 2**64 + 1, -(2**53) - 1, 0, "12345678901234567891"]
)
def test_whole_numbers_are_told_apart_digit_by_digit(worlds: Worlds, on: str, wanted: Any) -> None:
    number = int(wanted)
    near = [number - 1, number, number + 1, str(number - 1), str(number), str(number + 1)]

    assert _found(worlds, near, on, "is", wanted) == [number, str(number)]
    assert _found(worlds, near, on, "gt", wanted) == [number + 1, str(number + 1)]
    assert _found(worlds, near, on, "lte", str(number)) == [near[0], near[1], near[3], near[4]]


@pytest.mark.parametrize("on", ["event", "person"])
def test_lists_are_their_json_without_blanks(worlds: Worlds, on: str) -> None:
    urls = ["https://a.example/x", "b"]

    assert _found(worlds, [urls, ["b"]], on, "is", '["https://a.example/x","b"]') == [urls]
    assert _found(worlds, [urls, ["b"]], on, "contains", "example/X") == [urls]


@pytest.mark.parametrize("on", ["event", "person"])
def test_an_object_is_no_value(worlds: Worlds, on: str) -> None:
    assert _found(worlds, [{"k": 1}, "k"], on, "contains", "k") == ["k"]
    assert _found(worlds, [{"k": 1}, "k"], on, "not_contains", "k") == [{"k": 1}]


@pytest.mark.parametrize("on", ["event", "person"])
@pytest.mark.parametrize("wanted", ["ibrahim", "IBRAHIM", "\u0130BRAH\u0130M", "\u0130brahim"])
def test_names_are_found_in_any_case(worlds: Worlds, on: str, wanted: str) -> None:
    sent = ["\u0130brahim", "I\u0307BRAH\u0130M", "ibrahim", "ebrahim"]

    assert _found(worlds, sent, on, "contains", wanted) == sent[:3]


@pytest.mark.parametrize("wanted", ["caf\u00e9", "cafe\u0301", "CAFE\u0301"])
def test_letters_are_found_however_they_are_composed(worlds: Worlds, wanted: str) -> None:
    sent = ["Caf\u00e9", "cafe\u0301 au lait", "cafe"]

    assert _found(worlds, sent, "event", "contains", wanted) == sent[:2]


def test_versions_are_in_the_order_that_the_standard_gives(worlds: Worlds) -> None:
    order = [
        *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"),
        *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.4", "2.4.1", "v2.10.0", "10", "10.0.0.1"),
    ]
    sent = [*order, "two", "", None, ["2.4"]]

    for at, version in enumerate(order):
        assert _found(worlds, sent, "event", "semver_lt", version) == order[:at]
        assert _found(worlds, sent, "event", "semver_gte", version) == order[at:]
    assert _found(worlds, sent, "person", "semver_lte", "2.4.0+build") == order[:9]


@pytest.mark.parametrize("on", ["event", "person"])
def test_elements_of_lists_are_asked_for_alone(worlds: Worlds, on: str) -> None:
    sent = [["a", "b"], ["b", 1], "a", ["1.0", {"a": 1}, ["a"]], [], {"a": 1}, '["a"]']

    assert _found(worlds, sent, on, "any_of", ["a", "c"]) == [["a", "b"], "a"]
    assert _found(worlds, sent, on, "any_of", 1) == [["b", 1], ["1.0", {"a": 1}, ["a"]]]
    assert _found(worlds, sent, on, "all_of", ["b", "1"]) == [["b", 1]]
    assert _found(worlds, sent, on, "none_of", ["a", "b", "1"]) == [[], {"a": 1}, '["a"]']
