"""What released clients really sent, byte by byte: the answer that each needs, and what is stored.

Rows are written as ``kind: name | whose | …`` (``trait``: set; ``once``; ``add``) in the order in
which they are queued."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.doors import DIRECTORY, KEY, SHOP, Options, Row, Served, serving
from tests.support.recordings import Recorded, recorded

from whipstitch.core.projects import IngestionKey, ProjectSnapshot
from whipstitch.core.reasons import Reason

RECORDED_KEYS = (
    "0123456789abcdef0123456789abcdef",
    "sk_live_example",
    "phc_exampleprojectkey000000000000000000000000",
    "writekeyexample0000000000000000",
)
"""As they stand in the recordings: a project that has them takes the bytes as they are."""
SNOWPLOW = f"/snowplow/{KEY}"
OF_FIRST_VISIT = ("$", "utm_", "initial_")
"""What browsers set once of somebody's first visit is left out of the tables."""
OTHER = "$device:7c7f5ea8-0c59-47f7-b699-01297bbed1b4"
DEVICE = "$device:1c5ece29-f1ba-420c-959d-9017ef1f187e"
BROWSER, RESET = (
    "01a21c11-bc7c-7322-aa69-f4060045d482",
    "01a21c11-cf09-78c4-805e-15584a9ba6a1",
)
BROWSER_2024, RESET_2024 = (
    "01a21c1d-ce33-7072-9d56-533344b21adb",
    "01a21c1d-dfde-754f-8c44-7e5e21b7c45d",
)
VISITOR = "a000cb39-df1f-42a4-b926-eb6abbc80b61"
DEVICE_ID = "25c07271-4078-451a-b0b1-1ed719e0708b"

STORED = {
    "mixpanel-python": """
        event: checkout_started | user_123 | 1795767179168 | c1e4e5c9349748328ec08ca29ad6430e
        trait: $email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        once: first_seen | user_123 | "2026-05-01"
        add: logins | user_123 | 1
        trait: trial | user_123 | deleted
        event: old_event | user_123 | 1793175179000 | b8b89659d1084534b934855ae84ca530
        alias: anon_a3b9ff | user_123
        trait: $email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        once: first_seen | user_123 | "2026-05-01"
        add: logins | user_123 | 1
        trait: trial | user_123 | deleted
        event: checkout_started | user_123 | 1795767191960 | c2b3002bdeff4456a57455be6e4af337
        alias: anon_a3b9ff | user_123
        event: old_event | user_123 | 1793175192000 | d2a455ee35aa43ff8cd05c8d5d7f1173
        """,
    "mixpanel-browser": f"""
        alias: {DEVICE} | user_123
        event: $mp_web_page_view | {DEVICE} | 1795767271611 | pas3i2p9xomqurqm
        event: after_identify | user_123 | 1795767271620 | 799y6r96lhnwlywr
        event: checkout_started | {DEVICE} | 1795767271614 | 573dhowpoxymysmd
        alias: {DEVICE} | user_123
        trait: $os | user_123 | "Linux"
        trait: $browser | user_123 | "Chrome"
        trait: $browser_version | user_123 | 156
        trait: $email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        trait: trial | user_123 | deleted
        add: logins | user_123 | 1
        trait: $os | user_123 | "Linux"
        trait: $browser | user_123 | "Chrome"
        trait: $browser_version | user_123 | 156
        trait: company | user_123 | ["acme"]
        once: first_seen | user_123 | "2026-05-01"
        event: after_reset | {OTHER} | 1795767274632 | jbhbf4ea299b6467
        event: leaving | {OTHER} | 1795767278756 | lk9tqnh56ha9vbwu
        """,
    "amplitude-python": """
        alias: device_a3b9ff | user_123
        trait: plan | user_123 | "pro"
        trait: trial | user_123 | deleted
        once: first_seen | user_123 | "2026-05-01"
        add: logins | user_123 | 1
        trait: company | user_123 | "acme"
        event: checkout_started | user_123 | 1795767180863 | -
        event: revenue_amount | user_123 | 1795767180875 | -
        event: viewed | device_4ef2cc | 1700000000000 | -
        alias: device_a3b9ff | user_123
        trait: plan | user_123 | "pro"
        trait: trial | user_123 | deleted
        once: first_seen | user_123 | "2026-05-01"
        add: logins | user_123 | 1
        trait: company | user_123 | "acme"
        event: checkout_started | user_123 | 1795767195068 | -
        event: revenue_amount | user_123 | 1795767195071 | -
        event: viewed | device_4ef2cc | 1700000000000 | -
        """,
    "snowplow-python": """
        event: $pageview | user_123 | 1795767184258 | -
        event: add-to-basket | user_123 | 1795767184270 | -
        event: $pageview | user_123 | 1795767194002 | -
        event: add-to-basket | user_123 | 1795767194037 | -
        """,
    "otel-python": "event: checkout_started | user_123 | 1795767185757 | -",
    "posthog-js": f"""
        event: $pageview | user_123 | 1795767254393 | 7ke3lm8q1k2w2k1i
        alias: {BROWSER} | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        once: first_seen | user_123 | "2026-05-01"
        alias: user_alt | user_123
        trait: seats | user_123 | 4
        event: checkout_started | {BROWSER} | 1795767254164 | x9u7b9asbabrxa95
        event: after_identify | user_123 | 1795767254347 | 6g1phgwlb5xo6nra
        event: after_reset | {RESET} | 1795767258890 | ixzrf2u9xp00u1ac
        event: leaving | {RESET} | 1795767263396 | 0f6xcnxfd0z7d6tb
        event: $pageleave | {RESET} | 1795767263424 | 4jcrtxz9j038snwl
        """,
    "posthog-js-2024": f"""
        alias: {BROWSER_2024} | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        once: first_seen | user_123 | "2026-05-01"
        event: $pageview | user_123 | 1795768045131 | xridvghzhdf1v9ag
        alias: user_alt | user_123
        trait: seats | user_123 | 4
        event: checkout_started | {BROWSER_2024} | 1795768045123 | 1jroztp3vg3j40xs
        event: after_identify | user_123 | 1795768045127 | 0w8yfr3lgef63hqp
        event: after_reset | {RESET_2024} | 1795768049632 | ot56ua6jonleqjls
        event: leaving | {RESET_2024} | 1795768053941 | u2munug4p820r30w
        event: $pageleave | {RESET_2024} | 1795768053982 | l5lcswuhyx4yyulm
        """,
    "posthog-python": """
        alias: anon_a3b9ff | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        once: first_seen | user_123 | "2026-05-01"
        event: checkout_started | anon_a3b9ff | 1795767167848 | -
        event: checkout_completed | user_123 | 1795767167849 | -
        event: personless | user_9 | 1795767167849 | -
        event: $feature_flag_called | user_123 | 1795767167862 | -
        alias: anon_a3b9ff | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        once: first_seen | user_123 | "2026-05-01"
        event: checkout_started | anon_a3b9ff | 1795767187567 | -
        event: checkout_completed | user_123 | 1795767187568 | -
        event: personless | user_9 | 1795767187568 | -
        event: $feature_flag_called | user_123 | 1795767187571 | -
        """,
    "analytics-next": f"""
        event: checkout_started | {VISITOR} | 1795767285074 | -
        event: $pageview | {VISITOR} | 1795767285166 | -
        alias: {VISITOR} | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        alias: anon_a3b9ff | user_123
        alias: {VISITOR} | user_123
        alias: {VISITOR} | user_123
        event: after_identify | user_123 | 1795767285403 | -
        event: after_reset | c80b619b-7c4a-4785-986c-cbbab7d82971 | 1795767285429 | -
        event: leaving | c80b619b-7c4a-4785-986c-cbbab7d82971 | 1795767289805 | -
        """,
    "segment-python": """
        alias: anon_a3b9ff | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        event: checkout_started | user_123 | 1795767170276 | -
        event: $pageview | user_123 | 1795767170286 | -
        event: $screen | user_123 | 1795767170286 | -
        event: viewed | anon_4ef2cc | 1795767170286 | -
        alias: anon_a3b9ff | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        event: checkout_started | user_123 | 1795767189435 | -
        event: $pageview | user_123 | 1795767189435 | -
        event: $screen | user_123 | 1795767189435 | -
        event: viewed | anon_4ef2cc | 1795767189436 | -
        """,
    "segment-node": """
        alias: anon_a3b9ff | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        event: checkout_started | user_123 | 1795767240215 | -
        event: $pageview | user_123 | 1795767240226 | -
        event: $screen | user_123 | 1795767240226 | -
        event: viewed | anon_4ef2cc | 1795767240226 | -
        """,
    "rudder-js": f"""
        event: checkout_started | {DEVICE_ID}:1795767299086 | 1795767299147 | -
        event: $pageview | {DEVICE_ID}:1795767299086 | 1795767299164 | -
        alias: anon_a3b9ff | user_123
        alias: {DEVICE_ID}:1795767299086 | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        event: after_identify | user_123 | 1795767299197 | -
        event: after_reset | {DEVICE_ID}:1795767302011 | 1795767302013 | -
        event: leaving | {DEVICE_ID}:1795767302011 | 1795767306670 | -
        """,
    "rudder-python": """
        alias: anon_a3b9ff | user_123
        trait: email | user_123 | "ada@example.com"
        trait: plan | user_123 | "pro"
        event: checkout_started | user_123 | 1795767175028 | -
        event: $pageview | user_123 | 1795767175038 | -
        event: $screen | user_123 | 1795767175038 | -
        event: viewed | anon_4ef2cc | 1795767175038 | -
        """,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    keys = {key: IngestionKey(key, SHOP, "live") for key in RECORDED_KEYS}
    directory = ProjectSnapshot(keys={**DIRECTORY.keys, **keys})
    with (
        tempfile.TemporaryDirectory() as folder,
        serving("express", Path(folder), Options(directory=lambda: directory)) as served,
    ):
        yield served


def send(server: Served, sent: Recorded) -> list[Row]:
    snowplow = sent.name.startswith("snowplow")
    answer = server.ask(sent.request(prefix=SNOWPLOW if snowplow else ""))
    assert answer.status == (204 if sent.method == "OPTIONS" else 200)
    return server.new_rows()


def told(rows: list[Row]) -> list[str]:
    lines = []
    for row in rows:
        if row["k"] == "track":
            sent_as = row["properties"].get("$insert_id", "-")
            parts = [row["event_name"], row["distinct_id"], row["timestamp"], sent_as]
            lines.append("event: " + " | ".join(map(str, parts)))
        elif row["k"] == "alias":
            lines.append(f"alias: {row['alias_id']} | {row['distinct_id']}")
        elif row["property"]:
            kind = {0: "trait", 1: "once"}.get(row.get("operation", 0), "add")
            value = "deleted" if row["deleted"] else row["value"]
            if kind == "add":
                value = f"{float(value):g}"
            if kind == "once" and row["property"].startswith(OF_FIRST_VISIT):
                continue
            lines.append(f"{kind}: {row['property']} | {row['distinct_id']} | {value}")
    return lines


@pytest.mark.parametrize("client", STORED)
def test_a_recorded_run_is_stored_as_the_client_means_it(server: Served, client: str) -> None:
    server.new_rows()
    found = [line for sent in recorded(client, "ok") for line in told(send(server, sent))]
    assert found == [line.strip() for line in STORED[client].strip().splitlines()]


def test_a_browsers_run_of_amplitude_is_one_person_until_the_reset(server: Served) -> None:
    lines = [line for sent in recorded("amplitude-browser") for line in told(send(server, sent))]
    assert lines[0] == "alias: 1502d7c7-521c-482c-babb-ab0ae9258015 | user_123"
    events = [line.split(" | ")[:2] for line in lines if line.startswith("event")]
    assert events == [
        ["event: session_start", "user_123"],
        ["event: [Amplitude] Page Viewed", "user_123"],
        ["event: checkout_started", "user_123"],
        ["event: after_identify", "user_123"],
        ["event: revenue_amount", "user_123"],
        ["event: after_reset", "5adbadcf-e9ed-486c-a75a-c0d3ace0caad"],
    ]


@pytest.mark.parametrize(
    "sent",
    [one for client in STORED for one in recorded(client)],
    ids=lambda one: one.name,
)
def test_the_answer_is_the_clients_own(server: Served, sent: Recorded) -> None:
    snowplow = sent.name.startswith("snowplow")
    answer = server.ask(sent.request(prefix=SNOWPLOW if snowplow else ""))
    assert answer.status == (204 if sent.method == "OPTIONS" else 200)
    if sent.name.startswith("mixpanel"):
        assert answer.json["status"] == 1
        assert answer.json["error"] is None
    elif sent.name.startswith("amplitude"):
        assert answer.json["code"] == 200
        assert answer.json["payload_size_bytes"] == len(sent.body)
    elif sent.name.startswith(("posthog-js", "posthog-python")) and sent.path.startswith("/e/"):
        assert answer.json == {"status": 1}
    elif "/v1/batch" in sent.path or sent.path.startswith("/v1/t"):
        assert answer.body in (b"", b"OK", b'{"success":true}')
    origin = dict(sent.headers).get("Origin")
    assert answer.headers["access-control-allow-origin"] == (origin or "*")
    if origin:
        assert answer.headers["access-control-allow-credentials"] == "true"


def test_what_cannot_be_told_is_counted_with_its_reason(server: Served) -> None:
    before = server.service.stats.reasons.copy()
    for sent in recorded("mixpanel-python"):
        send(server, sent)
    found = server.service.stats.reasons - before
    # Appended tags and transactions, and a deletion; twice: plain and buffered.
    assert found == {Reason.UNSUPPORTED_OPERATION: 6, Reason.GROUP_TRAITS: 2}


def test_the_prefix_and_slashes_make_no_difference(server: Served) -> None:
    for client, prefix in (
        ("mixpanel-python", "/mixpanel"),
        ("amplitude-python", "//amplitude/"),
        ("otel-python", "/otlp"),
        ("posthog-js-2024", "/posthog"),
        ("segment-python", "/segment"),
        ("rudder-python", "/rudder/"),
    ):
        for sent in recorded(client, "ok"):
            plain = told(send(server, sent))
            assert server.ask(sent.request(prefix=prefix)).status == 200
            assert told(server.new_rows()) == plain
