"""How queries name the person of a row, by what waits to be rewritten."""

from dataclasses import replace

from whipstitch.core.projects import Scope
from whipstitch.identity.person_map import SETTLED, PersonMap, Persons, key_of, place, place_of

MERGED, SPLIT, BOTH, NEITHER = (
    Scope("proj_a", "live"),
    Scope("proj_a", "test"),
    Scope("proj_b", "live"),
    Scope("proj_b", "test"),
)
GENERATION = PersonMap(
    7, "person_map_7", merged=frozenset({MERGED, BOTH}), split=frozenset({SPLIT, BOTH})
)


def expressions(persons: Persons) -> tuple[str, str, str]:
    return (persons.key, persons.id, persons.anon_id)


def test_where_nothing_waits_nothing_is_looked_up() -> None:
    assert GENERATION.of(NEITHER) is SETTLED
    assert PersonMap().of(MERGED) is SETTLED
    assert not any("joinGet" in text for text in expressions(SETTLED))


def test_people_are_gone_through_twice_on_shards_only() -> None:
    asked = ("any(id)", "events WHERE 1", "who")
    assert SETTLED.grouped(*asked) == "SELECT any(id) FROM events WHERE 1 GROUP BY who"
    for scope in (NEITHER, MERGED, SPLIT):
        on_shards = replace(GENERATION, sharded=True).of(scope)
        assert expressions(on_shards) == expressions(GENERATION.of(scope))
        assert on_shards.grouped(*asked).count("FROM events WHERE 1 AND ") == 2


def test_a_merged_scope_looks_up_what_stands_in_distinct_id_only() -> None:
    persons = GENERATION.of(MERGED)
    for text in (persons.key, persons.id):
        assert place_of("distinct_id", "distinct_id") in text
        assert place_of("anon_id", "anon_id") not in text
        assert "person_map_7" in text


def test_a_split_scope_looks_up_both_and_anon_id_goes_first() -> None:
    assert GENERATION.of(SPLIT) == GENERATION.of(BOTH)
    for text in (GENERATION.of(SPLIT).key, GENERATION.of(SPLIT).id):
        first = text.index(place_of("anon_id", "anon_id"))
        assert first < text.index(place_of("distinct_id", "distinct_id"))


def test_people_are_told_apart_by_the_same_key_in_every_scope() -> None:
    assert SETTLED.key == key_of(SETTLED.id)
    for scope in (MERGED, SPLIT):
        assert GENERATION.of(scope).key.count(key_of("distinct_id")) >= 1


def test_scope_and_column_are_part_of_the_place() -> None:
    assert place_of("distinct_id", "x") != place_of("anon_id", "x")
    assert "{project_id:String}" in place_of("anon_id", "x")
    assert "{environment:String}" in place_of("anon_id", "x")
    assert place("'anon_id'", "x", "a") != place("'anon_id'", "x", "b")
