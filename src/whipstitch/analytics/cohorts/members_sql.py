"""Members of cohorts, as statements name them.

Members are stored by ids and resolved here, so that whoever is in a cohort under one id is in it
under all, from the moment of the alias and back with its undo. A statement sees one version of a
cohort, whole."""

from collections.abc import Sequence

from whipstitch.identity.person_map import LINKED, key_of
from whipstitch.warehouse.parameters import Parameters
from whipstitch.warehouse.sql import IN_SCOPE

_PERSON = "if(known.person = '', members.member, known.person)"


def member_keys(cohort_id: str, values: Parameters) -> str:
    """A query of ``key``, the keys of the people in a cohort; nobody is in one that is unknown."""
    return f"SELECT {key_of(_PERSON)} AS key FROM {_resolved(cohort_id, values)}"


def members(cohort_id: str, values: Parameters) -> str:
    """A query of ``key`` and ``id`` of the people in a cohort, as ``people_of`` takes it: somebody
    named by several ids comes several times."""
    return f"SELECT {key_of(_PERSON)} AS key, {_PERSON} AS id FROM {_resolved(cohort_id, values)}"


def of_people(cohort_id: str, people: str, values: Parameters) -> str:
    """A query of ``member``, the ids that are in a cohort and are of people; ``people`` is a query
    of their keys."""
    resolved = _resolved(cohort_id, values)
    return f"SELECT members.member AS member FROM {resolved} WHERE {key_of(_PERSON)} IN ({people})"


def current(cohort_id: str, values: Parameters) -> str:
    """A query of the number of the version that is in force; 0: none is."""
    cohort = values.add(cohort_id)
    return f"SELECT max(version) FROM cohort_versions WHERE {IN_SCOPE} AND cohort_id = {cohort}"


def _resolved(cohort_id: str, values: Parameters) -> str:
    ids = (
        f"SELECT id AS member FROM cohort_members FINAL WHERE {IN_SCOPE} "
        f"AND cohort_id = {values.add(cohort_id)} AND version = ({current(cohort_id, values)})"
    )
    return (
        f"({ids}) AS members LEFT JOIN "
        f"(SELECT id AS alias, person FROM {LINKED}) AS known "
        "ON known.alias = members.member"
    )


def sizes(cohort_ids: Sequence[str], values: Parameters) -> str:
    """A query of the ids of cohorts and how many people are in each; none that nobody is in."""
    ids = values.add(list(cohort_ids), "Array(String)")
    named = f"{IN_SCOPE} AND cohort_id IN {ids}"
    member = "if(known.person = '', members.id, known.person)"
    return (
        f"SELECT members.cohort_id, uniqExact({key_of(member)}) "
        f"FROM (SELECT cohort_id, version, id FROM cohort_members FINAL WHERE {named}) AS members "
        "INNER JOIN (SELECT cohort_id, max(version) AS version FROM cohort_versions "
        f"WHERE {named} GROUP BY cohort_id) AS current "
        "ON current.cohort_id = members.cohort_id AND current.version = members.version "
        f"LEFT JOIN (SELECT id AS alias, person FROM {LINKED}) AS known "
        "ON known.alias = members.id GROUP BY members.cohort_id"
    )
