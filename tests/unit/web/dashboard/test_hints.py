"""Hints for the developer who integrates."""

import pytest

from whipstitch.ingest.http import snapshots
from whipstitch.ingest.rejections import TIME_AHEAD, UNREAD_TIME
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer
from whipstitch.web.dashboard.hints import HINTS

GIVEN = [
    *vars(answers).values(),
    *answers.INVALID_PAYLOAD.values(),
    answers.rate_limited(1),
    *vars(snapshots).values(),
]
REFUSED = {one.reason for one in GIVEN if isinstance(one, Answer) and one.reason}
REASONS = REFUSED | {UNREAD_TIME, TIME_AHEAD}


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_for_which_something_is_not_stored_has_a_hint(reason: str) -> None:
    assert HINTS[reason].endswith(".") or HINTS[reason].endswith("?")


def test_no_hint_is_for_nothing() -> None:
    assert HINTS.keys() == REASONS
