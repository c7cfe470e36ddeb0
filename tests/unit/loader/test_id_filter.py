"""The filter of ids that may be stored."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.loader.id_filter import IdFilter

IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(st.lists(IDS))
def test_what_was_added_may_be_there(ids: list[str]) -> None:
    made = IdFilter()
    for one in ids:
        made.add(one)

    assert all(map(made.may_have, ids))


def test_of_others_few_may_be_there_until_it_is_full() -> None:
    made = IdFilter()
    while not made.is_full:
        made.add(secrets.token_hex(16))

    found = sum(made.may_have(secrets.token_hex(16)) for _ in range(20_000))

    assert found < 20_000 * 0.03
