# SPDX-License-Identifier: BSD-2-Clause
"""
A private Dovecot (POP3, POP3S, STLS, real XOAUTH2 by a token checked locally) in one folder, on
loopback, without /etc/dovecot. Needs the packages dovecot-pop3d and openssl. As root the mail
belongs to nobody; else all runs as the caller.

Users journal/secret and journal2/secret2. Certificates: good, wrongname, expired, selfsigned.
"""
import base64
import grp
import hashlib
import hmac
import json
import os
import pwd
import shutil
import time

import run
import tap

KEY = b"test-key-for-jwt-of-32-bytes-or-more"
USERS = {"journal": "secret", "journal2": "secret2"}


def _b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(user="journal", seconds=3600):
    """An access token that this Dovecot takes."""
    now = int(time.time())
    text = _b64(b'{"alg":"HS256","typ":"JWT"}') + b"." \
        + _b64(json.dumps({"sub": user, "iat": now - 10, "exp": now + seconds}).encode())
    return (text + b"." + _b64(hmac.new(KEY, text, hashlib.sha256).digest())).decode()


class Certificates:
    """DIR/ca.pem, and NAME.pem, NAME.key for good, wrongname, expired, selfsigned."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(self.path("selfsigned.pem")):
            self._make()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _make(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run.output("openssl", "req", "-x509", *key, "-days", "30", "-subj", "/CN=Test CA",
                   "-addext", "keyUsage=critical,keyCertSign", "-keyout", self.path("ca.key"),
                   "-out", self.path("ca.pem"))
        both = "DNS:localhost,IP:127.0.0.1"
        self._signed("good", "localhost", both, "20200101000000Z", "20491231000000Z")
        self._signed("wrongname", "mail.example.net", "DNS:mail.example.net", "20200101000000Z",
                     "20491231000000Z")
        self._signed("expired", "localhost", both, "20200101000000Z", "20210101000000Z")
        run.output("openssl", "req", "-x509", *key, "-days", "30", "-subj", "/CN=localhost",
                   "-addext", "subjectAltName=" + both, "-keyout", self.path("selfsigned.key"),
                   "-out", self.path("selfsigned.pem"))

    def _signed(self, name, cn, names, begin, end):
        """openssl x509 cannot make an expired one; openssl ca can."""
        home = self.path(name + ".d")
        os.makedirs(home)
        with open(os.path.join(home, "index.txt"), "w", encoding="ascii"):
            pass
        with open(os.path.join(home, "serial"), "w", encoding="ascii") as f:
            f.write("01\n")
        with open(os.path.join(home, "cnf"), "w", encoding="ascii") as f:
            f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nserial=%s/serial\n"
                    "new_certs_dir=%s\ndefault_md=sha256\n"
                    "policy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\n"
                    "subjectAltName=%s\n" % (home, home, home, names))
        run.output("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-nodes", "-subj", "/CN=" + cn, "-keyout", self.path(name + ".key"), "-out",
                   os.path.join(home, "csr"))
        run.output("openssl", "ca", "-batch", "-notext", "-config", os.path.join(home, "cnf"),
                   "-cert", self.path("ca.pem"), "-keyfile", self.path("ca.key"), "-startdate",
                   begin, "-enddate", end, "-in", os.path.join(home, "csr"), "-out",
                   self.path(name + ".pem"))

    def pin(self, name):
        der = run.output_bytes("openssl", "pkey", "-in", self.path(name + ".key"), "-pubout",
                               "-outform", "DER")
        return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()

    def fingerprint(self, name):
        der = run.output_bytes("openssl", "x509", "-in", self.path(name + ".pem"), "-outform",
                               "DER")
        return hashlib.sha256(der).hexdigest()


class Dovecot:
    """certificate: which one it shows. extra: more lines for dovecot.conf."""

    def __init__(self, folder, certificate="good", mechanisms="plain login xoauth2", extra="",
                 certificates=None, mail=None):
        self.folder, self.certificate, self.mechanisms = os.path.abspath(
            folder), certificate, mechanisms
        self.extra = extra
        self.port, self.tls_port = run.port(), run.port()
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.certificates = certificates or Certificates(self.path("ca"))
        self.mail = mail or self.path("mail")
        self.program = None
        root = os.getuid() == 0
        self.user = "nobody" if root else pwd.getpwuid(os.getuid()).pw_name
        self.uid = pwd.getpwnam(self.user).pw_uid
        self.gid = pwd.getpwnam(self.user).pw_gid

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def box(self, user="journal"):
        return os.path.join(self.mail, user)

    def _write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(self.path(name), 0o644)

    def _conf(self):
        root = os.getuid() == 0
        mine = "" if root else (
            "default_internal_user = %s\ndefault_internal_group = %s\ndefault_login_user = %s\n"
            "service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n"
            % (self.user, grp.getgrgid(self.gid).gr_name, self.user))
        return """\
base_dir = {run}
state_dir = {run}
log_path = {folder}/dovecot.log
protocols = pop3
listen = 127.0.0.1
mail_location = maildir:{mail}/%u
first_valid_uid = 1
ssl = yes
ssl_cert = <{cert}.pem
ssl_key = <{cert}.key
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0 secs
mail_max_userip_connections = 50
pop3_uidl_format = %g
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/conf/passwd
  mechanisms = plain login apop cram-md5
}}
passdb {{
  driver = oauth2
  args = {folder}/conf/oauth2
  mechanisms = xoauth2 oauthbearer
}}
userdb {{
  driver = passwd-file
  args = {folder}/conf/passwd
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
{chroot}
}}
{mine}{extra}
""".format(run=self.path("run"), folder=self.folder, mail=self.mail,
            cert=self.certificates.path(self.certificate), mechanisms=self.mechanisms,
            port=self.port, tls_port=self.tls_port,
            chroot="" if root else "  chroot =", mine=mine, extra=self.extra)

    def start(self):
        os.makedirs(self.path("run"), exist_ok=True)
        for user in USERS:
            for sub in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(self.box(user), sub), exist_ok=True)
        self._own()
        self._write("conf/passwd",
                    "".join("%s:{PLAIN}%s:%d:%d::%s\n" % (u, p, self.uid, self.gid, self.box(u))
                            for u, p in USERS.items()))
        self._write("conf/keys/default/HS256/default", base64.b64encode(KEY).decode())
        self._write("conf/oauth2",
                    "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix=%s/\n"
                    "username_attribute = sub\n" % self.path("conf", "keys"))
        self._write("conf/dovecot.conf", self._conf())
        self.program = run.Program(
            [shutil.which("dovecot", path="/usr/sbin:/usr/bin:/sbin:/usr/local/sbin"), "-F", "-c",
             self.path("conf", "dovecot.conf")], self.path("dovecot.out")).start()
        try:
            run.until(lambda: run.listening(self.port) and run.listening(self.tls_port),
                      "Dovecot listens")
        except TimeoutError:
            tap.diag(self.program.text() + self.log()[-2000:])
            raise
        return self

    def _own(self):
        if os.getuid() != 0:
            return
        for where, folders, files in os.walk(self.mail):
            for name in [where] + [os.path.join(where, f) for f in files]:
                os.chown(name, self.uid, self.gid)

    def stop(self):
        self.program.stop()

    def log(self):
        try:
            with open(self.path("dovecot.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def put(self, messages, user="journal", first=1):
        """Put messages (bytes with LF line ends, as Maildir has them) into a mailbox."""
        cur = os.path.join(self.box(user), "cur")
        os.makedirs(cur, exist_ok=True)
        for i, message in enumerate(messages, first):
            name = os.path.join(cur, "%d.M%06dP1.host:2,S" % (1700000000 + i, i % 1000000))
            with open(name, "wb") as f:
                f.write(message)
            if os.getuid() == 0:
                os.chown(name, self.uid, self.gid)
        self._own()

    def count(self, user="journal"):
        return sum(len(os.listdir(os.path.join(self.box(user), d))) for d in ("cur", "new"))
