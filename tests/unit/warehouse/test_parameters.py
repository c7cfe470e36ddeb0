"""The values of a statement."""

from whipstitch.warehouse.parameters import Parameters


def test_each_value_has_a_placeholder_of_its_own() -> None:
    values = Parameters()
    first, second = values.add("x"), values.add(1.5, "Float64")

    sql = values.sql(f"SELECT {first}, {second}")

    assert sql.text == "SELECT {v0:String}, {v1:Float64}"
    assert sql.values == {"v0": "x", "v1": 1.5}


def test_a_statement_keeps_its_values_whatever_is_done_to_what_was_added() -> None:
    values, wanted = Parameters(), ["a"]
    values.add(wanted, "Array(String)")
    values.add(("b",), "Array(String)")
    sql = values.sql("SELECT 1")

    wanted.append("c")
    values.add("later")

    assert sql.values == {"v0": ["a"], "v1": ["b"]}
