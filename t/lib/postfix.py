# SPDX-License-Identifier: BSD-2-Clause
"""
A private Postfix in one folder, on loopback, without /etc/postfix. As root; needs the package
postfix and no configuration of it.

For a milter it gets the pieces that jmctl setup writes for each journal domain, entered by
postfix-apply as on a Postfix that takes no other mail from outside. Nothing else is eased: limits
and brakes are those of every Postfix, but where "no" has a reason beside it. Mail for example.com
goes to a Maildir.
"""
import json
import os
import pwd
import subprocess

import run
import tap
from certs import Certs
from jmctl import PROGRAM

JOURNAL_DOMAINS = ("journal.example.com", "journal.contoso.com")
ACCOUNTS = (("journaler", "mx.example.com"), ("login", "journal.example.com"))	# password: secret
SERVICES = """\
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
proxywrite unix - - n -     1 proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
virtual   unix  - n n -     - virtual
lmtp      unix  - - n -     - lmtp
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """
    milter: a socket as libmilter writes it, or None. main, service: more parameters for main.cf and
    for the listener. local_domains: whose mail goes to the Maildir.
    """

    name = "postfix"

    def __init__(self, folder, milter=None, tls=False, sasl=False, main=None, service=None,
                 journal_domains=JOURNAL_DOMAINS, port=None, local_domains=("example.com",)):
        self.folder, self.milter, self.tls, self.sasl, self.local_domains = os.path.abspath(
            folder), milter, tls, sasl, local_domains
        self.main, self.service, self.journal_domains = main or {}, service or {}, journal_domains
        self.port = port or run.port()
        self.etc = os.path.join(self.folder, "etc")
        self.certs = None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _parameters(self):
        default = run.output("postconf", "-dh", "daemon_directory", "command_directory").split()
        p = {
            "compatibility_level": "3.6",
            "config_directory": self.etc,
            "queue_directory": self.path("queue"),
            "data_directory": self.path("data"),
            "daemon_directory": default[0],
            "command_directory": default[1],
            "maillog_file": self.path("log", "maillog"),
            "maillog_file_prefixes": self.path("log"),
            "syslog_name": "postfix",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "myhostname": "mx.example.com",
            "mydestination": "",
            "local_recipient_maps": "",
            "local_header_rewrite_clients": "",	# loopback clients are treated as any other
            "alias_maps": "",
            "alias_database": "",
            "biff": "no",
            "smtp_host_lookup": "native",	# no DNS on a test machine
            "disable_dns_lookups": "yes",
            "smtpd_peername_lookup": "no",
            "smtpd_relay_restrictions": "permit_auth_destination, reject_unauth_destination",
            "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
            "virtual_mailbox_limit": "0",	# reports go to a Maildir too, where a test wants it
            "virtual_mailbox_domains": " ".join(self.local_domains),
            "virtual_mailbox_base": self.path("mail"),
            "virtual_mailbox_maps": "static:all/",
            "virtual_uid_maps": "static:%d" % pwd.getpwnam("nobody").pw_uid,
            "virtual_gid_maps": "static:%d" % pwd.getpwnam("nobody").pw_gid,
        }
        if not self.milter and self.journal_domains:	# the pieces without the milter
            p.update(relay_domains=" ".join(self.journal_domains),
                     transport_maps="inline:{ %s }" % ", ".join(
                         "{ %s = smtp:[127.0.0.1]:1 }" % d for d in self.journal_domains))
        if self.tls:
            self.certs = Certs(self.path("tls"))
            p.update(smtpd_tls_security_level="may",
                     smtpd_tls_cert_file=self.certs.path("server.pem"),
                     smtpd_tls_key_file=self.certs.path("server.key"),
                     smtpd_tls_CAfile=self.certs.path("ca.pem"), smtpd_tls_ask_ccert="yes",
                     smtpd_tls_session_cache_database="")
        if self.sasl:
            p.update(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="cyrus", smtpd_sasl_path="smtpd",
                     smtpd_sasl_local_domain="mx.example.com")
        p.update(self.main)
        return p

    def _accounts(self):
        """
        Debian's smtpd looks for smtpd.conf in $config_directory/sasl whatever
        cyrus_sasl_config_path says.
        """
        os.makedirs(os.path.join(self.etc, "sasl"), exist_ok=True)
        database = self.path("sasldb2")
        with open(os.path.join(self.etc, "sasl", "smtpd.conf"), "w", encoding="ascii") as f:
            f.write("pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s\n"
                    "mech_list: PLAIN LOGIN\n" % database)
        for user, realm in ACCOUNTS:
            run.output("saslpasswd2", "-p", "-c", "-f", database, "-u", realm, user,
                       input=b"secret")
        os.chown(database, pwd.getpwnam("postfix").pw_uid, -1)

    def _listener(self):
        return "127.0.0.1:%d inet n - n - - smtpd\n" % self.port

    def _apply(self):
        """Enter the pieces of jmctl setup for each journal domain."""
        for domain in self.journal_domains if self.milter else ():
            pieces = self.path("pieces-" + domain)
            run.output(PROGRAM, "setup", domain.removeprefix("journal."), "--output", pieces,
                       "--force", "--mta-address", "127.0.0.1:%d" % self.port, "--milter-socket",
                       self.milter, "--socket-group", "postfix",
                       env=dict(os.environ, JM_DATADIR=tap.SRC))
            run.output(os.path.join(pieces, "postfix-apply"), "--yes", "--journal-only", self.etc)

    def write(self):
        """The folders and the files in them, without starting."""
        for name in ("etc", "queue", "data", "log", "mail"):
            os.makedirs(self.path(name), exist_ok=True)
        os.chmod(self.folder, 0o755)
        open(self.path("log", "maillog"), "ab").close()
        for name in ("data", "log/maillog"):	# postsuper logs as this user
            os.chown(self.path(name), pwd.getpwnam("postfix").pw_uid, -1)
        os.chown(self.path("mail"), pwd.getpwnam("nobody").pw_uid, -1)
        if self.sasl:
            self._accounts()
        with open(os.path.join(self.etc, "main.cf"), "w", encoding="utf-8") as f:
            f.write("".join("%s = %s\n" % kv for kv in self._parameters().items()))
        with open(os.path.join(self.etc, "master.cf"), "w", encoding="utf-8") as f:
            f.write(self._listener() + SERVICES)
        self._apply()
        if self.service:
            run.output("postconf", "-c", self.etc, "-P",
                       *("127.0.0.1:%d/inet/%s=%s" % (self.port, *kv)
                         for kv in self.service.items()))

    def start(self):
        self.write()
        tap.at_end(self.stop)
        try:
            run.output("postfix", "-c", self.etc, "start")
            run.until(lambda: run.listening(self.port), "Postfix listens on port %d" % self.port)
        except (RuntimeError, TimeoutError):
            tap.diag(self.log()[-2000:])
            raise
        return self

    def running(self):
        """Tests the lock of master, as its process id may be a zombie in a container."""
        return subprocess.run(["postfix", "-c", self.etc, "status"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def stop(self):
        if os.path.exists(os.path.join(self.etc, "main.cf")) and self.running():
            subprocess.run(["postfix", "-c", self.etc, "stop"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
            run.until(lambda: not self.running(), "Postfix stopped")

    def log(self):
        try:
            with open(self.path("log", "maillog"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def queue(self):
        """The recipients of the messages in the queue."""
        lines = run.output("postqueue", "-c", self.etc, "-j").splitlines()
        return [r["address"] for line in lines for r in json.loads(line)["recipients"]]

    def delivered(self):
        """The messages that arrived in the Maildir, oldest first."""
        box = self.path("mail", "all", "new")
        found = [os.path.join(box, f) for f in os.listdir(box)] if os.path.isdir(box) else []
        result = []
        for name in sorted(found, key=os.path.getmtime):
            with open(name, "rb") as f:
                result.append(f.read())
        return result
