#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The fields of a journal service definition that judge: two services with different rules on one mail
server, each field with two values; the directory from files and tables; and jmctl
explain, which says beforehand what the server answers.
"""
import base64
import email.utils
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import scene
import sendmail
import tap
from daemon import With, service

DOMAIN = "@journal.example.com"
GOOD_CLIENT = scene.OUTBOUND


def loose(name, **kw):
    """A service that accepts everything except as given."""
    return service(name + DOMAIN, journal_unknown_internal_addresses=kw.pop(
        "journal_unknown_internal_addresses", True), **kw)


SERVICES = [loose("loose"), loose("young", maximum_age=30),
            loose("internal", journal_non_internal_addresses=False),
            loose("known", journal_unknown_internal_addresses=False),
            loose("strict", encrypted=True, encryption_mode="strict"),
            loose("relaxed", encrypted=True, encryption_mode="relaxed"),
            loose("detail", detailed_logging=True), loose("eml", journal_type="eml"),
            loose("keep", remove_journal_headers=False),
            loose("clear", prefer_clear_text_version=True), loose("off", disabled=True),
            loose("login", use_smtp_authentication=True, detailed_logging=True),
            loose("ageless", maximum_age=0),]
INTERNAL = ("example.com", With("contoso.com", sub_domains="yes"), "b\u00fccher.example")


def date(days):
    """A Date that many days ago."""
    return email.utils.formatdate(time.time() - days * 86400)


def report(name, sender="alice@example.com", recipients=("bob@example.com",), sent=0, wrapped=0):
    """
    A report whose message and whose own Date are so many days old; None: without a Date.
    """
    r = corpus.report(name, sender=sender, recipients=recipients)
    for old, days in ((b"Date: Tue, 17 Jul 2029 12:13:27 +0000\r\n", sent),
                      (b"Date: Tue, 17 Jul 2029 12:13:28 +0000\r\n", wrapped)):
        r = r.replace(old, b"" if days is None else b"Date: %s\r\n" % date(days).encode())
    return r


def outcome(s, name, message, aside, what):
    """
    Send to the service of that name; claim that it is archived, or set aside for a reason that has
    this text.
    """
    items, apart = len(s.jmctl.list()), len(s.jmctl.list("--set-aside"))
    r = s.send(message, [name + DOMAIN])
    tap.is_(r.code, 250, "%s, service %s: accepted" % (what, name))
    kept = s.jmctl.list("--set-aside")
    tap.is_((len(s.jmctl.list()) - items, len(kept) - apart), (0, 1) if aside else (1, 0),
            "%s, service %s: %s" % (what, name, "set aside" if aside else "archived"))
    if aside and len(kept) > apart:
        tap.like(kept[-1]["set_aside"], aside, "%s: the reason is told" % what)
        tap.bytes_(s.jmctl.export(kept[-1]["id"], "--report").split(b"\r\n\r\n", 1)[1],
                   message.split(b"\r\n\r\n", 1)[1], "%s: it is kept whole" % what)


def age(s):
    old, fresh = report("old", sent=31), report("fresh", sent=29)
    outcome(s, "young", fresh, None, "29 days old")
    outcome(s, "young", old, "too old", "31 days old")
    outcome(s, "loose", report("old-elsewhere", sent=31), None, "31 days old")
    outcome(s, "young", report("undated", sent=None, wrapped=31), "too old: report's date",
            "no date, in an old report")
    outcome(s, "young", report("undated-fresh", sent=None, wrapped=0), None,
            "no date, in a new report")
    outcome(s, "young", report("future", sent=-700, wrapped=-700), None, "dated years ahead")


def reload(s, **more):
    """Other settings outside of the services, by a reload."""
    before = len(s.jmctl.events("reloaded"))
    s.daemon.more.update((k.replace("_", "-"), v) for k, v in more.items())
    s.daemon.write()
    s.daemon.reload()
    run.until(lambda: len(s.jmctl.events("reloaded")) > before, "the reload")


def age_of_all(s):
    """The limit for all services, and services with a limit of their own."""
    reload(s, maximum_age=2)
    outcome(s, "loose", report("all-old", sent=3), "more than 2 days ago",
            "3 days old, 2 allowed for all")
    outcome(s, "loose", report("all-fresh", sent=1), None, "1 day old, 2 allowed for all")
    outcome(s, "young", report("own-fresh", sent=29), None,
            "29 days old, 30 allowed by the service, 2 for all")
    outcome(s, "ageless", report("own-none", sent=3000), None,
            "3000 days old, no limit of the service, 2 days for all")
    reload(s, maximum_age=0)
    outcome(s, "loose", report("none", sent=3000), None, "3000 days old, no limit for all")
    outcome(s, "young", report("own-old", sent=31), "more than 30 days ago",
            "31 days old, 30 allowed by the service, no limit for all")


def domains(s):
    """
    Internal domains as senders, and as addresses of the journaled message: with sub-domains or not,
    and as A-labels.
    """
    for sender, code in (("a@example.com", 250), ("a@sub.example.com", 550), ("a@contoso.com", 250),
                         ("a@deep.sub.contoso.com", 250), ("a@xcontoso.com", 550),
                         ("a@xn--bcher-kva.example", 250), ("a@XN--BCHER-KVA.Example", 250),
                         ("a@mail.xn--bcher-kva.example", 550)):
        tap.is_(s.send(report("from-" + sender), ["loose" + DOMAIN], sender).code, code,
                "internal domains: sender %s: %d" % (sender, code))
    for to, aside in (("b@sub.contoso.com", None), ("b@sub.example.com", "no internal"),
                      ("b@xn--bcher-kva.example", None), ("b@buecher.example", "no internal")):
        outcome(s, "internal", report("to-" + to, sender="x@evil.example", recipients=[to]), aside,
                "internal domains: recipient " + to)


def addresses(s):
    outcome(s, "internal", report("in", sender="x@evil.example"), None, "an internal recipient")
    outcome(s, "internal", report("out", sender="x@evil.example", recipients=["y@evil.example"]),
            "no internal address", "no internal address")
    outcome(s, "loose", report("out-elsewhere", sender="x@evil.example",
                               recipients=["y@evil.example"]), None, "no internal address")


def unknown(s, what, known="bob@example.com"):
    outcome(s, "known", report("known-" + what, recipients=[known]), None,
            what + ": known addresses")
    outcome(s, "known", report("unknown-" + what, recipients=[known, "mallory@example.com"]),
            "mallory@example.com is not in the directory", what + ": an unknown address")
    outcome(s, "loose", report("unknown-elsewhere-" + what, recipients=["mallory@example.com"]),
            None, what + ": an unknown address")


def use_sources(s, **sources):
    """Other directory-sources, by a reload; waits until the first is read."""
    before = len(s.jmctl.events("directory-loaded"))
    s.daemon.more["directory-sources"] = sources
    s.daemon.write()
    s.daemon.reload()
    run.until(lambda: len(s.jmctl.events("directory-loaded")) > before, "the directory is read")


def directory(s):
    people = s.daemon.path("people")
    with open(people, "w", encoding="utf-8") as f:
        f.write("# who is there\nalice@example.com\nbob@Example.COM\n")
    use_sources(s, file=[people])
    unknown(s, "a file")
    before = len(s.jmctl.events("directory-loaded"))
    with open(people, "a", encoding="utf-8") as f:
        f.write("mallory@example.com\n")
    run.until(lambda: len(s.jmctl.events("directory-loaded")) > before, "the changed file is read")
    outcome(s, "known", report("now-known", recipients=["mallory@example.com"]), None,
            "an address that was added")
    for kind, ending in (("hash", "db"), ("btree", "db"), ("lmdb", "lmdb"), ("cdb", "cdb")):
        if kind not in run.output("postconf", "-c", s.server.etc, "-m").split():
            tap.skip("postmap " + kind, "missing: postfix-" + kind)
            continue
        path = s.daemon.path("postmap-" + kind)
        with open(path, "w", encoding="utf-8") as f:
            f.write("alice@example.com x\nbob@example.com x\n")
        run.output("postmap", "-c", s.server.etc, "%s:%s" % (kind, path))
        use_sources(s, map=["%s:%s" % (kind, path)])
        unknown(s, "postmap " + kind)
        before = len(s.jmctl.events("directory-failed"))
        with open(path + "." + ending, "r+b") as f:
            f.truncate(os.path.getsize(path) + 1)
        run.until(lambda n=before: len(s.jmctl.events("directory-failed")) > n,
                  "the broken table is told: " + kind)
        unknown(s, "a broken table keeps what it had: " + kind)


def makemap(s):
    """Tables of Sendmail's makemap, whose keys do not end with a NUL."""
    for kind in ("hash", "btree"):
        path = s.daemon.path("makemap-" + kind)
        run.output(os.path.join(s.server.root, "usr/libexec/sendmail/makemap"), "-C",
                   os.path.join(s.server.folder, "etc/sendmail.cf"), kind, path,
                   input=b"alice@example.com x\nbob@example.com x\n")
        use_sources(s, map=["%s:%s" % (kind, path)])
        unknown(s, "makemap " + kind)


def certificates(s):
    mine, name = s.server.certs.client, s.server.name
    self_signed = os.path.join(s.folder, "own.pem"), os.path.join(s.folder, "own.key")
    run.output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj", "/CN=somebody",
               "-keyout", self_signed[1], "-out", self_signed[0])
    for what, local, tls, code in (
            ("no TLS", "strict", None, 550), ("TLS without a certificate", "strict", (), 550),
            ("TLS with a self-signed certificate", "strict", self_signed, 550),
            ("TLS with a certificate that the server verified", "strict", mine, 250),
            ("no TLS", "relaxed", None, 550),
            ("TLS without a certificate", "relaxed", (), 250),
            ("TLS with a self-signed certificate", "relaxed", self_signed, 250)):
        r = s.send(report("tls-%s-%s" % (local, what.replace(" ", "-"))), [local + DOMAIN], tls=tls)
        tap.is_(r.code, code, "%s: encryption mode %s, %s: %d" % (name, local, what, code))


def hybrid(s):
    """
    On-premises and Microsoft 365 into one archive: the same message reported to two definitions
    with different rules is one item with both receipts.
    """
    before = {x["name"]: x for x in s.jmctl.status()["services"]}
    number = s.server.name + "-hybrid"
    for local, to in (("loose", "bob@example.com"), ("keep", "carol@example.com"),
                      ("internal", "dave@example.com")):
        r = corpus.report(number, recipients=(to,),
                          inner=b"From: alice@example.com\r\nTo: all@example.com\r\n"
                          b"Subject: hybrid\r\nMessage-ID: <test.%s@example.com>\r\n"
                          b"\r\nhybrid\r\n" % number.encode())
        tap.is_(s.send(r, [local + DOMAIN]).code, 250, "hybrid: reported to " + local)
    items = s.jmctl.list("--message-id", "<test.%s@example.com>" % number)
    tap.is_(len(items), 1, "hybrid: one item")
    item = s.jmctl.show(items[0]["id"])
    tap.is_(([r["service"] for r in item["reports"]],
             sorted(r["address"] for r in item["recipients"])),
            ([x + DOMAIN for x in ("loose", "keep", "internal")],
             ["bob@example.com", "carol@example.com", "dave@example.com"]),
            "hybrid: with every receipt and every recipient")
    after = {x["name"]: x for x in s.jmctl.status()["services"]}
    def grown(local, key):
        return after[local + DOMAIN][key] - before.get(local + DOMAIN, {}).get(key, 0)
    # what was refused or deferred earlier is written, and so counted, once a second
    tap.is_([(grown(x, "received") - grown(x, "refused") - grown(x, "deferred"),
              grown(x, "items"), grown(x, "merged"))
             for x in ("loose", "keep", "internal")], [(1, 1, 0), (1, 0, 1), (1, 0, 1)],
            "hybrid: each counted with its service")


def contents(s):
    """Fields that say what of a message is archived."""
    rms = corpus.message("021")
    for local, want in (("loose", rms.want["inner_sha256"]),
                        ("clear", rms.want["clear_text"]["inner_sha256"])):
        before = {i["id"] for i in s.jmctl.list()}
        tap.is_(s.send(rms.eml, [local + DOMAIN]).code, 250,
                "a rights-protected pair to %s" % local)
        new = [i for i in s.jmctl.list() if i["id"] not in before]
        item = s.jmctl.show(new[0]["id"] if new else max(before))
        tap.ok(want in json.dumps(item), "service %s: it has the %s one"
               % (local, "readable" if local == "clear" else "protected"), item["contents"])
    for local, there in (("loose", False), ("keep", True)):
        tap.is_(s.send(report("headers-" + local), [local + DOMAIN]).code, 250,
                "a report to %s" % local)
        tap.is_(b"X-MS-Exchange-Organization-BCC" in s.jmctl.export(s.jmctl.list()[-1]["id"]),
                there,
                "service %s: the journal header %s" % (local, "stays" if there else "is removed"))
    ordinary = (b"From: alice@example.com\r\nTo: bob@example.com\r\nSubject: plain\r\n"
                b"Message-ID: <plain@example.com>\r\n\r\nplain\r\n")
    tap.is_(s.send(ordinary, ["loose" + DOMAIN]).code, 250,
            "an ordinary message to a service of envelope journaling")
    item = s.jmctl.show(s.jmctl.list()[-1]["id"])
    tap.is_((item["variant"], item["step_down"], item["from_headers"]), ("plain", True, True),
            "it is stepped down, its recipients are those of the headers")
    tap.bytes_(s.jmctl.export(item["id"]), ordinary, "and archived as it is")
    tap.is_(s.send(report("as-eml"), ["eml" + DOMAIN]).code, 250,
            "a report to a service of standard EML")
    item = s.jmctl.show(s.jmctl.list()[-1]["id"])
    tap.is_((item["variant"], item["from_headers"]), ("plain", True),
            "it is not unwrapped, and its recipients are marked as from the headers")
    tap.like(s.jmctl.run("show", item["id"])[1].decode(), "(?i)bcc",
             "jmctl show says that Bcc may be missing")


def logging(s):
    """Each decision with its setting, for the one service only; neither text nor secrets."""
    s.send(report("chatty"), ["detail" + DOMAIN])
    s.send(report("quiet"), ["loose" + DOMAIN])
    lines = [x for x in s.daemon.log().splitlines() if x.split(" ")[0].endswith("decision")
             or " decision " in x]
    tap.ok(lines and all("detail" + DOMAIN in x for x in lines),
           "decisions are logged for the service that wants it, and for no other", lines[:3])
    for setting in ("disabled", "authorized-outbounds", "encrypted", "use-smtp-authentication",
                    "internal-domains", "journal-type", "maximum-age",
                    "journal-non-internal-addresses"):
        tap.ok(any("setting=%s " % setting in x for x in lines), "the decision of %s" % setting,
               lines)
    for word, stage in (("journal-type", "unwrap"), ("remove-journal-headers", "unwrap"),
                        ("gateway", "wait"), ("email-address", "admit")):
        tap.ok(any("setting=%s " % word in x and "stage=%s " % stage in x for x in lines),
               "the decision of %s, made in %s" % (word, stage), lines)
    with open(s.daemon.settings, encoding="utf-8") as f:
        text = f.read().splitlines()
    wrong = [x for x in lines for name, line in re.findall(r"setting=(\S+) line=(\d+)", x)
             if line != "0" and not any("<%s>" % n in text[int(line) - 1] for n in (name, {
                 "authorized-outbounds": "range", "internal-domains": "domain"}.get(name)))]
    tap.is_(wrong, [], "each with the line of its setting, or of the entry in its list")
    tap.is_(s.send(report("logged-in"), ["login" + DOMAIN],
                   login=("login" + DOMAIN, "secret")).code, 250,
            "a login at a service with detailed logging")
    word = base64.b64encode(b"\0login%s\0secret" % DOMAIN.encode()).decode()
    tap.ok("setting=use-smtp-authentication" in s.daemon.log() and word not in s.daemon.log(),
           "its decision is logged, not its words")
    tap.ok(not any("Test chatty" in x or "quick brown" in x or "secret" in x
                   for x in s.daemon.log().splitlines()), "no subject, text or password")


def explain(s, *args):
    status, out, complaint = s.jmctl.run("explain", "--json", *args)
    if status != 0:
        raise RuntimeError(complaint)
    return s.jmctl.objects(out)[0]


# name, service, sender, client, explain's further facts, the server's (tls, login), setting that
# decides
REFUSALS = [
    ("no service", "nobody", "a@example.com", GOOD_CLIENT, (), {}, "email-address"),
    ("disabled", "off", "a@example.com", GOOD_CLIENT, (), {}, "disabled"),
    ("client", "loose", "a@example.com", scene.STRANGER, (), {}, "authorized-outbounds"),
    ("TLS", "relaxed", "a@example.com", GOOD_CLIENT, (), {}, "encrypted"),
    ("certificate", "strict", "a@example.com", GOOD_CLIENT, ("--tls", "TLSv1.3"), {"tls": ()},
     "encryption-mode"),
    ("login", "login", "a@example.com", GOOD_CLIENT, (), {}, "use-smtp-authentication"),
    ("sender", "loose", "a@example.org", GOOD_CLIENT, (), {}, "internal-domains"),]


def explained(s):
    with open(s.daemon.settings, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for what, local, sender, client, facts, session, setting in REFUSALS:
        to = local + DOMAIN
        e = explain(s, "--to", to, "--from", sender, "--client", client, *facts)
        r = s.send(report("explained"), [to], sender, client, **session)
        tap.is_(e["reply"], "%d %s" % (r.code, r.text),
                "explain, %s: the reply that the server gives" % what)
        last = e["checks"][-1]
        tap.is_((last["setting"], last["passed"]), (setting, False),
                "explain, %s: the setting" % what)
        if last["line"]:
            tap.ok("<%s>" % setting in lines[last["line"] - 1], "explain, %s: its line" % what,
                   lines[last["line"] - 1])
        tap.ok(e["cure"], "explain, %s: a cure" % what)
        text = s.jmctl.run("explain", "--to", to, "--from", sender, "--client", client,
                           *facts)[1].decode()
        tap.ok(e["reply"] in text and e["cure"] in text and "NO  admit  %s " % setting in text,
               "explain, %s: for people" % what, text)
    path = os.path.join(s.folder, "m.eml")
    for local, message, want, cure in (
            ("young", report("e-old", sent=31), "set-aside", "<maximum-age>"),
            ("young", report("e-new", sent=1), "archived", None),
            ("internal", report("e-out", sender="x@evil.example", recipients=["y@evil.example"]),
             "set-aside", "Get-AcceptedDomain")):
        with open(path, "wb") as f:
            f.write(message)
        e = explain(s, "--to", local + DOMAIN, "--client", GOOD_CLIENT, path)
        tap.is_(e["outcome"], want, "explain, a message to %s: %s" % (local, want))
        tap.is_([x["address"] for x in e["message"]["recipients"]],
                ["y@evil.example" if local == "internal" else "bob@example.com"],
                "explain: its recipients")
        tap.is_(e["reason"] is None, want == "archived", "explain: the reason")
        tap.ok(cure in e["cure"] if cure else e["cure"] is None, "explain: the cure", e["cure"])
        tap.is_(([c["setting"] for c in e["checks"] if c["stage"] == "wait"]),
                ["gateway"] if want == "archived" else [], "explain: whether it waits")
    tap.is_(explain(s, "--to", "someone@example.com")["outcome"], "passed",
            "explain: ordinary mail passes")
    tap.is_(s.jmctl.run("explain", "--client", "nowhere", "--to", "x")[0], 64,
            "explain: a wrong client is refused")
    tap.is_(s.jmctl.run("explain")[0], 64, "explain: with several services the recipient is needed")
    tap.is_(s.jmctl.run("explain", "--to", "x", "/nonexistent")[0], 66,
            "explain: a file that is not there")


wanted = ["postfix"] + (["sendmail"] if sendmail.root() else [])
for server in scene.servers(*wanted):
    s = scene.Scene(server, daemon={"services": SERVICES, "internal": INTERNAL}, tls=True,
                    sasl=True)
    certificates(s)
    if server.name == "sendmail":
        makemap(s)
    else:
        age(s)
        age_of_all(s)
        domains(s)
        addresses(s)
        hybrid(s)
        contents(s)
        logging(s)
        explained(s)
        directory(s)
    tap.is_(s.jmctl.verify()[0], 0, server.name + ": verify finds nothing")
    s.end()
if "sendmail" not in wanted:
    tap.skip("tables of makemap, client certificates behind Sendmail",
             "Sendmail is not unpacked: contrib/packages sendmail build-check/sendmail")
sys.exit(tap.done())
