"""As much of JSON Schema 2020-12 as server/openapi/ uses. A keyword that is not known here is an error."""
import re

ANNOTATIONS = {"description", "default", "examples", "contentEncoding", "contentMediaType"}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def resolve(document, part):
    """What a {"$ref": "#/…"} stands for."""
    while "$ref" in part:
        target = document
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        part = target
    return part


def problems(document, schema, value, where="body"):
    """What `value` has that `schema` does not allow, in words; empty where it fits. A key of an object that the schema
    does not name counts, too, unless it says additionalProperties: what is sent is to be described."""
    schema = resolve(document, schema)
    found = []

    def check(keyword, holds, what):
        if keyword in schema and not holds(schema[keyword]):
            found.append(f"{where}: {what} {schema[keyword]!r}, found {str(value)[:80]!r}")

    for keyword in schema:
        if keyword not in ANNOTATIONS and keyword not in CHECKED:
            raise ValueError(f"the test does not know the keyword {keyword!r}")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    check("type", lambda _: any(TYPES[name](value) for name in types), "expected")
    check("enum", lambda values: value in values, "expected one of")
    check("const", lambda constant: value == constant, "expected")
    if "oneOf" in schema:
        tried = [problems(document, option, value, where) for option in schema["oneOf"]]
        if (fits := sum(not t for t in tried)) != 1:
            found.append(f"{where}: fits {fits} of oneOf's schemas: {tried}")
    if TYPES["number"](value):
        check("minimum", lambda least: value >= least, "expected at least")
        check("maximum", lambda most: value <= most, "expected at most")
    if isinstance(value, str):
        check("minLength", lambda least: len(value) >= least, "expected a length of at least")
        check("maxLength", lambda most: len(value) <= most, "expected a length of at most")
        check("pattern", lambda pattern: re.search(pattern, value), "expected what matches")
    if isinstance(value, list):
        check("minItems", lambda least: len(value) >= least, "expected a number of items of at least")
        check("maxItems", lambda most: len(value) <= most, "expected a number of items of at most")
        for i, item in enumerate(value if "items" in schema else []):
            found += problems(document, schema["items"], item, f"{where}[{i}]")
    if isinstance(value, dict):
        check("required", lambda keys: set(keys) <= set(value), "expected the keys")
        others = schema.get("additionalProperties", "oneOf" in schema or "type" not in schema)
        for key, item in value.items():
            if key in schema.get("properties", {}):
                found += problems(document, schema["properties"][key], item, f"{where}.{key}")
            elif isinstance(others, dict):
                found += problems(document, others, item, f"{where}.{key}")
            elif not others:
                found.append(f"{where}: the key {key!r} is not described")
    return found


CHECKED = {"type", "enum", "const", "oneOf", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
           "items", "required", "additionalProperties", "properties", "pattern"}
