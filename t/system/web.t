#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The status page: what it shows, what it refuses, hostile texts, a flood of bad requests, and in a
real browser.
"""
import html
import html.parser
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
import browser as chromium
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
         "last_extract": stamp(42) if state in ("OK", "Error") else None,
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
    w.publish(document(interval_seconds=600))	# it must not grow old meanwhile
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
    tap.is_((page.count("<title>") - 1, page.count('class="icon"')), (48 + 90, 1 + 4 + 4),
            "48 hours, 90 days, an icon for the verdict, each service and in the summary")
    tap.ok("<title>Error: Journal archive</title>" in page,
           "its title says that a service is in error")
    order = [page.index('<h3><bdi class="address"><span>%s@' % n)
             for n in ("m365", "new", "journaling", "old")]
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
    tap.is_((page.count(">none yet</p>"), page.count(">None.</p>"),
             page.count("<title>Attention: Journal archive")), (2, 1, 1),
            "an empty archive: no chart, no event, no error")
    tap.ok("Last successful extract</dt><dd>Awaiting Initial Run</dd>" in page,
           "and no extract yet")


def states(w):
    w.publish(document(published=stamp(100)))
    tap.is_(w.ask("/healthz")[0], 503, "/healthz: a state of 100 seconds ago is no health")
    status, _, page = w.ask("/")
    tap.ok(status == 200 and "no new state for" in page and "m365@" in page,
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
    w.publish(document(interval_seconds=600))
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
    w.publish(document(interval_seconds=600))
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
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
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
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
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


# Functions for the scripts that the browser runs. Hidden: of a table that was not asked for.
SCRIPT = r"""
const shown = e => e.getClientRects().length > 0;
function* texts(root) {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    if (walk.currentNode.data.trim() && shown(walk.currentNode.parentElement)
        && !walk.currentNode.parentElement.closest("title"))
      yield walk.currentNode;
}
function box(e) {	// the nearest that is a block
  while (getComputedStyle(e).display.startsWith("inline"))
    e = e.parentElement;
  return e;
}
// The parts of the texts in root that are on two lines although one line has the room.
function broken(root, part) {
  const found = [];
  for (const t of texts(root))
    for (const m of t.data.matchAll(part)) {
      const r = document.createRange();
      r.setStart(t, m.index);
      r.setEnd(t, m.index + m[0].length);
      const rects = [...r.getClientRects()];
      if (new Set(rects.map(x => Math.round(x.top))).size > 1
          && rects.reduce((sum, x) => sum + x.width, 0) < box(t.parentElement).clientWidth)
        found.push(m[0]);
    }
  return found;
}
function light(colour) {
  const v = colour.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
    .map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2];
}
function ratio(a, b) {
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + .05) / (low + .05);
}
function back(e) {
  for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (!c.endsWith(", 0)") && c != "transparent")
      return c;
  }
  return "rgb(255, 255, 255)";
}
function faint_texts() {
  return [...texts(document.body)].filter(t =>
      ratio(getComputedStyle(t.parentElement).color, back(t.parentElement)) < 4.5)
    .map(t => t.data);
}
function faint_shapes() {
  const pairs = [];
  for (const e of document.querySelectorAll(".chart rect:not(.back)"))
    pairs.push(["bar", getComputedStyle(e).fill, back(e.closest("figure"))]);
  for (const e of document.querySelectorAll(".icon")) {
    const disc = getComputedStyle(e.querySelector(".disc")).fill;
    pairs.push(["disc", disc, back(e.parentElement)],
               ["mark", getComputedStyle(e.querySelector(".mark")).stroke, disc]);
  }
  for (const e of document.querySelectorAll(".verdict, ul.services li"))
    pairs.push(["edge", getComputedStyle(e).borderLeftColor, back(e.parentElement)]);
  return pairs.filter(p => ratio(p[1], p[2]) < 3).map(p => p.join(" "));
}
// What is cut off, or wider than the place that it has.
function wide() {
  return [...document.querySelectorAll("td, dd, li, h1, h3, p, figure")].filter(e =>
    shown(e) && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != "inline")
    .map(e => e.tagName + " " + e.textContent.slice(0, 60));
}
"""


def crowded():
    """A state with many services and events, long addresses and several scripts."""
    names = ["m365@journal.example.com", "journaling@journal.example.com",
             "a-long-name-of-a-mailbox.exchange2019-dag-eu-1@journal.a-long-name.of-a."
             "holding-company.example.com"] + ["site%d@journal.example.com" % i for i in range(9)]
    states = ["Service OK", "Service Awaiting Initial Run", "Disabled", "Service Error"]
    services = {n: service(states[i % 4], "connection refused by mail.example.com port 995",
                           description=("Zweigstelle", "\u0623\u0631\u0634\u064a\u0641",
                                        "\u4e2d\u6587")[i % 3],
                           transport=("smtp", "pop3")[i % 2],
                           mailbox_messages=(None, 7)[i % 4 // 2],
                           certificate_until=stamp(-86400 * 9))
                for i, n in enumerate(names)}
    kinds = ("refused", "reloaded", "status-changed", "verify-failed", "set-aside")
    who = ("192.0.2.9", "root", "2001:db8:1234:5678:9abc:def0:1234:5678",
           "operator.name@administration.example.com")
    what = ("client address 192.0.2.9 is in no range", "", "x" * 200,
            "\u0631\u0633\u0627\u0644\u0629 abc",
            "/srv/a-folder/with/a/long/path/to/journal-milter.xml",
            "from somebody.with.a.long.name@subdomain.of.a.long.domain.example.com")
    events = {"%016x" % (99 - i): {"time": stamp(i ** 3), "kind": kinds[i % 5], "actor": who[i % 4],
                                   "service": names[i % 11] if i % 3 else None,
                                   "text": what[i % 6]} for i in range(40)}
    d = document(services=services, events=events, host="mx1.mail.example.com",
                 interval_seconds=600)
    d["archive"]["directory"] = "/srv/archive-of-the-company/journal"
    return d


def drawn(w, b, width, dark):
    """The crowded page at one width and in one theme."""
    name = "%d pixels, %s" % (width, "dark" if dark else "light")
    b.look(width, dark)
    tap.is_(b.open("http://127.0.0.1:%d/" % w.port), [], "%s: the browser has no complaint" % name)
    b.picture(os.path.join(os.environ.get("JM_SCREENSHOTS", tap.folder()),
                           "web-%d-%s.png" % (width, "dark" if dark else "light")))
    b.ask(SCRIPT)
    tap.ok(b.ask("document.documentElement.scrollWidth <= innerWidth"),
           "%s: the page is not wider than the window" % name)
    tap.is_(b.ask("wide()"), [], "%s: and nothing is wider than its place" % name)
    tap.is_(b.ask(r"""broken(document.body, /[\p{L}\p{N}]+/gu)"""), [],
            "%s: no word is broken" % name)
    for place in ("td.when small", "td.kind", ".address"):
        tap.is_(b.ask(r"""[...document.querySelectorAll(".events %s")]
                          .flatMap(e => broken(e, /[^\s@.:]+[@.:]?/g))""" % place), [],
                "%s: events: %s is whole, or broken at @ . :" % (name, place))
    tap.is_(b.ask("faint_texts()"), [], "%s: the contrast of each text is 4.5 or more" % name)
    tap.is_(b.ask("faint_shapes()"), [], "%s: that of bars, icons and edges 3 or more" % name)
    return b.ask("getComputedStyle(document.body).backgroundColor")


def browser(w):
    """In Chromium, at the width of a desk, a tablet and a phone, in both themes."""
    if not chromium.PROGRAM:
        tap.skip("Chromium draws the page", "missing: chromium")
        return
    w.publish(crowded())
    b = chromium.Browser()
    backs = {drawn(w, b, width, dark) for width in (1400, 800, 390) for dark in (False, True)}
    tap.is_(len(backs), 2, "there are two themes")
    roles = [n["role"]["value"] for n in b.call("Accessibility.getFullAXTree")["nodes"]
             if not n["ignored"]]
    tap.is_([roles.count(r) for r in ("main", "table", "columnheader", "cell")],
            [1, 1, 5, 40 * 5 - b.ask("document.querySelectorAll('td:empty').length")],
            "on a phone, too, a screen reader finds the main part and a table with its headers")
    for kind in ("rawKeyDown", "keyUp"):
        b.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    tap.is_(b.ask("""[document.activeElement.textContent,
                      getComputedStyle(document.activeElement).outlineStyle]"""),
            ["Values as a table", "solid"], "the key Tab goes to a link, which is marked")
    tables = "[...document.querySelectorAll('.values table')].map(e => e.checkVisibility())"
    tap.is_(b.ask(tables), [False, False], "the tables of values are not shown at first")
    b.ask("document.activeElement.click()")
    tap.is_(b.ask(tables), [True, False], "the one that is asked for is shown")
    b.open("http://127.0.0.1:%d/?values=1" % w.port)
    tap.is_(b.ask(tables), [True, True], "both are, and stay so, when the URL says it")
    tap.is_(b.ask(SCRIPT + "[faint_texts(), wide()]"), [[], []], "and are as readable as the rest")
    tap.is_(b.ask("document.querySelectorAll('.values:last-of-type tbody tr').length"), 48 + 90,
            "a row for each hour and day")
    tap.is_(b.ask("document.querySelectorAll('a[href*=\"#\"]').length"), 0,
            "no link has an anchor, which would stop the refreshing")
    b.open("http://127.0.0.1:%d/nothing" % w.port)
    tap.is_(b.ask(SCRIPT + "[document.querySelector('main h1').textContent, faint_texts().length, "
                           "document.documentElement.scrollWidth <= innerWidth]"),
            ["Not found", 0, True], "a page that does not exist looks the same way")
    b.stop()


def colours(css):
    """[{name: (red, green, blue)}] of the light and the dark theme."""
    return [{k: [int(v[i:i + 2], 16) / 255 for i in (0, 2, 4)]
             for k, v in ((k, v * 2 if len(v) == 3 else v)
                          for k, v in re.findall(r"--(\w+):#(\w+)", block))}
            for block in re.findall(r":root\{(.*?)\}", css, re.S)]


def contrast(a, b):
    low, high = sorted(sum(f * (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4)
                           for f, x in zip((0.2126, 0.7152, 0.0722), c)) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def style(w):
    """The colours of the style sheet: each that writes or draws, on each that lies below."""
    css = w.ask("/style.css")[2]
    themes = colours(css)
    tap.is_([sorted(t) for t in themes], [sorted(themes[0])] * 2, "both themes have all colours")
    below = {"bg", "card"}
    for t, name in zip(themes, ("light", "dark")):
        tap.is_([(a, b) for a in t for b in below
                 if a not in below | {"line"} and contrast(t[a], t[b]) < 4.5], [],
                "%s: a contrast of 4.5 or more" % name)
    tap.is_(set(re.findall(r"background(?:-color)?:([^;}]+)", css)), {"var(--bg)", "var(--card)"},
            "nothing else lies below a text")
    tap.is_(re.findall(r"[{;](?:color|fill|stroke):(?!var\(--|none|transparent|currentColor)", css),
            [], "and there are no other colours")
    tap.is_(re.findall("animation|transition|url[(]|@import", css), [],
            "nothing moves, nothing is loaded")


class Outline(html.parser.HTMLParser):
    """The elements of a page in order, and its texts and attributes."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts += [v for _, v in attrs if v]

    def handle_data(self, data):
        self.texts.append(data)


def structure(w):
    w.publish(crowded())
    page = w.ask("/")[2]
    tags = Outline(page).tags
    levels = [int(t[1]) for t, _ in tags if re.fullmatch("h[1-6]", t)]
    tap.is_([levels.count(1), levels[0], max(b - a for a, b in zip(levels, levels[1:]))], [1, 1, 1],
            "one h1, which is first; no level of heading is left out")
    tap.is_([t for t, _ in tags].count("main"), 1, "one main part")
    tap.is_([a for t, a in tags if t == "th" and a.get("scope") not in ("col", "row")], [],
            "each table header has its scope")
    tap.is_([a.get("lang") for t, a in tags if t == "html"], ["en"], "the page has its language")
    title = re.search("<title>(.*?)</title>", page).group(1)
    heading = re.sub("<[^>]*>", "", re.search("<h1>(.*?)</h1>", page).group(1))
    for where in (title, heading):
        tap.ok("mx1.mail.example.com" in where and "/srv/archive-of-the-company/journal" in where,
               "the machine and the archive are named: " + where)


def verdict(w):
    """The line on top of the page, worst first."""
    def line(published=None, archive=None, **more):
        d = document(interval_seconds=600, **more)
        d["services"] = more.get("services") or {"a@example.com": service("OK")}
        d["archive"].update({"set_aside": 0}, **archive or {})
        w.publish(dict(d, published=published or stamp()))
        page = w.ask("/")[2]
        m = re.search(r'<h1>.*?</h1>\n<p class="verdict (\w+)">(.*?)</p>', page)
        words = re.sub("<title>([^:]*):.*", r"\1", re.search("<title>.*?</title>", page).group())
        return m.group(1), words, html.unescape(re.sub("<[^>]*>", "", m.group(2)))
    down = service("Service Error", "connection refused")
    tap.is_(line(), ("ok", "OK", "All is well: 1 service OK"), "all is well")
    tap.is_(line(archive={"set_aside": 3})[::2],
            ("ok", "All is well: 1 service OKAlso: 3 messages are set aside"), "some set aside")
    tap.is_(line(services={"a@example.com": service("Service Awaiting Initial Run"),
                           "b@example.com": service("Service OK")}),
            ("wait", "Attention", "Attention: 1 of 2 services: Awaiting Initial Run"), "awaiting")
    partly = service("OK", "the server does not deliver 1 message", transport="pop3",
                     state_text="OK, 1 not retrievable", mailbox_messages=4,
                     mailbox_unretrievable=1, mailbox_unretrievable_since=stamp(7300))
    tap.is_(line(services={"a@example.com": partly, "b@example.com": service("OK")}),
            ("wait", "Attention", "Attention: a@example.com: OK, 1 not retrievable"),
            "a message that the server does not deliver")
    page = re.sub("<svg.*?</svg>", "", w.ask("/")[2])
    tap.ok('<span class="state">OK, 1 not retrievable</span>' in page
           and re.search(r"Not retrievable.*?1</b> since <time", page, re.S)
           and '1 <span class="state">OK, not all retrievable</span>' in page,
           "and the service says so, and since when", page)
    tap.is_(line(services={"a@example.com": service("Disabled")})[::2],
            ("wait", "Attention: all services are disabled"), "disabled")
    tap.is_(line(services={"a@example.com": service("OK", certificate_until=stamp(-86400 * 5)),
                           "b@example.com": down}, archive={"disk_left_seconds": 86400 * 3}),
            ("error", "Error", "Error: b@example.com: connection refusedAlso: at this rate the "
             "disk is full in 3 days; a@example.com: the certificate of its server ends in 4 days"),
            "an error first, then what will be one")
    tap.is_(line(services={"b@example.com": down}, archive={
        "state": "cannot-write", "problem": "no space", "verify_failed": stamp(5)})[2],
            "Error: the archive has a problem: no spaceAlso: b@example.com: connection refused; "
            "the last verification found problems", "the archive before a service")
    tap.is_(line(services={"s%d@example.com" % i: down for i in range(9)})[2].count("refused"), 4,
            "of many, the first ones")
    tap.like(line(services={"s%d@example.com" % i: down for i in range(9)})[2], "and 5 more$",
             "and the number of the others")
    tap.like(line(published=stamp(7300), services={"b@example.com": down}),
             "error.*Error: no new state for 2 hours: journal-milter does not run, or cannot "
             "publish[^;]*$", "an old state: only that")
    tap.like(line(published=stamp(-7300)), "error.*published in the future", "a state to come")


def hidden(w):
    """Characters that nobody sees, or that turn the text around, in every text of the page."""
    bad = [chr(c) for c in (*range(1, 32), 0x7f, 0x85, 0xad, 0x61c, 0x180e, 0x200b, 0x200e, 0x200f,
                            *range(0x2028, 0x202f), *range(0x2060, 0x2070), 0x3164, 0xfeff,
                            0xe0041)]
    text = "a".join(bad)
    d = document(version=text, host=text, interval_seconds=600, refusals={text: 1},
                 services={text: service(text, text, text, description=text, refusal=text,
                                         mailbox_error="x" + text)},
                 history={"hours": {text: 1}, "days": {text: 2}},
                 events={"1": dict.fromkeys(("time", "kind", "service", "actor", "text", "status"),
                                            text)})
    d["archive"].update(directory=text, state=text, problem=text)
    w.publish(d)
    page = w.ask("/")[2]
    tap.is_(sorted(set(page) & set(bad)), ["\n"], "no such character is in the page")
    seen = [t for t in Outline(page).texts if "\\u{202e}" in t]
    tap.ok(len(seen) > 15, "%d texts and attributes show them as escapes" % len(seen))
    tap.like(re.search("<title>.*?</title>", page).group(), r"\\x01.*\\u\{202e\}",
             "so does the title")


def hosts(w):
    """The field Host: a page elsewhere cannot have its own name resolve to this server."""
    path = tap.folder() + "/named.sock"
    named = run.Program([PROGRAM, "-f", "-d", w.folder, "-l", "unix:" + path, "-n",
                         "status.example.com, Other.example.com"], tap.folder() + "/named.log")
    named.start()
    run.until(lambda: asked_on(path) is not None, "the second server answers")
    w.publish(document(interval_seconds=600))

    def ask(fields, unix=False, place="/", method="GET"):
        s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        with s:
            s.settimeout(300)
            s.connect(path if unix else ("127.0.0.1", w.port))
            s.sendall(("%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (method, place, "".join(
                "Host: %s\r\n" % h for h in fields))).encode("latin-1"))
            data = b"".join(iter(lambda: s.recv(65536), b""))
        return int(data.split()[1]), data.split(b"\r\n\r\n", 1)[1]

    own = socket.gethostname()
    good = ["localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:%d" % w.port, "[::1]", "[::1]:80",
            "192.0.2.7:8385", "[2001:db8::1]", "localhost.", own, own.upper() + ":8385"]
    tap.is_([h for h in good if ask([h])[0] != 200], [], "its own names and any IP address may ask")
    bad = ["evil.example", "evil.example:%d" % w.port, "localhost.evil.example", "xlocalhost", "",
           "127.0.0.1.evil.example", "localhost:80:80", "localhost@evil.example", "[::1", "1.2.3",
           "[::1]evil.example", "localhost:x", "status.example.com", ":80", "localhost,a"]
    for place in ("/", "/metrics", "/api/status", "/healthz", "/style.css", "/absent"):
        tap.is_([h for h in bad if ask([h], place=place)[0] not in (400, 421)], [],
                "%s: no other name may ask" % place)
    status, text = ask(["evil\x1b\xff.example"])
    tap.is_((status, text), (421, b'"evil\\x1b\\xff.example" is no name of this server; if it '
                             b"should be one, start journal-milter-web with -n and that name\n"),
            "the answer names the option, with the name escaped")
    tap.is_([ask(f)[0] for f in ([], ["localhost", "localhost"], ["localhost", "evil.example"])],
            [400, 400, 400], "no field, or two of them")
    tap.is_([ask([h], method="POST")[0] for h in ("localhost", "evil.example")], [405, 421],
            "nothing can be changed")
    tap.is_([ask([h], unix=True)[0] for h in (
        "status.example.com", "OTHER.example.com:443", "localhost", "third.example.com")],
            [200, 200, 200, 421], "-n adds names")
    named.stop()


def main():
    w = Web()
    places(w)
    hosts(w)
    states(w)
    structure(w)
    verdict(w)
    hidden(w)
    style(w)
    local_socket(w)
    browser(w)
    flood(w)
    trickle(w)
    tap.is_(w.program.stop(), 0, "it stops when told")
    tap.is_([x for x in w.program.text().splitlines() if re.search("Sanitizer|runtime error", x)],
            [], "no complaint")
    sys.exit(tap.done())


main()
