"""The OpenAPI 3.1 document, made from the route table and the types: it cannot say what is not so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from agent_ui.api.route import Route
from agent_ui.api.shapes import Problem

API_VERSION = "1"
_REF = "#/components/schemas/{name}"


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole document as plain JSON values."""
    routes = tuple(routes)
    types = {t for route in routes for t in (route.query, route.body, route.answer) if t is not None}
    named = sorted(types | {Problem}, key=lambda t: t.__name__)
    _, schemas = msgspec.json.schema_components(named, ref_template=_REF)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    # Queries are described parameter by parameter, so their types are not repeated as bodies.
    queries = {route.query.__name__ for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Callcard",
            "version": API_VERSION,
            "description": "Times are RFC 3339 in UTC, durations seconds. Errors are RFC 9457 problems.",
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.path.split("/")[3]],
        "parameters": [*_path_parameters(route), *_query_parameters(schemas[route.query.__name__])],
        "responses": _responses(route),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": _schema(route.body)}}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if name == "id" else {"type": "string"},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": about}
        for name, about in schema["properties"].items()
    ]


def _responses(route: Route) -> dict[str, Any]:
    if route.answer is not None:
        good: dict[str, Any] = {"200": _response(200, {"application/json": _schema(route.answer)})}
    else:
        audio: dict[str, Any] = {"audio/*": {"schema": {"type": "string", "format": "binary"}}}
        good = {"200": _response(200, audio), "206": _response(206, audio), "304": _response(304, None)}
    wrong = {400, 401, 503, *route.problems}
    problem = {"application/problem+json": _schema(Problem)}
    bad = {str(s): _response(s, None if s == 416 else problem) for s in sorted(wrong)}
    return good | bad


def _response(status: int, content: dict[str, Any] | None) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    return described if content is None else described | {"content": content}


def _schema(of: type) -> dict[str, Any]:
    return {"schema": {"$ref": _REF.format(name=of.__name__)}}
