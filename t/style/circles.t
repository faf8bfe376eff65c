#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The object files say which file uses which: no circle of files inside a room of common/ or milter/,
and no use of a room against the table of common/README.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import rooms
import tap

# jmctl: main.c may use every folder, a folder only itself and cli/, cli/ only itself.
CTL, CTL_LOWEST = "milter/ctl", "milter/ctl/cli"


def show(user, used, symbols):
    return "%s -> %s: %s" % (user, used, " ".join(symbols))


def circles_of(objects, names):
    """Each circle as text, and the number of files that are in one."""
    text, count = [], 0
    for circle in objects.circles(names):
        order, against = objects.closing(circle)
        count += len(circle)
        text.append("circle of %d: %s" % (len(circle),
                                          " ".join(os.path.basename(n) for n in order)))
        text += ["  closed by " + show(*a) for a in against]
    return text, count


def against_table(objects, order):
    """Arrows from a room of common/ to one that is not above it in the table, or to milter/."""
    for user, used, symbols in objects.arrows():
        if not user.startswith("common/"):
            continue
        mine, other = user.split("/")[1], used.split("/")[1]
        if used.startswith("milter/") or mine not in order \
                or other not in order[:order.index(mine)]:
            yield show(user, used, symbols)


def against_ctl(objects):
    """Arrows between the folders of jmctl that are not main -> folder or folder -> cli."""
    for user, used, symbols in objects.arrows():
        mine, other = rooms.room_of(user), rooms.room_of(used)
        if mine.startswith(CTL) and other.startswith(CTL) and mine != CTL and other != CTL_LOWEST:
            yield show(user, used, symbols)


def planted():
    """
    A small tree with a circle, an arrow against the table, one into milter/ and one against jmctl's
    order, compiled.
    """
    files = {
        "common/base/low.c": "int high(void); int low(void) { return high(); }",
        "common/base/high.c": "int far(void); int high(void) { return far(); }",
        "common/base/far.c": "int low(void); int far(void) { return low(); }",
        "common/base/plain.c": "int low(void); int plain(void) { return low(); }",
        "common/base/up.c": "int mail(void); int up(void) { return mail(); }",
        "common/mail/mail.c": "int low(void); int mail(void) { return low(); }",
        "common/mail/out.c": "int ask(void); int out(void) { return ask(); }",
        "milter/ctl/main.c": "int ask(void); int main(void) { return ask(); }",
        "milter/ctl/ask/ask.c": "int print(void); int ask(void) { return print(); }",
        "milter/ctl/cli/print.c": "int setup(void); int print(void) { return setup(); }",
        "milter/ctl/setup/setup.c": "int print(void); int setup(void) { return print(); }",
        "milter/web/main.c": "int low(void); int main(void) { return low(); }",
    }
    top = os.path.join(tap.folder(), "planted")
    for name, text in files.items():
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write(text + "\n")
        folder, base = os.path.split(path)
        made = os.path.join(folder, ("web-" if "/web/" in name else "") + base[:-2] + ".o")
        subprocess.run([os.environ.get("CC", "cc"), "-c", path, "-o", made], check=True)
    shutil.copy(os.path.join(top, "common/base/low.o"), os.path.join(top, "common/base/gone.o"))
    return rooms.Objects(top, top)


tap.need("nm", os.environ.get("CC", "cc"))
plant = planted()
tap.is_(plant.circles(plant.rooms()["common/base"]),
        [["common/base/far.c", "common/base/high.c", "common/base/low.c"]],
        "a planted circle is seen, all of it and nothing else")
tap.is_(circles_of(plant, plant.rooms()["common/base"]),
        (["circle of 3: far.c high.c low.c",
          "  closed by common/base/far.c -> common/base/low.c: low"], 3),
        "it is shown with the symbol that closes it")
tap.is_(list(against_table(plant, ["base", "mail"])),
        ["common/base/up.c -> common/mail/mail.c: mail",
         "common/mail/out.c -> milter/ctl/ask/ask.c: ask"],
        "planted arrows against the table and into milter/ are seen")
tap.is_(list(against_ctl(plant)), ["milter/ctl/cli/print.c -> milter/ctl/setup/setup.c: setup"],
        "a planted arrow against the order of jmctl's folders is seen")
tap.ok("common/base/gone.c" not in plant.uses and "milter/web/main.c" in plant.uses,
       "an object whose source is gone is left out, one with a program's name before it is read")

tree = rooms.Objects(tap.SRC, tap.BUILD)
OTHER_BUILD = "common/publish/statsdb_none.c" if tap.STATS_DB else "common/publish/statsdb.c"
tap.is_(tree.missing(), [OTHER_BUILD],
        "the build tree has an object of every source file but %s" % OTHER_BUILD)
for room, names in sorted(tree.rooms().items()):
    found, count = circles_of(tree, names)
    tap.ok(not found, "%s: no circle of files" % room, "\n".join(found))
    tap.diag("%s: %d of %d files in circles" % (room, count, len(names)))
order = [room for room, _ in rooms.table()]
tap.is_(order[:2], ["base", "json" if "json" in order else "mail"],
        "the table of common/README is read")
found = list(against_table(tree, order))
tap.ok(not found, "no room of common/ uses one that is not above it in common/README",
       "\n".join(found))
found = list(against_ctl(tree))
tap.ok(not found, "jmctl: main.c uses the folders, these use cli/, and nothing goes back",
       "\n".join(found))
sys.exit(tap.done())
