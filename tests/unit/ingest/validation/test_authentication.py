from whipstitch.core.projects import IngestionKey, Project, ProjectSnapshot
from whipstitch.ingest.validation import answers
from whipstitch.ingest.validation.authentication import Authenticator

NOW = 29_000_000 * 60.0
OPEN = IngestionKey("sk_live_open", Project("p1", "Open"), "live")
FENCED = IngestionKey(
    "sk_live_fenced",
    Project("p2", "Fenced", domains=("example.com",), ips=("10.0.0.0/8",), rate_limit=1),
    "live",
)
DIRECTORY = ProjectSnapshot(keys={key.key: key for key in (OPEN, FENCED)})


def outcome(key: str, origin: str | None = None, ip: str = "192.0.2.1") -> object:
    client = Authenticator(0).recognise(DIRECTORY, key, origin, ip)
    return client.refusal or client.key


def test_a_known_key_of_an_open_project_may_send_from_anywhere() -> None:
    assert outcome(OPEN.key) is OPEN
    assert outcome(OPEN.key, origin="https://anywhere.test") is OPEN


def test_keys_are_checked_before_origins() -> None:
    assert outcome("", origin="https://evil.test") is answers.MISSING_KEY
    assert outcome("sk_live_nobody", origin="https://evil.test") is answers.INVALID_KEY


def test_an_origin_decides_where_there_is_one_and_the_address_where_not() -> None:
    assert outcome(FENCED.key, origin="https://example.com", ip="192.0.2.1") is FENCED
    assert outcome(FENCED.key, origin="https://evil.test", ip="10.1.2.3") is (
        answers.UNAUTHORIZED_ORIGIN
    )
    assert outcome(FENCED.key, ip="10.1.2.3") is FENCED
    assert outcome(FENCED.key, ip="11.1.2.3") is answers.UNAUTHORIZED_IP
    assert outcome(FENCED.key, ip="a unix socket") is answers.UNAUTHORIZED_IP


def test_one_kind_of_list_does_not_stand_in_for_the_other() -> None:
    only_domains = IngestionKey("k", Project("p", "P", domains=("example.com",)), "live")
    only_ips = IngestionKey("l", Project("p", "P", ips=("10.0.0.1",)), "live")
    directory = ProjectSnapshot(keys={"k": only_domains, "l": only_ips})
    gate = Authenticator(0)
    assert gate.recognise(directory, "k", None, "192.0.2.1").refusal is None
    assert gate.recognise(directory, "l", "https://any.test", "192.0.2.1").refusal is None


def test_the_limit_of_the_project_wins_over_the_general_one() -> None:
    gate = Authenticator(2)
    general = gate.recognise(DIRECTORY, OPEN.key, None, "192.0.2.1")
    own = gate.recognise(DIRECTORY, FENCED.key, None, "10.0.0.1")
    assert [gate.is_within_limit(general, NOW) for _ in range(3)] == [True, True, False]
    assert [gate.is_within_limit(own, NOW) for _ in range(2)] == [True, False]


def test_a_project_may_have_a_limit_by_address_of_its_own() -> None:
    keys = {
        name: IngestionKey(name, Project(name, name, address_rate_limit=limit), "live")
        for name, limit in (("strict", 1), ("off", 0), ("usual", None))
    }
    gate = Authenticator(0, address_limit=2)
    taken = {}
    for name in keys:
        client = gate.recognise(ProjectSnapshot(keys=keys), name, None, "192.0.2.1")
        taken[name] = sum(gate.is_within_limit(client, NOW) for _ in range(5))
    other = gate.recognise(ProjectSnapshot(keys=keys), "strict", None, "192.0.2.2")

    assert taken == {"strict": 1, "off": 5, "usual": 2}
    assert gate.is_within_limit(other, NOW)


def test_without_a_key_the_address_is_counted() -> None:
    gate = Authenticator(1)
    first, second = (gate.recognise(DIRECTORY, "", None, ip) for ip in ("192.0.2.1", "192.0.2.2"))
    assert gate.is_within_limit(first, NOW)
    assert gate.is_within_limit(second, NOW)
    assert not gate.is_within_limit(first, NOW)


def test_a_flood_of_made_up_keys_does_not_use_up_the_counts_of_real_ones() -> None:
    gate = Authenticator(1)
    for number in range(100_500):
        made_up = gate.recognise(DIRECTORY, f"sk_live_{number}", None, "192.0.2.1")
        gate.is_within_limit(made_up, NOW)
    real = gate.recognise(DIRECTORY, OPEN.key, None, "192.0.2.1")
    assert gate.is_within_limit(real, NOW)


def test_one_address_uses_up_its_own_share_and_nothing_of_the_keys() -> None:
    gate = Authenticator(4, address_limit=2)

    def send(ip: str, times: int) -> list[bool]:
        visitor = gate.recognise(DIRECTORY, OPEN.key, None, ip)
        return [gate.is_within_limit(visitor, NOW) for _ in range(times)]

    assert send("192.0.2.1", 100) == [True] * 2 + [False] * 98
    assert send("2001:db8::1", 1) + send("2001:db8::2", 2) == [True, True, False]
    assert send("192.0.2.3", 1) == [False]  # now the key's limit is reached
    assert gate.is_within_limit(gate.recognise(DIRECTORY, OPEN.key, None, "192.0.2.1"), NOW + 60)


def test_addresses_have_a_limit_where_keys_have_none() -> None:
    gate = Authenticator(0, address_limit=1)
    visitor = gate.recognise(DIRECTORY, OPEN.key, None, "192.0.2.1")

    assert [gate.is_within_limit(visitor, NOW) for _ in range(2)] == [True, False]


def test_a_flood_of_addresses_keeps_no_other_address_out() -> None:
    gate = Authenticator(0, address_limit=1)
    for number in range(100_100):
        ip = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        gate.is_within_limit(gate.recognise(DIRECTORY, OPEN.key, None, ip), NOW)

    assert gate.is_within_limit(gate.recognise(DIRECTORY, OPEN.key, None, "192.0.2.1"), NOW)
