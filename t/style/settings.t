#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Schema, table of settings, example and manual agree: each setting is in all of them, with the
same default, unit and change; and each is tried by a system test.
"""
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402

RNG = "{http://relaxng.org/ns/structure/1.0}"
CONFIG = os.path.join(tap.SRC, "config")


# of password-file: only one of them may be given
ALTERNATIVES = (("pop3", "password"), ("pop3", "oauth2-token-command"))


def read(name):
    with open(os.path.join(CONFIG, name), encoding="utf-8") as f:
        return f.read()


def table_rows():
    """{(section, name): row}; rows are dicts."""
    text = subprocess.run([os.path.join(tap.BUILD, "t/style/settings-table")], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    keys = ("section", "name", "type", "default", "unit", "change", "required", "many", "preset")
    rows = [dict(zip(keys, line.split("\t"))) for line in text.splitlines()]
    return {(r["section"], r["name"]): r for r in rows}


def schema_rows():
    """{(section, name): (required, many)} as the schema has it."""
    root = ET.fromstring(read("journal-milter.rng"))
    defines = {d.get("name"): d for d in root.iter(RNG + "define")}
    found = {}

    def walk(node, section, required, many):
        for child in node:
            tag = child.tag[len(RNG):]
            if tag in ("element", "attribute"):
                name = ("@" if tag == "attribute" else "") + child.get("name")
                if section:
                    found[section, name] = (required, many)
                if tag == "element":
                    walk(child, name, True, False)
            elif tag == "ref":
                walk(defines[child.get("name")], section, required, many)
            elif tag == "optional":
                walk(child, section, False, many)
            elif tag in ("zeroOrMore", "oneOrMore"):
                walk(child, section, False, True)
            elif tag in ("interleave", "group", "start"):
                walk(child, section, required, many)

    walk(root.find(RNG + "start"), None, True, False)
    return found


def manual_rows():
    """{(section, name): (type, default, unit, change)} of the tables in the manual."""
    found, section = {}, None
    for line in read("journal-milter.xml.5").splitlines():
        if line.startswith(".Ss The section "):
            section = line.split()[-1]
        elif line.startswith(".Sh "):
            section = None
        elif section and line.startswith(".It Cm "):
            found[(("domain" if " @" in line else section),
                   line.split()[2])] = tuple(line[7:].split(" Ta "))[1:]
    return found


def uncommented(text):
    """
    The example with its commented settings switched on: a comment that begins with an element.
    """
    return re.sub(r"<!--\s*(<.*?>)\s*-->", r"\1", text, flags=re.S)


def example_rows(text):
    """{(section, name): [values]}."""
    found = {}

    def walk(node):
        for child in node:
            found.setdefault((node.tag, child.tag), []).append((child.text or "").strip())
            for name, value in child.attrib.items():
                found.setdefault((child.tag, "@" + name), []).append(value)
            walk(child)

    walk(ET.fromstring(text.encode()))
    return found


def untried(settings):
    """The settings that no system test names."""
    text = ""
    for folder in ("system", "slow", "lib"):
        for name in sorted(os.listdir(os.path.join(tap.SRC, "t", folder))):
            if name.endswith((".t", "daemon.py")):
                with open(os.path.join(tap.SRC, "t", folder, name), encoding="utf-8") as f:
                    text += f.read()
    return [n for n in sorted({n.lstrip("@") for _, n in settings})
            if not re.search("[\"' (<](%s|%s)[\"'=>:]" % (n, n.replace("-", "_")), text)]


def main():
    table, schema, manual = table_rows(), schema_rows(), manual_rows()
    tap.ok(len(table) > 20, "the table has rows")
    tap.is_(sorted(schema), sorted(table), "the schema has the settings of the table")
    for key, row in table.items():
        tap.is_(schema.get(key), (row["required"] == "required", row["many"] == "many"),
                "schema: how often %s in %s may stand" % (key[1], key[0]))
    settings = {k: r for k, r in table.items() if r["type"] != "group"}
    tap.is_(sorted(manual), sorted(settings), "the manual's tables have the settings of the table")
    for key, row in settings.items():
        tap.is_(manual.get(key), (row["type"], row["default"], row["unit"], row["change"]),
                "manual: %s in %s" % (key[1], key[0]))
    tap.is_(untried(settings), [], "each setting is tried by a system test")
    text = read("journal-milter.xml.5")
    for section, name in table:
        if name != "@sub-domains" and table[section, name]["type"] != "group":
            tap.ok(re.search(r"^\.It Cm %s$" % re.escape(name), text, re.M),
                   "manual: %s is explained" % name)
    whole = uncommented(read("journal-milter.xml"))
    example = example_rows(whole)
    tap.is_(sorted(example), sorted(k for k in table if k not in ALTERNATIVES),
            "the example has every setting, optional ones in comments")
    for _, name in ALTERNATIVES:
        tap.ok("<%s>" % name in whole, "the example names the alternative " + name)
    for key, row in settings.items():
        if row["preset"] == "preset" and row["name"] != "@sub-domains":
            tap.is_(example.get(key, [])[:1], [row["default"]],
                    "example: %s shows its default" % key[1])
    path = os.path.join(tap.folder(), "whole.xml")
    with open(path, "w", encoding="utf-8") as f:
        # With a user and a group that this machine has.
        f.write(whole.replace("<user>journal-milter<", "<user>nobody<").replace(
            "<socket-group>journal-mta<", "<socket-group>nogroup<"))
    for file, what in ((path, "with all settings switched on"),
                       (os.path.join(CONFIG, "journal-milter.xml"), "as it is")):
        run = subprocess.run([os.path.join(tap.BUILD, "milter/ctl/jmctl"), "check", "--config",
                              file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tap.ok(run.returncode == 0, "the example loads, " + what, run.stdout.decode())
    smallest = re.search(r"^\.Bd -literal.*?\n(<journal-milter>.*?</journal-milter>)", text,
                         re.M | re.S)
    if tap.ok(smallest, "the manual has an example"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(smallest.group(1))
        run = subprocess.run([os.path.join(tap.BUILD, "milter/ctl/jmctl"), "check", "--config",
                              path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tap.ok(run.returncode == 0 and b"warning" not in run.stdout, "it loads without a warning",
               run.stdout.decode())
    sys.exit(tap.done())


main()
