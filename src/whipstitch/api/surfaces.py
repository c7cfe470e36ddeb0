"""The surfaces that questions are asked of, and how the body of one is read where it stands inside
another request."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from whipstitch.api import bodies
from whipstitch.api.errors import field_at_fault
from whipstitch.api.flows import FlowsBody
from whipstitch.api.funnels import FunnelBody
from whipstitch.api.insights import InsightsBody
from whipstitch.api.retention import RetentionBody
from whipstitch.errors import InvalidQuery
from whipstitch.registry.values import Surface

AnyBody = InsightsBody | FunnelBody | RetentionBody | FlowsBody
B = TypeVar("B", bound=bodies.Body)

BODIES: Final[Mapping[Surface, type[AnyBody]]] = {
    "insights": InsightsBody,
    "funnels": FunnelBody,
    "retention": RetentionBody,
    "flows": FlowsBody,
}


def read(sent: dict[str, Any], body: type[B]) -> B:
    """``sent`` as a request of that kind has it. Raises InvalidQuery."""
    try:
        return body.model_validate_json(json.dumps(sent))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidQuery(*field_at_fault(first["loc"], first["msg"])) from None


def inside(error: InvalidQuery, path: str) -> InvalidQuery:
    """The same of a body that is the field ``path`` of another one."""
    message = str(error).removeprefix(f"{error.field}: ")
    return InvalidQuery(f"{path}.{error.field}" if error.field else path, message)
