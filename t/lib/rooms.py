# SPDX-License-Identifier: BSD-2-Clause
"""
The rooms of common/ as common/README lists them, and what the object files of a build say about
their order.
"""
import os
import re
import subprocess

import source

# A function with the name of one of libc, made for a library. Elsewhere the one of libc is meant.
REPLACED = re.compile(r'__asm__\("(\w+)"\)')


def table(text=None):
    """
    [(room, [external headers])] in the order of common/README: a row may use only the rows above
    it.
    """
    rows = []
    for line in (source.read("common/README") if text is None else text).splitlines():
        m = re.match(r"([a-z][a-z0-9]*)\s+(-|(?:[\w.]+(?:/|\.h)(?:\s(?=\S))?)+)\s{2,}\S", line)
        if m:
            rows.append((m.group(1), [] if m.group(2) == "-" else m.group(2).split()))
    return rows


def room_of(name):
    """common/archive/x.c is in common/archive; milter/ctl/ask/x.c in milter/ctl/ask."""
    part = name.split("/")
    return "/".join(part[:2]) if part[0] == "common" else "/".join(part[:-1])


class Objects:
    """
    Which source file uses which other one, through which symbols: from nm over the objects below
    common/ and milter/.
    """

    def __init__(self, src, build):
        self.src, self.build = src, build
        self.sources = sorted(
            os.path.relpath(os.path.join(d, n), src) for top in ("common", "milter")
            for d, _, names in os.walk(os.path.join(src, top)) for n in names if n.endswith(".c"))
        self.objects = {}
        for top in ("common", "milter"):
            for folder, _, names in os.walk(os.path.join(build, top)):
                for n in names:
                    path = os.path.relpath(os.path.join(folder, n), build)
                    name = self._source_of(path) if n.endswith(".o") else None
                    if name:
                        self.objects.setdefault(name, []).append(path)
        self._read_symbols()
        self.uses = {name: self._used_by(name) for name in sorted(self.objects)}

    def _source_of(self, path):
        """
        The file an object was made from; None for one whose source has moved away. Automake puts
        the program's name before it when the program has flags of its own.
        """
        folder, n = os.path.split(path[:-2])
        for base in (n, re.sub(r"^\w+-", "", n)):
            name = os.path.join(folder, base + ".c")
            if os.path.exists(os.path.join(self.src, name)) \
                    or os.path.exists(os.path.join(self.build, name)):
                return name
        return None

    def _read_symbols(self):
        self.defined, self.wanted, self.where = {}, {}, {}
        of = {path: name for name, paths in self.objects.items() for path in paths}
        r = subprocess.run(["nm", "-A", "-g", "-P"] + sorted(of), stdout=subprocess.PIPE,
                           check=True, cwd=self.build)  # one process: each takes 0.1 s to start
        found = {name: [] for name in self.objects}
        for line in r.stdout.decode().splitlines():
            path, _, symbol = line.partition(": ")
            found[of[path]].append(symbol.split()[:2])
        for name, symbols in found.items():
            self.defined[name] = {s for s, kind in symbols if kind not in "UwvN"}
            self.wanted[name] = {s for s, kind in symbols if kind in "Uwv"}
            for s in self.defined[name] - self._replaced(name):
                self.where.setdefault(s, []).append(name)

    def _replaced(self, name):
        path = os.path.join(self.src, name)
        if not os.path.exists(path):
            return set()
        with open(path, encoding="utf-8") as f:
            return set(REPLACED.findall(f.read()))

    def _used_by(self, name):
        """
        {other file: [symbols]}. Programs may have symbols of the same name: the nearest one is
        meant.
        """
        def distance(other):
            if room_of(other).split("/")[:2] == room_of(name).split("/")[:2]:
                return 0
            return 2 if other.startswith("milter/") and other.count("/") > 1 else 1
        used = {}
        for s in sorted(self.wanted[name] - self.defined[name]):
            found = sorted(self.where.get(s, []), key=lambda other: (distance(other), other))
            if found:
                used.setdefault(found[0], []).append(s)
        return used

    def missing(self):
        """Source files that the build tree has no object of."""
        return [n for n in self.sources if n not in self.objects]

    def rooms(self):
        """{room: [files]}"""
        found = {}
        for name in self.uses:
            found.setdefault(room_of(name), []).append(name)
        return found

    def circles(self, names):
        """The circles among these files: [[file]], the largest first."""
        inside = set(names)
        return sorted(
            (c for c in components({n: [o for o in self.uses[n] if o in inside] for n in names})
             if len(c) > 1), key=lambda c: (-len(c), c))

    def closing(self, circle):
        """
        The files of a circle in an order, what is used first, and the arrows against that order, as
        few symbols as a simple search finds: without these arrows there is no circle. ([file],
        [(user, used, [symbols])])
        """
        order, left = [], set(circle)
        top = []
        while left:
            def weight(n, outward):
                pairs = ((n, o) if outward else (o, n) for o in left if o != n)
                return sum(len(self.uses[a].get(b, [])) for a, b in pairs)
            low = sorted(n for n in left if not weight(n, True))
            high = sorted(n for n in left if not weight(n, False))
            if low:
                order += low
                left -= set(low)
            elif high:
                top = high + top
                left -= set(high)
            else:
                n = max(sorted(left), key=lambda n: weight(n, False) - weight(n, True))
                order.append(n)
                left.remove(n)
        order += top
        place = {n: i for i, n in enumerate(order)}
        return order, [(n, o, s) for n in order for o, s in sorted(self.uses[n].items())
                       if place.get(o, -1) > place[n]]

    def arrows(self):
        """Every use of a file in another room: (user, used, [symbols])."""
        return [(n, o, s) for n in self.uses for o, s in sorted(self.uses[n].items())
                if room_of(n) != room_of(o)]


def components(graph):
    """Strongly connected components of {node: [nodes]}, each sorted (Tarjan's algorithm)."""
    number, low, stack, found = {}, {}, [], []

    def visit(n):
        number[n] = low[n] = len(number)
        stack.append(n)
        for o in graph[n]:
            if o not in number:
                visit(o)
                low[n] = min(low[n], low[o])
            elif o in stack:
                low[n] = min(low[n], number[o])
        if low[n] == number[n]:
            at = stack.index(n)
            found.append(sorted(stack[at:]))
            del stack[at:]
    for n in sorted(graph):
        if n not in number:
            visit(n)
    return found
