"""Who may post, and by which way a browser came."""

import pytest
from starlette.requests import Request

from whipstitch.web.auth.browser_policy import is_from_here, is_https


def request(**headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": "/",
            "server": ("h", 80),
            "headers": named,
        }
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"host": "me:8080", "origin": "http://me:8080"}, True),
        ({"host": "inside", "x_forwarded_host": "me", "origin": "https://me"}, True),
        ({"host": "inside", "origin": "https://me", "sec_fetch_site": "same-origin"}, True),
        ({"host": "me", "origin": "https://evil.example"}, False),
        ({"host": "me", "origin": "null"}, False),
        ({"host": "me", "origin": "http://me", "sec_fetch_site": "cross-site"}, False),
        ({"host": "me", "sec_fetch_site": "same-site"}, False),
    ],
)
def test_a_form_of_another_site_is_known_as_such(headers: dict[str, str], expected: bool) -> None:
    assert is_from_here(request(**headers)) is expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [("https", True), ("HTTPS, http", True), ("http", False), ("", False), ("http, https", False)],
)
def test_https_is_what_the_proxy_says(forwarded: str, expected: bool) -> None:
    assert is_https(request(x_forwarded_proto=forwarded)) is expected
