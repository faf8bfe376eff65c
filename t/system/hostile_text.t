#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Hostile text through each way in (HELO, envelope, header fields, attachment names, reports, control
requests, a POP3 server, settings); then each way out has no control character, no character that
changes the direction of writing, and no byte that is not UTF-8.
"""
import glob
import http.client
import json
import os
import pty
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import Daemon, service
from jmctl import PROGRAM, environment
from pop3_quirks import Pop3Server

JOURNAL, BOX = "journaling@journal.example.com", "box@journal.example.com"
WEB = os.path.join(tap.BUILD, "milter/web/journal-milter-web")
RAW = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
# Sequences that jmctl itself sends to a terminal.
OWN = re.compile(rb"\x1b\[(?:\?\d+[hl]|[0-9;]*m|[KHJ])|\r\n|\r(?=\x1b\[K)")
EVIL = [b"\x1b]0;evil\x07\x1b[2J", b"\xc2\x9b31m", "\u202egpj\u2066.exe\u2069".encode(),
        b"\x9b1m\xff\xfe\xc3", "\u2028level=bad\u2029\ufeff".encode(), b"\x7f\x08\x08\r\x0b",
        b"evil" * 16384 + b"\x1b[5m"]
ADDRESS = b"evil\x1b[1m\xe2\x80\xae\xc2\x9b\x9b@example.com"


def raw(data):
    """The raw characters in it, each with what is before it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        return ["not UTF-8: %r" % data[max(0, e.start - 60):e.end + 20]]
    return [repr(text[max(0, m.start() - 60):m.end() + 20]) for m in RAW.finditer(text)][:5]


def clean(data, name, must=b"evil"):
    tap.ok(not raw(data) and must in data, name + ": nothing raw",
           "\n".join(raw(data)) or "not in it: %r\n%r" % (must, data[:1500]))


def on_terminal(*args):
    """Output and errors of jmctl on a terminal, without its own sequences."""
    master, slave = pty.openpty()
    with subprocess.Popen([PROGRAM, *args], stdin=slave, stdout=slave, stderr=slave,
                          env=dict(os.environ, TERM="xterm")):
        os.close(slave)
        return OWN.sub(b"\n", run.shown(master))


def report(n, evil):
    """A journal report with the text in its own lines and in each field of the message in it."""
    inner = (b"From: \"%s\" <a@example.com>\r\nTo: b@example.com\r\nSubject: evil %s\r\n"
             b"Message-ID: <%d%s@example.com>\r\nDate: Tue, 17 Jul 2029 12:13:27 +0000\r\n"
             b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
             b"evil %s\r\n--b\r\nContent-Type: application/x%s; name=\"evil%s.txt\"\r\n\r\nx\r\n"
             b"--b--\r\n" % (evil, evil, n, evil[:400], evil, evil[:9], evil))
    text = (b"Sender: %s\r\nOn-Behalf-Of: %s\r\nSubject: evil %s\r\nMessage-Id: <%d%s@example.com>"
            b"\r\nLabel: %s\r\nTo: %s\r\nCc: b@example.com, Expanded: %s\r\n"
            % (ADDRESS, ADDRESS, evil, n, evil[:400], evil, ADDRESS, ADDRESS))
    whole = corpus.report("evil-%d" % n, inner=inner)
    at = whole.index(b"Sender: ")
    return whole[:at] + text + whole[whole.index(b"\r\n--_test", at):]


def by_smtp(d):
    """Each step of SMTP with each text; NUL ends an argument of the milter protocol."""
    found = []
    for n, evil in enumerate(EVIL):
        with milter.Session(d.socket) as s:
            s.connect("127.0.0.1", "evil\u202e\x1b[1m.example.net")
            s.macros("C", j="evil\x1b\u202e", _="evil\x9b[127.0.0.1]")
            s.step("H", b"evil" + evil[:4000] + b"\0")
            s.macros("M", i="evil\x1b\u202e%d" % n, auth_authen="evil\x1b\u202e\x9b")
            s.step("M", b"<evil" + evil[:4000] + b"@example.com>\0")
            s.step("R", b"<evil" + evil[:4000] + b"@journal.example.com>\0")
            s.step("R", b"<%s>\0" % JOURNAL.encode())
            found.append(s.message(report(n, evil)).kind)
            s.quit()
    for body in (b"evil\x1b\0\x9b", b"Subject: evil\x1b[1m\0\x9b\xe2\x80\xae\r\n\r\nevil\0\x1b"):
        found.append(milter.deliver(d.socket, "a@example.com", [JOURNAL], body).kind)
    tap.is_(set(found), {"d"}, "each message is archived")


def by_control(d):
    """Texts in each place of a request. The log must stay whole."""
    evil = "evil\x1b[1m\r\n\u202e\x9b\0level=bad"
    for verb in ("show", "export", "events", "release", "expire", "reload", "search", evil):
        for key in ("id", "service", "actor", "kind", "login", "reason", evil):
            d.control({"verb": verb, key: evil})
    d.control(b"{\"verb\": \"\x1b[1m\xff\x9b\0")
    with open(d.log_path(), "rb") as f:
        clean(f.read(), "the log after hostile requests")
    try:
        with open("/proc/self/loginuid", encoding="ascii") as f:
            login = f.read().strip().replace("4294967295", "none")
    except OSError:
        login = "unknown"
    tap.is_(set(re.findall(r" control .*pid=%d login=(\S+) " % os.getpid(), d.log())), {login},
            "and it has the login of the process that asked, in words when there is none")


def verbs(d, box):
    """Each verb that shows something, on a pipe, as JSON and on a terminal."""
    config = ["--config", d.settings]
    items = [str(i["id"]) for i in d.jmctl.list()]
    eml = d.path("evil\x1b\u202e.eml")
    with open(eml, "wb") as f:
        f.write(report(99, EVIL[0] + EVIL[2] + EVIL[3] + EVIL[4]))
    rows = [["list"], ["search", "--subject", "evil"], ["events", "--bcc"], ["status"],
            ["status", "--all"], ["queue", "list"], ["set-aside", "list"], ["top", "--once"],
            ["check"], ["explain", "--to", JOURNAL, "--from", "evil\x1b\u202e@example.com", eml],
            ["doctor", "--no-dns"]]
    rows += [["show", "--bcc", "--headers", i] for i in items]
    has_none = ("queue", "set-aside", "doctor", "explain")
    for verb, *args in rows:
        command = [PROGRAM, verb, *config, *args]
        r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False, env=environment(command))
        clean(r.stdout, " ".join([verb, *args])[:40], b"" if verb in has_none else b"evil")
        if verb in ("list", "search", "events", "status", "top", "show", "queue", "explain"):
            command = [PROGRAM, verb, *config, "--json", *args]
            r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, check=False, env=environment(command))
            clean(r.stdout, verb + " --json", b"")
        if args != ["--bcc", "--headers", items[-1]]:
            clean(on_terminal(verb, *config, *args), verb + " on a terminal", b"")
    for args in (["unwrap", eml], ["unwrap", "--json", eml], ["show", *config, "<\x1b\u202e@x>"],
                 ["evil\x1b\u202e"], ["list", "--evil\x1b\u202e"], ["list", "--config", eml],
                 ["check", eml], ["explain", *config, "--client", "\x1b\u202e", eml],
                 ["completion", "list", "\x1b\u202e"], ["test", *config, box]):
        clean(on_terminal(*args), "jmctl %s on a terminal" % args[0], b"")


def files(d):
    """Exports in each form, a dump, and the published files."""
    config = ["--config", d.settings]
    for form in ("eml", "mbox", "maildir", "edrm"):
        out = d.path("out-" + form)
        run.output(PROGRAM, "export", *config, "--all", "--bcc", "--format", form, "--output", out)
        for name in glob.glob(out + "/**", recursive=True):
            if name.endswith((".jsonl", ".json", ".xml", "SHA256SUMS")):
                with open(name, "rb") as f:
                    clean(f.read(), os.path.relpath(name, d.folder), b"")
            if form == "mbox" and os.path.isfile(name):
                with open(name, "rb") as f:
                    heads = [x for x in f.read().split(b"\n") if x.startswith(b"From ")]
                clean(b"\n".join(heads), "the lines From of an mbox", b"")
    run.output(PROGRAM, "dump", *config, d.path("dump"))
    for name in ("manifest.jsonl", "DUMP.json", "SHA256SUMS"):
        with open(d.path("dump/" + name), "rb") as f:
            clean(f.read(), "dump: " + name, b"")


def published(d):
    public = os.path.join(d.archive, "public")

    def ready():
        with open(public + "/status.json", encoding="utf-8") as f:
            return len(json.load(f)["events"]) > 1
    run.until(lambda: os.path.exists(public + "/status.json") and ready(), "a publication")
    for name in ("status.json", "journal-milter.prom"):
        with open(os.path.join(public, name), "rb") as f:
            clean(f.read(), name, b"evil" if name == "status.json" else b"journal_milter_")
    if tap.STATS_DB:
        text = run.output_bytes("db5.3_dump", "-p", public + "/stats.db")
        clean(re.sub(rb"\\([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text),
              "stats.db")
    else:
        tap.skip("stats.db", "a build without it")
    port = run.port()
    run.Program([WEB, "-f", "-d", public, "-l", "127.0.0.1:%d" % port], d.path("web.log")).start()
    run.until(lambda: run.listening(port), "the page is served")
    for path in ("/", "/metrics", "/api/status"):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        c.request("GET", path)
        clean(c.getresponse().read(), "web: " + path,
              b"journal_milter_" if path == "/metrics" else b"evil")
    for path in ("/%1b%e2%80%ae", "/%00%9b", "/?%1b"):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        c.request("GET", path, headers={"Host": "evil\x9b"})
        clean(c.getresponse().read(), "web: " + path, b"")


def main():
    tap.need("db5.3_dump")
    server = Pop3Server([("1", b"Subject: evil\r\n\r\nx\r\n")], {"*": ["auth-evil"]})
    with open(tap.folder() + "/password", "w", encoding="ascii") as f:
        f.write("secret\n")
    os.chmod(f.name, 0o600)
    services = [service(JOURNAL, description="evil \u202e\u2066\u2028",
                        journal_unknown_internal_addresses=True),
                service(BOX, transport_type="POP3", pop3={
                    "hostname": "127.0.0.1", "port": server.port, "encrypted": False,
                    "mailbox-name": "journal", "password-file": f.name, "poll-interval": 1})]
    d = Daemon(tap.folder() + "/d", services, more={"publish": {"interval": 1}}).start()
    by_smtp(d)
    by_control(d)
    run.until(lambda: "evil" in json.dumps(d.jmctl.status()["services"][1:] or ""),
              "the mailbox is refused")
    verbs(d, BOX)
    files(d)
    published(d)
    with open(d.log_path(), "rb") as f:
        log = f.read()
    clean(log, "the log")
    tap.is_([x for x in log.decode("utf-8", "replace").splitlines()
             if x.startswith("level=bad")], [], "no line of the log is forged")
    tap.is_(d.complaints(), [], "no sanitizer complains")
    d.stop()
    return tap.done()


sys.exit(main())
