#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl test: each of its ten steps, well and failed, with the cure and the exit code; and it changes
nothing.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dovecot
import pop3
import tap
from daemon import Daemon, service
from pop3_quirks import Pop3Server

tap.need("dovecot", "openssl")
home = tap.folder()
certs = dovecot.Certificates(os.path.join(home, "ca"))
good = dovecot.Dovecot(os.path.join(home, "good"), certificates=certs).start()
selfsigned = dovecot.Dovecot(os.path.join(home, "self"), certificate="selfsigned",
                             certificates=certs, mail=good.mail).start()
good.put([pop3.message(1).replace(b"\r\n", b"\n")])
password = os.path.join(home, "password")
with open(password, "w", encoding="ascii") as f:
    f.write("secret\n")
os.chmod(password, 0o600)
d = Daemon(os.path.join(home, "jm"), [])


def test(**settings):
    """Run it against these settings: (exit code, {step name: its line's object}, all of it)."""
    mailbox = {"hostname": "localhost", "port": good.tls_port, "mailbox-name": "journal",
               "password-file": password,
               "ca-file": certs.path("ca.pem")}
    mailbox.update((k.replace("_", "-"), v) for k, v in settings.items())
    d.services = [service("j@journal.example.com", transport_type="POP3",
                          pop3={k: v for k, v in mailbox.items() if v is not None})]
    d.write()
    status, out, complaint = d.jmctl.run("test", "--json", "j@journal.example.com")
    o = json.loads(out) if out else {"steps": []}
    return status, {s["name"]: s for s in o["steps"]}, out.decode() + complaint


STEPS = ["settings", "name", "tcp", "tls", "greeting", "login", "mailbox", "message", "archive",
         "quit"]
status, steps, text = test()
tap.is_((status, list(steps)), (0, STEPS), "a good mailbox: ten steps")
tap.is_([n for n, s in steps.items() if s["outcome"] == "fail"], [], "none fails")
tap.like(steps["tls"]["text"], r"TLSv1.*days left.*fingerprint [0-9a-f]{64}.*sha256//",
         "TLS is told with fingerprint and pin")
tap.is_(steps["message"]["outcome"], "warn", "a message that is no report is a warning")
tap.is_(good.count(), 1, "nothing was deleted")
tap.ok(not os.path.exists(d.archive), "nothing was stored")
tap.ok("secret" not in text, "the password is not shown")

bad = Pop3Server([("a", pop3.message(1))], {"*": ["auth-err"]})
cut = Pop3Server([("a", pop3.message(1))], {"*": ["retr-cut:a"]})
quit_err = Pop3Server([("a", pop3.message(1))], {"*": ["quit-err"]})
short = Pop3Server([("a", pop3.message(1))], {"*": ["uidl-short"]})
banner = Pop3Server([], {"*": ["banner-err"]})
clear = {"encrypted": False, "hostname": "127.0.0.1", "ca_file": None}
for number, name, settings, words in (
        (1, "no password file", {"password_file": "/nonexistent"}, "password file"),
        (2, "an unknown name", {"hostname": "no-such-host.invalid"}, "resolve"),
        (3, "nobody listens", {"port": 1}, "connect"),
        (4, "a self-signed certificate", {"port": selfsigned.tls_port}, "(?i)self.signed"),
        (5, "a server that says no at once", dict(clear, port=banner.port), "Too many connections"),
        (6, "a wrong password", dict(clear, port=bad.port), "Logon failure"),
        (7, "a cut list", dict(clear, port=short.port), "closed"),
        (8, "a cut message", dict(clear, port=cut.port), "closed"),
        (10, "a refused QUIT", dict(clear, port=quit_err.port), "not removed")):
    status, steps, text = test(**settings)
    tap.is_((status, list(steps)), (number, STEPS[:number]),
            "%s: exit %d, and it stops there" % (name, number))
    last = steps.get(STEPS[number - 1], {})
    tap.ok(last.get("outcome") == "fail" and last.get("cure"), "%s: FAIL with a cure" % name, text)
    tap.like(last.get("text"), words, "%s: with the reason" % name)
status, steps, text = test(port=selfsigned.tls_port, encryption_mode="relaxed")
tap.is_((status, steps["tls"]["outcome"]), (0, "warn"), "relaxed: a warning")
tap.like(steps["tls"]["text"], r"(?i)NOT TRUSTED: .*self.signed", "with the reason")
status, steps, text = test(port=selfsigned.tls_port, encryption_mode="relaxed",
                           pinned_public_key=certs.pin("selfsigned"))
tap.is_((status, steps["tls"]["outcome"]), (0, "ok"), "the pin it printed, pinned: fine")
status, out, complaint = d.jmctl.run("test", "x@journal.example.com")
tap.ok(status == 1 and b"there is: j@journal.example.com" in out,
       "an unknown service: those that there are", out.decode() + complaint)
status, out, complaint = d.jmctl.run("test", "j@journal.example.com")
tap.like(out.decode(), r"(?m)^ 1 settings .*\n[\s\S]*^10 quit .* nothing was deleted or stored$",
         "for people: a line a step")
tap.is_(sorted(c for s in (bad, cut, quit_err, short) for c in s.commands()
               if c.startswith("DELE")), [], "no DELE anywhere")
for server in (good, selfsigned):
    server.program.process.terminate()
sys.exit(tap.done())
