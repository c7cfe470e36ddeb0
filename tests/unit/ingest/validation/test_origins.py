import pytest

from whipstitch.ingest.validation.origins import is_authorized


@pytest.mark.parametrize(
    ("origin", "domain"),
    [
        ("https://example.com", "example.com"),
        ("http://example.com:3000", "example.com"),
        ("https://EXAMPLE.com", "Example.COM"),
        ("https://example.com.", "example.com"),
        ("https://example.com", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://localhost:3000", "localhost:3000"),
        ("https://a.example.com", "*.example.com"),
        ("https://a.b.example.com:8443", "*.example.com"),
        ("https://a.example.com", "https://*.example.com"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://[::1]:3000", "[::1]"),
        ("capacitor://localhost", "localhost"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ],
)
def test_an_origin_is_taken(origin: str, domain: str) -> None:
    assert is_authorized(origin, ("other.test", domain))


@pytest.mark.parametrize(
    ("origin", "domain"),
    [
        ("https://example.org", "example.com"),
        ("https://example.com.evil.test", "example.com"),
        ("https://evilexample.com", "example.com"),
        ("https://evilexample.com", "*.example.com"),
        ("https://example.com", "*.example.com"),
        ("https://sub.example.com", "example.com"),
        ("https://evil.test/example.com", "example.com"),
        ("https://example.com@evil.test", "example.com"),
        ("http://example.com", "https://example.com"),
        ("https://example.com:8443", "https://example.com"),
        ("https://example.com", "example.com:8443"),
        ("null", "example.com"),
        ("", "example.com"),
        ("https://", "example.com"),
        ("https://example.com:port", "example.com"),
        ("https://[example.com", "example.com"),
    ],
)
def test_an_origin_is_refused(origin: str, domain: str) -> None:
    assert not is_authorized(origin, (domain,))


def test_an_endless_origin_is_refused_unread() -> None:
    assert not is_authorized("https://" + "a." * 200 + "example.com", ("*.example.com",))
