#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The daemon and its journal mailboxes from end to end: the corpus from a real Dovecot, another client
at the same mailbox, servers that stall or never pause, a service that is disabled in the middle, a
full disk here, and what is known after a restart.
"""
import os
import poplib
import random
import subprocess
import sys
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import corpus_test
import delay
import dovecot
import pop3
import run
import tap
from daemon import Daemon, service
from pop3_quirks import EXCHANGE, Pop3Server

tap.need("dovecot", "openssl")
home = tap.folder()
password = os.path.join(home, "password")
with open(password, "w", encoding="ascii") as f:
    f.write("secret\n")
os.chmod(password, 0o600)


def mailbox(email, port, **kw):
    """A service at a mailbox in the clear."""
    settings = {"hostname": "127.0.0.1", "port": port, "mailbox-name": "journal",
                "password-file": password, "encrypted": False, "poll-interval": 1}
    settings.update((k.replace("_", "-"), v) for k, v in kw.items())
    return service(email, transport_type="POP3", pop3=settings)


def lf(message):
    """As Maildir keeps it."""
    return message.replace(b"\r\n", b"\n")


def in_daemon(d, email):
    """The daemon's status of a service's mailbox, or {}."""
    return next(s for s in d.jmctl.status()["daemon"]["services"]
                if s["email_address"] == email).get("mailbox") or {}


def in_archive(d, email):
    """The archive's row of a service."""
    return next(s for s in d.jmctl.status()["services"] if s["name"] == email)


def bodies(d, email):
    return sorted(d.jmctl.export(i["id"], "--report") for i in d.jmctl.list("--service", email))


def whole_corpus():
    """Mail that can come by SMTP can be in a mailbox, too: the items are the same."""
    messages = [m for m in corpus.all_messages() if m.by_smtp]
    box = dovecot.Dovecot(os.path.join(home, "corpus")).start()
    box.put([lf(m.eml) for m in messages])
    domains = sorted({m.sender.split("@")[1] for m in messages if m.sender})
    email = "journaling@journal.example.com"
    d = Daemon(os.path.join(home, "jm-corpus"),
               [mailbox(email, box.port), service("journaling@journal.contoso.com")],
               internal=domains, more=corpus_test.SETTINGS).start()
    run.until(lambda: box.count() == 0, "the mailbox is empty", pause=0.2)
    exported, found = corpus_test.Exported(d.jmctl), {}
    for item in d.jmctl.items():
        tap.ok(all(r["transport"] == "pop3" and r["service"] == email for r in item["reports"]),
               "item %d came over POP3" % item["id"])
        found[exported.report[item["id"], 0]] = item
    tap.is_(len(found), len(messages), "as many items as messages")
    s = types.SimpleNamespace(server=types.SimpleNamespace(name="dovecot"), jmctl=d.jmctl)
    for m in messages:
        if tap.ok(m.eml in found, "dovecot: %s: fetched, every byte" % m.name):
            corpus_test.check(s, m, found[m.eml], exported)
            journal = found[m.eml]["reports"][0]
            tap.is_((journal.get("variant"), bool(journal.get("ndr")),
                     bool(journal.get("step_down"))),
                    (m.want["variant"], m.want["ndr"], m.want["step_down"]),
                    "dovecot: %s: variant, NDR, step-down" % m.name)
    for number in ("020", "022"):
        tap.ok(any(m.name.startswith(number) for m in messages), "%s is among them" % number)
    tap.is_(d.jmctl.verify()[0], 0, "dovecot: verify finds nothing")
    tap.is_(d.stop(), 0, "dovecot: the daemon stops with status 0")
    tap.is_(d.complaints(), [], "dovecot: no complaint in the log")


def another_client():
    """One that holds the lock, and one that deletes what we are about to fetch."""
    email = "second@journal.example.com"
    sent = [pop3.message(i) for i in range(40)]
    locked = dovecot.Dovecot(os.path.join(home, "locked"),
                             extra="protocol pop3 {\n  pop3_lock_session = yes\n}\n").start()
    locked.put([lf(m) for m in sent[:3]])
    other = poplib.POP3("127.0.0.1", locked.port, timeout=600)
    other.user("journal")
    other.pass_("secret")
    shared = dovecot.Dovecot(os.path.join(home, "shared")).start()
    shared.put([lf(m) for m in sent], "journal2")
    second = os.path.join(home, "password2")
    with open(second, "w", encoding="ascii") as f:
        f.write("secret2\n")
    os.chmod(second, 0o600)
    far = delay.Relay(shared.port, 0, hold=b"RETR 6\r\n")
    d = Daemon(os.path.join(home, "jm-second"),
               [mailbox("locked@journal.example.com", locked.port),
                mailbox(email, far.port, mailbox_name="journal2", password_file=second,
                        pipelining="off")]).start()
    run.until(far.held.is_set, "in the middle of the shared mailbox")
    thief = poplib.POP3("127.0.0.1", shared.port, timeout=600)
    thief.user("journal2")
    thief.pass_("secret2")
    count = thief.stat()[0]
    for n in range(max(1, count - 9), count + 1):
        thief.dele(n)
    stolen = sent[-10:]
    thief.quit()
    far.released.set()
    tap.diag("the other client saw %d messages, left %d, when we had archived %d"
             % (count, shared.count("journal2"), len(d.jmctl.list("--service", email))))
    run.until(lambda: in_daemon(d, "locked@journal.example.com").get("state") == "error",
              "refused while another session has the lock")
    tap.like(in_daemon(d, "locked@journal.example.com")["error"], "IN-USE|lock",
             "a locked mailbox: the server's words are told")
    tap.is_(locked.count(), 3, "a locked mailbox: nothing happened to it")
    other.quit()
    run.until(lambda: shared.count("journal2") == 0 and locked.count() == 0,
              "both mailboxes are empty", pause=0.2)
    run.until(lambda: in_daemon(d, email).get("state") == "ok"
              and in_daemon(d, "locked@journal.example.com").get("state") == "ok", "both are well")
    got = bodies(d, email)
    tap.is_(bodies(d, "locked@journal.example.com"), sorted(sent[:3]),
            "a locked mailbox: each message is one item afterwards")
    tap.ok(set(sent) - set(stolen) <= set(got) and len(got) == len(set(got)),
           "what another client deleted costs nothing else and doubles nothing",
           "%d items" % len(got))
    tap.ok(len(got) < len(sent), "it did delete before us")
    tap.is_(d.complaints(), [], "another client: no complaint in the log")
    tap.is_(d.stop(), 0, "another client: the daemon stops with status 0")


def mended():
    """
    A wrong password, and a long wait until the next try: the right one and a reload are enough.
    """
    email, wrong = "mended@journal.example.com", os.path.join(home, "wrong")
    with open(wrong, "w", encoding="ascii") as f:
        f.write("nonsense\n")
    os.chmod(wrong, 0o600)
    box = dovecot.Dovecot(os.path.join(home, "mended")).start()
    box.put([lf(pop3.message(1))])
    d = Daemon(os.path.join(home, "jm-mended"),
               [mailbox(email, box.port, poll_interval=3600, password_file=wrong)]).start()
    run.until(lambda: in_daemon(d, email).get("state") == "error", "the password is wrong")
    d.services = [mailbox(email, box.port, poll_interval=3600)]
    d.write()
    d.reload()
    tap.is_(run.settled(lambda: in_daemon(d, email).get("state"), "ok"), "ok",
            "a reload with the right password: the mailbox is looked into at once")
    tap.is_((bodies(d, email), d.stop()), ([pop3.message(1)], 0), "and its message is archived")


def silent_servers():
    """
    Stalls end with answer-timeout; Disabled ends a session at once, be the server silent or never
    pausing.
    """
    three = [(i, pop3.message(k)) for k, i in enumerate("abc")]
    stall = Pop3Server(three, {1: ["retr-stall:b"]})
    quitting = Pop3Server(three, {"*": ["quit-stall"]}, EXCHANGE + ("PIPELINING",))
    silent = Pop3Server(three, {"*": ["retr-stall:b"]})
    endless = Pop3Server(three, {"*": ["retr-endless:b"]})
    names = {"stall": stall, "quitting": quitting, "silent": silent, "endless": endless}
    services = [mailbox(n + "@journal.example.com", s.port, mailbox_name=n, answer_timeout=3
                        if n in ("stall", "quitting") else 600) for n, s in names.items()]
    d = Daemon(os.path.join(home, "jm-silent"), services,
               more={"archive": {"max-message-size": "1M"}}).start()
    for name in ("silent", "endless"):
        run.until(lambda: "RETR 2" in names[name].commands(),
                  name + ": in the middle of the second message")
    run.until(lambda: "QUIT" in quitting.commands(), "quitting: in its QUIT")
    quitting.quirks = {}
    for s in d.services[2:]:
        s["disabled"] = True
    d.write()
    began = time.monotonic()
    d.reload()
    for name in ("silent", "endless"):
        run.until(lambda: in_daemon(d, name + "@journal.example.com") == {},
                  name + ": the poller has ended")
        tap.ok(time.monotonic() - began < 300,
               "disabled: a %s server is left at once: within %.1f s"
               % (name, time.monotonic() - began))
        tap.is_([i for i, _ in names[name].messages], ["a", "b", "c"],
                "disabled: nothing was deleted at the %s server" % name)
        tap.is_(names[name].sessions, 1, "disabled: no further connection to the %s server" % name)
    for name in ("stall", "quitting"):
        run.until(lambda: not names[name].messages, name + ": empty in the end")
        tap.is_(bodies(d, name + "@journal.example.com"), sorted(m for _, m in three),
                "%s: each message is one item" % name)
        tap.ok(run.settled(lambda: any(name in (e.get("service") or "") and "no answer" in e["text"]
                                       for e in d.jmctl.events("pop3-error")), True),
               "%s: the silence is an event" % name)
    tap.ok(all("RETR %s" % c.split()[1] in quitting.commands(n) for n, c in quitting.said
               if c.startswith("DELE")), "quitting: no DELE without RETR in the same session")
    email = "quitting@journal.example.com"
    tap.is_([[r["service"] for r in d.jmctl.show(i["id"])["reports"]].count(email)
             for i in d.jmctl.list("--service", email)], [1, 1, 1],
            "quitting: and what is archived already is not archived again")
    endless.quirks = silent.quirks = {}
    for s in d.services[2:]:
        s["disabled"] = False
    d.write()
    d.reload()
    for name in ("silent", "endless"):
        run.until(lambda: not names[name].messages, name + ": empty in the end")
        tap.is_(bodies(d, name + "@journal.example.com"), sorted(m for _, m in three),
                "%s: enabled again, each message is one item" % name)
    tap.is_(d.stop(), 0, "silent servers: the daemon stops with status 0")
    tap.is_(d.complaints(), [], "silent servers: no complaint in the log")


def remembered():
    """Last successful extract, the mailbox queue and the marks outlive a stop and a kill."""
    kept, never, email = "kept@journal.example.com", "never@journal.example.com", {}
    servers = {kept: Pop3Server([("k%d" % i, pop3.message(i)) for i in range(4)]),
               never: Pop3Server([("n%d" % i, pop3.message(i + 10)) for i in range(3)],
                                 {"*": ["retr-err:n1"]})}
    d = Daemon(os.path.join(home, "jm-remembered"),
               [mailbox(kept, servers[kept].port, mailbox_name="k", leave_on_server=True),
                mailbox(never, servers[never].port, mailbox_name="n")]).start()
    run.until(lambda: in_daemon(d, kept).get("last_success")
              and in_daemon(d, never).get("last_success"), "both looked into")
    run.until(lambda: [i for i, _ in servers[never].messages] == ["n1"], "the others are gone")
    for s in servers.values():
        s.stop()		# the next session fails
    for name in servers:
        run.until(lambda: in_daemon(d, name).get("state") == "error", "its server is gone")
        email[name] = in_daemon(d, name).get("last_success")
        tap.is_(run.settled(lambda: in_archive(d, name).get("last_extract"), email[name]),
                email[name], name + ": the archive knows the last successful extract")
    for how, stop in (("a kill", d.kill), ("a stop", d.stop)):
        stop()
        tap.is_(in_archive(d, kept)["last_extract"], email[kept],
                "after %s, without a daemon: the last successful extract" % how)
        d.start()
        for name, queue in ((kept, 4), (never, 1)):
            run.until(lambda: in_daemon(d, name).get("state") == "error", "still gone")
            m = in_daemon(d, name)
            tap.is_((m["last_success"], m["queue"]), (email[name], queue),
                    "after %s: %s: last success and mailbox queue" % (how, name))
            tap.is_(in_archive(d, name)["mailbox_queue"], queue,
                    "after %s: %s: also in the archive" % (how, name))
    again = Pop3Server(servers[kept].messages, port=servers[kept].port)
    d.reload()
    run.until(lambda: again.sessions > 2, "looks at it again")
    tap.ok(not any(c.startswith(("RETR", "DELE")) for c in again.commands()),
           "left on the server: not fetched again after restarts")
    tap.is_(len(d.jmctl.list("--service", kept)), 4, "left on the server: each message is one item")
    tap.ok(in_daemon(d, kept).get("last_success") > email[kept], "and a later success counts")
    tap.is_(d.stop(), 0, "remembered: the daemon stops with status 0")
    tap.is_(d.complaints(), [], "remembered: no complaint in the log")


def full_disk():
    """
    A disk that is full leaves all on the server, and with room again all comes in; by the fault
    seam, and as root by a small tmpfs.
    """
    chance = random.Random(3)
    sent = [pop3.message(i, chance.randbytes(size).hex().encode() + b"\r\n")
            for i, size in enumerate((100, 2000, 1500000, 300000, 50))]
    box = dovecot.Dovecot(os.path.join(home, "full-mail")).start()
    box.put([lf(m) for m in sent])
    email = "full@journal.example.com"
    d = Daemon(os.path.join(home, "jm-fault"), [mailbox(email, box.port)],
               env={"JM_FAULT": "write:9+:ENOSPC"}).start()
    run.until(lambda: in_daemon(d, email).get("state") == "error", "the fault is met")
    tap.like(in_daemon(d, email)["error"], "(?i)no space|disk",
             "a full disk by a fault: told as it is")
    items = len(d.jmctl.list())
    tap.ok(box.count() >= len(sent) - items,
           "a full disk by a fault: nothing that is not archived is deleted: %d there, %d archived"
           % (box.count(), items))
    d.stop()
    d.env = None
    d.start()
    run.until(lambda: box.count() == 0, "with room again all comes in")
    tap.is_(bodies(d, email), sorted(sent), "a full disk by a fault: then each message is one item")
    tap.is_(d.jmctl.verify()[0], 0, "a full disk by a fault: verify finds nothing")
    d.stop()
    disk = os.path.join(home, "disk")
    os.makedirs(disk)
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk],
                                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
        tap.diag("no tmpfs can be mounted here")
        return
    tap.at_end(lambda: subprocess.run(["umount", "-l", disk], check=False))
    d = Daemon(os.path.join(home, "jm-full"), [mailbox(email, box.port)],
               more={"archive": {"directory": disk + "/archive", "disk-reserve": "0"}}).start()
    run.until(lambda: in_daemon(d, email).get("state") == "ok", "an empty mailbox")
    with open(os.path.join(disk, "filler"), "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    box.put([lf(m) for m in sent])
    run.until(lambda: in_daemon(d, email).get("state") == "error", "the full disk is met")
    left, items = box.count(), len(d.jmctl.list())  # a small one may still have found room
    tap.ok(items < len(sent) and left >= len(sent) - items,
           "a full disk: what is not archived is on the server: %d there, %d archived"
           % (left, items))
    tap.ok(d.program.running(), "a full disk: the daemon lives on")
    os.unlink(os.path.join(disk, "filler"))
    run.until(lambda: box.count() == 0, "with room again all comes in")
    tap.is_(bodies(d, email), sorted(sent),
            "a full disk: with room again each message is one item, without a restart")
    run.until(lambda: in_daemon(d, email).get("state") == "ok", "well again")
    tap.is_(d.jmctl.verify()[0], 0, "a full disk: verify finds nothing")
    tap.is_(d.stop(), 0, "a full disk: the daemon stops with status 0")
    tap.is_(d.complaints(), [], "a full disk: no complaint in the log")


for part in (whole_corpus, another_client, mended, silent_servers, remembered, full_disk):
    if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
        part()
sys.exit(tap.done())
