#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The way to a mailbox on a real Dovecot: clear, POP3S, STLS; good and bad certificates, strict,
relaxed and pinned; every login.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dovecot
import pop3
import run
import tap
from pop3 import Pull
from pop3_quirks import Pop3Server

tap.need("dovecot", "openssl")
home = tap.folder()
certs = dovecot.Certificates(os.path.join(home, "ca"))
ca = certs.path("ca.pem")
mail = os.path.join(home, "mail")
bodies = pop3.nasty()
# Maildir has LF line ends, which Dovecot turns into CRLF where there is no CR already
stored = [pop3.message(i, b).replace(b"\r\n", b"\n") for i, b in enumerate(bodies)]
wanted = [re.sub(rb"\r?\n", b"\r\n", m) for m in stored]


def server(certificate, **kw):
    return dovecot.Dovecot(os.path.join(home, certificate + str(len(os.listdir(home)))),
                           certificate=certificate, certificates=certs, mail=mail, **kw).start()


def account(d, **kw):
    options = dict(host="localhost", port=d.tls_port, password="secret", ca=ca, timeout=60000)
    options.update(kw)
    return options


good = server("good")
good.put(stored)

# every way in, and every byte
for name, options in (
        ("POP3S", {}),
        ("POP3S by address", {"host": "127.0.0.1"}),
        ("STLS", {"port": good.port, "security": "stls"}),
        ("in clear, as written down", {"port": good.port, "security": "clear", "allow_clear": 1}),
        ("XOAUTH2", {"password": None, "bearer": dovecot.token()}),
        ("XOAUTH2 through STLS",
         {"password": None, "bearer": dovecot.token(), "port": good.port, "security": "stls"})):
    out = os.path.join(home, "out-" + name.replace(" ", "-"))
    os.mkdir(out)
    p = Pull(out=out, delete=0, **account(good, **options))
    tap.ok(p.status == 0 and p.step == "ready" and p.quit == "fine",
           name + ": logged in, pulled, QUIT answered", p.text)
    got = pop3.files(out)
    tap.is_(len(got), len(wanted), name + ": all messages")
    tap.is_([i for i, (g, w) in enumerate(zip(got, wanted)) if g != w], [],
            name + ": every byte of every message")
    tap.ok(("TLSv1." in p.tls) == (options.get("security") != "clear"), name + ": TLS as asked for",
           p.tls)

p = Pull(delete=0, **account(good))
tap.is_((p.subject, p.issuer, p.names), ("CN=localhost", "CN=Test CA", "localhost,127.0.0.1"),
        "the certificate is told")
tap.is_((p.fingerprint, p.pin), (certs.fingerprint("good"), certs.pin("good")),
        "with its fingerprint and its pin, as openssl has them")
tap.is_(p.untrusted, "0", "a good certificate is trusted")
tap.like(p.capa, r"UIDL TOP PIPELINING", "capabilities are known without asking again")

# one deep and many deep give the same
for depth in (1, 2, 128):
    out = os.path.join(home, "depth%d" % depth)
    os.mkdir(out)
    p = Pull(out=out, delete=0, depth=depth, **account(good))
    tap.ok(pop3.files(out) == wanted, "pipelining %d deep: the same bytes" % depth, p.text)

# certificates
others = {name: server(name) for name in ("wrongname", "expired", "selfsigned")}
for name, why in (
        ("wrongname",
         "does not match target host name|no alternative certificate subject name matches"),
        ("expired", "certificate has expired"),
        ("selfsigned", "self-signed certificate|self signed certificate")):
    d = others[name]
    p = Pull(delete=0, **account(d))
    tap.is_(p.status, 1, name + ", strict: refused")
    tap.is_(p.step, "tls", name + ", strict: at the TLS step")
    tap.like(p.error, r"(?i)^connect configuration .*(%s)" % why, name + ", strict: says why")
    p = Pull(delete=0, relaxed=1, **account(d))
    tap.ok(p.status == 0 and p.quit == "fine", name + ", relaxed: goes on", p.text)
    tap.is_(p.untrusted, "1", name + ", relaxed: and says so")
    tap.like(p.why, "(?i)" + why, name + ", relaxed: with the reason")
    tap.is_((p.fingerprint, p.pin), (certs.fingerprint(name), certs.pin(name)),
            name + ", relaxed: with the fingerprint and the pin")
    p = Pull(delete=0, relaxed=1, pin=certs.pin(name), **account(d))
    tap.ok(p.status == 0 and p.untrusted == "0",
           name + ", pinned: trusted without a check of anything else", p.text)
    p = Pull(delete=0, relaxed=1, pin=certs.pin("good"), **account(d))
    tap.ok(p.status == 1 and p.step == "tls", name + ", another key pinned: refused", p.text)
    tap.like(p.error, r"^connect configuration .*pin", name + ", another key pinned: says so")
    Pull(delete=0, relaxed=1, **account(d))	# the log has its lines in order, but not at once
    run.until(lambda: d.log().count("Login:") >= 3, "the login behind it is in the log")
    tap.is_(d.log().count("Login:"), 3, name + ", another key pinned: no password was sent")
p = Pull(delete=0, pin=certs.pin("good"), **account(good))
tap.is_(p.status, 0, "strict and pinned: both hold")
p = Pull(delete=0, pin=certs.pin("expired"), **account(good))
tap.is_(p.status, 1, "strict and another key pinned: refused")
p = Pull(delete=0, **account(others["selfsigned"], ca=certs.path("selfsigned.pem")))
tap.is_((p.status, p.untrusted), (0, "0"),
        "a self-signed certificate as its own root: strict holds")

# logins that must fail, each with its own message
p = Pull(**account(good, password="wrong"))
tap.ok(p.status == 1 and p.step == "login", "a wrong password fails at login", p.text)
tap.like(p.error, r"(?i)^connect denied .*login.*AUTH", "and the server's words are told")
p = Pull(**account(good, password=None, bearer=dovecot.token(seconds=-100)))
tap.ok(p.status == 1 and p.step == "login", "an expired token fails at login", p.text)
p = Pull(**account(good, port=good.port, security="clear"))
tap.ok(p.status == 1 and p.step == "account", "no login in clear unless it is written down", p.text)
p = Pull(**account(good, pin="sha256//abc"))
tap.ok(p.status == 1 and p.step == "account", "a pin that is none is refused", p.text)
p = Pull(**account(good, port=good.port))
tap.ok(p.status == 1 and p.step in ("tls",), "POP3S at a port without TLS", p.text)
p = Pull(**account(good, port=1))
tap.ok(p.status == 1 and p.step == "tcp", "nobody listens", p.text)
p = Pull(**account(good, host="no-such-host.invalid"))
tap.ok(p.status == 1 and p.step == "name", "a name that does not exist", p.text)
tap.is_(good.count(), len(wanted), "nothing was deleted by all that")

# mechanisms
login_only = server("good", mechanisms="login")
p = Pull(delete=0, **account(login_only))
tap.ok(p.status == 0 and p.sasl == "LOGIN", "a server with LOGIN only", p.text)
user_only = Pop3Server([("a", wanted[0])], capa=("TOP", "UIDL", "USER"))
p = Pull(host="127.0.0.1", port=user_only.port, security="clear", allow_clear=1, password="secret",
         delete=0)
tap.is_(p.status, 0, "a server without SASL: USER and PASS")
tap.ok("PASS secret" in user_only.commands(), "were sent")
ntlm = Pop3Server([("a", wanted[0])], capa=("TOP", "UIDL", "SASL NTLM GSSAPI PLAIN", "USER"))
p = Pull(host="127.0.0.1", port=ntlm.port, security="clear", allow_clear=1, password="secret",
         delete=0)
tap.ok(p.status == 0 and "AUTH PLAIN" in ntlm.commands(),
       "a server that offers NTLM and PLAIN: PLAIN, in two steps", p.text)
two = Pop3Server([("a", wanted[0])])
p = Pull(host="127.0.0.1", port=two.port, security="clear", allow_clear=1, bearer="token", delete=0)
tap.ok(p.status == 0 and "AUTH XOAUTH2" in two.commands(),
       "XOAUTH2 in two steps, as Exchange Online wants it", p.text)
p = Pull(host="127.0.0.1", port=two.port, security="stls", password="secret")
tap.ok(p.status == 1 and p.step == "tls"
       and not [c for c in two.commands(2) if c.startswith(("AUTH", "USER", "PASS"))],
       "STLS not offered: no login", p.text)
inject = Pop3Server([("a", wanted[0])], capa=("STLS", "UIDL", "USER"))
p = Pull(host="127.0.0.1", port=inject.port, security="stls", password="secret", relaxed=1)
tap.ok(p.status == 1 and "PASS secret" not in inject.commands(),
       "plain text behind STLS's +OK ends it", p.text)
nocapa = Pop3Server([("a", wanted[0])], quirks={"*": ["capa-err"]})
p = Pull(host="127.0.0.1", port=nocapa.port, security="clear", allow_clear=1, password="secret",
         delete=0)
tap.is_(p.status, 0, "a server without CAPA: USER and PASS")
for quirk, step in (("banner-err", "greeting"), ("banner-garbage", "greeting"),
                    ("auth-err", "login")):
    bad = Pop3Server([], quirks={"*": [quirk]})
    p = Pull(host="127.0.0.1", port=bad.port, security="clear", allow_clear=1, password="secret")
    tap.ok(p.status == 1 and p.step == step, "%s: fails at %s" % (quirk, step), p.text)
tap.ok("secret" not in "".join(d.log() for d in [good] + list(others.values())),
       "no password in any log")
for d in [good, login_only] + list(others.values()):
    d.program.process.terminate()		# all at once: each takes a second
sys.exit(tap.done())
