#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The status of services that fetch from a mailbox: the reason of an error follows its cause, and has
its own cure; an empty mailbox that was read is an extract; the mailbox queue is what the mailbox
holds; no advice about an MTA. Real Dovecot and a faulty POP3 server.
"""
import base64
import json
import os
import poplib
import re
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import delay
import dovecot
import pop3
import run
import tap
from daemon import Daemon, service
from pop3_quirks import Pop3Server

tap.need("dovecot", "openssl")
home = tap.folder()
BOX = "box@journal.example.com"
certs = dovecot.Certificates(os.path.join(home, "ca"))


def secret(name, text):
    path = os.path.join(home, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text + "\n")
    os.chmod(path, 0o600)
    return path


right, wrong = secret("password", "secret"), secret("wrong", "nonsense")


def mailbox(email=BOX, description="Exchange in Vienna", **kw):
    settings = {"hostname": "localhost", "mailbox-name": "journal", "password-file": right,
                "poll-interval": 1}
    settings.update((k.replace("_", "-"), v) for k, v in kw.items())
    return service(email, description=description, transport_type="POP3", pop3=settings)


def clear(server, **kw):
    return mailbox(hostname="127.0.0.1", port=server.port, encrypted=False, **kw)


def row(d, email=BOX):
    return next((s for s in d.jmctl.status()["services"] if s["name"] == email), {})


def published(d, email=BOX):
    try:
        with open(os.path.join(d.archive, "public", "status.json"), encoding="utf-8") as f:
            return json.load(f)["services"].get(email, {})
    except FileNotFoundError:
        return {}


def metrics(d):
    with open(os.path.join(d.archive, "public", "journal-milter.prom"), encoding="utf-8") as f:
        return f.read()


def switch(d, definition):
    d.services[0] = definition
    d.write()
    d.reload()


def table_of(stores, locked):
    """(name, definition, reason, cure) of each cause."""
    good, ca = stores["good"], certs.path("ca.pem")
    cut, garbage = Pop3Server([], {"*": ["uidl-short"]}), Pop3Server([], {"*": ["banner-garbage"]})
    return (
        ("connection refused", mailbox(port=1), r"tcp failed .*refused", r"start the POP3 service"),
        ("a wrong password", mailbox(port=good.tls_port, ca_file=ca, password_file=wrong),
         r"login failed", r"correct mailbox-name and the password"),
        ("a name that does not exist", mailbox(hostname="no-such-host.invalid"),
         r"name failed .*resolve", r"correct hostname; .*name server"),
        ("a certificate for another name", mailbox(port=stores["wrongname"].tls_port, ca_file=ca),
         r"tls failed", r"a name that is in the server's certificate"),
        ("an expired certificate", mailbox(port=stores["expired"].tls_port, ca_file=ca),
         r"tls failed .*expired", r"renew the certificate"),
        ("a self-signed certificate", mailbox(port=stores["selfsigned"].tls_port, ca_file=ca),
         r"tls failed .*self.signed", r"copy of the server's certificate.*pinned-public-key"),
        ("an unknown authority", mailbox(port=good.tls_port), r"tls failed",
         r"certificate of the authority that signed"),
        ("another key than the pinned one",
         mailbox(port=good.tls_port, ca_file=ca, pinned_public_key=certs.pin("expired")),
         r"tls failed", r"another key than pinned-public-key"),
        ("TLS at a port in clear", mailbox(port=good.port, ca_file=ca),
         r"tls failed .*greets in clear", r"set starttls yes"),
        ("clear at a port for TLS", mailbox(port=good.tls_port, encrypted=False),
         r"the server waits for TLS: mode pop3s", r"set encrypted yes and starttls no"),
        ("a mailbox in use", mailbox(port=locked.tls_port, ca_file=ca), r"login failed|refused",
         r"end the other program"),
        ("no password file", mailbox(password_file="/nonexistent"), r"password file",
         r"give password-file the password"),
        ("no POP3 server", clear(garbage), r"greeting failed", r"no POP3 server"),
        ("a connection that is cut", clear(cut), r"closed", r"firewalls that end"))


def causes():
    """One service whose mailbox fails for one cause after the other, without a moment between."""
    stores = {name: dovecot.Dovecot(os.path.join(home, name), certificate=name, certificates=certs,
                                    mail=os.path.join(home, "mail")).start()
              for name in ("good", "wrongname", "expired", "selfsigned")}
    locked = dovecot.Dovecot(os.path.join(home, "locked"), certificates=certs,
                             extra="protocol pop3 {\n  pop3_lock_session = yes\n}\n").start()
    holder = poplib.POP3("127.0.0.1", locked.port, timeout=600)
    holder.user("journal")
    holder.pass_("secret")
    table = table_of(stores, locked)
    d = Daemon(os.path.join(home, "jm-causes"), [table[0][1]],
               more={"publish": {"interval": 1}}).start()

    def shows(what, why, cure):
        return bool(what and re.search(why, what.get("why") or what.get("text") or "")
                    and re.search(cure, what.get("cure") or ""))

    for i, (name, definition, why, cure) in enumerate(table):
        if i:
            switch(d, definition)
        run.settled(lambda: shows(row(d), why, cure), True)
        tap.ok(shows(row(d), why, cure), "%s: the reason and its cure" % name, row(d))
        tap.ok(run.settled(lambda: shows(d.jmctl.events("status")[-1], why, cure), True),
               "%s: and an event says so" % name, d.jmctl.events("status")[-1])
        tap.ok(not re.search("MTA|connector|journal rule|senders", row(d).get("cure") or ""),
               "%s: no advice about an MTA" % name)
    never_reached(d)
    d.services[0]["disabled"] = True
    d.write()
    d.reload()
    run.until(lambda: d.jmctl.events("status")[-1]["status"] == "Disabled", "disabled")
    tap.is_((row(d)["status_text"], d.jmctl.events("status")[-1]["text"], row(d)["cure"]),
            ("Service Disabled", "the settings disable it", None),
            "an error that ends as Disabled is not in order again")
    tap.is_((d.stop(), d.complaints()), (0, []), "the daemon stops well")
    for server in list(stores.values()) + [locked]:
        server.program.process.terminate()


def never_reached(d):
    """A mailbox that was never listed: its queue is unknown, and nothing was extracted."""
    run.until(lambda: re.search("firewalls that end", published(d).get("cure") or ""),
              "the published state follows")
    tap.is_((published(d)["state_text"], published(d)["mailbox_messages"]),
            ("Service Error", None), "published: Service Error, queue unknown")
    tap.is_(published(d)["last_extract_text"], "Awaiting Initial Run",
            "published: nothing was extracted")
    tap.ok("journal_milter_pop3_mailbox_messages{" not in metrics(d), "no sample of the queue")
    tap.ok(row(d)["mailbox_queue"] is None, "the queue is null for programs")
    for args in (("status",), ("top", "--once")):
        tap.like(d.jmctl.run(*args)[1].decode(),
                 r"(?m)^%s +Service Error .*\n  Exchange in Vienna; Last Successful Extract: "
                 r"Awaiting Initial Run; POP3 Mailbox Queue: unknown$" % BOX,
                 args[0] + " for people, too")


def restarts(d, server, words, since):
    """A kill and a stop change nothing of what is not retrievable."""
    for how, stop in (("a kill", d.kill), ("a stop", d.stop)):
        stop()
        s = row(d)
        tap.is_((s["status_text"], s["mailbox_unretrievable_since"]), (words, since),
                "known after %s without a daemon" % how)
        seen = server.sessions
        d.start()
        run.until(lambda: server.sessions > seen + 2, "it is polled again")
        s = row(d)
        tap.is_((s["status_text"], s["mailbox_unretrievable_since"]), (words, since),
                "after %s and a start: since the same time" % how)


def unretrievable():
    """A message that the server never delivers: not plain OK, until it is delivered or gone."""
    server = Pop3Server([(i, pop3.message(k)) for k, i in enumerate("ab")], {"*": ["retr-err:b"]})
    d = Daemon(os.path.join(home, "jm-unretrievable"), [clear(server)],
               more={"publish": {"interval": 1}}).start()
    words, reason = "OK, 1 not retrievable", "the server does not deliver 1 message of the mailbox"
    run.until(lambda: row(d).get("status_text") == words, "it shows")
    s = row(d)
    tap.is_((s["status"], s["mailbox_unretrievable"], s["mailbox_queue"], s["mailbox_waiting"],
             s["why"]), ("OK", 1, 1, 1, reason), "one not retrievable, for programs")
    since = s["mailbox_unretrievable_since"]
    for args in (("status",), ("top", "--once")):
        run.until(lambda: words in d.jmctl.run(*args)[1].decode(), args[0] + " shows it")
        tap.like(d.jmctl.run(*args)[1].decode(), r"(?m)^%s +%s .*\n(  .*\n)*?  (why: )?%s"
                 % (BOX, words, reason), args[0] + ": for people, too")
    tap.like(d.jmctl.run("status")[1].decode(), reason + ", since 20", "since when, too")
    run.until(lambda: published(d).get("state_text") == words, "published")
    p = published(d)
    tap.is_((p["state"], p["mailbox_unretrievable"], p["mailbox_unretrievable_since"], p["why"]),
            ("OK", 1, since, reason), "published")
    gauge = 'journal_milter_pop3_mailbox_unretrievable_messages{service="%s"}' % BOX
    tap.ok(gauge + " 1\n" in metrics(d)
           and "journal_milter_pop3_mailbox_unretrievable_since_timestamp_seconds{" in metrics(d),
           "in the metrics")
    check = [sys.executable, os.path.join(tap.SRC, "contrib/icinga/check_journal_milter"),
             os.path.join(d.archive, "public")]
    r = subprocess.run(check, stdout=subprocess.PIPE, check=False)
    tap.ok(r.returncode == 1 and words in r.stdout.decode(), "Icinga warns", r.stdout.decode())
    changes = [(e["status"], e["text"]) for e in d.jmctl.events("status")]
    tap.is_(changes[-1], ("OK", reason), "an event when it begins")
    restarts(d, server, words, since)
    tap.is_([(e["status"], e["text"]) for e in d.jmctl.events("status")], changes,
            "no event for a restart")
    server.messages.append(("c", pop3.message(7)))
    server.quirks = {"*": ["retr-err:b", "retr-err:c"]}
    run.until(lambda: row(d).get("status_text") == "OK, 2 not retrievable", "two")
    server.quirks = {"*": ["retr-err:c"]}
    run.until(lambda: row(d).get("status_text") == words, "one is delivered")
    tap.is_((row(d)["mailbox_unretrievable_since"], len(d.jmctl.list())), (since, 2),
            "then it is one again, since the same time")
    server.delete(["c"])
    run.until(lambda: row(d).get("status_text") == "Service OK", "the other is gone")
    tap.is_(run.settled(lambda: (row(d)["mailbox_unretrievable"], row(d)["why"] or "",
                                 row(d)["mailbox_unretrievable_since"]), (0, "", None)),
            (0, "", None), "then the service is plain OK")
    tap.is_(run.settled(lambda: d.jmctl.events("status")[-1]["text"], "in order again"),
            "in order again", "an event when it ends")
    run.until(lambda: gauge + " 0\n" in metrics(d), "in the metrics, too")
    tap.is_((d.stop(), d.complaints()), (0, []), "the daemon stops well")
    tap.is_((row(d)["status_text"], row(d).get("mailbox_unretrievable_since")),
            ("Service OK", None), "and it stays so without a daemon")


def extracts():
    """An empty mailbox that is read; then messages that stay on the server."""
    server = Pop3Server([])
    d = Daemon(os.path.join(home, "jm-extracts"),
               [dict(clear(server, leave_on_server=True), **{"period-of-inactivity-allowed": 1})],
               more={"publish": {"interval": 1}}).start()
    run.until(lambda: row(d).get("status") == "OK", "an empty mailbox that was read is OK")
    run.until(lambda: published(d).get("state") == "OK", "published")
    s, p = row(d), published(d)
    tap.ok(s["last_extract"] and s["last_extract_text"] == s["last_extract"] and "last" not in s,
           "an empty mailbox that was read is an extract", s)
    tap.is_((s["status_text"], s["mailbox_queue"], s["mailbox_waiting"]), ("Service OK", 0, 0),
            "and its queue is 0")
    tap.ok(p["last_extract"] and p["last"] is None and p["mailbox_messages"] == 0,
           "published, too", p)
    tap.ok("journal_milter_service_last_extract_timestamp_seconds{" in metrics(d)
           and 'journal_milter_pop3_mailbox_messages{service="%s"} 0\n' % BOX in metrics(d),
           "and in the metrics")
    text = d.jmctl.run("status")[1].decode()
    tap.like(text, r"(?m)^%s +Service OK .*\n  Exchange in Vienna; Last Successful Extract: 20.* "
             r"ago; POP3 Mailbox Queue: 0$" % BOX, "for people, too")
    tap.ok(not re.search("(?i)listener|MTA|smtp", text), "nothing is said of SMTP", text)
    first = s["last_extract"]
    # an hour later: the mailbox is read again, so the service works
    d.kill()
    d.env = {"JM_CLOCK_OFFSET_MS": str(3600000)}
    d.start()
    run.until(lambda: row(d)["last_extract"] > first, "read again")
    time.sleep(2.5)
    tap.is_([e["status"] for e in d.jmctl.events("status")], ["Awaiting Initial Run", "OK"],
            "a mailbox that is read and empty for an hour is not down")
    server.messages = [("m%d" % i, pop3.message(i)) for i in range(3)]
    run.until(lambda: row(d)["mailbox_queue"] == 3 and row(d)["mailbox_waiting"] == 0,
              "three messages are archived and stay")
    run.until(lambda: published(d).get("mailbox_messages") == 3, "published")
    tap.is_((published(d)["mailbox_waiting"], len(server.messages)), (0, 3),
            "the queue is what the mailbox holds")
    server.quirks = {"*": ["retr-err:m9"]}
    server.messages.append(("m9", pop3.message(9)))
    run.until(lambda: row(d)["mailbox_queue"] == 4 and row(d)["mailbox_waiting"] == 1,
              "one more that cannot be fetched")
    tap.like(d.jmctl.run("status")[1].decode(),
             r"POP3 Mailbox Queue: 4, 1 of them not archived yet", "people see the difference")
    d.stop()
    tap.is_((row(d)["mailbox_queue"], row(d)["mailbox_waiting"]), (4, 1),
            "without a daemon the archive knows both")
    tap.is_(d.complaints(), [], "no complaint in the log")


def ports():
    """The same host and name at two ports: two mailboxes with the same ids and sizes."""
    one = Pop3Server([("a", pop3.message(1))])
    two = Pop3Server([("a", pop3.message(2))])
    d = Daemon(os.path.join(home, "jm-ports"),
               [clear(one, leave_on_server=True), clear(two, email="two@journal.example.com")])
    d.start()
    run.until(lambda: not two.messages and len(d.jmctl.list()) == 2, "both are fetched")
    tap.is_([len(d.jmctl.list("--service", s)) for s in (BOX, "two@journal.example.com")], [1, 1],
            "two mailboxes that differ by the port: a message each")
    names = [s["mailbox"]["name"] for s in d.jmctl.status()["daemon"]["services"]]
    tap.is_(names, ["journal@127.0.0.1:%d" % s.port for s in (one, two)], "the status names both")
    out = d.jmctl.run("check")[1].decode()
    tap.ok(all("mailbox journal at 127.0.0.1, port %d," % s.port in out for s in (one, two)),
           "so does check", out)
    tap.is_(d.stop(), 0, "the daemon stops")


def tls_in_clear():
    """jmctl test at a port for TLS, in clear: said within seconds."""
    store = dovecot.Dovecot(os.path.join(home, "clear"), certificates=certs).start()
    d = Daemon(os.path.join(home, "jm-test"), [])
    for name, kw, cure in (
            ("in clear", {"port": store.tls_port, "encrypted": False}, "encrypted yes"),
            ("with STLS", {"port": store.tls_port, "starttls": True}, "encrypted yes"),
            ("the reverse", {"port": store.port}, "starttls yes")):
        d.services = [mailbox(**kw)]
        d.write()
        began = time.monotonic()
        status, out, complaint = d.jmctl.run("test", "--json", BOX)
        took = time.monotonic() - began
        last = json.loads(out)["steps"][-1]
        tap.is_((status, last["name"], last["outcome"]), (4, "tls", "fail"),
                "%s: the step TLS fails" % name)
        tap.ok(cure in last["cure"], "%s: with the cure" % name, out.decode() + complaint)
        tap.ok(took < 20, "%s: within seconds" % name, "%.1f s" % took)
    store.stop()


def files_with(folder, wanted):
    """The files below a folder that have one of the texts."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    data = f.read().lower()
                found += [path for w in wanted if w.lower().encode() in data]
    return found


def echoes():
    """A server that echoes the login in every line, as it came and decoded: no text has it."""
    word = "Tr0ub4dor-horse"
    path = secret("echoed", word)
    wanted = [word] + [base64.b64encode(b"x" * k + word.encode()).decode()[4:16] for k in range(3)]
    tests = (({"*": ["echo", "auth-err"]}, "login failed"), ({"*": ["echo-err"]}, "STAT and LIST"),
             ({"*": ["echo", "banner-err"], 1: ["echo", "auth-err"]}, "failed"))
    for login, capa in (("PLAIN", ("SASL PLAIN", "UIDL")), ("LOGIN", ("SASL LOGIN", "UIDL")),
                        ("PASS", ("UIDL", "USER"))):
        for number, (quirks, why) in enumerate(tests if login == "PLAIN" else tests[:1]):
            server = Pop3Server([("a", pop3.message(1))], quirks, capa)
            what = "%s, %d: " % (login, number)
            d = Daemon(os.path.join(home, "jm-echo-%s-%d" % (login, number)),
                       [clear(server, password_file=path)], more={"publish": {"interval": 1}})
            d.start()
            run.until(lambda: why in (row(d).get("why") or "") and server.sessions > 2,
                      what + "failed")
            run.until(lambda: why in (published(d).get("why") or ""), what + "published")
            tap.ok("[secret]" in row(d)["why"] or number == 2, what + "it is cut out", row(d))
            said = [d.jmctl.run(*args) for args in (
                ("events", "--json"), ("status", "--json"), ("status",), ("test", BOX),
                ("test", "--json", BOX))]
            texts = [out.decode() + err for _, out, err in said] + [d.log()]
            for name in ("environ", "cmdline"):
                with open("/proc/%d/%s" % (d.pid, name), encoding="utf-8") as f:
                    texts.append(f.read())
            d.stop()
            tap.is_([t for t in texts if any(w.lower() in t.lower() for w in wanted)], [],
                    what + "no text has the password")
            tap.is_(files_with(d.archive, wanted), [], what + "no file of the archive has it")
            server.stop()
    server = Pop3Server([(word, pop3.message(1)), ("b", pop3.message(2))], {"*": ["echo"]})
    d = Daemon(os.path.join(home, "jm-echo-id"), [clear(server, password_file=path)]).start()
    run.until(lambda: not server.messages and len(d.jmctl.list()) == 2, "fetched and deleted")
    d.stop()
    tap.is_(files_with(d.archive, wanted), [], "an id that is the password is not kept")


def slow_greeting():
    """A server that greets late is waited for."""
    slow = Pop3Server([("a", pop3.message(1))])
    far = delay.Relay(slow.port, 0, late_s=6)
    d = Daemon(os.path.join(home, "jm-slow"),
               [mailbox(hostname="127.0.0.1", port=far.port, encrypted=False)])
    status, out, complaint = d.jmctl.run("test", BOX)
    tap.ok(status == 0, "a server that greets after six seconds is waited for",
           out.decode() + complaint)


for part in (causes, unretrievable, extracts, ports, tls_in_clear, echoes, slow_greeting):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
sys.exit(tap.done())
