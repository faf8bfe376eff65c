#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each module includes only what common/README allows it: the rows above its own, and the external headers of its row."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import source
import tap

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
FENCED = ("libmilter/", "libxml/", "openssl/", "db.h", "zstd.h", "jansson.h", "curl/", "iconv.h", "idn2.h", "microhttpd.h")


def table():
    """[(module, [external headers])] in the order of common/README."""
    rows = []
    for line in source.read("common/README").splitlines():
        column = re.split(r"\s{2,}|\t+", line.strip())
        if len(column) < 3:
            m = re.match(r"(\S+)\s+((?:[\w.]+(?:/|\.h)\s)+|-\s)", line)
            column = [m.group(1), m.group(2), ""] if m else []
        if len(column) >= 3 and column[0] != "module":
            rows.append((column[0], [] if column[1] == "-" else column[1].split()))
    return rows


def fence(header):
    return next((f for f in FENCED if header == f or (f.endswith("/") and header.startswith(f))), None)


def breaches(name, modules, external):
    """What a file includes that it may not. Files in t/ and milter/ may use every module."""
    part = name.split("/")
    for kind, header in INCLUDE.findall(source.read(name)):
        other = header.split("/")
        if kind == '"' and other[0] == "common" and part[0] == "common":
            if other[1] not in modules or modules.index(other[1]) > modules.index(part[1]):
                yield "%s includes %s, which stands below it" % (name, header)
        elif kind == '"' and other[0] == "milter" and part[0] == "common":
            yield "%s includes %s" % (name, header)
        elif kind == "<" and fence(header):
            if part[0] == "common" and fence(header) not in external[part[1]]:
                yield "%s includes <%s>" % (name, header)
            if part[0] == "milter" and fence(header) not in ("jansson.h", "openssl/") and \
                    (fence(header), part[1]) not in (("libmilter/", "daemon"), ("microhttpd.h", "web")):
                yield "%s includes <%s>" % (name, header)


rows = table()
names = [m for m, _ in rows]
tap.is_(names[:3], ["base", "mail", "view"], "the table of common/README is read")
folders = sorted(d for d in os.listdir(os.path.join(tap.SRC, "common")) if os.path.isdir(os.path.join(tap.SRC, "common", d)))
tap.is_([d for d in folders if d not in names], [], "every folder of common/ stands in the table")
found = [b for n in source.files(".c", ".h") if n.startswith(("common/", "milter/")) for b in breaches(n, names, dict(rows))]
source.report(found, "no include against the table")
process = re.compile(r"(?<!->)\b(exit|_exit|abort|fork|vfork|pthread_create|execve?|execvp)\s*\(")
found = ["%s: %s" % (n, m.group(1)) for n in source.files(".c") if n.startswith("common/")
         for m in process.finditer(source.bare(source.read(n))) if not (m.group(1) == "pthread_create" and n.startswith("common/archive/"))]
source.report(found, "nothing in common/ exits, forks or starts a thread, but the archive its committer")
sys.exit(tap.done())
