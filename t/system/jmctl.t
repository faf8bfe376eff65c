#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl on an archive: each verb as text and as JSON, what it refuses, what it escapes, a daemon that
misbehaves, and a real one.
"""
import hashlib
import json
import os
import pty
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import tap
from jmctl import checked
from daemon import Daemon
from daemon import PROGRAM as DAEMON
from jmctl import PROGRAM
from jmctl import call_text as jmctl
from jmctl import environment

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
VERBS = ("status", "list", "show", "export", "verify", "events")
HOSTILE = "\x1b[2J\x07\x1b]0;owned\x07 \u009b31m \u202egnp.exe \u2028next caf\u00e9"
NOBODY = 65534


def objects(archive, *args):
    status, out, complaint = jmctl(*args, "--json", "--archive", archive)
    if status != 0:
        tap.diag("exit %d: %s" % (status, complaint))
    checked(args[0], out.encode())
    return [json.loads(line) for line in out.split("\n") if line]


def on_terminal(*args, columns=100, env=None, stdout=True):
    """The output on a terminal, as bytes, and the exit status."""
    master, slave = pty.openpty()
    import fcntl
    import termios
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = dict(os.environ, TERM="xterm")
    environment.pop("NO_COLOR", None)
    environment.update(env or {})
    p = subprocess.Popen([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=slave
                         if stdout else subprocess.DEVNULL, stderr=slave, env=environment)
    os.close(slave)
    seen = run.shown(master)
    return p.wait(600), seen


def deposit(archive, *args):
    return [json.loads(line)
            for line in run.output(DEPOSIT, *args[:-1], archive, *args[-1]).splitlines()]


def file_of(name, content):
    path = os.path.join(tap.folder(), name)
    with open(path, "wb") as f:
        f.write(content)
    return path


class Liar:
    """A daemon of our own: reads a request, sends the given frames, hangs up."""

    def __init__(self, frames, name="liar.sock"):
        self.path = os.path.join(tap.folder(), name)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.frames, self.requests = frames, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            with c:
                head = c.recv(5, socket.MSG_WAITALL)
                if len(head) == 5:
                    self.requests.append(json.loads(c.recv(struct.unpack(">I", head[1:])[0],
                                                           socket.MSG_WAITALL)))
                try:
                    c.sendall(self.frames(self.requests[-1]) if callable(self.frames)
                              else self.frames)
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def frame(kind, payload):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return kind.encode() + struct.pack(">I", len(payload)) + payload


GOOD = frame("E", {"kind": "", "text": ""})


def test_usage():
    status, out, _ = jmctl("--help")
    tap.ok(status == 0 and all(re.search(r"^  %s " % v, out, re.M) for v in VERBS
                               + ("unwrap", "check", "help")), "--help lists the verbs")
    tap.like(jmctl("--version")[1], r"^jmctl \S+ \d", "--version")
    for verb in VERBS:
        status, out, _ = jmctl(verb, "--help")
        tap.ok(status == 0 and "--json" in out and "--archive DIR" in out,
               verb + " --help tells its options")
        tap.is_(jmctl("help", verb)[1], out, "help %s is the same" % verb)
    manual = open(os.path.join(tap.SRC, "milter/ctl/jmctl.8"), encoding="utf-8").read()
    options = {o for v in VERBS + ("unwrap", "check")
               for o in re.findall(r"^  --([a-z-]+)", jmctl(v, "--help")[1], re.M)}
    tap.is_(sorted(o for o in options if not re.search(r"Fl -%s\b|, -%s$" % (o, o), manual, re.M)),
            [], "the manual tells every option")
    status, out, complaint = jmctl()
    tap.ok(status == 64 and out == "" and all(re.search(r"^  %s " % v, complaint, re.M)
                                              for v in VERBS + ("import", "set-aside", "help")),
           "jmctl alone lists the verbs", complaint)
    wrong = [(("lst",), 'did you mean "list"'), (("exprot", "1"), '"export"'),
             (("frobnicate",), "no verb"),
             (("list", "--limt", "3"), 'did you mean "--limit"'),
             (("list", "--lim", "3"), '"--limit"'), (("list", "--limit"), "wants N"),
             (("list", "--limit", "x"), "decimal"), (("list", "--limit", "-1"), "decimal"),
             (("list", "--newest=yes"), "no argument"),
             (("list", "extra"), "too many"), (("list", "-n"), "long ones"),
             (("show",), "ID is missing"),
             (("show", "x"), "number"),
             (("show", "0"), "number"), (("show", "1", "2"), "too many"),
             (("export",), "ID is missing"), (("dump",), "DIR is missing"),
             (("queue", "retry"), "ID is missing"), (("setup",), "DOMAIN is missing"),
             (("setup", "a.example", "b.example"), "too many"),
             (("verify", "1"), "too many"),
             (("events", "--after", "99999999999999999999"), "decimal"),
             (("export", "1", "--raw", "--report"), "exclude"),
             (("list", "--archive", "A", "--archive", "B"), "--archive is given twice"),
             (("--archive", "A", "list", "--archive=B"), "--archive is given twice"),
             (("search", "--since", "2026-01-01", "--since", "2026-02-01"),
              "--since is given twice"),
             (("list", "--limit", "3", "--limit=3"), "--limit is given twice"),
             (("watch", "--kind", "queued", "--kind", "refused"), "--kind is given twice")]
    for args, word in wrong:
        status, out, complaint = jmctl(*args)
        tap.ok(status == 64 and word in complaint and out == "", "jmctl %s: %s"
               % (" ".join(args), complaint.strip()), "exit %d, %r, %r" % (status, out, complaint))


def test_no_archive():
    nowhere = os.path.join(tap.folder(), "nowhere")
    for args in (("list",), ("show", "1"), ("export", "1"), ("verify",), ("events",), ("status",)):
        status, out, complaint = jmctl(*args, "--archive", nowhere)
        tap.ok(status == 69 and out == "" and complaint,
               "%s without an archive: %s" % (args[0], complaint.strip()), "exit %d" % status)
    tap.ok(not os.path.exists(nowhere), "none is made")
    tap.is_(jmctl("list", "--config", nowhere)[0], 69, "no settings file: 69")
    status, _, complaint = jmctl("explain", "--config", nowhere)
    tap.is_((status, complaint.count("No such file"), complaint.count("\n")), (69, 1, 1),
            "explain without a settings file says so once")
    status, _, complaint = jmctl("explain", "--config",
                                 file_of("two.xml", b"<journal-milter><x/><y/></journal-milter>"))
    tap.is_((status, complaint.count("<x>: unknown"), complaint.count("<y>: unknown"),
             complaint.count("two.xml is wrong\n")), (78, 1, 1, 1),
            "and of wrong settings each finding once")
    tap.is_(jmctl("list", "--config", file_of("bad.xml", b"<journal-milter>"))[0], 78,
            "wrong settings: 78")
    status, _, complaint = jmctl("list", "--socket", nowhere)
    tap.ok(status == 75 and "no daemon" in complaint, "a socket without a daemon: 75")


def test_words(archive):
    """For a stranger: no name twice, and a word where there is nothing."""
    empty = os.path.join(tap.folder(), "empty")
    for args in (("list", "--since", "yesterday"), ("search", "--until", "5"),
                 ("events", "--since", "soon"), ("verify", "--since", "x"),
                 ("search", "--sort", "colour"), ("export", "--since", "x", "--output", "none")):
        status, _, complaint = jmctl(*args, "--archive", archive)
        tap.ok(status == 64 and re.match(r'jmctl %s: "[a-z]+" is ' % args[0], complaint),
               "%s: its name is said once" % " ".join(args), complaint)
    run.output(DEPOSIT, empty, file_of("both.eml", corpus.report(
        "both", 10, recipients=("bob@example.com", "Bob@Example.com"))))
    status, out, _ = jmctl("show", "1", "--archive", empty)
    tap.is_(re.findall(r"by report [0-9, ]+$", out, re.M)[:1], ["by report 1"],
            "a report that names a recipient twice is named once")
    tap.like(jmctl("events", "--kind", "refused", "--archive", empty)[2],
             r"^jmctl events: no events$", "no events: it is said")
    tap.like(jmctl("set-aside", "list", "--archive", empty)[2],
             r"^jmctl set-aside list: no items$", "nothing set aside: it is said")
    status, _, complaint = jmctl("set-aside", "show", "1", "--lim", "--archive", empty)
    tap.ok(status == 64 and complaint.startswith("jmctl set-aside show: "),
           "an error of set-aside show has its name", complaint)
    for verb in ("set-aside", "restore", "load", "queue", "import"):
        text = jmctl(verb, "--help")[1]
        tap.ok(not re.search(r"\b(tell|behind|goes on|go on)\b|\\n", text),
               "%s --help is in plain words" % verb, text)


def test_status(archive, receipts):
    out = jmctl("status", "--archive", archive)[1]
    for pattern in (r"^archive +ok: %d messages, "
                    % len({r["id"] for r in objects(archive, "list")}),
                    r"^daemon +none runs; this was read from the archive itself$"):
        tap.like(out, "(?m)" + pattern, "status without a daemon: " + pattern)
    status, seen = on_terminal("status", "--archive", archive, columns=80, env={"NO_COLOR": "1"})
    table = seen.decode().split("\r\n\r\n")[1].splitlines()
    tap.ok(status == 0 and max(map(len, table)) <= 80 and table[0].endswith("REFUSED")
           and len(table) > 1, "its table fits a terminal of 80 columns", table)
    tap.ok(len(out.splitlines()) < 20, "it fits one screen, for %d reports" % len(receipts), out)


def test_list(archive, receipts):
    rows = objects(archive, "list")
    tap.is_([r["id"] for r in rows], [r["seq"] for r in receipts], "list: every item, in order")
    tap.is_([r["sha256"] for r in rows], [r["message_sha256"] for r in receipts],
            "with the digests of the receipts")
    tap.ok(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r["time"]) for r in rows),
           "times are ISO in UTC")
    ids = [r["id"] for r in rows]
    some = next(r for r in rows if r["message_id"] and r["sender"])
    cases = [(("--limit", 2), ids[:2]), (("--after", ids[2], "--limit", 2), ids[3:5]),
             (("--newest", "--limit", 3), ids[::-1][:3]),
             (("--reverse",), ids[::-1]), (("--newest", "--after", ids[2]), ids[:2][::-1]),
             (("--since", "2020-01-01"), ids),
             (("--until", "2020-01-01"), []), (("--since", "2099-01-01T00:00:00Z"), []),
             (("--service", "nobody@example.com"), []),
             (("--service", "journaling@journal.example.com"), ids),
             (("--address", "no@where.example"), [])]
    for args, want in cases:
        tap.is_([r["id"] for r in objects(archive, "list", *args)], want,
                "list " + " ".join(map(str, args)))
    found = [r["id"] for r in objects(archive, "list", "--address", some["sender"].upper())]
    tap.ok(some["id"] in found and len(found) < len(ids), "list --address, letter case aside")
    for form in (some["message_id"], some["message_id"].strip("<>")):
        tap.is_([r["id"] for r in objects(archive, "list", "--message-id", form)], [some["id"]],
                "list --message-id " + form)
    status, _, complaint = jmctl("list", "--since", "yesterday", "--archive", archive)
    tap.ok(status == 64 and "yesterday" in complaint, "a date that is none: " + complaint.strip())
    status, out, _ = jmctl("--archive", archive, "list")
    lines = out.splitlines()
    tap.ok(status == 0 and len(lines) == len(ids) + 1
           and lines[0].split()[:3] == ["ID", "ARCHIVED", "SENDER"], "list: a head and a line each")
    tap.is_([int(x.split()[0]) for x in lines[1:]], ids,
            "options may stand before the verb; ids in the first column")
    # A longer address moves its line: nothing is cut where there is no terminal.
    short = [x for x, r in zip(lines[1:], rows) if len(r["sender"] or "") <= 30
             and (r["sender"] or "").isascii()]
    tap.is_({re.search(r" [kMG]?B  ", x).end() - 2 for x in short}, {lines[0].index("SIZE") + 4},
            "columns are aligned")
    status, out, complaint = jmctl("list", "--address", "no@where.example", "--archive", archive)
    tap.ok(status == 0 and out == "" and "no items" in complaint, "nothing found is no error")


def test_show_export(archive, messages, receipts):
    bad = []
    for i, (m, r) in enumerate(zip(messages, receipts)):
        item, want = objects(archive, "show", r["seq"], "--bcc")[0], m.want
        got = [dict({k: v for k, v in o.items() if k != "seq"}, address=e["address"])
               for e in item["recipients"] for o in e["reports"]]
        want_rcpt = [{k: v for k, v in x.items()
                      if k in ("address", "type", "expanded_from", "forwarded_from")}
                     for x in want["recipients"]]
        report = item["reports"][0]
        same = (sorted(map(str, map(sorted, (x.items() for x in got)))) == sorted(
            map(str, map(sorted, (x.items() for x in want_rcpt)))) and report.get("envelope_sender")
                == want["envelope_sender"] and report.get("on_behalf_of") == want["on_behalf_of"]
                and report.get("message_id") == want["message_id"] and report["sha256"]
                == want["eml_sha256"] and item["contents"][0]["sha256"] == want["inner_sha256"]
                and item["contents"][0]["raw_sha256"] == want["inner_raw_sha256"]
                and item["contents"][0]["removed_headers"] == want["removed_headers"])
        out = {("--raw",): m.want["inner_raw_sha256"], ("--report",): m.want["eml_sha256"]}
        # Every message as archived; the two other forms where they differ, and of some.
        for option in ((), ("--raw",),
                       ("--report",)) if want["removed_headers"] or i % 8 == 0 else ((),):
            command = [PROGRAM, "export", "--bcc", str(r["seq"]), "--archive", archive, *option]
            out[option] = hashlib.sha256(run.output_bytes(
                *command, env=environment(command))).hexdigest()
        same = same and out == {(): want["inner_sha256"], ("--raw",): want["inner_raw_sha256"],
                                ("--report",): want["eml_sha256"]}
        if not same:
            bad.append(m.name)
    tap.is_(bad, [],
            "show --json and export give what the corpus says, for %d messages" % len(messages))
    m = next(i for i, x in enumerate(messages) if x.name.startswith("006"))
    status, out, _ = jmctl("show", receipts[m]["seq"], "--archive", archive)
    tap.ok(status == 0
           and re.search(r"to +erin\.evans@contoso\.com, expanded from crew@contoso\.com", out)
           and re.search(r"forwarded from office@contoso\.com", out) and "as received" in out,
           "show tells who received it and how", out)
    m = next(i for i, x in enumerate(messages) if x.name.startswith("007"))
    tap.like(jmctl("show", receipts[m]["seq"], "--archive", archive)[1],
             r"on behalf of +peggy\.park@contoso\.com", "and on whose behalf it was sent")
    tap.is_(jmctl("show", 999999, "--archive", archive)[0], 69, "show of no item: 69")
    tap.is_(jmctl("export", 999999, "--archive", archive)[0], 69, "export of no item: 69")
    tap.is_(jmctl("export", receipts[0]["seq"], "--which", 5, "--archive", archive)[0], 69,
            "export of no such content: 69")
    tap.is_(jmctl("export", receipts[0]["seq"], "--json", "--archive", archive)[0], 64,
            "export --json without a file: 64")


def test_export_file(archive, message, seq):
    folder = os.path.join(tap.folder(), "out")
    os.makedirs(folder)
    path = os.path.join(folder, "m.eml")
    status, out, complaint = jmctl("export", seq, "--bcc", "--report", "--output", path, "--json",
                                   "--archive", archive)
    tap.ok(status == 0 and json.loads(out)["bytes"] == len(message.eml),
           "export --output --json says what it wrote", complaint)
    tap.bytes_(open(path, "rb").read(), message.eml, "the file has the exact bytes")
    tap.is_(stat.S_IMODE(os.stat(path).st_mode), 0o600, "for its owner only")

    def unharmed(what):
        tap.ok(os.listdir(folder) == ["m.eml"] and open(path, "rb").read() == b"old",
               what + ": the old file stays, nothing else is left", os.listdir(folder))

    file_of("out/m.eml", b"old")
    tap.is_(jmctl("export", 999999, "--output", path, "--archive", archive)[0], 69, "no such item")
    unharmed("no such item")
    for what, frames, code in (("a daemon that stops in mid-answer", frame("B", b"half"), 75),
                               ("bytes, then an error", frame("B", b"half")
                                + frame("E", {"kind": "corrupt", "text": "digest"}), 65)):
        liar = Liar(frames)
        tap.is_(jmctl("export", 1, "--output", path, "--socket", liar.path)[0], code, what)
        liar.close()
        unharmed(what)
    for fault in ("write:1:ENOSPC", "write:1:short", "sync:1:EIO", "rename:1:EIO"):
        liar = Liar(frame("B", b"all of it") + GOOD)
        status, _, complaint = jmctl("export", 1, "--output", path, "--socket", liar.path,
                                     env=run.hooks(JM_FAULT=fault))
        liar.close()
        tap.is_(status, 75, "%s: %s" % (fault, complaint.strip()))
        unharmed(fault)
    tap.is_(jmctl("export", seq, "--output", "/dev/null", "--archive", archive)[0], 64,
            "a device is not replaced")
    tap.is_(jmctl("export", seq, "--output", folder, "--archive", archive)[0], 64, "nor a folder")
    with open("/dev/full", "wb") as full:
        for args in (("export", seq), ("list",), ("list", "--json"), ("show", seq), ("status",)):
            r = subprocess.run([PROGRAM, *map(str, args), "--archive", archive], stdout=full,
                               stderr=subprocess.DEVNULL, check=False)
            tap.is_(r.returncode, 75, "%s to a full disk is no success" % " ".join(map(str, args)))


def test_hostile(archive):
    """A Subject and an event with escape sequences for the terminal."""
    receipt = deposit(archive, "--event", HOSTILE,
                      [file_of("hostile.eml", corpus.report("hostile", subject=HOSTILE))])[0]
    wicked = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")
    for args in (("list",), ("show", receipt["seq"]), ("events",), ("status",)):
        status, out, _ = jmctl(*args, "--archive", archive)
        tap.ok(status == 0 and not wicked.search(out), "%s prints no control character" % args[0],
               repr(wicked.findall(out)))
    shown = jmctl("list", "--archive", archive)[1]
    tap.ok("\\x1b[2J\\x07" in shown and "\\u{202e}gnp" in shown and "caf\u00e9" in shown,
           "they are escaped, letters are not", shown)
    tap.is_(objects(archive, "show", receipt["seq"])[0]["subject"], HOSTILE,
            "--json has the text as it was")
    status, seen = on_terminal("list", "--json", "--archive", archive)
    tap.ok(status == 0 and all(32 <= c < 127 or c in b"\r\n" for c in seen),
           "--json on a terminal is ASCII")
    status, seen = on_terminal("list", "--archive", archive, env={"NO_COLOR": "1"})
    tap.ok(b"\x1b" not in seen, "NO_COLOR: no escape sequence")
    lengths = [len(x) for x in seen.decode().splitlines()]
    tap.ok(max(lengths) <= 100, "a table fits the terminal", lengths)
    status, seen = on_terminal("list", "--archive", archive)
    tap.ok(b"\x1b[1m" in seen and b"\x1b[2J" not in seen and b"\x1b]" not in seen,
           "colour on a terminal, ours only")
    status, seen = on_terminal("export", receipt["seq"], "--archive", archive)
    tap.ok(status == 64 and b"--force" in seen and b"\x1b]" not in seen,
           "export to a terminal is refused")
    status, seen = on_terminal("export", receipt["seq"], "--force", "--archive", archive)
    tap.ok(status == 0 and b"quick brown" in seen or b"Message hostile" in seen, "but for --force")


def test_set_aside(archive, path):
    seq = deposit(archive, "--set-aside", "older than 30 days", [path])[0]["seq"]
    rows = objects(archive, "list", "--set-aside")
    tap.is_([(r["id"], r["set_aside"]) for r in rows], [(seq, "older than 30 days")],
            "list --set-aside, with the reason")
    tap.ok(seq not in [r["id"] for r in objects(archive, "list")], "which list does not show")
    tap.like(jmctl("list", "--set-aside", "--archive", archive)[1], r"older than 30 days: ",
             "nor hides the reason from people")


def test_events(archive):
    rows = objects(archive, "events")
    tap.ok(rows and set(rows[0]) >= {"seq", "time", "kind", "actor", "text"}, "events --json")
    tap.is_([r["seq"] for r in objects(archive, "events", "--after", rows[0]["seq"])],
            [r["seq"] for r in rows[1:]], "events --after")
    tap.is_(len(objects(archive, "events", "--limit", 1)), 1, "events --limit")
    queue = [{"seq": n, "time": "2026-11-22T08:30:00.000Z", "kind": "started", "service": None,
              "actor": "daemon", "text": "n%d" % n} for n in range(1, 6)]
    liar = Liar(lambda q: b"".join(frame("O", e) for e in queue
                                   if e["seq"] > q["after"])[:2 * len(frame("O", queue[0]))] + GOOD)
    status, out, _ = jmctl("events", "--follow", "--limit", 5, "--socket", liar.path)
    liar.close()
    tap.ok(status == 0 and re.findall(r"n\d", out) == ["n1", "n2", "n3", "n4", "n5"],
           "events --follow goes on where it was, each once", out)
    tap.is_([q["after"] for q in liar.requests], [0, 2, 4], "by asking behind the last one")


def test_verify(archive, seq):
    status, out, _ = jmctl("verify", "--archive", archive)
    tap.ok(status == 0 and re.search(r"^problems +0$", out, re.M), "verify: no problems, exit 0",
           out)
    summary = objects(archive, "verify")[-1]
    tap.ok(summary["ok"] is True and summary["problems"] == 0 and summary["records"] > 0,
           "the same as JSON")
    tap.is_(objects(archive, "verify", "--after", 10 ** 6)[-1]["records"], 0, "verify --after")
    items = objects(archive, "list")
    middle = items[len(items) // 2]
    before = max([i["id"] for i in items if i["time"] < middle["time"]], default=0)
    tap.is_(objects(archive, "verify", "--since", middle["time"])[-1]["records"], summary["records"]
            - before, "verify --since looks at all behind the last item from before")
    tap.is_(objects(archive, "verify", "--since", "1999-01-01")[-1]["records"], summary["records"],
            "and at all when nothing is older")
    tap.is_(jmctl("verify", "--archive", archive, "--since", "yesterday")[0], 64,
            "a date that is none is refused")
    tap.ok(jmctl("verify", "--archive", archive)[2] == "", "no bar where there is no terminal")
    liar = Liar(frame("P", {"done_bytes": 0, "total_bytes": 10 ** 10, "records": 0})
                + frame("O", {"ok": True}) + GOOD)
    status, seen = on_terminal("verify", "--socket", liar.path)
    # The first picture comes at the first progress after a tenth of a second: this one may be too
    # early.
    tap.ok(status == 0, "verify on a terminal")
    liar.close()
    volumes = os.path.join(archive, "volumes")
    path = os.path.join(volumes, sorted(os.listdir(volumes))[0])
    item = objects(archive, "show", seq)[0]["reports"][0]
    with open(path, "r+b") as f:
        f.seek(item["offset"] + item["stored_bytes"] - 96 - 40)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 0x40]))
    status, out, _ = jmctl("verify", "--archive", archive, "--json")
    found = [json.loads(x) for x in out.splitlines()]
    tap.ok(status == 65 and found[-1]["ok"] is False
           and any(x.get("seq") == seq for x in found[:-1]), "a flipped bit is found and named: 65",
           out)
    tap.like(jmctl("verify", "--archive", archive)[1], r"problem +record %d, volume" % seq,
             "also for people")
    status, out, complaint = jmctl("export", seq, "--archive", archive)
    tap.ok(status == 65 and out == "", "its export gives no byte: " + complaint.strip(),
           "exit %d, %d characters" % (status, len(out)))


def test_exit_codes():
    for kind, code in (("temporary", 75), ("limit", 75), ("not-found", 69), ("denied", 77),
                       ("configuration", 78), ("corrupt", 65), ("usage", 64), ("bug", 70)):
        liar = Liar(frame("E", {"kind": kind, "text": "so it is"}))
        status, _, complaint = jmctl("status", "--socket", liar.path)
        liar.close()
        tap.ok(status == code and "so it is" in complaint,
               "an error of kind %s: exit %d" % (kind, code), "exit %d: %s" % (status, complaint))
    cases = [("no frame", b"", 75), ("half a head", b"O\0", 75), ("no end", frame("O", {}), 75),
             ("an unknown type", b"X\0\0\0\0", 75), ("no JSON", frame("O", b"{"), 65),
             ("a length past the cap", b"O\xff\xff\xff\xff", 75),
             ("an end without kind", frame("E", {}), 65), ("a request", frame("Q", {}), 65),
             ("bytes where none belong", frame("B", b"x"), 65)]
    for what, frames, code in cases:
        liar = Liar(frames)
        status, _, complaint = jmctl("status", "--socket", liar.path)
        liar.close()
        tap.is_(status, code, "a daemon that sends %s: %s" % (what, complaint.strip()))


def test_rights(archive):
    import fcntl
    with open(os.path.join(archive, "lock"), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, _, complaint = jmctl("list", "--archive", archive)
        tap.is_(status, 75, "an archive that another process owns: " + complaint.strip())
    if os.getuid() != 0:
        tap.skip("root acts as the archive's owner", "must be run by root")
        tap.skip("a socket without a right to it", "must be run by root")
        return
    copy = os.path.join(tap.folder(), "owned")
    shutil.copytree(archive, copy)
    shutil.rmtree(os.path.join(copy, "catalog"))
    run.output("chown", "-R", "%d:%d" % (NOBODY, NOBODY), copy)
    out = os.path.join(tap.folder(), "owned.eml")
    tap.is_(jmctl("export", 1, "--archive", copy, "--output", out)[0], 0,
            "root exports from another's archive")
    owners = {os.lstat(os.path.join(d, n)).st_uid for d, folders, names in os.walk(copy)
              for n in folders + names}
    tap.is_((owners, os.stat(out).st_uid), ({NOBODY}, 0),
            "as its owner, so nothing of root's is left in it; the file is root's")
    liar = Liar(GOOD)
    os.chmod(liar.path, 0o600)
    tap.is_(jmctl("list", "--socket", liar.path, user=NOBODY)[0], 77,
            "a socket without a right to it")
    liar.close()


def test_daemon(archive):
    """The same answers from the daemon as from the archive itself."""
    if not os.path.exists(DAEMON):
        tap.skip("daemon and archive answer the same", "the daemon is not built")
        return
    d = Daemon(os.path.join(tap.folder(), "daemon"))
    shutil.copytree(archive, d.archive)
    questions = [("list", "--json"), ("list",), ("show", "1", "--json"), ("show", "1"),
                 ("export", "1", "--report", "--bcc"), ("export", "1"),
                 ("list", "--set-aside", "--json"), ("list", "--newest", "--limit", "2")]
    d.start()
    online = [d.jmctl.run(*q)[:2] for q in questions]
    status = d.jmctl.status()
    verified = d.jmctl.verify()[1][-1]
    wrong = [d.jmctl.run(*q)[0] for q in (("show", "999999"), ("list", "--since", "x"),
                                          ("export", "1", "--which", "9"))]
    tap.is_(jmctl("list", "--archive", d.archive, "--socket", os.path.join(tap.folder(), "none"))[
        0], 75, "beside a daemon nobody opens its archive")
    d.stop()
    tap.is_([d.jmctl.run(*q)[:2] for q in questions], online, "daemon and archive answer the same")
    tap.is_(wrong, [69, 64, 69], "and so do the exit codes")
    tap.ok(isinstance(status["daemon"], dict) and status["items"] == d.jmctl.status()["items"],
           "status tells of the daemon", status.get("daemon"))
    tap.is_(d.jmctl.status()["daemon"], None, "and that there is none")
    tap.ok(verified["ok"], "verify while the daemon runs")


chosen = [m for m in corpus.all_messages() if "/" not in m.name]
archive = os.path.join(tap.folder(), "archive")
receipts = deposit(archive, [file_of(m.name + ".eml", m.eml) for m in chosen])
test_usage()
test_no_archive()
test_status(archive, receipts)
test_list(archive, receipts)
test_show_export(archive, chosen, receipts)
test_export_file(archive, chosen[0], receipts[0]["seq"])
test_hostile(archive)
test_set_aside(archive, file_of("old.eml", corpus.report("old")))
test_events(archive)
test_words(archive)
test_exit_codes()
test_rights(archive)
test_daemon(archive)
test_verify(archive, receipts[2]["seq"])
sys.exit(tap.done())
