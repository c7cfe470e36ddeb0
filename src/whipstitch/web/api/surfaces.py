"""The surfaces that questions are asked of, and how the body of one is read where it stands inside
another request."""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from whipstitch.core.errors import InvalidQuery
from whipstitch.registry.values import ReportKind
from whipstitch.web.api import bodies
from whipstitch.web.api.errors import field_at_fault
from whipstitch.web.api.flows import FlowsBody
from whipstitch.web.api.funnels import FunnelBody
from whipstitch.web.api.insights import InsightsBody
from whipstitch.web.api.retention import RetentionBody

ReportBody = InsightsBody | FunnelBody | RetentionBody | FlowsBody
B = TypeVar("B", bound=bodies.StrictBody)

BODIES: Final[Mapping[ReportKind, type[ReportBody]]] = {
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
