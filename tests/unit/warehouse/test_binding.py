"""Long values of statements."""

from whipstitch.warehouse.binding import bound

_SQL = (
    "SELECT {a:String} WHERE id IN {ids:Array(String)} AND at IN {at:Array(Int64)} LIMIT {n:UInt8}"
)


def test_short_values_are_sent_beside_the_statement() -> None:
    values = {"a": "x", "ids": ["a", "b"], "at": range(10), "n": 1}

    assert bound(_SQL, values) == (_SQL, values, {})


def test_long_ones_stand_in_it() -> None:
    ids, at = ["it's \\ {n:UInt8}", "x" * 20_000], list(range(10_000))

    sql, parameters, settings = bound(_SQL, {"a": "x", "ids": ids, "at": at, "n": 1})

    assert parameters == {"a": "x", "n": 1}
    assert r"id IN CAST(['it\'s \\ {n:UInt8}','xxx" in sql
    assert "9998,9999], 'Array(Int64)')" in sql
    assert sql.startswith("SELECT {a:String} WHERE")
    assert sql.endswith("LIMIT {n:UInt8}")
    assert int(settings["max_query_size"]) > len(sql)
