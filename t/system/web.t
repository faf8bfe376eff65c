#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The status page: what it shows, what it refuses, hostile texts, a flood of bad requests, and in a
real browser.
"""
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import run
import tap

PROGRAM = os.path.join(tap.BUILD, "milter/web/journal-milter-web")
EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


def stamp(seconds_ago=0.0, form="%Y-%m-%dT%H:%M:%S.000Z", now=None):
    return time.strftime(form, time.gmtime((now or time.time()) - seconds_ago))


def service(state, why="", cure="", **more):
    s = {"description": "Exchange on premises", "transport": "smtp", "state": state,
         "since": stamp(7200), "why": why, "cure": cure,
         "last": stamp(42) if state in ("OK", "Error") else None,
         "inactivity_allowed_seconds": 10800, "reports": 123456, "set_aside": 3, "queued": 2,
         "refused": 1, "refusal": None, "refusal_at": None}
    s.update(more)
    return s


def document(**more):
    """A state with something of everything."""
    luck, now = random.Random(1), time.time()
    d = {"format": 1, "published": stamp(), "interval_seconds": 5, "version": "0.1.0",
         "daemon": {"pid": 1, "started": stamp(86400 * 9), "archived": 5, "deferred": 0,
                    "refused": 2, "passed": 7},
         "refusals": {"unknown-address": 0, "disabled": 1, "client-address": 12, "tls-required": 0,
                      "sender-domain": 3},
         "archive": {"state": "ok", "problem": "", "items": 1234567, "received": 1300000,
                     "reports": 1290000, "merged": 50000, "step_down": 17,
                     "set_aside": 6, "refused": 16, "deferred": 4, "received_bytes": 98765432100,
                     "stored_bytes": 45678901234, "commits": 99,
                     "volumes": 43, "volume_bytes": 45678901234, "balance": 1,
                     "disk_size_bytes": 500000000000, "disk_free_bytes": 123456789012,
                     "disk_left_seconds": 86400 * 211, "last": stamp(42), "checkpoint": stamp(300),
                     "verified": stamp(86400), "verify_failed": None},
         "queue": {"messages": 4, "oldest": stamp(600)},
         "services": {
             "journaling@journal.example.com": service("OK"),
             "m365@journal.example.com": service(
                 "Error", "mail.example.com: the certificate has expired",
                 "Renew the certificate of the mail server.", transport="pop3",
                 description="Microsoft 365", mailbox_state="waiting", mailbox_messages=1717,
                 mailbox_error="the certificate has expired", mailbox_success=stamp(7300)),
             "new@journal.example.com": service("Awaiting Initial Run", reports=0,
                                                description="Branch office"),
             "old@journal.example.com": service("Disabled", description="Exchange 2010")},
         "history": {"hours": {stamp(3600 * i, "%Y-%m-%dT%H", now): luck.randrange(200, 2000)
                               for i in range(47, -1, -1)},
                     "days": {stamp(86400 * i, "%Y-%m-%d", now): luck.randrange(9000, 40000)
                              for i in range(89, -1, -1)}},
         "events": {
             "%016x" % (99 - i): {"time": stamp(60 * i), "kind": kind, "actor": "192.0.2.9",
                                  "service": "m365@journal.example.com", "text": text}
             for i, (kind, text) in enumerate([
                 ("refused", "client address 192.0.2.9 is in no range"),
                 ("reloaded", "/etc/journal-milter.xml")])}}
    d.update(more)
    return d


class Web:
    def __init__(self):
        self.folder = tap.folder() + "/public"
        os.makedirs(self.folder, exist_ok=True)
        self.port = run.port()
        self.program = run.Program([PROGRAM, "-f", "-d", self.folder, "-l",
                                    "127.0.0.1:%d" % self.port], tap.folder() + "/web.log").start()
        run.until(lambda: run.listening(self.port), "it listens")

    def publish(self, what):
        with open(self.folder + "/status.json.tmp", "w", encoding="utf-8") as f:
            f.write(what if isinstance(what, str) else json.dumps(what))
        os.rename(self.folder + "/status.json.tmp", self.folder + "/status.json")

    def ask(self, path, method="GET", body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        c.request(method, path, body)
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read().decode("utf-8", "replace")

    def serves(self):
        try:
            return self.ask("/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def places(w):
    w.publish(document(published=stamp(-600)))	# it must not grow old meanwhile
    status, headers, page = w.ask("/")
    tap.is_((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"),
            "the page is HTML")
    tap.is_(headers["Content-Security-Policy"],
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'", "its policy is strict")
    tap.is_((headers["Cache-Control"], headers["X-Content-Type-Options"]), ("no-store", "nosniff"),
            "it is not kept, and is what it says")
    tap.is_(re.findall(r"<script|https?://|style=", page), [],
            "no script, nothing from elsewhere, no inline style")
    for words in ("Awaiting Initial Run", "Disabled", "the certificate has expired",
                  "Renew the certificate", "1,717", "1,234,567", "211 days", "45.7&nbsp;GB",
                  "in 43 volumes", "Last verification", "client-address",
                  "client address 192.0.2.9 is in no range", "balance"):
        tap.ok(words in page, "the page says: " + words)
    tap.is_((page.count("<title>") - 1, page.count('class="icon"')), (48 + 90, 4 + 4),
            "48 hours, 90 days, an icon for each service and in the summary")
    tap.ok("<title>Error: Journal archive</title>" in page and 'tabindex="0"' in page,
           "its title tells that a service is in error; the table can have the focus")
    order = [page.index("<b>%s@journal" % n) for n in ("m365", "new", "journaling", "old")]
    tap.is_(order, sorted(order), "what is wrong comes first, what is disabled last")
    for words in ("Turned away, by reason", "2 hours ago <small>", "unknown-address"):
        tap.ok((words in page) == (words != "unknown-address"), "the page %s: %s"
               % ("says" if words in page else "does not list what never was", words))
    tap.is_(w.ask("/", "HEAD")[::2], (200, ""), "HEAD gives no body")
    with open(w.folder + "/status.json", encoding="utf-8") as f:
        tap.is_(w.ask("/api/status?x=1")[2], f.read(), "/api/status is status.json")
    tap.is_(w.ask("/healthz")[::2], (200, "ok\n"), "/healthz says ok")
    tap.like(w.ask("/style.css")[2], "prefers-color-scheme:dark", "the style knows the dark mode")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
        status, headers, _ = w.ask("/", method, b"x" * 5000 if method == "POST" else None)
        tap.is_((status, headers.get("Allow")), (405, "GET, HEAD"), "%s is answered 405" % method)
    for path in ("/nothing", "/../status.json", "/%2e%2e/", "//", "/style.css/"):
        tap.is_(w.ask(path)[0], 404, "%s is answered 404" % path)
    status, headers, text = w.ask("/metrics")
    tap.is_((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"),
            "/metrics is what Prometheus takes")
    if shutil.which("promtool"):
        r = subprocess.run(["promtool", "check", "metrics"], input=text.encode(),
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        tap.is_((r.returncode, r.stdout), (0, b""), "promtool has nothing against it")
    else:
        tap.skip("promtool has nothing against it", "missing: promtool")


def fresh(w):
    """An archive that has nothing yet."""
    new = document(services={"one@journal.example.com": service("Awaiting Initial Run", reports=0)},
                   events={}, refusals={})
    new["history"] = {k: dict.fromkeys(v, 0) for k, v in new["history"].items()}
    new["archive"].update(items=0, last=None, verified=None, disk_left_seconds=None)
    w.publish(new)
    page = w.ask("/")[2]
    tap.is_((page.count("none yet</figcaption>"), page.count(">None.</p>"),
             page.count("<title>Journal archive")), (2, 1, 1),
            "an empty archive: no chart, no event, no error")


def states(w):
    w.publish(document(published=stamp(100)))
    tap.is_(w.ask("/healthz")[0], 503, "/healthz: a state of 100 seconds ago is no health")
    status, _, page = w.ask("/")
    tap.ok(status == 200 and 'role="alert"' in page and "seconds old" in page and "m365@" in page,
           "the page shows it as an error, and how it stood then")
    for what, name in (("", "empty"), ("{", "cut short"), ("[]", "no object"),
                       ('{"format": 2}', "of another format"), ("[" * 100000, "deep"),
                       ("\0\xff", "binary")):
        w.publish(what)
        tap.is_([w.ask(p)[0] for p in ("/", "/metrics", "/api/status", "/healthz")], [503] * 4,
                "status.json %s: 503 everywhere" % name)
    os.unlink(w.folder + "/status.json")
    status, _, page = w.ask("/")
    tap.ok(status == 503 and "publishes nothing" in page and "systemctl status journal-milter"
           in page and "never" not in page, "no status.json: it says so, and what to do", page)
    tap.ok("<title>Error: " in page, "and so does its title")
    fresh(w)
    w.publish({"format": 1, "published": stamp(), "services": [], "archive": 5,
               "history": {"hours": {"x": "y"}}, "events": {"1": None}})
    tap.is_([w.ask(p)[0] for p in ("/", "/metrics")], [200, 200],
            "values of other types do no harm")
    evil = document(
        version=EVIL, services={EVIL: service(EVIL, EVIL, EVIL, description=EVIL, refusal=EVIL,
                                              mailbox_error=EVIL, since=EVIL)}, refusals={EVIL: 1},
        history={"hours": {EVIL: 1}, "days": {EVIL: 2}},
        events={"1": dict.fromkeys(("time", "kind", "service", "actor", "text", "status"), EVIL)})
    w.publish(evil)
    page = w.ask("/")[2]
    tap.ok("<script" not in page and "<img" not in page and "&lt;script&gt;" in page,
           "hostile texts are shown as texts")
    tap.ok(all(line.startswith(("#", "journal_milter_"))
               for line in w.ask("/metrics")[2].splitlines()), "and stay inside their labels")


def flood(w):
    """
    Bad and slow requests, many at a time; good ones are answered afterwards, and memory does not
    grow.
    """
    w.publish(document(published=stamp(-600)))
    w.ask("/")
    luck = random.Random(2)
    before = memory(w)
    bad = [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
           b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n"
           * 9000 + b"\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
           b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
           b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"\r\n" * 5000,
           b"GET / HTTP/1.1\r\nHost: "]
    open_ones = []
    for i in range(600):
        try:
            s = socket.create_connection(("127.0.0.1", w.port), 5)
            s.settimeout(0.02)
            data = luck.choice(bad) if i % 3 else bytes(luck.randrange(256) for _ in range(200))
            s.sendall(data)
            if i % 6 == 0 and len(open_ones) < 90:
                open_ones.append(s)	# left hanging
                continue
            s.close()
        except OSError:
            pass
    tap.ok(w.program.running(), "600 bad requests do not end it")

    begun = time.monotonic()
    run.until(w.serves, "it serves again while 90 connections hang")
    tap.ok(True,
           "with 90 connections hanging, it serves again after %d s" % (time.monotonic() - begun))
    for s in open_ones:
        s.close()
    run.until(w.serves, "it serves")
    tap.ok(memory(w) < before + 64 * 1024 * 1024,
           "memory has not grown: %d kB, then %d kB" % (before // 1024, memory(w) // 1024))


def trickle(w):
    """
    The maximum of clients send a byte now and then, without end: each is cut off in the end, and
    others are served meanwhile.
    """
    w.publish(document(published=stamp(-600)))
    slow = []
    cut = set()
    for _ in range(64):
        s = socket.create_connection(("127.0.0.1", w.port), 60)
        slow.append(s)
        try:
            s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        except OSError:
            cut.add(s)

    def all_cut():
        for s in slow:
            try:
                s.sendall(b"X: y\r\n")	# the idle timeout of five seconds never expires
            except OSError:
                cut.add(s)
        return len(cut) == len(slow)

    run.until(all_cut, "whoever trickles is cut off", pause=0.5)
    tap.ok(True, "64 clients that trickle, one header line each half second, are cut off")
    tap.ok(run.settled(w.serves, True), "and others are served")
    for s in slow:
        s.close()


def memory(w):
    with open("/proc/%d/status" % w.program.pid, encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))


def asked_on(path):
    """The status of an answer on a Unix socket; None without one."""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return int(s.recv(4096).split()[1])
        except (OSError, IndexError):
            return None


def local_socket(w):
    path = tap.folder() + "/web.sock"
    p = run.Program([PROGRAM, "-f", "-d", w.folder, "-l", "unix:" + path],
                    tap.folder() + "/unix.log").start()
    s = socket.socket(socket.AF_UNIX)

    def connected():
        try:
            s.connect(path)
            return True
        except OSError:		# it has its name before it is listened at
            return False
    run.until(connected, "the socket takes a connection")
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    tap.like(s.recv(4096).decode(), "^HTTP/1.1 200", "it serves on a Unix socket")
    other = subprocess.run([PROGRAM, "-f", "-d", w.folder, "-l", "unix:" + path],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300)
    tap.ok(other.returncode == 71 and b"another process listens there" in other.stderr,
           "a second one on the same socket does not start", other.stderr)
    tap.is_(asked_on(path), 200, "and the first still serves there")
    tap.is_(p.stop(), 0, "and stops when told")
    tap.ok(os.path.exists(path), "the socket of a program that has ended is still there")
    p = run.Program([PROGRAM, "-f", "-d", w.folder, "-l", "unix:" + path],
                    tap.folder() + "/unix2.log").start()
    run.until(lambda: asked_on(path) == 200, "it is replaced at the next start")
    tap.is_(p.stop(), 0, "which stops when told, too")
    for where in ("127.0.0.1", "localhost:80", "127.0.0.1:0", "127.0.0.1:99999", "unix:x",
                  "[::1:80"):
        r = subprocess.run([PROGRAM, "-f", "-l", where], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=False, timeout=300)
        tap.ok(r.returncode == 64 and where in r.stderr.decode(),
               "-l %s is refused with a word" % where, r.stderr)


def browser(w):
    """Chromium draws it: nothing is blocked by the policy, and nothing is wider than a phone."""
    if not shutil.which("chromium"):
        tap.skip("Chromium draws the page", "missing: chromium")
        return
    w.publish(document(published=stamp(-60)))
    for name, size, dark in (("desk", "1100,1900", False), ("phone-dark", "500,3300", True)):
        picture = os.path.join(os.environ.get("JM_SCREENSHOTS", tap.folder()), "web-%s.png" % name)
        args = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--enable-logging=stderr", "--user-data-dir=%s/chromium-%s"
                % (tap.folder(), name), "--window-size=" + size, "--screenshot=" + picture] \
            + (["--blink-settings=preferredColorScheme=0"] if dark else [])
        r = subprocess.run(args + ["http://127.0.0.1:%d/" % w.port], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False, timeout=600)
        tap.ok(os.path.exists(picture) and os.path.getsize(picture) > 20000,
               "Chromium draws it: " + name, r.stdout.decode("utf-8", "replace")[-1500:])
        tap.is_(re.findall(r".*(?:Refused to|Content Security Policy).*",
                           r.stdout.decode("utf-8", "replace")), [],
                "the policy stops nothing of the page: " + name)


def main():
    w = Web()
    places(w)
    states(w)
    local_socket(w)
    browser(w)
    flood(w)
    trickle(w)
    tap.is_(w.program.stop(), 0, "it stops when told")
    tap.is_([x for x in w.program.text().splitlines() if re.search("Sanitizer|runtime error", x)],
            [], "no complaint")
    sys.exit(tap.done())


main()
