"""The filter of ids that may be stored."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.loader.id_filter import IdFilter

IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(st.lists(IDS))
def test_what_was_added_may_be_there(ids: list[str]) -> None:
    made = IdFilter()
    made.add(ids)

    assert made.add(ids) == ids


def test_of_others_few_may_be_there_until_it_is_full() -> None:
    made = IdFilter()
    while not made.is_full:
        made.add([secrets.token_hex(16) for _ in range(1000)])

    found = made.add([secrets.token_hex(16) for _ in range(20_000)])

    assert len(found) < 20_000 * 0.03


def test_while_it_is_filled_all_may_be_there_that_is_not_in_it_yet() -> None:
    made = IdFilter(stored=1)
    ids = [secrets.token_hex(16) for _ in range(100)]

    assert made.add(ids) == ids
    assert not made.is_complete


class Behind:
    """A ClickHouse that does not have yet what was added."""

    def raw_query(self, *_: object, **__: object) -> bytes:
        return bytes(8 << 16)


def test_what_is_added_before_it_is_filled_stays() -> None:
    made = IdFilter(stored=1)
    ids = [secrets.token_hex(16) for _ in range(100)]
    made.add(ids)

    assert not made.fill_some(Behind())  # type: ignore[arg-type] # as far as it is asked

    assert made.add(ids) == ids
    assert made.is_complete
    assert len(made.add([secrets.token_hex(16) for _ in range(100)])) < 10
