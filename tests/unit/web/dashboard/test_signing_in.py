"""Where who signs in is led."""

import pytest

from whipstitch.web.dashboard.signing_in import _local


@pytest.mark.parametrize(
    "path",
    ["", "//evil.example", "https://evil.example", "/\\evil.example", "/p/\\x", "/p/\nx", "/docs"],
)
def test_a_link_to_sign_in_leads_nowhere_but_to_a_page(path: str) -> None:
    assert _local(path) == "/"


def test_who_signs_in_comes_to_the_page_that_was_asked_for() -> None:
    assert _local("/p/proj_a/live/people?search=x") == "/p/proj_a/live/people?search=x"
