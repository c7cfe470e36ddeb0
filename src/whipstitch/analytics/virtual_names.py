"""The virtual names of projects, as the registry has them now."""

from collections.abc import Sequence

from whipstitch.analytics.expressions.virtual import Virtuals
from whipstitch.analytics.session import VirtualSource
from whipstitch.registry.meaning_values import Meaning
from whipstitch.registry.meanings import Meanings


def virtuals_in(registry: Meanings) -> VirtualSource:
    """What is virtual in a project, read anew each time: a change counts from then on, on all
    nodes. The function raises RegistryUnavailable."""
    return lambda project_id: virtuals_of(registry.virtual_meanings(project_id))


def virtuals_of(meanings: Sequence[Meaning]) -> Virtuals:
    return Virtuals(
        {one.name: one.any_of for one in meanings if one.any_of is not None},
        {one.name: one.expression for one in meanings if one.expression is not None},
    )
