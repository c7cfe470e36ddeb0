import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.placeholders import PLACEHOLDERS, Placeholders
from whipstitch.ingest.validation.ids import EventIds, is_garbage


@pytest.mark.parametrize("distinct_id", ["", "a", "\u00e9"])
def test_an_id_shorter_than_two_characters_is_garbage(distinct_id: str) -> None:
    assert is_garbage(distinct_id)


@given(
    st.text(max_size=5),
    st.sampled_from(["gzip", "*/*", "deflate", "identity", "accept"]),
    st.text(max_size=5),
)
def test_an_id_with_a_piece_of_a_header_in_it_is_garbage(
    before: str, piece: str, behind: str
) -> None:
    for spelled in (piece, piece.upper(), piece.title()):
        assert is_garbage(before + spelled + behind)


@pytest.mark.parametrize("distinct_id", ["ab", "\u00e9\u00e9", "user_123", "zip", "  ", "a/*"])
def test_any_other_id_is_none(distinct_id: str) -> None:
    assert not is_garbage(distinct_id)


def test_placeholders_are_known_in_any_case() -> None:
    placeholders = Placeholders()
    for named in ("anonymous", "Guest", "NULL", "[object Object]", " undefined ", "0", "NaN"):
        assert named in placeholders
    assert "user_123" not in placeholders
    assert all(placeholder in placeholders for placeholder in PLACEHOLDERS)


_LAST_SPACE = 0x3000
_SPACES = "".join(chr(code) for code in range(_LAST_SPACE + 1) if chr(code).isspace())
_AROUND = st.text(
    _SPACES + "\"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u200b\ufeff", max_size=4
)


@given(_AROUND, st.sampled_from(PLACEHOLDERS), _AROUND, st.booleans())
def test_placeholders_are_known_in_quotes_and_among_any_space(
    before: str, placeholder: str, behind: str, upper: bool
) -> None:
    named = placeholder.upper() if upper else placeholder.title()
    assert before + named + behind in Placeholders()


@given(_AROUND)
def test_a_blank_id_names_nobody_whatever_the_list(blank: str) -> None:
    assert blank in Placeholders()
    assert blank in Placeholders(["nobody"])


@pytest.mark.parametrize(
    "distinct_id",
    [
        *('"undefined"', "'null'", "<nil>", "(none)", "[object Undefined]", "ID", "-", "N/A"),
        *("\u3000\u2003", "\u201cNone\u201d", '\\"NULL\\"', "\u00a0guest\u00a0", '""', "' '"),
    ],
)
def test_what_released_clients_send_for_nobody_is_known(distinct_id: str) -> None:
    assert distinct_id in Placeholders()


@pytest.mark.parametrize(
    "distinct_id", ["'ann'", "0xdeadbeef", "guest_17", "id_1", "-7", "nobody", "annie n/a"]
)
def test_an_id_that_only_looks_alike_is_none_of_them(distinct_id: str) -> None:
    assert distinct_id not in Placeholders()


def test_a_long_id_is_compared_in_time_that_grows_with_it() -> None:
    assert '" ' * 10_000_000 in Placeholders()


def test_the_list_of_placeholders_can_be_another() -> None:
    assert "Nobody" in Placeholders(["nobody"])
    assert "anonymous" not in Placeholders(["nobody"])


def test_event_ids_are_nanoids_and_never_the_same() -> None:
    made = EventIds()
    ids = [made.next() for _ in range(5_000)]
    assert all(re.fullmatch(r"evt_[A-Za-z0-9_-]{21}", one) for one in ids)
    assert len(set(ids)) == 5_000
    assert {character for one in ids for character in one[4:]} >= set("-_059AZaz")
