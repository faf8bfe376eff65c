# SPDX-License-Identifier: BSD-2-Clause
"""jmctl doctor in a test: its findings, traps that are planted, and the cures that it prints."""
import json
import os
import re
import signal
import subprocess

import run
import tap
from jmctl import PROGRAM
from journal_setup import ENV, jmctl, write

LEVELS = {0: "ok", 1: "warn", 2: "FAIL"}
# A line that begins with one of these is a command, not a line of a file.
COMMANDS = ("postconf ", "chmod ", "chown ", "chgrp ", "install ", "postcat ", "postfix ")


def findings(settings, *args):
    """
    (exit status, [(name, level, text, change)] without what is good, advice or not possible). The
    exit status must be that of the worst level.
    """
    status, out, complaint = jmctl("doctor", "--config", settings, "--no-dns", "--json", *args)
    if not out:
        tap.diag(complaint)
        return status, []
    answer = json.loads(out)
    if LEVELS.get(status) != answer["level"]:
        tap.ok(False, "the exit status is the worst level", "%s %s" % (status, answer["level"]))
    return status, [(f["name"], f["level"], f["text"], f["change"]) for f in answer["findings"]
                    if f["level"] in ("warn", "FAIL")]


def clean(d, what, *args):
    """Nothing is found, and the exit status is 0."""
    tap.is_(findings(d.settings, *args), (0, []), "%s: no finding, exit 0" % what)


def planted(d, what, name, level, *args, also=()):
    """Only this finding appears, and those that must come with it."""
    status, found = findings(d.settings, *args)
    tap.ok((name, level) in [f[:2] for f in found],
           "found: %s: %s %s" % (what, level, name), (status, found))
    tap.is_([f[0] for f in found if not f[3] and not f[0].startswith("smtp-")], [],
            "%s: with a cure" % what)
    tap.is_(sorted({f[0] for f in found if f[0] not in (name, *also)
                    and not f[0].startswith("smtp-")}), [], "%s: and nothing else" % what)
    return [f[:2] for f in found]


def settle(etc):
    """Postfix waits a second before it reads a file that was written just now."""
    for name in ("main.cf", "master.cf"):
        os.utime(os.path.join(etc, name), (1700000000, 1700000000))


def shell(command):
    """Run a command as somebody pastes it. Returns its output if it failed, else an empty text."""
    env = dict(ENV, PATH="%s:%s" % (os.path.dirname(PROGRAM), os.environ.get("PATH", "")))
    r = subprocess.run(["sh", "-ec", command], env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                       timeout=run.SAFETY_S)
    return "" if r.returncode == 0 else "%s: exit %d: %s" % (command, r.returncode,
                                                             r.stdout.decode("utf-8", "replace"))


class Traps:
    """A private Postfix in which traps are planted, several at a time. settings: the daemon's."""

    def __init__(self, settings, postfix, listener, *args):
        self.settings, self.postfix, self.listener = settings, postfix, listener
        self.etc, self.args = postfix.etc, ("--postfix", postfix.etc, *args)
        self.kept = {}
        for name in ("main.cf", "master.cf"):
            with open(os.path.join(self.etc, name), encoding="utf-8") as f:
                self.kept[name] = f.read()

    def restore(self, commands=()):
        """
        The files as they were; for the settings that the commands write to main.cf, a listener
        without the options of the pieces, as somebody writes it by hand.
        """
        names = re.findall(r"['\s](\w+) ?=", " ".join(c for c in commands if " -e " in c))
        own = tuple("  -o { %s =" % n for n in names)
        for name, text in self.kept.items():
            write(os.path.join(self.etc, name), "".join(
                line for line in text.splitlines(True) if not (own and line.startswith(own))))
        settle(self.etc)

    def reload(self):
        """As postfix reload, without its slow script."""
        settle(self.etc)
        with open(self.postfix.path("queue", "pid", "master.pid"), encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGHUP)

    def fill(self, command):
        """@E: the folder; @L, @C: the listener and its cleanup service; @P: postconf."""
        return command.replace("@P", "postconf -c @E").replace("@E", self.etc).replace(
            "@L", self.listener).replace("@C", "jcleanup/unix")

    def batch(self, traps):
        """
        traps: [(what, name of the finding, its level, command that plants it)]. All are planted and
        found; the commands that are printed as cures are run; then nothing is found.
        """
        self.restore([t[3] for t in traps])
        for what, _, _, command in traps:
            wrong = shell(self.fill(command))
            if wrong:
                tap.ok(False, "planted: " + what, wrong)
        self.reload()
        _, found = findings(self.settings, *self.args)
        for what, name, level, _ in traps:
            tap.ok((name, level) in [f[:2] for f in found],
                   "found: %s: %s %s" % (what, level, name), found)
        wanted = {t[1] for t in traps}
        tap.is_(sorted({f[0] for f in found if f[0] not in wanted
                        and not f[0].startswith("smtp-")}), [],
                "%s: and nothing else" % ", ".join(sorted(wanted)))
        for change in dict.fromkeys(f[3] for f in found if f[3]):
            if tap.ok(change.startswith(COMMANDS), "a cure is a command: %.70s" % change):
                wrong = shell(change)
                if wrong:
                    tap.ok(False, "the cure can be pasted", wrong)
        self.reload()
        tap.is_(findings(self.settings, *self.args), (0, []),
                "cured: %s" % ", ".join(t[0] for t in traps))
