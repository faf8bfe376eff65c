# SPDX-License-Identifier: BSD-2-Clause
"""jmctl setup, and private mail servers that run what it wrote."""
import os
import subprocess

import run
import tap
from jmctl import PROGRAM, checked, environment
from postfix import Postfix
from sendmail import Sendmail

# an installation's templates are not on this machine
ACCOUNTS = ("--user", "root", "--socket-group", "postfix")
ENV = dict(os.environ, JM_DATADIR=tap.SRC)


def jmctl(*args):
    """(exit status, standard output, standard error) with the templates of the source tree."""
    command = [PROGRAM, *map(str, args)]
    r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env=environment(command, **ENV), check=False,
                       timeout=600)
    if "--json" in args:
        checked(args[0], r.stdout)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as f:
        return f.read()


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


class Written:
    """
    The folder that jmctl setup example.com wrote, for a listener on loopback and a daemon of its
    own.
    """

    def __init__(self, folder, *args, domain="example.com", source="127.0.0.0/8", port=None,
                 address="127.0.0.1:%d"):
        self.folder, self.port = folder, port or run.port()
        os.makedirs(folder + ".d")
        os.chmod(folder + ".d", 0o755)
        self.socket = "unix:%s.d/milter.sock" % folder
        self.status, self.out, self.complaint = jmctl(
            "setup", domain, "--output", folder,
            *(("--mta-address", address % self.port) if address else ()), "--milter-socket",
            self.socket, "--archive", folder + ".d/archive", "--source", source,
            *ACCOUNTS, "--publish", folder + ".d/public", *args)

    def text(self, name):
        return read(self.folder, name)


class AppliedPostfix(Postfix):
    """
    A private Postfix whose journal pieces are those that were written, entered by postfix-apply
    with a listener of its own.
    """

    def __init__(self, folder, written, **kw):
        super().__init__(folder, port=written.port, journal_domains=(), **kw)
        self.written = written

    def _listener(self):
        return ""

    def _apply(self):
        run.output(os.path.join(self.written.folder, "postfix-apply"), "--yes", self.etc)


class AppliedSendmail(Sendmail):
    """
    A private Sendmail for other mail, as Debian sets it up, and the journal pieces that were
    written, entered by sendmail-apply with a listener of their own.
    """

    TAKEN = ("confSAFE_QUEUE", "confMAX_HEADERS_LENGTH", "confREJECT_NUL", "Mjhold")

    def __init__(self, folder, written, **kw):
        super().__init__(folder, journal_domains=(), **kw)
        self.written = written

    def _mc(self):
        own = "".join(line for line in super()._mc().splitlines(True)
                      if not any(t in line for t in self.TAKEN))
        return own.replace("MAILER(", "define(`confREJECT_NUL', `true')\nMAILER(", 1)

    def _apply(self):
        run.output(os.path.join(self.written.folder, "sendmail-apply"), "--yes",
                   self.etc + "/sendmail.mc")
