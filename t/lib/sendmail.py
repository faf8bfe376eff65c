# SPDX-License-Identifier: BSD-2-Clause
"""
A private Sendmail in one folder, on loopback. Its packages conflict with Postfix, so it is only
unpacked, by "contrib/packages sendmail build-check/sendmail"; JM_SENDMAIL names another place. As
root; needs m4 and cc.

Set up as the manual page says: F=T, safe queue after the milter, header limits
raised, NUL kept, and for the journal domains a mailer that always says "try later", so that
whatever passes the milter stays in the queue. Mail for example.com goes to one file a message.
"""
import os
import re
import signal
import subprocess

import run
import tap
from certs import Certs
from postfix import ACCOUNTS, JOURNAL_DOMAINS


def root():
    """Where Sendmail was unpacked, or None."""
    for place in (os.environ.get("JM_SENDMAIL"), os.path.join(tap.BUILD, "sendmail"),
                  os.path.join(os.path.dirname(tap.BUILD), "sendmail"),
                  os.path.join(tap.SRC, "build-check", "sendmail")):
        if place and os.access(os.path.join(place, "usr/libexec/sendmail/sendmail"), os.X_OK):
            return os.path.abspath(place)
    return None


BASE = r"""divert(-1)
define(`_CF_DIR_', `{cf}/')
include(`{cf}/m4/cf.m4')
divert(0)
OSTYPE(`linux')
define(`confDOMAIN_NAME', `mx.example.com')
define(`QUEUE_DIR', `{folder}/queue')
define(`STATUS_FILE', `{folder}/statistics')
define(`confPID_FILE', `{folder}/sendmail.pid')
define(`HELP_FILE', `{etc}/helpfile')
define(`ALIAS_FILE', `{etc}/aliases')
define(`confLOG_LEVEL', `12')
define(`confMILTER_LOG_LEVEL', `9')
define(`confQUEUE_LA', `1000')
define(`confREFUSE_LA', `1000')
define(`confTO_IDENT', `0')
define(`confDONT_PROBE_INTERFACES', `true')
define(`confBIND_OPTS', `-DNSRCH -DEFNAMES')
define(`confSERVICE_SWITCH_FILE', `{etc}/service.switch')
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit,GroupReadableSASLDBFile')
define(`confDEF_USER_ID', `8:8')
define(`confSAFE_QUEUE', `PostMilter')
define(`confMAX_HEADERS_LENGTH', `{headers}')
define(`confREJECT_NUL', `false')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
FEATURE(`mailertable', `hash {etc}/mailertable')
RELAY_DOMAIN(`{domains}')
DAEMON_OPTIONS(`Port={port}, Addr=127.0.0.1, Name=MTA, Listen=128')
"""
TAIL = r"""MAILER(`local')
MAILER(`smtp')
MAILER_DEFINITIONS
Mjhold, P=[IPC], F=mDFMuX, S=EnvFromSMTP, R=EnvToSMTP, E=\r\n, T=DNS/RFC822/SMTP, A=TCP $h 1
Mjfile, P={etc}/deliver, F=mnu8, S=EnvFromSMTP, R=EnvToSMTP, U=8:8, A=deliver $u
"""


class Sendmail:
    """
    milter: a socket as libmilter writes it, or None. flags: the milter's equates. mc: more lines
    for sendmail.mc. local_domains: whose mail goes to files.
    """

    name = "sendmail"

    def __init__(self, folder, milter=None, tls=False, sasl=False,
                 flags="F=T, T=C:30s;S:30s;R:2m;E:5m", mc=(), headers=65000,
                 journal_domains=JOURNAL_DOMAINS, port=None, local_domains=("example.com",)):
        self.folder = os.path.abspath(folder)
        self.milter, self.tls, self.sasl, self.local_domains = milter, tls, sasl, local_domains
        self.flags, self.mc, self.headers = flags, mc, headers
        self.journal_domains = journal_domains
        self.port = port or run.port()
        self.etc = os.path.join(self.folder, "etc")
        self.root = root()
        self.binary = os.path.join(self.root, "usr/libexec/sendmail/sendmail")
        self.certs = None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _mc(self):
        text = BASE.format(cf=os.path.join(self.root, "usr/share/sendmail/cf"), folder=self.folder,
                           etc=self.etc, headers=self.headers,
                           domains=" ".join((*self.journal_domains, *self.local_domains)),
                           port=self.port)
        if self.milter:
            text += "INPUT_MAIL_FILTER(`journal', `S=%s, %s')\n" % (self.milter, self.flags)
        if self.tls:
            self.certs = Certs(self.path("tls"))
            for name, value in (("confCACERT_PATH", self.certs.folder),
                                ("confCACERT", self.certs.path("ca.pem")),
                                ("confSERVER_CERT", self.certs.path("server.pem")),
                                ("confSERVER_KEY", self.certs.path("server.key")),
                                ("confTLS_SRV_OPTIONS", "")):
                text += "define(`%s', `%s')\n" % (name, value)
        if self.sasl:
            text += ("define(`confAUTH_MECHANISMS', `PLAIN LOGIN')\ndefine(`confAUTH_REALM', "
                     "`mx.example.com')\n"
                     "TRUST_AUTH_MECH(`PLAIN LOGIN')\n")
        return text + "".join(line + "\n" for line in self.mc) + TAIL.format(etc=self.etc)

    def _accounts(self):
        os.makedirs(self.path("sasl"), exist_ok=True)
        database = self.path("sasl", "sasldb2")
        self._write(self.path("sasl", "Sendmail.conf"),
                    "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s\n"
                    "mech_list: PLAIN LOGIN\n" % database)
        for user, realm in ACCOUNTS:
            run.output("saslpasswd2", "-p", "-c", "-f", database, "-u", realm, user,
                       input=b"secret")
        os.chmod(database, 0o600)

    @staticmethod
    def _write(path, text, mode=0o644):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def _configure(self):
        etc = self.etc
        if self.sasl:
            self._accounts()
        self._write(etc + "/sendmail.mc", self._mc())
        self._apply()
        self._write(etc + "/service.switch", "hosts\tfiles\naliases\tfiles\npasswd\tfiles\n")
        self._write(etc + "/helpfile", "")
        self._write(etc + "/aliases", "postmaster: /dev/null\n")
        self._write(etc + "/deliver",
                    '#!/bin/sh\nt=$(mktemp %s/tmp.XXXXXX) && cat > "$t" && mv "$t" "$t.new"\n'
                    % self.path("mail"), 0o755)
        cf = run.output("m4", etc + "/sendmail.mc")
        if self.sasl:
            cf += "ESASL_CONF_PATH=%s\n" % self.path("sasl")
        self._write(etc + "/sendmail.cf", cf)
        self._write(etc + "/mailertable", self._table())
        run.output(os.path.join(self.root, "usr/libexec/sendmail/makemap"), "-C",
                   etc + "/sendmail.cf", "hash", etc + "/mailertable", input=self._table().encode())

    def _apply(self):
        """Enter more in sendmail.mc: for classes that derive from this one."""

    def _table(self):
        return "".join("%s jhold:[127.0.0.1]\n" % d for d in self.journal_domains) + \
            "".join("%s jfile:%s\n" % (d, d) for d in self.local_domains)

    def _environment(self):
        shim = self.path("shim.so")
        if not os.path.exists(shim):
            run.output("cc", "-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o", shim,
                       os.path.join(tap.SRC, "t/lib/sendmail-shim.c"))
        env = dict(os.environ, LD_PRELOAD=shim, SYSLOG_FILE=self.path("log", "maillog"))
        for name in [n for n in env if n.startswith(("ASAN_", "TSAN_", "UBSAN_"))]:
            del env[name]
        if self.sasl:
            env["SASL_CONF_PATH"] = self.path("sasl")
        return env

    def start(self):
        for name in ("etc", "queue", "log", "mail"):
            os.makedirs(self.path(name), exist_ok=True)
        for name, mode in (("", 0o755), ("etc", 0o755), ("log", 0o755), ("queue", 0o700),
                           ("mail", 0o1777)):
            os.chmod(self.path(name), mode)
        if not os.path.exists(self.path("log", "maillog")):
            self._write(self.path("log", "maillog"), "")
        self._configure()
        tap.at_end(self.stop)
        env = self._environment()
        try:
            run.output(self.binary, "-C", self.etc + "/sendmail.cf", "-bi", env=env)
            with open(self.path("log", "start"), "ab") as out:
                subprocess.run([self.binary, "-C", self.etc + "/sendmail.cf", "-bd", "-q1m"],
                               stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                               check=True, timeout=run.SAFETY_S)
            run.until(lambda: run.listening(self.port) and self._pid(),
                      "Sendmail listens on port %d, and has written its process id" % self.port)
        except (RuntimeError, subprocess.SubprocessError, TimeoutError):
            tap.diag(self.log()[-2000:])
            raise
        return self

    def _pid(self):
        """The daemon's process id, 0 when it does not run."""
        try:
            with open(self.path("sendmail.pid"), encoding="ascii") as f:
                pid = int(f.readline())
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                return pid if b"sendmail" in f.read() else 0
        except (OSError, ValueError):
            return 0

    def stop(self):
        pid = self._pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            run.until(lambda: not self._pid() or self._zombie(pid), "Sendmail stopped")

    @staticmethod
    def _zombie(pid):
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    def log(self):
        with open(self.path("log", "maillog"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def queue(self):
        """The recipients of the messages in the queue, from the control files."""
        result = []
        for name in os.listdir(self.path("queue")):
            if not name.startswith("qf"):
                continue
            try:
                with open(self.path("queue", name), encoding="utf-8", errors="replace") as f:
                    result += re.findall(r"^R[A-Z]*:<?([^>\n]*)>?$", f.read(), re.M)
            except FileNotFoundError:	# it has just left the queue
                pass
        return result

    def delivered(self):
        """The messages that were delivered, oldest first."""
        found = [self.path("mail", f) for f in os.listdir(self.path("mail")) if f.endswith(".new")]
        result = []
        for name in sorted(found, key=os.path.getmtime):
            with open(name, "rb") as f:
                result.append(f.read())
        return result
