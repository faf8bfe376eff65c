# SPDX-License-Identifier: BSD-2-Clause
"""As much of JSON Schema as our schemas use: status.schema.json, and one for each verb of jmctl."""
import functools
import json
import os
import re

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
         "boolean": bool, "null": type(None)}
STATUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/status.schema.json")
KNOWN = {"$schema", "$comment", "$defs", "$ref", "title", "description", "type", "enum", "pattern",
         "properties", "required", "additionalProperties", "items", "anyOf"}


@functools.lru_cache(maxsize=None)
def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def _is(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _resolve(ref, file):
    """"other.json#/a/b" beside file, or "#/a/b" in it: the schema there, and its file."""
    name, _, pointer = ref.partition("#")
    if name == "../status.schema.json":	# as installed
        file = STATUS
    elif name:
        file = os.path.join(os.path.dirname(file), name)
    schema = load(file)
    for word in pointer.split("/")[1:]:
        schema = schema[word]
    return schema, file


def _any(value, schemas, path, file):
    """The faults of the choice that fits best."""
    best = None
    for s in schemas:
        found = list(faults(value, s, path, file))
        if not found:
            return []
        if best is None or len(found) < len(best):
            best = found
    return best


def _object(value, schema, path, file):
    for name in sorted(set(schema.get("required", ())) - set(value)):
        yield "%s: %s is missing" % (path, name)
    for name, v in value.items():
        below = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
        if below is False:
            yield "%s: %s may not stand there" % (path, name)
        elif isinstance(below, dict):
            yield from faults(v, below, path + "/" + name, file)


def faults(value, schema, path="", file=""):
    """
    The faults of the value, a text each. An unknown word in the schema is a fault, too. file: the
    schema, for $ref.
    """
    for word in set(schema) - KNOWN:
        yield "%s: the schema has an unknown word %s" % (path, word)
    if "$ref" in schema:
        below, where = _resolve(schema["$ref"], file)
        yield from faults(value, below, path, where)
        return
    if "anyOf" in schema:
        yield from _any(value, schema["anyOf"], path, file)
        return
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_is(value, t) for t in types):
        yield "%s: %.80r is no %s" % (path, value, " or ".join(types))
        return
    if "enum" in schema and value not in schema["enum"]:
        yield "%s: %.80r is none of %s" % (path, value, schema["enum"])
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield "%s: %.80r does not match" % (path, value)
    if isinstance(value, dict):
        yield from _object(value, schema, path, file)
    if isinstance(value, list):
        for i, v in enumerate(value):
            yield from faults(v, schema["items"], "%s[%d]" % (path, i), file)


def verb_path(verb):
    """The path of the schema for the --json output of a verb of jmctl."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../milter/ctl/schema",
                        verb + ".json")


def verb_faults(verb, value):
    return list(faults(value, load(verb_path(verb)), "", verb_path(verb)))


def paths(schema, path=""):
    """{path: type} of all leaves; "*" means any name."""
    found = {}
    below = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        below["*"] = schema["additionalProperties"]
    for name, s in below.items():
        if s["type"] == "object":
            found.update(paths(s, path + name + "/"))
        else:
            found[path + name] = "word" if "enum" in s else "time" if "pattern" in s else "number" \
                if "integer" in s["type"] else "text"
    return found
