from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.addresses import Networks, TrustedProxies, client_ip, is_private, parse_address
from whipstitch.core.errors import SettingsError

addresses = st.ip_addresses()
networks = st.one_of(
    st.builds(lambda ip, bits: f"{ip}/{bits}", st.ip_addresses(v=4), st.integers(0, 32)),
    st.builds(lambda ip, bits: f"{ip}/{bits}", st.ip_addresses(v=6), st.integers(0, 128)),
).filter(lambda text: not _is_mapped(text))
garbage = st.text(max_size=100).filter(lambda text: "," not in text and not _is_address(text))

PRIVATE = [
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "192.168.0.0/16",
        "172.16.0.0/12",
        "::1/128",
        "fc00::/7",
    )
]


def _is_mapped(text: str) -> bool:
    network = ip_network(text, strict=False)
    return network.version == 6 and network.overlaps(ip_network("::ffff:0:0/96"))


def _is_address(text: str) -> bool:
    bare = text.strip().strip('"').strip("[").partition("]")[0]
    return any(
        parse_address(candidate) is not None
        for candidate in (bare, bare.partition(":")[0], bare.partition("%")[0])
    )


@given(addresses)
def test_an_address_is_private_exactly_when_the_contract_lists_it(
    address: IPv4Address | IPv6Address,
) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    expected = any((mapped or address) in network for network in PRIVATE)
    assert is_private(str(address)) is expected


@pytest.mark.parametrize(
    ("ip", "private"),
    [
        ("127.0.0.1", True),
        ("127.255.255.255", True),
        ("128.0.0.0", False),
        ("10.255.0.1", True),
        ("11.0.0.0", False),
        ("192.168.255.255", True),
        ("192.169.0.0", False),
        ("172.15.255.255", False),
        ("172.16.0.0", True),
        ("172.31.255.255", True),
        ("172.32.0.0", False),
        ("169.254.1.1", False),
        ("100.64.0.1", False),
        ("0.0.0.1", False),
        ("::1", True),
        ("::2", False),
        ("fbff:ffff::", False),
        ("fc00::", True),
        ("fdff::1", True),
        ("fe00::", False),
        ("fe80::1", False),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("", False),
        ("10.", False),
        ("10.0.0.1.example.com", False),
        ("localhost", False),
    ],
)
def test_the_edges_of_the_private_ranges(ip: str, private: bool) -> None:
    assert is_private(ip) is private


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_the_ipv4_address_inside(address: IPv4Address) -> None:
    assert parse_address(f"::ffff:{address}") == address


@given(st.ip_addresses(v=6))
def test_a_zone_is_dropped(address: IPv6Address) -> None:
    assert parse_address(f"{address}%eth0") == parse_address(str(address))


@pytest.mark.parametrize("text", ["", " ", "1.2.3", "1.2.3.4/8", "::g", "\ud800", "1" * 100_000])
def test_text_that_is_no_address_gives_none(text: str) -> None:
    assert parse_address(text) is None


@given(st.lists(networks, max_size=5), addresses)
def test_a_list_holds_what_its_networks_hold(
    entries: list[str], address: IPv4Address | IPv6Address
) -> None:
    expected = any(parse_address(str(address)) in ip_network(e, strict=False) for e in entries)
    assert (str(address) in Networks.parse(entries)) is expected


@given(networks, st.data())
def test_a_network_holds_its_first_and_last_address(entry: str, data: st.DataObject) -> None:
    network = ip_network(entry, strict=False)
    edge = data.draw(st.sampled_from([network[0], network[-1]]))
    assert str(edge) in Networks.parse([entry])


def test_single_addresses_ranges_and_blanks_may_be_mixed() -> None:
    networks = Networks.parse(["203.0.113.7", " 10.1.2.3/8 ", "", "2001:db8::/32"])
    assert "203.0.113.7" in networks
    assert "203.0.113.8" not in networks
    assert "10.200.0.1" in networks
    assert "2001:db8::5" in networks
    assert "2001:db9::5" not in networks
    assert "nonsense" not in networks


def test_mapped_addresses_and_ranges_meet_ipv4_ones() -> None:
    networks = Networks.parse(["::ffff:192.0.2.1", "::ffff:10.0.0.0/104"])
    assert "192.0.2.1" in networks
    assert "::ffff:192.0.2.1" in networks
    assert "10.9.9.9" in networks
    assert "11.0.0.0" not in networks


def test_an_empty_list_is_false_and_others_are_true() -> None:
    assert not Networks.parse([])
    assert not Networks.parse([" "])
    assert Networks.parse(["192.0.2.1"])
    assert Networks.parse(["192.0.2.0/24"])


@pytest.mark.parametrize("entry", ["10.0.0.300", "example.com", "10.0.0.0/33", "10.0.0.0-9"])
def test_an_entry_that_is_no_network_is_named_in_the_error(entry: str) -> None:
    with pytest.raises(SettingsError, match=entry):
        Networks.parse(["10.0.0.1", entry])


PROXIES = TrustedProxies.parse(["10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        # Nothing forwarded, or forwarded by somebody who is not a proxy of ours.
        ("203.0.113.9", None, "203.0.113.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1, 10.0.0.1", "203.0.113.9"),
        # One proxy, then a chain of them; what stands further left may be forged.
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.3, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.7, 198.51.100.1", "198.51.100.1"),
        # Nobody but proxies.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.1"),
        # Ports, brackets, quotes, spaces, spellings.
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db9::1]:443", "2001:db9::1"),
        ("10.0.0.1", "[2001:db9::1]", "2001:db9::1"),
        ("10.0.0.1", '"[2001:DB9:0::1]:443"', "2001:db9::1"),
        ("10.0.0.1", "2001:db9::1", "2001:db9::1"),
        ("10.0.0.1", " 198.51.100.1\t,10.0.0.2 ", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1,[2001:db8::5]:80", "198.51.100.1"),
        # Dual-stack sockets report IPv4 peers as mapped addresses.
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        # Garbage.
        ("10.0.0.1", "unknown", "10.0.0.1"),
        # What stands left of it was said by somebody who is not known.
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, _hidden, 10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, 300.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1,", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, , 10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown, 198.51.100.2, 10.0.0.2", "198.51.100.2"),
        ("10.0.0.1", ",,,", "10.0.0.1"),
        ("", "198.51.100.1", ""),
        ("/run/whipstitch.sock", None, "/run/whipstitch.sock"),
    ],
)
def test_whose_address_counts(peer: str, forwarded_for: str | None, client: str) -> None:
    assert client_ip(peer, forwarded_for, PROXIES) == client


@given(
    peer=addresses,
    elements=st.lists(st.one_of(addresses.map(str), garbage), max_size=6),
    proxies=st.lists(networks, max_size=4),
)
def test_the_right_most_address_that_is_no_proxy_is_the_clients(
    peer: IPv4Address | IPv6Address, elements: list[str], proxies: list[str]
) -> None:
    trusted = TrustedProxies.parse(proxies)
    ranges = [ip_network(proxy, strict=False) for proxy in proxies]

    def is_proxy(address: IPv4Address | IPv6Address | None) -> bool:
        return any(address in network for network in ranges)

    expected = parse_address(str(peer))
    if is_proxy(expected):
        parsed = [parse_address(element) for element in elements]
        unknown = [at for at, address in enumerate(parsed) if address is None]
        said = parsed[unknown[-1] + 1 :] if unknown else parsed
        others = [address for address in said if not is_proxy(address)]
        expected = others[-1] if others else expected
    assert client_ip(str(peer), ", ".join(elements), trusted) == str(expected)


@given(peer=addresses, header=st.text())
def test_without_trusted_proxies_no_header_changes_anything(
    peer: IPv4Address | IPv6Address, header: str
) -> None:
    client = client_ip(str(peer), header, TrustedProxies())
    assert ip_address(client) == parse_address(str(peer))
