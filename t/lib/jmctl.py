# SPDX-License-Identifier: BSD-2-Clause
"""jmctl, as an operator uses it, its output taken as JSON."""
import json
import os
import re
import subprocess
import tempfile

import schema
import tap

PROGRAM = os.environ.get("JM_JMCTL") or os.path.join(tap.BUILD, "milter/ctl/jmctl")


def checked(verb, out):
    """
    Every JSON answer in any test is checked against the verb's schema. Only a mismatch becomes a
    claim.
    """
    for line in out.splitlines():
        wrong = schema.verb_faults(verb, json.loads(line))
        if wrong:
            tap.ok(False, "what jmctl %s --json prints is as its schema says" % verb,
                   "%s\n%.1500s" % ("\n".join(wrong[:20]), line.decode()))


_seen = set()
_SPACE = re.compile(r"\s*")


def environment(command, **more):
    """
    The environment of a command, with more variables. Under AddressSanitizer, the search for leaks
    takes half of the time of a short command. Each command is searched the first time that a test
    gives it; numbers in it do not count.
    """
    kind = re.sub(r"\d+", "", " ".join(command))
    env = dict(os.environ, **more)
    if kind in _seen:
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    _seen.add(kind)
    return env


def call(*args, timeout=600, **more):
    """(exit status, standard output as bytes, standard error as text). more: of subprocess."""
    command = [PROGRAM, *map(str, args)]
    r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, timeout=timeout,
                       **{"env": environment(command), **more})
    if "--json" in args:
        checked(args[0], r.stdout)
    return r.returncode, r.stdout, r.stderr.decode("utf-8", "replace")


def call_text(*args, **more):
    """As call(), with both outputs as text."""
    status, out, complaint = call(*args, **more)
    return status, out.decode("utf-8", "replace"), complaint


class Jmctl:
    """settings: path of a journal-milter.xml."""

    def __init__(self, settings):
        self.settings = settings

    def run(self, verb, *args, timeout=600):
        """(exit status, standard output as bytes, standard error as text)"""
        return call(verb, "--config", self.settings, *args, timeout=timeout)

    def _good(self, verb, *args):
        status, out, complaint = self.run(verb, *args)
        if status != 0:
            raise RuntimeError("jmctl %s %s: exit %d: %s" % (verb, " ".join(map(str, args)), status,
                                                             complaint))
        return out

    @staticmethod
    def objects(out):
        """The JSON values in the output: one after the other, or in one list."""
        text, found, decoder = out.decode("utf-8"), [], json.JSONDecoder()
        at = _SPACE.match(text).end()
        while at < len(text):
            value, at = decoder.raw_decode(text, at)
            found += value if isinstance(value, list) else [value]
            at = _SPACE.match(text, at).end()
        return found

    def list(self, *args):
        return self.objects(self._good("list", "--json", *args))

    def show(self, item):
        return self.objects(self._good("show", "--json", "--bcc", item))[0]

    def queue(self, *args):
        return self.objects(self._good("queue", "list", "--json", *args))

    def status(self):
        """Also without a daemon, which is exit status 69."""
        status, out, complaint = self.run("status", "--json")
        if status not in (0, 69):
            raise RuntimeError("jmctl status: exit %d: %s" % (status, complaint))
        return self.objects(out)[0]

    def events(self, kind=None, *args):
        found = self.objects(self._good("events", "--json", *args))
        return [e for e in found if kind is None or e.get("kind") == kind]

    def export(self, item, *args):
        """The exact bytes, also those that name Bcc recipients."""
        return self._good("export", "--bcc", *args, item)

    def exported(self, *args):
        """{(item, which): the exact bytes} of all items, also those that name Bcc recipients."""
        with tempfile.TemporaryDirectory() as scratch:
            folder, found = os.path.join(scratch, "all"), {}
            self._good("export", "--bcc", "--all", "--output", folder, *args)
            with open(os.path.join(folder, "manifest.jsonl"), encoding="utf-8") as f:
                for row in map(json.loads, f):
                    with open(os.path.join(folder, row["path"]), "rb") as eml:
                        found[row["id"], row["which"]] = eml.read()
            return found

    def items(self):
        """Every item as show gives it, oldest first."""
        return [self.show(i["id"]) for i in self.list()]

    def verify(self):
        """(exit status, the objects printed)"""
        status, out, _ = self.run("verify", "--json")
        return status, self.objects(out)
