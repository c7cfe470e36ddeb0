"""Members of cohorts, as statements name them."""

from whipstitch.queries.run import IN_SCOPE
from whipstitch.queries.values import Values


def member_keys(cohort_id: str, values: Values) -> str:
    """A query of ``key``, the keys of the people in a cohort."""
    cohort = values.add(cohort_id)
    return f"SELECT key FROM cohort_members WHERE {IN_SCOPE} AND cohort_id = {cohort}"
