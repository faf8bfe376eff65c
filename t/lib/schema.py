# SPDX-License-Identifier: BSD-2-Clause
"""As much of JSON Schema as status.schema.json uses."""
import re

TYPES = {"object": dict, "string": str, "integer": int, "null": type(None)}


def faults(value, schema, path=""):
    """What is wrong with the value, a text each; an unknown word in the schema is wrong, too."""
    known = {"$schema", "$comment", "title", "description", "type", "enum", "pattern", "properties", "required", "additionalProperties"}
    for word in set(schema) - known:
        yield "%s: the schema has an unknown word %s" % (path, word)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, TYPES[t]) and not isinstance(value, bool) for t in types):
        yield "%s: %r is no %s" % (path, value, " or ".join(types))
        return
    if "enum" in schema and value not in schema["enum"]:
        yield "%s: %r is none of %s" % (path, value, schema["enum"])
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield "%s: %r does not match" % (path, value)
    if not isinstance(value, dict):
        return
    for name in set(schema.get("required", ())) - set(value):
        yield "%s: %s is missing" % (path, name)
    for name, v in value.items():
        below = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
        if below is False:
            yield "%s: %s may not stand there" % (path, name)
        elif isinstance(below, dict):
            yield from faults(v, below, path + "/" + name)


def paths(schema, path=""):
    """{path: type} of all leaves; "*" stands for any name."""
    found = {}
    below = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        below["*"] = schema["additionalProperties"]
    for name, s in below.items():
        if s["type"] == "object":
            found.update(paths(s, path + name + "/"))
        else:
            found[path + name] = "word" if "enum" in s else "time" if "pattern" in s else "number" if "integer" in s["type"] else "text"
    return found
