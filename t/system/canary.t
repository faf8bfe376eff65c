#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Without --bcc nothing names a Bcc recipient. Reports of every kind, whose Bcc address occurs nowhere
else, take every way through the daemon; all that is written outside the archive and all that verbs
print is searched for the address.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import jmctl
import milter
import pop3_quirks
import run
import tap
from daemon import Daemon, service

CANARY = b"zqcanary"	# in the local part of each address that must not be seen
AT = "@journal.example.com"
KEPT, SLOW, KNOWN, OLD, WHOLE, LOCKED, PULLED = (
    name + AT for name in ("kept", "slow", "known", "old", "whole", "locked", "pulled"))
WEB = os.path.join(tap.BUILD, "milter/web/journal-milter-web")


def forms():
    """The canary as it may be written: in the clear, in base64 at each of the three offsets."""
    found = [CANARY]
    for text in (CANARY, CANARY.upper()):
        for i in range(3):
            whole = base64.b64encode(b"\0" * i + text + b"\0" * ((3 - (i + len(text)) % 3) % 3))
            found.append(whole[4 if i else 0:-4])
    return found


FORMS = forms()


def seen(data):
    """Is the address in the data? In any letter case, in base64 or in quoted-printable."""
    text = re.sub(rb"=([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]),
                  re.sub(rb"=\r?\n", b"", data))
    return CANARY in data.lower() or CANARY in text.lower() or any(f in data for f in FORMS[1:])


def bird(name):
    return "%s.%s@example.com" % (CANARY.decode(), name)


# ---- the reports ----

def envelope(name, lines, text_in_base64=False, **kw):
    """A report whose recipient lines are these, besides one of To."""
    data = corpus.report(name, recipients=("bob@example.com",), **kw)
    head, text, rest = re.match(rb"(?s)(.*?us-ascii\"\r\n)\r\n(Sender: .*?)(\r\n--_test_.*)",
                                data).groups()
    text += "".join(line + "\r\n" for line in lines).encode()
    if text_in_base64:
        head += b"Content-Transfer-Encoding: base64\r\n"
        text = base64.encodebytes(text).replace(b"\n", b"\r\n")
    return head + b"\r\n" + text + rest


def from_corpus():
    """{name: report}: those of the corpus with Bcc recipients, who get addresses of ours."""
    found = {}
    for m in corpus.all_messages():
        to = {r["address"] for r in m.want["recipients"] if r["type"] in ("to", "cc")}
        bcc = [r["address"] for r in m.want["recipients"] if r["type"] == "bcc"
               and r["address"] not in to]
        data = m.eml
        if not bcc or not m.by_smtp or any(a.encode() not in data for a in bcc):
            continue
        for i, a in enumerate(sorted(set(bcc), key=len, reverse=True)):
            data = data.replace(a.encode(), bird("corpus%d" % i).encode())
        found[m.name] = data
    return found


def kinds():
    """{name: report} of all kinds that are archived."""
    own = (b"From: alice@example.com\r\nTo: bob@example.com\r\nBcc: %s\r\nSubject: own\r\n"
           b"Message-ID: <own@example.com>\r\n\r\nown\r\n" % bird("own").encode())
    found = {
        "bcc": envelope("bcc", ["Bcc: " + bird("bcc")]),
        "case": envelope("case", ["BCC: " + bird("case").upper()]),
        "list": envelope("list", ["Bcc: %s, Expanded: %s" % (bird("member"), bird("list"))]),
        "forward": envelope("forward", ["Bcc: %s, Forwarded: %s" % (bird("to"), bird("from"))]),
        "recipient": envelope("recipient", ["Recipient: " + bird("recipient")]),
        "member": envelope("member", ["Recipient: %s, Expanded: %s" % (bird("m"), bird("l"))]),
        "base64": envelope("base64", ["Bcc: " + bird("base64")], True),
        "own-field": envelope("own", ["Bcc: " + bird("own")], inner=own),
        "header-too": corpus.report("header", recipients=("bob@example.com", bird("header")))
        .replace(b"\r\nTo: " + bird("header").encode(), b"\r\nBcc: " + bird("header").encode()),
    }
    whole = found["bcc"].replace(b"test.bcc@", b"test.damaged@")
    found["damaged"] = whole[:whole.index(b"Content-Type: message/rfc822")]
    found.update(from_corpus())
    return found


# ---- the machine ----

def start():
    at_once = {"delivery_wait_attempts": 0, "journal_unknown_internal_addresses": True}
    d = Daemon(tap.folder() + "/jm", [
        service(KEPT, **at_once), service(SLOW, initial_process_delay=3600, **at_once),
        service(KNOWN, **dict(at_once, journal_unknown_internal_addresses=False)),
        service(OLD, maximum_age=30, **at_once), service(WHOLE, journal_type="eml", **at_once),
        service(LOCKED, encrypted=True, **at_once)], outbounds=["127.0.0.0/8"])
    people, secret, public = d.path("people"), d.path("secret"), d.path("public")
    os.mkdir(public)
    for path, text in ((people, "alice@example.com\nbob@example.com\n"), (secret, "secret\n")):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    os.chmod(secret, 0o600)
    server = pop3_quirks.Pop3Server([("one", envelope("pop3", ["Bcc: " + bird("pop3")]))])
    d.services.append(service(PULLED, transport_type="POP3", **at_once, pop3={
        "hostname": "127.0.0.1", "port": server.port, "mailbox-name": "journal",
        "password-file": secret, "encrypted": False, "poll-interval": 1}))
    d.more = {"publish": {"directory": public, "interval": 1}, "daemon": {"detailed-logging": True},
              "directory-sources": {"file": [people]}, "gateway": {"enabled": True}}
    d.write()
    d.start()
    run.until(lambda: d.jmctl.events("directory-loaded"), "the directory is read")
    return d


def send(d, data, to, ip="127.0.0.1", sender="alice@example.com"):
    return milter.deliver(d.socket, sender, [to], data, ip=ip)


def fill(d):
    """Send everything on every way. Returns the number of reports that were taken."""
    taken = 0
    for name, data in kinds().items():
        a = send(d, data, KEPT)
        tap.is_(a.kind, "d", "%s: taken" % name)
        taken += a.kind == "d"
    ways = (("slow", SLOW, "d"), ("unknown", KNOWN, "d"), ("old", OLD, "d"), ("whole", WHOLE, "d"),
            ("slow-too", SLOW, "d"), ("unknown-2", KNOWN, "d"), ("unknown-3", KNOWN, "d"))
    for name, to, kind in ways:
        data = envelope(name, ["Bcc: " + bird(name)])
        if name == "old":
            data = data.replace(b"Jul 2029", b"Jul 2019")
        if name == "slow":	# a report with nobody who may be named
            data = data.replace(b"\r\nTo: bob@example.com", b"", 1) \
                .replace(b"\r\nTo: bob@example.com\r\nBcc", b"\r\nBcc")
        tap.is_(send(d, data, to).kind, kind, "%s: taken" % name)
    tap.is_(send(d, envelope("no-tls", ["Bcc: " + bird("no-tls")]), LOCKED).kind, "y",
            "a report without TLS is refused")
    tap.is_(send(d, envelope("client", ["Bcc: " + bird("client")]), KEPT, "192.0.2.1").kind, "y",
            "so is one of a strange client")
    ordinary = (b"From: alice@example.com\r\nTo: bob@example.com\r\nSubject: ordinary\r\n"
                b"Message-ID: <ordinary@example.com>\r\n\r\nordinary\r\n")
    a = milter.deliver(d.socket, "alice@example.com", ["bob@example.com", bird("gateway")],
                       ordinary)
    tap.is_(a.kind, "c", "ordinary mail passes the gateway")
    run.until(lambda: d.jmctl.list("--service", PULLED), "the mailbox is read")
    return taken


# ---- the search ----

class Search:
    """Runs verbs and collects what was seen where it must not be."""

    def __init__(self, d, *at):
        self.d, self.at = d, at or ("--config", d.settings)
        self.leaks, self.calls = [], 0

    def run(self, verb, *args, want=None):
        """All that the verb prints."""
        words = [*verb.split(), *map(str, args)]
        if verb not in ("unwrap",):
            words += self.at
        r = subprocess.run([jmctl.PROGRAM, *words], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           timeout=300, env=jmctl.environment(words))
        self.calls += 1
        if want is not None and r.returncode != want:
            tap.ok(False, "jmctl %s: exit %d" % (" ".join(words), want), (r.returncode, r.stderr))
        return r.stdout + r.stderr

    def check(self, verb, *args, want=None, forms=((), ("--json",))):
        for json_too in forms:
            out = self.run(verb, *args, *json_too, want=want)
            if seen(out):
                at = [line for line in out.splitlines() if seen(line)][:1] or [out[:300]]
                self.leaks.append((verb, args, json_too, at[0][:300]))

    def files(self, folder, skip=()):
        n = 0
        for path, folders, names in os.walk(folder):
            folders[:] = [f for f in folders if os.path.join(path, f) not in skip]
            for name in names:
                at = os.path.join(path, name)
                if at in skip or not os.path.isfile(at):
                    continue
                with open(at, "rb") as f:
                    data = f.read()
                n += 1
                if seen(at.encode()) or seen(data):
                    line = [x for x in data.splitlines() if seen(x)]
                    self.leaks.append((at, line[0][:300] if line else "its name"))
        return n

    def result(self, what):
        tap.is_(self.leaks, [], what)
        self.leaks = []


def reading(s, d, items, asked):
    """The verbs that read."""
    for args in ((), ("--set-aside",), ("--waiting",), ("--newest",)):
        s.check("list", *args, want=0)
    for args in (("--waiting",), ("--subject", "test"), ("--domain", "example.com"),
                 ("--sort", "sender"), ("--set-aside",)):
        s.check("search", *args, want=0)
    for n, i in enumerate(items):
        s.check("show", i, "--headers", want=0, forms=[[(), ("--json",)][n % 2]])
    s.check("show", "<test.bcc@example.com>", want=0)
    for args in ((), ("list", "--service", SLOW)):
        s.check("queue", *args, want=0)
    for r in d.jmctl.queue() if asked else ():
        s.check("queue show", r["id"], want=0)
    s.check("set-aside list", want=0)
    s.check("show", "--no-message", items[0], want=0)
    s.check("set-aside show", items[-1], want=0)
    s.check("events", want=0)
    s.check("status", "--days")
    s.check("verify", want=0)
    if asked:
        s.check("top")
        seq = d.jmctl.status()["last_seq"]
        s.check("watch", "--after", 1, "--limit", seq - 5, want=0)
        s.check("watch", "--after", 1, "--kind", "set-aside,queued", "--limit", 4, want=0)
    for i in items[:2]:
        s.check("queue show", i)	# the refusals name the state
        s.check("queue release", i)
        s.check("set-aside expire", 999999, "--yes")


def oracle(s):
    """A search for the address must not confirm that it is there."""
    for name, option, more in (
            ("bcc", "--address", ()), ("bcc", "--recipient", ()), ("recipient", "--address", ()),
            ("unknown", "--address", ("--set-aside",)), ("slow", "--recipient", ("--waiting",)),
            ("member", "--recipient", ()), ("gateway", "--address", ())):
        tap.is_(s.run("search", option, bird(name), "--json", *more), b"",
                "search %s of a Bcc recipient finds nothing (%s)" % (option, name))


def exports(s, items, folder):
    for n, i in enumerate(items):
        s.check("export", i, "--output", folder + "/one-%d.eml" % n, forms=[()])
    for i in items[:3]:
        s.check("export", i, "--report", "--output", folder + "/report.eml", want=77)
        s.check("export", i, "--raw", "--output", folder + "/raw-%d.eml" % i)
    s.files(folder)
    for form in ("eml", "mbox", "maildir", "edrm"):
        for args in (("--all",), ("--all", "--waiting"), ("--set-aside",)):
            name = folder + "/" + form + "".join(args)
            s.check("export", *args, "--format", form, "--output", name)
            tap.ok(s.files(name) > 1 or s.leaks, "export %s %s writes files" % (form, args[-1]))
    s.result("no export has a Bcc recipient")


def by_file(s, folder):
    """Verbs that read a message from a file."""
    os.makedirs(folder)
    for name, data in kinds().items():
        path = os.path.join(folder, name + ".eml")
        with open(path, "wb") as f:
            f.write(data)
        form = [[(), ("--json",)][len(name) % 2]]
        s.check("unwrap", path, want=0, forms=[()])
        s.check("explain", path, "--to", KNOWN, "--client", "127.0.0.1", want=0, forms=form)
    for to in (KEPT, OLD):
        s.check("explain", path, "--to", to, "--client", "127.0.0.1", want=0)
    s.result("neither unwrap nor explain names a Bcc recipient")


def copies(s, d, folder):
    """
    A dump has the reports themselves, and is the archive in another form: names of its files and
    what is said about them count.
    """
    s.check("dump", folder + "/dump", want=0)
    for path, _, names in os.walk(folder + "/dump"):
        s.leaks += [(path, n) for n in names if seen(n.encode())]
    s.check("backup", folder + "/backup")
    s.result("neither dump nor backup says a Bcc recipient")


def older_reason(d, folder):
    """
    An archive whose records have the address in the reason, as those of older versions: a dump is
    changed and loaded.
    """
    path = folder + "/dump/manifest.jsonl"
    rows, changed = [], 0
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            address = row.get("metadata", {}).pop("set_aside_address", None)
            if address:
                row["metadata"]["set_aside"] = "internal address %s is not in the directory" \
                    % address
                changed += 1
            rows.append(json.dumps(row, separators=(",", ":"), ensure_ascii=False))
    tap.ok(changed >= 2, "records with an address beside their reason", changed)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(rows) + "\n")
    sums = folder + "/dump/SHA256SUMS"
    if os.path.exists(sums):
        with open(path, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        with open(sums, encoding="utf-8") as f:
            text = re.sub(r"(?m)^[0-9a-f]{64}(  manifest\.jsonl)$", digest + r"\1", f.read())
        with open(sums, "w", encoding="utf-8") as f:
            f.write(text)
    archive = folder + "/older"
    s = Search(d, "--archive", archive)
    out = subprocess.run([jmctl.PROGRAM, "load", "--archive", archive, folder + "/dump"],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    tap.is_(out.returncode, 0, "the changed dump is loaded")
    tap.ok(not seen(out.stdout), "load names no Bcc recipient", out.stdout)
    return s


def positive(s, items):
    """With --bcc the address is found: the search can fail."""
    for verb, *args in (("list", "--set-aside"), ("search", "--set-aside"), ("queue",), ("events",),
                        ("show", items[0])):
        tap.ok(seen(s.run(verb, *args, "--bcc", "--json")), "%s --bcc names it" % verb)
        tap.ok(seen(s.run(verb, *args, "--bcc")), "and as text")
    found = s.run("search", "--address", bird("bcc"), "--bcc", "--json")
    tap.is_(len(found.splitlines()), 1, "search --bcc finds it")


def web(public):
    """The pages of journal-milter-web."""
    port = run.port()
    p = run.Program([WEB, "-f", "-d", public, "-l", "127.0.0.1:%d" % port],
                    tap.folder() + "/web.log").start()
    run.until(lambda: run.listening(port), "the page is there")
    found = [urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=60).read()
             for path in ("/", "/metrics")]
    p.stop()
    tap.ok(b"set-aside" in found[0], "the page has the events")
    tap.is_([x[:200] for x in found if seen(x)], [], "no page names a Bcc recipient")


def published(d):
    public = d.path("public")
    last = "%016x" % d.jmctl.events("set-aside")[-1]["seq"]

    def has():
        with open(public + "/status.json", encoding="utf-8") as f:
            return last in json.load(f)["events"]
    run.until(has, "the events are published")
    return public


def main():
    tap.ok(seen(b"x ZqCanary@x") and seen(base64.b64encode(b"a: " + CANARY + b"@x"))
           and seen(b"a=7Aqcanary") and not seen(b"nothing"), "the search sees what it looks for")
    d = start()
    fill(d)
    folder = tap.folder() + "/out"
    os.makedirs(folder)
    items = sorted({i["id"] for a in (("--waiting",), ("--set-aside",)) for i in d.jmctl.list(*a)})
    aside = [i["id"] for i in d.jmctl.list("--set-aside")]
    s = Search(d)
    reading(s, d, items, True)
    s.result("no verb that reads names a Bcc recipient")
    oracle(s)
    exports(s, items, folder)
    by_file(s, tap.folder() + "/in")
    positive(s, items)
    copies(s, d, folder)
    s.check("set-aside release", aside[0], want=0, forms=[()])
    s.check("set-aside expire", aside[1], "--yes", want=0, forms=[()])
    s.check("queue retry", d.jmctl.queue()[-1]["id"], want=0, forms=[()])
    s.check("queue release", d.jmctl.queue()[0]["id"], want=0, forms=[()])
    s.check("events", want=0)
    s.check("list", "--set-aside")
    s.result("nor do release and expire, nor their events")
    named = {e["kind"]: e.get("item") for e in d.jmctl.events() if e["kind"] in ("expired",)}
    tap.is_(named, {"expired": aside[1]}, "the event names the item that expired")
    web(published(d))
    tap.is_(d.stop(), 0, "the daemon stops")
    tap.ok("decision" in d.log() and "not in the directory" in d.log(),
           "its log has every decision")
    n = s.files(d.folder, skip=(d.archive,))
    tap.ok(n > 4, "files of the daemon outside the archive", n)
    s.result("no file outside the archive names a Bcc recipient, the log least of all")
    offline = Search(d)
    items = [i["id"] for i in d.jmctl.list("--set-aside")] + items[:2]
    reading(offline, d, items, False)
    offline.check("rebuild")
    offline.result("without a daemon it is the same")
    old = older_reason(d, folder)
    reading(old, d, items, False)
    old.result("an address in a reason of an older record is cut out")
    tap.ok(seen(old.run("list", "--set-aside", "--bcc")), "and shown with --bcc")


main()
sys.exit(tap.done())
