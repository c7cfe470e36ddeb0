import pytest

from whipstitch.ingest.http.strictness import Headers, header_map, is_sound, size_of

HOST = (b"host", b"shop.test:8080")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], {}),
        ([(b"a", b"1"), (b"b", b"2")], {b"a": b"1", b"b": b"2"}),
        ([(b"a", b"1"), (b"a", b"2")], {b"a": b"1,2"}),
        ([(b"a", b"1"), (b"b", b""), (b"a", b"1")], {b"a": b"1", b"b": b""}),
        (
            [(b"x-forwarded-for", b"1"), (b"a", b"1"), (b"x-forwarded-for", b"2, 3")],
            {b"x-forwarded-for": b"1,2, 3", b"a": b"1"},
        ),
        (
            [(b"x-forwarded-for", b"1"), (b"x-forwarded-for", b"2"), (b"x-forwarded-for", b"1")],
            {b"x-forwarded-for": b"1,2,1"},
        ),
    ],
)
def test_several_values_of_a_name_are_one_list(
    headers: Headers, expected: dict[bytes, bytes]
) -> None:
    assert header_map(headers) == expected


@pytest.mark.parametrize(
    ("version", "headers", "sound"),
    [
        ("1.1", [HOST], True),
        ("1.1", [(b"host", b"")], True),
        ("1.1", [(b"host", b"[2001:db8::1]:80")], True),
        ("1.1", [(b"host", b"127.0.0.1 ")], True),
        ("1.1", [], False),
        ("1.1", [(b"x-host", b"shop.test")], False),
        ("1.1", [HOST, HOST], False),
        ("1.1", [HOST, (b"a", b""), (b"host", b"other.test")], False),
        ("1.1", [(b"host", b"a.test, b.test")], False),
        ("1.1", [(b"host", b"a.test b.test")], False),
        ("1.1", [(b"host", b"user@a.test")], False),
        ("1.1", [(b"host", b"a.test/path")], False),
        ("1.1", [(b"host", b"caf\xc3\xa9.test")], False),
        ("1.1", [HOST, (b"a", b"1"), (b"a", b"2")], True),
        ("1.0", [], True),
        ("1.0", [HOST], True),
        ("1.0", [HOST, HOST], False),
        ("0.9", [HOST], False),
        ("2.0", [HOST], False),
        ("1.1", [HOST, (b"transfer-encoding", b"chunked")], True),
        ("1.1", [HOST, (b"transfer-encoding", b"Chunked\t ")], True),
        ("1.1", [HOST, (b"transfer-encoding", b"gzip, chunked")], False),
        ("1.1", [HOST, (b"transfer-encoding", b",chunked")], False),
        (
            "1.1",
            [HOST, (b"transfer-encoding", b"gzip"), (b"transfer-encoding", b"chunked")],
            False,
        ),
        ("1.0", [HOST, (b"transfer-encoding", b"chunked")], False),
    ],
)
def test_a_head_means_one_thing_only(version: str, headers: Headers, sound: bool) -> None:
    assert is_sound(version, header_map(headers), headers) is sound


def test_the_size_of_a_head_is_what_was_sent_without_spaces() -> None:
    head = b"POST /api HTTP/1.1\r\nhost: a\r\nx: \r\n\r\n"
    assert size_of(b"/api", [(b"host", b"a"), (b"x", b"")]) == len(head)
