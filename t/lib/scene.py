# SPDX-License-Identifier: BSD-2-Clause
"""A mail server that uses journal-milter, as most system tests need it."""
import os

import sendmail
import smtp
import tap
from daemon import Daemon
from postfix import Postfix
from sendmail import Sendmail

OUTBOUND = "127.0.0.5"		# an authorized outbound
STRANGER = "127.0.0.99"		# not one


def servers(*wanted):
    """
    The classes of the mail servers to test, both by default; skips the test when it cannot be run.
    """
    wanted = wanted or ("postfix", "sendmail")
    tap.need("postconf", "openssl", "saslpasswd2", "m4", "cc", root=True)
    if "sendmail" in wanted and not sendmail.root():
        tap.skip_all("Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
    return [{"postfix": Postfix, "sendmail": Sendmail}[w] for w in wanted]


class Scene:
    """server: a class of servers(). daemon: arguments of Daemon; the rest are the server's."""

    def __init__(self, server, daemon=None, start=True, **kw):
        self.folder = os.path.join(tap.folder(),
                                   "%s-%d" % (server.name, len(os.listdir(tap.folder()))))
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        options = dict(outbounds=(OUTBOUND,))
        options.update(daemon or {})
        self.daemon = Daemon(os.path.join(self.folder, "milter"), **options)
        self.jmctl = self.daemon.jmctl
        if start:
            self.daemon.start()
        self.server = server(os.path.join(self.folder, server.name), self.daemon.socket,
                             **kw).start()
        self.port = self.server.port

    def client(self, source=OUTBOUND, **kw):
        c = smtp.Client(self.port, source=source, **kw)
        c.ehlo()
        return c

    def send(self, message, recipients=("journaling@journal.example.com",),
             sender="journal-ndr@example.com", source=OUTBOUND, **kw):
        return smtp.send(self.port, sender, recipients, message, source=source, **kw)

    def end(self):
        """Stop both, and claim that the logs have no errors."""
        self.server.stop()
        tap.is_(self.daemon.stop(), 0, "%s: the daemon stops with status 0" % self.server.name)
        tap.is_(self.daemon.complaints(), [],
                "%s: no complaint in the daemon's log" % self.server.name)
