"""``/openapi.json``: the description of all endpoints, made of the types they take and give."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from whipstitch import __version__
from whipstitch.web.api.bodies import FILTER
from whipstitch.web.api.endpoints import NO_TOKEN, NOT_NOW, Endpoint
from whipstitch.web.api.errors import Refused

_ABOUT: Final = """Reads what was ingested. Every endpoint wants a token of the project
(`whipstitch token create --project PROJECT --role viewer`). The ingestion endpoints
(`/api/v1/track`, `/people`, `/alias`, `/batch`) are described in `docs/ingestion.md`."""
_REF: Final = "#/components/schemas/{name}"
_TOO_LOW: Final = {
    "editor": "The token's role is viewer.",
    "admin": "The token's role is not admin.",
}


def description(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document, of OpenAPI 3.1."""
    types = list(dict.fromkeys([Refused, *(one for each in endpoints for one in _types(each))]))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(types, schemas, strict=True))
    sent = [each.sent for each in endpoints if each.sent]
    parameters = {one: _fields(components, by_type[one]) for one in sent}
    for one in sent:
        components.pop(_name(by_type[one]), None)
    paths: dict[str, dict[str, Any]] = {}
    for each in endpoints:
        path = _plain(each.path)
        operation = _operation(each, path, by_type, parameters)
        paths.setdefault(path, {})[each.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Whipstitch", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components | FILTER,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token made by `whipstitch token create`.",
                }
            },
        },
    }


def _types(endpoint: Endpoint) -> Iterator[Any]:
    for one in (endpoint.sent, endpoint.body, *endpoint.answers):
        if one is not None:
            yield one


def _operation(
    endpoint: Endpoint,
    path: str,
    by_type: Mapping[Any, dict[str, Any]],
    parameters: Mapping[Any, Mapping[str, Any]],
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": " ".join((endpoint.handler.__doc__ or "").split()),
        "responses": _responses(endpoint, by_type),
    }
    fields = parameters.get(endpoint.sent, {}) if endpoint.sent else {}
    places = [
        *(_parameter(name, field, path) for name, field in fields.items()),
        *(
            {"name": name, "in": "header", "schema": {"type": "string"}, "description": text}
            for name, text in endpoint.headers.items()
        ),
    ]
    if places:
        described["parameters"] = places
    if endpoint.body is not None:
        content: dict[str, Any] = {"schema": by_type[endpoint.body]}
        if endpoint.examples:
            content["examples"] = endpoint.examples
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    if endpoint.who is not None:
        described["security"] = [{"token": []}]
    return described


def _parameter(name: str, field: Mapping[str, Any], path: str) -> dict[str, Any]:
    required, description, schema = _told_apart(field)
    told: dict[str, Any] = {"name": name, "in": "path" if f"{{{name}}}" in path else "query"}
    told |= {"required": required, "schema": schema}
    if description:
        told["description"] = description
    return told


def _told_apart(field: Mapping[str, Any]) -> tuple[bool, str, dict[str, Any]]:
    """Whether a parameter is required, its description, and its schema. That it may be null says of
    a parameter that it may be left out."""
    schema = dict(field)
    required = schema.pop("required")
    kinds = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    if schema.get("default", 0) is None:
        schema.pop("default")
    if len(kinds) == 1:
        schema |= kinds[0]
    elif kinds:
        schema["anyOf"] = kinds
    return required, schema.pop("description", ""), schema


def _responses(endpoint: Endpoint, by_type: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success"}
    if endpoint.content:
        success["content"] = endpoint.content
    elif endpoint.answers:
        kinds = [by_type[one] for one in endpoint.answers]
        content: dict[str, Any] = {"schema": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}
        if len(endpoint.shown) == 1:
            content["example"] = next(iter(endpoint.shown.values()))
        elif endpoint.shown:
            content["examples"] = {name: {"value": value} for name, value in endpoint.shown.items()}
        success["content"] = {"application/json": content}
    refusals: dict[int, str] = {}
    if endpoint.who is not None:
        refusals |= {401: NO_TOKEN, 503: NOT_NOW}
    if endpoint.who in _TOO_LOW:
        refusals[403] = _TOO_LOW[endpoint.who]
    refusals |= endpoint.refusals
    error = {"application/json": {"schema": {"$ref": _REF.format(name=Refused.__name__)}}}
    told: dict[str, Any] = {str(endpoint.status): success}
    for status in sorted(refusals):
        told[str(status)] = {"description": refusals[status]}
        if status >= 400:
            told[str(status)]["content"] = error
    return told


def _fields(components: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    whole = components[_name(schema)]
    required = whole.get("required", ())
    return {
        name: {**field, "required": name in required} for name, field in whole["properties"].items()
    }


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"].rpartition("/")[2])


def _plain(path: str) -> str:
    """Without the kinds of Starlette's parameters."""
    return "".join(part.partition(":")[0] + "}" if ":" in part else part for part in _split(path))


def _split(path: str) -> Iterator[str]:
    for part in path.replace("}", "}\0").split("\0"):
        yield part.removesuffix("}") if ":" in part else part
