"""What may stand in a project's allowlists, and the form it is kept in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.errors import RegistryError
from whipstitch.ingest.validation.origins import is_authorized
from whipstitch.registry.allowlists import normal_domains, normal_ips

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
SCHEMES = st.sampled_from(["http", "https", "capacitor"])
PORTS = st.none() | st.integers(1, 65_535)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("localhost:3000", "localhost:3000"),
        ("*.example.com", "*.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("HTTPS://app.example.com:443", "https://app.example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example:8443", "*.xn--bcher-kva.example:8443"),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("[::1]:8000", "[::1]:8000"),
        ("http://[0:0::1]", "http://[::1]"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_a_domain_is_kept_as_browsers_send_it(given_: str, kept: str) -> None:
    assert normal_domains([given_]) == (kept,)


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://",
        "example.com/shop",
        "example.com?x",
        "ada@example.com",
        "two words.com",
        "a..b",
        "-a.com",
        "*.*.example.com",
        "exa*mple.com",
        "example.com:http",
        "example.com:99999",
        "[::1",
        "[::g]",
        "a" * 64 + ".com",
        ".".join(["a" * 60] * 5),
        "null\0.com",
    ],
)
def test_what_no_origin_could_hold_is_no_domain(text: str) -> None:
    with pytest.raises(RegistryError, match="is no domain: use one such as"):
        normal_domains([text])


def test_empty_and_repeated_domains_are_dropped() -> None:
    assert normal_domains(["", " example.com ", "EXAMPLE.com", "  "]) == ("example.com",)


@given(SCHEMES, HOSTS, PORTS)
def test_an_origin_that_is_listed_is_let_in(scheme: str, host: str, port: int | None) -> None:
    origin = f"{scheme}://{host}" + (f":{port}" if port else "")

    kept = normal_domains([origin])

    assert is_authorized(origin, kept)
    assert is_authorized(f"{scheme}://{host}", normal_domains([host]))
    assert is_authorized(f"{scheme}://www.{host}", normal_domains([f"*.{host}"]))


@given(SCHEMES, HOSTS, PORTS)
def test_a_kept_domain_does_not_change_when_it_is_set_again(
    scheme: str, host: str, port: int | None
) -> None:
    once = normal_domains([f"{scheme.upper()}://{host.upper()}" + (f":{port}" if port else "")])

    assert normal_domains(once) == once


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 10.1.2.3/8 ", "10.0.0.0/8"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("fc00::1/7", "fc00::/7"),
        ("203.0.113.7/255.255.255.0", "203.0.113.0/24"),
    ],
)
def test_an_address_is_kept_in_its_short_form(given_: str, kept: str) -> None:
    assert normal_ips([given_]) == (kept,)


@pytest.mark.parametrize("text", ["example.com", "10.0.0", "10.0.0.0/33", "10.0.0.1:80", "/"])
def test_what_is_neither_an_address_nor_a_range_is_refused(text: str) -> None:
    with pytest.raises(RegistryError, match="is no IP address: use one such as"):
        normal_ips([text])


def test_empty_and_repeated_addresses_are_dropped() -> None:
    assert normal_ips(["", "::1", "0::1", " "]) == ("::1",)
