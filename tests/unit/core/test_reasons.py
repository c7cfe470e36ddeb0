"""The one list of reasons."""

import pickle
from pathlib import Path

import pytest

from whipstitch.core.reasons import Outcome, Reason, reference
from whipstitch.ingest.http import snapshots
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.answers import Answer

GIVEN = [
    *vars(answers).values(),
    *answers.INVALID_PAYLOAD.values(),
    answers.rate_limited(1),
    *vars(snapshots).values(),
]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_hint(reason: Reason) -> None:
    assert reason.hint.endswith((".", "?"))


def test_every_reason_to_refuse_a_request_has_an_answer() -> None:
    given = {one.reason for one in GIVEN if isinstance(one, Answer) and one.reason}
    assert given == {one for one in Reason if one.outcome is Outcome.REJECTED}


def test_a_reason_is_itself_in_another_process() -> None:
    assert all(pickle.loads(pickle.dumps(one)) is one for one in Reason)  # noqa: S301 - our own


def test_the_page_in_the_docs_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "reasons.md"
    run = "run: python -m whipstitch.core.reasons > docs/reasons.md"
    assert page.read_text() == reference(), run
