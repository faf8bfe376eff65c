# SPDX-License-Identifier: BSD-2-Clause
"""The second half of contrib/quickstart: run the programs, with the servers of the tests."""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time

TOP = os.environ["JM_SRCDIR"]
sys.path.insert(0, os.path.join(TOP, "t/lib"))
import smtp
import tap
from daemon import PROGRAM, Daemon
from jmctl import PROGRAM as JMCTL
from postfix import Postfix

REPORT = "t/corpus/journal/003-bcc-folded-case"


def say(what, text):
    print("%-10s %s" % (what, text), flush=True)


def shown(settings, *args, lines=None):
    """Run jmctl and print the command and its output, or only the first lines of it."""
    print("\n$ jmctl " + " ".join(args), flush=True)
    r = subprocess.run([JMCTL, args[0], "--config", settings, *args[1:]], stdout=subprocess.PIPE,
                       check=True)
    text = r.stdout.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n").split("\n")
    cut = ["..."] if lines and len(text) > lines else []
    print("\n".join("  " + line for line in text[:lines] + cut), flush=True)


class Quickstart:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.state = os.path.join(self.folder, "quickstart.json")

    def saved(self):
        """The state that an earlier run saved: {"daemon": pid, "port": n}, or None."""
        try:
            with open(self.state, encoding="ascii") as f:
                return json.load(f)
        except (OSError, ValueError):
            return None

    def save(self, **what):
        with open(self.state, "w", encoding="ascii") as f:
            json.dump(what, f)

    def stop_old(self):
        """Stop the programs of an earlier run; True if any were running."""
        saved, found = self.saved() or {}, False
        if os.path.exists(os.path.join(self.folder, "postfix/etc/main.cf")):
            old = Postfix(os.path.join(self.folder, "postfix"))
            found = old.running()
            old.stop()
        try:
            pid = saved.get("daemon", 0)
            if pid and os.readlink("/proc/%d/exe" % pid) == os.path.realpath(PROGRAM):
                os.kill(pid, signal.SIGTERM)
                found = True
                while os.path.exists("/proc/%d/exe" % pid) and os.readlink("/proc/%d/exe" % pid):
                    time.sleep(0.05)
        except OSError:
            pass
        return found

    def prepare(self):
        """Make an empty folder; never touch one that is not from an earlier run."""
        if os.path.exists(self.folder) and os.listdir(self.folder) and self.saved() is None:
            sys.exit("quickstart: %s is not empty and not from an earlier run; "
                     "choose another with --dir" % self.folder)
        self.stop_old()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, mode=0o755)
        self.save()

    def start(self):
        self.prepare()
        self.daemon = Daemon(os.path.join(self.folder, "milter"), outbounds=("127.0.0.1/32",))
        self.daemon.start()
        self.save(daemon=self.daemon.pid)
        self.postfix = Postfix(os.path.join(self.folder, "postfix"), self.daemon.socket)
        self.postfix.start()
        self.save(daemon=self.daemon.pid, port=self.postfix.port)
        say("started", "journal-milter and a private Postfix on 127.0.0.1:%d, in %s"
            % (self.postfix.port, self.folder))

    def send(self):
        with open(os.path.join(TOP, REPORT + ".eml"), "rb") as f:
            report = f.read()
        r = smtp.send(self.postfix.port, "journal-ndr@example.com",
                      ["journaling@journal.example.com"], report)
        say("sent", "a journal report (%s.eml): %s" % (REPORT, r))
        if r.code != 250:
            sys.exit("quickstart: not accepted; the logs are %s and %s"
                     % (self.daemon.log_path(), self.postfix.path("log", "maillog")))

    def show(self):
        settings = self.daemon.settings
        item = str(self.daemon.jmctl.list()[0]["id"])
        for args in (["list"], ["show", "--bcc", item], ["verify"]):
            shown(settings, *args)
        shown(settings, "export", item, lines=12)
        print("\nThis is the message from inside the report, byte for byte, without the two\n"
              "header fields X-MS-Exchange-...-BCC, which Exchange wants removed: the Bcc\n"
              "recipients are in the envelope above. The report itself is kept too:\n"
              "jmctl export --bcc --report %s\n" % item)

    def further(self, keep):
        jmctl = "%s VERB --config %s" % (JMCTL, self.daemon.settings)
        if keep:
            print("It is running. Send more mail:\n"
                  "  swaks --server 127.0.0.1:%d --from a@example.com "
                  "--to journaling@journal.example.com --data FILE\n"
                  "Ask the archive:\n  %s\nStop it:\n  contrib/quickstart --stop%s"
                  % (self.postfix.port, jmctl,
                     "" if self.folder == DEFAULT else " --dir " + self.folder))
        else:
            print("Stopped; the archive stays. Ask it:\n  %s\n"
                  "List the verbs: jmctl --help. To leave it running: contrib/quickstart --keep"
                  % jmctl)


DEFAULT = "/var/tmp/journal-milter-quickstart"


def trouble(kind, value, _trace):
    """Print one line; exit handlers stop the started programs."""
    print("quickstart: %s: %s" % (kind.__name__, value), file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog="contrib/quickstart")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--dir", default=DEFAULT)
    options = parser.parse_args()
    sys.excepthook = trouble
    q = Quickstart(options.dir)
    if options.stop:
        print("quickstart: stopped" if q.stop_old()
              else "quickstart: nothing is running in %s" % q.folder)
        return
    q.start()
    q.send()
    q.show()
    if options.keep:
        tap.leave_running()
    else:
        q.postfix.stop()
        q.daemon.stop()
    q.further(options.keep)


main()
