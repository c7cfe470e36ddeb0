import json

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.journal.groups import COMMIT_START, seal_group, whole_groups

ROWS = st.text().map(lambda text: json.dumps({"k": "track", "name": text}).encode() + b"\n")
GROUPS = st.lists(st.lists(ROWS, min_size=1, max_size=4), min_size=1, max_size=4)


def sealed(groups: list[list[bytes]]) -> list[bytes]:
    return [seal_group(rows, len(rows)) for rows in groups]


def found_in(text: bytes) -> list[bytes]:
    return [text[group.start : group.end] for group in whole_groups(text)]


def rows_of(groups: list[bytes]) -> list[bytes]:
    return [group[: group.rindex(COMMIT_START)] for group in groups]


@given(GROUPS)
def test_whole_groups_are_found_with_their_rows(groups: list[list[bytes]]) -> None:
    text = b"".join(sealed(groups))
    assert found_in(text) == sealed(groups)
    assert [group.rows for group in whole_groups(text)] == [len(rows) for rows in groups]


@given(GROUPS)
def test_a_cut_at_every_byte_of_the_last_group_leaves_exactly_those_before(
    groups: list[list[bytes]],
) -> None:
    *before, last = sealed(groups)
    for end in range(len(last)):
        assert found_in(b"".join(before) + last[:end]) == before


@given(GROUPS, st.data())
def test_damage_in_one_group_takes_no_other(groups: list[list[bytes]], data: st.DataObject) -> None:
    whole = sealed(groups)
    index = data.draw(st.integers(0, len(whole) - 1))
    at = data.draw(st.integers(0, len(whole[index]) - 1))
    damaged = bytearray(whole[index])
    damaged[at] ^= data.draw(st.integers(1, 255))
    text = b"".join([*whole[:index], bytes(damaged), *whole[index + 1 :]])
    # A digit of the number of rows is no damage to them.
    left = whole[:index] + whole[index + 1 :]
    assert rows_of(found_in(text)) in (rows_of(left), rows_of(whole))


@given(GROUPS, st.binary(max_size=200))
def test_torn_bytes_between_groups_are_passed_over(groups: list[list[bytes]], torn: bytes) -> None:
    whole = sealed(groups)
    assert found_in((torn + b"\n").join([b"", *whole])) == whole


def test_a_row_that_quotes_a_commit_is_no_commit() -> None:
    """Clients' texts stand behind escaped quotes, and never at the start of a line."""
    row = json.dumps({"k": "track", "name": '{"k":"commit","rows":1,"bytes":0,"crc":0}\n'}).encode()
    group = seal_group([row + b"\n"], 1)
    assert found_in(group) == [group]


def test_nothing_holds_no_groups() -> None:
    assert found_in(b"") == []
    assert found_in(b'{"k":"commit","rows":1,"bytes":99999,"crc":0}\n') == []
