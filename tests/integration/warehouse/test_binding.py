"""Values of statements, of any length and with anything in them."""

import os

import pytest

from whipstitch.warehouse.store import Store

ODD = [
    "",
    "it's",
    "\\",
    "\\'",
    "a\nb\tc\r\0d",
    "`q`",
    '"',
    "{n:UInt8}",
    "%(n)s",
    "ü🧵\u2028",
    "' OR 1 --",
]


@pytest.mark.parametrize("each", [0, 10, 1000, 20_000])
def test_texts_arrive_as_they_were_given(store: Store, each: int) -> None:
    texts = [text + "x" * each for text in ODD] * (1 if each else 10_000)
    values = {"texts": texts, "first": texts[0], "long": "y'" * 100 * each, "n": 7}
    sql = "SELECT {texts:Array(String)}, {first:String}, {long:String}, {n:UInt8}"
    expected = [(texts, texts[0], "y'" * 100 * each, 7)]

    assert store.query(sql, values) == expected
    work = store.run_in_background(lambda client: client.query(sql, values).result_rows)
    assert work.result() == expected


def test_numbers_arrive_as_they_were_given(store: Store) -> None:
    numbers = list(range(1_770_000_000_000, 1_770_000_010_000))

    assert store.query("SELECT {numbers:Array(Int64)}", {"numbers": numbers}) == [(numbers,)]


def test_a_command_and_a_file_may_have_long_values_too(store: Store) -> None:
    ids = [f"{number:0200}" for number in range(5000)]
    sql = (
        "INSERT INTO person_ids (id, parent, person) "
        "SELECT arrayJoin({ids:Array(String)}) AS id, right({long:String}, 2), id"
    )
    store.run_in_background(
        lambda client: client.command(sql, {"ids": ids, "long": "p" * 10**6 + "q"})
    ).result()

    assert store.query("SELECT uniqExact(id), max(parent) FROM person_ids") == [(5000, "pq")]
    source, sink = os.pipe()
    count = "SELECT length({ids:Array(String)})"
    store.pour(count, "TSVRaw", {"ids": ids}, sink).result()
    assert os.read(source, 100) == b"5000\n"
    os.close(source)
