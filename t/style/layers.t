#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Each room of common/ includes only what common/README allows: the rooms above its own, and the
external headers of its row.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import rooms
import source
import tap

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
FENCED = ("libmilter/", "libxml/", "openssl/", "db.h", "zstd.h", "jansson.h", "curl/", "iconv.h",
          "idn2.h", "unicode/", "microhttpd.h")
# Headers that files of milter/ may include besides jansson.h: (pattern of the file's name, header).
MILTER = [(r"milter/daemon/", "libmilter/"),
    (r"milter/web/", "microhttpd.h"),
          (r"milter/ctl/(\w+/)?edrm\.c$", "openssl/"),  # MD5: see common/README
          (r"milter/ctl/doctor/rehearsal\.c$", "curl/")]
# Berkeley DB is leaving the distributions: what would have to change without it.
DB_FILES = ("common/catalog/catalog.c", "common/service/table_bdb.c", "common/publish/statsdb.c")
# Calls that common/ may make although they are otherwise no business of a library.
COMMON = [(r"common/archive/", "pthread_create"),
          (r"common/pop3/mailbox\.c$", "posix_spawn")]  # the command that prints a token
PARSER = re.compile(r"\bjson_load(s|b|f|fd|_file|_callback)\s*\(")
PROCESS = re.compile(r"(?<!->)\b(_?exit|_Exit|quick_exit|abort|v?fork|clone|posix_spawnp?|daemon"
                     r"|pthread_create|thrd_create|f?execve|execv?p?|execlp?e?)\s*\(")
VOLUME_FILE = re.compile(r'"[^"\n]*(?:\.jmv|%s/volumes/)[^"\n]*"')


def fence(header):
    matches = (f for f in FENCED if header == f or f.endswith("/") and header.startswith(f))
    return next(matches, None)


def allowed_outside(name, header, rows):
    """May the file include this external header?"""
    if header == "db.h" and name not in DB_FILES:
        return False
    if name.startswith("milter/"):
        return header == "jansson.h" or any(re.match(p, name) and header == h for p, h in MILTER)
    order = [room for room, _ in rows]
    room = name.split("/")[1]
    below_json = "json" in order and room in order and order.index(room) > order.index("json")
    return header in dict(rows).get(room, []) or (header == "jansson.h" and below_json)


def breaches(name, text, rows):
    """The headers that a file of common/ or milter/ includes and may not."""
    order = [room for room, _ in rows]
    part = name.split("/")
    for kind, header in INCLUDE.findall(text):
        other = header.split("/")
        if kind == '"' and part[0] == "common":
            if other[0] == "milter":
                yield "%s includes %s" % (name, header)
            elif other[0] == "common" and other[1] not in order[:order.index(part[1]) + 1]:
                yield "%s includes %s, which is not above it" % (name, header)
        elif kind == "<" and fence(header) and not allowed_outside(name, fence(header), rows):
            yield "%s includes <%s>" % (name, header)


def parser_calls(name, text):
    """Calls of jansson's parser outside of common/json."""
    if name.startswith("common/json/"):
        return []
    return ["%s: %s" % (name, m.group(0).rstrip("( ")) for m in PARSER.finditer(source.bare(text))]


def process_calls(name, text):
    """Calls that end, start or replace a process or start a thread, in common/."""
    if not name.startswith("common/"):
        return []
    found = [m.group(1) for m in PROCESS.finditer(source.bare(text))]
    return ["%s: %s" % (name, f) for f in found
            if not any(f == call and re.match(pattern, name) for pattern, call in COMMON)]


def volume_paths(name, text):
    """Names of volume files that are put together outside of common/volume."""
    if name.startswith("common/volume/"):
        return []
    return ["%s: %s" % (name, m.group(0)) for m in VOLUME_FILE.finditer(text)]


PLANTED_TABLE = rooms.table("room  may also include  contents\nbase  openssl/          errors\n"
                            "json  jansson.h         JSON\nmail  iconv.h idn2.h    mail, which is\n"
                            "                        pure\nlast  db.h              none\n")
tap.is_(PLANTED_TABLE, [("base", ["openssl/"]), ("json", ["jansson.h"]),
                        ("mail", ["iconv.h", "idn2.h"]), ("last", ["db.h"])], "a table is read")
PLANTED = [
    ("common/base/x.c", '"common/mail/field.h"', "a room below"),
    ("common/base/x.c", '"common/other/x.h"', "no room"),
    ("common/last/x.h", '"milter/ctl/ctl.h"', "milter/"),
    ("common/base/x.c", "<jansson.h>", "jansson.h above json"),
    ("common/mail/x.c", "<openssl/evp.h>", "another room's library"),
    ("milter/ctl/x.c", "<openssl/evp.h>", "openssl/"),
    ("milter/web/x.c", "<libmilter/mfapi.h>", "libmilter/"),
    ("milter/daemon/x.c", "<db.h>", "db.h in milter/"),
    ("common/last/x.c", "<db.h>", "db.h in another file of a room that has it"),
]
for planted, include, what in PLANTED:
    tap.is_(len(list(breaches(planted, "#include %s\n" % include, PLANTED_TABLE))), 1,
            "a planted include is seen: " + what)
for planted, include in (("common/mail/x.c", '"common/base/err.h"'),
                         ("common/last/x.c", "<jansson.h>"), ("common/mail/x.c", "<iconv.h>"),
                         ("milter/ctl/files/edrm.c", "<openssl/evp.h>")):
    tap.is_(list(breaches(planted, "#include %s\n" % include, PLANTED_TABLE)), [],
            "%s may include %s" % (planted, include))
tap.ok(parser_calls("milter/ctl/x.c", "v = json_loadb(p, n, 0, &e);") and
       not parser_calls("common/json/text.c", "v = json_loadb(p, n, 0, &e);") and
       not parser_calls("milter/ctl/x.c", "/* json_loads() */ v = jm_json_loads(p);"),
       "a planted call of jansson's parser is seen")
tap.ok(process_calls("common/base/x.c", "\tpthread_create(&t, NULL, run, NULL);") and
       process_calls("common/archive/x.c", "\tif (fork() == 0)\n\t\t_exit(1);") and
       process_calls("common/pop3/x.c", "\tposix_spawn(&p, a, NULL, NULL, v, e);") and
       not process_calls("common/archive/x.c", "\tpthread_create(&t, 0, run, 0);\n\tx->abort(x);"),
       "a planted thread, fork and exit are seen")
tap.ok(volume_paths("milter/ctl/x.c", 'snprintf(p, n, "%s/volumes/%08u.jmv", dir, i);') and
       not volume_paths("common/volume/x.c", 'snprintf(p, n, "%s/volumes/%08u.jmv", dir, i);') and
       not volume_paths("common/archive/x.c", '"no volume in %s/volumes"'),
       "a planted path of a volume is seen")

table = rooms.table()
tap.is_([room for room, _ in table][:3], ["base", "json", "mail"], "common/README's table is read")
common = os.path.join(tap.SRC, "common")
folders = sorted(d for d in os.listdir(common) if os.path.isdir(os.path.join(common, d)))
tap.is_([n for n in DB_FILES if not os.path.exists(os.path.join(tap.SRC, n))], [],
        "each file that may include db.h is there")
tap.is_([d for d in folders if d not in dict(table)], [], "every folder of common/ is in the table")
files = [n for n in source.files(".c", ".h") if n.startswith(("common/", "milter/"))]
source.report([b for n in files for b in breaches(n, source.read(n), table)],
              "no include against the table")
source.report([c for n in files for c in parser_calls(n, source.read(n))],
              "jansson's parser is called in common/json only")
source.report([c for n in files for c in volume_paths(n, source.read(n))],
              "only common/volume makes the name of a volume's file")
source.report([c for n in files for c in process_calls(n, source.read(n))],
              "nothing in common/ exits, forks or starts a thread, except those named above")
sys.exit(tap.done())
