"""Every route of the application as requests that could work, made from its own description."""

import re
from dataclasses import dataclass

from fastapi.routing import iter_route_contexts


@dataclass(frozen=True)
class Probe:
    """`path` is the template."""

    method: str
    path: str
    query: dict
    body: object

    def url(self, **values):
        return re.sub(r"\{(\w+)(:path)?\}", lambda hole: values.get(hole[1], "x"), self.path)


def probes(app):
    """One request a method and route; the static files and open pages included."""
    described = app.openapi()
    found = []
    for route in iter_route_contexts(app.routes):
        path = re.sub(r":path\}", "}", route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            told = described["paths"].get(path, {}).get(method.lower(), {})
            found.append(Probe(method, route.path, _query(told), _body(described, told)))
    return found


def _query(told):
    wanted = [one for one in told.get("parameters", ()) if one["in"] == "query"]
    return {one["name"]: minimal({}, one["schema"]) for one in wanted if one.get("required")}


def _body(described, told):
    content = told.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return minimal(described, schema) if schema else None


def minimal(described, schema):
    """The smallest value that a JSON schema allows, roughly."""
    if "$ref" in schema:
        target = described
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part] if part != "$defs" else schema.get("$defs", {})
        return minimal(described, target)
    for one_of in ("anyOf", "oneOf", "allOf"):
        if one_of in schema and "properties" not in schema:
            return minimal(described, schema[one_of][0])
    if "enum" in schema or "const" in schema:
        return schema.get("const", next(iter(schema.get("enum", ())), None))
    if schema.get("type") == "object":
        either = schema.get("oneOf", [{}])[0].get("required", [])
        wanted = [*schema.get("required", ()), *either]
        return {name: minimal(described, schema["properties"][name]) for name in wanted}
    values = {"array": [], "integer": 1, "number": 1.0, "boolean": False, "null": None}
    return values.get(schema.get("type"), "x" * max(1, schema.get("minLength", 1)))
