"""The ids of a person as a tree."""

import msgspec

from whipstitch.analytics.people.links import AliasLink, LinkedAlias, Links, shape, tree


def _flat(aliases: list[LinkedAlias]) -> list[object]:
    """Ids, each followed by the list of those below it where there are some."""
    found: list[object] = []
    for alias in aliases:
        found.append(alias.alias_id)
        if alias.aliases:
            found.append(_flat(alias.aliases))
    return found


def test_each_id_stands_under_the_one_that_it_leads_to() -> None:
    links = Links(
        {
            "a": AliasLink("b", 1),
            "b": AliasLink("u", 2),
            "c": AliasLink("b", 3),
            "d": AliasLink("u", 4),
        }
    )

    assert _flat(tree("u", links)) == ["b", ["a", "c"], "d"]


def test_a_chain_of_any_length_can_be_written_down() -> None:
    links = Links({f"id_{n}": AliasLink(f"id_{n + 1}", n) for n in range(5000)})

    text = msgspec.json.encode(tree("id_5000", links))

    assert text.count(b"alias_id") == 5000


def test_rows_are_shared_out_among_their_people() -> None:
    rows = [
        ("u", "a", "u", 1, 0, "alias", "Firefox, linux"),
        ("v", "b", "v", 2, 1, "", ""),
        ("u", "c", "a", 3, 1, "import", ""),
    ]

    assert shape(rows) == {
        "u": Links(
            {"a": AliasLink("u", 1, "alias", "Firefox, linux"), "c": AliasLink("a", 3, "import")},
            {"c"},
        ),
        "v": Links({"b": AliasLink("v", 2)}, {"b"}),
    }
