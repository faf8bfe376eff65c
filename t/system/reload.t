#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
SIGUSR1: the new configuration takes effect as a whole, or the old one stays and the log says why.
Messages in flight keep the settings they began with.
"""
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import daemon
import milter
import run
import tap

OLD, NEW, CLIENT = "old@journal.example.com", "new@journal.example.com", "192.0.2.25"
# The actor of what this user asks for.
ACTOR = re.compile(r"^uid %d( \([^)]+\))?, gid %d, (no login|login .+), pid [1-9]\d*$"
                   % (os.getuid(), os.getgid()))
d = daemon.Daemon(tap.folder() + "/milter", services=[daemon.service(OLD)],
                  outbounds=(CLIENT,)).start()


def code(recipient, client=CLIENT):
    """The answer to a recipient."""
    with milter.Session(d.socket) as s:
        s.connect(client)
        s.mail("<a@example.com>")
        a = s.rcpt("<%s>" % recipient)
        s.quit()
    return {"c": 250}.get(a.kind) or int(a.text[:3] or 0)


def reload(word):
    """Ask for a reload and wait until the log reports it."""
    count = lambda: len(re.findall(word, d.log()))
    before = count()
    d.reload()
    run.until(lambda: count() > before, "a line with %s in the log" % word)


def good():
    tap.is_((code(OLD), code(NEW)), (250, 450), "before: one service")
    in_flight = milter.Session(d.socket)
    in_flight.connect(CLIENT)
    in_flight.mail("<a@example.com>")
    tap.is_(in_flight.rcpt("<%s>" % OLD).kind, "c", "a message is begun with the old settings")
    d.services = [daemon.service(NEW)]
    d.write()
    reload("reload")
    tap.is_((code(OLD), code(NEW)), (450, 250), "after a reload: the other service")
    tap.is_(in_flight.message(corpus.report("in-flight")).kind, "d",
            "the message in flight is archived under the settings it began with")
    in_flight.quit()
    tap.ok(run.settled(lambda: bool(d.jmctl.events("reloaded")), True), "the reload is an event")
    want = [("service-added", NEW), ("service-removed", OLD)]
    tap.is_(run.settled(lambda: [(e["kind"], e.get("service")) for e in d.jmctl.events()
                                 if e["kind"].startswith("service-")], want), want,
            "and so are the service that came and the one that went")


def bad():
    good_text = d.xml()
    for name, text in (("no XML", "<journal-milter><milter>"), ("an empty file", ""),
                       ("a wrong range",
                        good_text.replace("<range>" + CLIENT, "<range>192.0.2.256")),
                       ("a misspelled setting", good_text.replace("description>", "descripton>"))):
        d.write(text)
        r = subprocess.run([daemon.PROGRAM, "-n", "-c", d.settings], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        tap.is_(r.returncode, 78, "%s: journal-milter -n exits 78" % name)
        tap.like(r.stdout.decode(), r"journal-milter\.xml:\d+|journal-milter\.xml",
                 "%s: and names file and line" % name)
        reload(r"level=error|event=settings-wrong|reload")
        tap.is_((code(OLD), code(NEW)), (450, 250), "%s: a reload changes nothing" % name)
    os.unlink(d.settings)
    reload(r"level=error|event=settings-wrong|reload")
    tap.is_(code(NEW), 250, "no file: a reload changes nothing")
    d.write(good_text)
    r = subprocess.run([daemon.PROGRAM, "-n", "-c", d.settings], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, check=False)
    tap.is_(r.returncode, 0, "a good file: journal-milter -n exits 0")


def changes():
    """
    The questions of an auditor: who changed what, and when. No change is hidden by another one of
    its kind.
    """
    me = pwd.getpwuid(os.getuid()).pw_name
    first = d.jmctl.events()[-1]["seq"]
    turns = (dict(disabled=True), dict(disabled=False), dict(disabled=True),
             dict(disabled=False, encrypted=True, maximum_age=7))
    for i, turn in enumerate(turns):
        d.services = [daemon.service(NEW, **turn)]
        if i == len(turns) - 1:
            d.outbounds = (CLIENT, "198.51.100.0/24")
            d.more["publish"] = {"directory": d.path("elsewhere")}
        d.write()
        d.reload()
        run.until(lambda: len([e for e in d.jmctl.events("reloaded") if e["seq"] > first]) == i + 1,
                  "the reload")
    run.until(lambda: d.jmctl.events("restart-needed"), "the last event")
    found = [e for e in d.jmctl.events() if e["seq"] > first
             and e["kind"] not in ("status", "reload-failed")]
    off, on = ("service-disabled", NEW,
               "journal service disabled"), ("service-enabled", NEW, "journal service enabled")
    is_off, is_on = ("setting-changed", NEW, "disabled: no -> yes (line N)"), (
        "setting-changed", NEW, "disabled: yes -> no (line N)")
    tap.is_([(e["kind"], e.get("service"), re.sub(r"line \d+", "line N", e["text"])) for e in found
             if e["kind"] != "reloaded"],
            [off, is_off, on, is_on, off, is_off, on,
             ("setting-changed", None,
              "publish/directory: nothing -> %s (line N)" % d.path("elsewhere")),
             ("setting-changed", None, "authorized-outbounds: range 198.51.100.0/24 added"), is_on,
             ("setting-changed", NEW, "encrypted: no -> yes (line N)"),
             ("setting-changed", NEW, "maximum-age: 0 -> 7 (line N)"),
             ("restart-needed", None, "publish/directory")],
            "each change is an event, with old and new")
    lines = d.xml().splitlines()
    for word in ("encrypted", "maximum-age"):
        text = [e["text"] for e in found if e["text"].startswith(word)][-1]
        tap.ok("<%s>" % word in lines[int(re.search(r"line (\d+)", text).group(1)) - 1],
               "and the line: " + text)
    tap.is_({e.get("actor") for e in found},
            {"signal from uid %d (%s), pid %d" % (os.getuid(), me, os.getpid())},
            "each with the user and the process that sent the signal")
    d.services, d.outbounds, d.more = [daemon.service(NEW)], (CLIENT,), {}


def asked():
    """jmctl reload: the same, with the outcome as the answer, and the person as the actor."""
    before = len(d.jmctl.events("reloaded"))
    d.write()
    tap.is_(d.jmctl.run("reload")[0], 0, "jmctl reload, back to the first settings")
    first = d.jmctl.events()[-1]["seq"]
    d.services = [daemon.service(NEW, maximum_age=7)]
    d.more["publish"] = {"directory": d.path("elsewhere")}
    d.write()
    status, out, complaint = d.jmctl.run("reload")
    tap.is_((status, complaint), (0, ""), "jmctl reload: exit 0")
    lines = [re.sub(r"line \d+", "line N", x) for x in out.decode().splitlines()]
    tap.is_(lines, [
        d.settings + ": in force now, 2 changes",
        "  publish/directory: nothing -> %s (line N)" % d.path("elsewhere"),
        "  %s: maximum-age: 0 -> 7 (line N)" % NEW,
        "not yet in force, as these need a restart of the daemon: publish/directory"],
        "it prints what changed, and what needs a restart")
    tap.is_(run.settled(lambda: {ACTOR.sub("the user", e.get("actor", "")) for e in d.jmctl.events()
                                 if e["seq"] > first and e["kind"] != "status"}, {"the user"}),
            {"the user"}, "the actor is who asked")
    good_text = d.xml()
    d.write(good_text.replace("maximum-age>", "maximum-agee>"))
    status, out, complaint = d.jmctl.run("reload")
    tap.is_((status, out), (78, b""), "a wrong file: exit 78")
    tap.like(complaint, r"journal-milter\.xml:\d+: .*maximum-agee", "with file and line")
    tap.like(complaint, r"keeps its earlier settings", "and what the daemon does")
    status, out, _ = d.jmctl.run("reload", "--json")
    o = json.loads(out)
    tap.is_((status, o["ok"], o["changes"]), (78, False, []), "the same as JSON")
    tap.is_(code(NEW), 250, "the earlier settings stay")
    d.write(good_text)
    o = json.loads(d.jmctl.run("reload", "--json")[1])
    tap.is_((o["ok"], o["changes"], o["restart_needed"]), (True, [], None),
            "nothing changed: no change is made up")
    n = run.settled(lambda: len(d.jmctl.events("reloaded")), before + 3)
    tap.is_(n, before + 3, "each of the three good reloads is an event")
    d.services, d.more = [daemon.service(NEW)], {}
    d.write()
    tap.is_(d.jmctl.run("reload")[0], 0, "and back")
    run.until(lambda: len(d.jmctl.events("reloaded")) > n, "the event of it")


def by_whom():
    """The kernel names the actor of a reload; the request cannot."""
    me = pwd.getpwuid(os.getuid()).pw_name
    n = len(d.jmctl.events("reloaded"))
    for request in ({"verb": "reload", "login": "x"}, {"verb": "reload", "who": 1}):
        tap.is_(d.control(request)["kind"], "usage", "%s is refused" % request)
    nobody = pwd.getpwnam("nobody").pw_uid
    d.control({"verb": "reload", "login": nobody})
    run.until(lambda: len(d.jmctl.events("reloaded")) > n, "the event of the reload")
    tap.is_(len(d.jmctl.events("reloaded")), n + 1, "and the two refused ones reloaded nothing")
    tap.is_(ACTOR.sub("the user", d.jmctl.events("reloaded")[-1]["actor"]), "the user",
            "a request cannot say who logged in")
    child = os.fork()
    if child == 0:
        try:
            with open("/proc/self/loginuid", "w") as f:
                f.write(str(nobody))
            d.control({"verb": "reload"})
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        tap.skip("after sudo", "a process cannot log in here")
    else:
        want = "uid %d (%s), gid %d, login uid %d (nobody), pid %d" % (
            os.getuid(), me, os.getgid(), nobody, child)
        tap.is_(run.settled(lambda: d.jmctl.events("reloaded")[-1]["actor"], want), want,
                "after sudo: the user, and the one who logged in")


def many():
    """Reloads while mail comes in."""
    for i in range(20):
        d.services = [daemon.service(NEW, description="Turn %d" % i)]
        d.write()
        d.reload()
        tap.is_(milter.deliver(d.socket, "a@example.com", [NEW], corpus.report("turn-%d" % i),
                               CLIENT).kind, "d", "reload %d: mail goes on" % i)


def changes_while_down(second):
    """{(kind, service, text)}: the events of the first or second change of the settings."""
    want = {
        ("settings-changed", None,
         "the settings file was changed while no daemon ran; each difference follows"),
        ("service-added", NEW if not second else "fourth@journal.example.com",
         "journal service added"),
        ("service-removed", NEW if second else "third@journal.example.com",
         "journal service removed"),
        ("service-disabled" if not second else "service-enabled", OLD,
         "journal service %sabled" % ("dis" if not second else "en")),
        ("setting-changed", OLD,
         "disabled: %s (line N)" % ("no -> yes" if not second else "yes -> no")),
        ("setting-changed", OLD, "maximum-age: %d -> %d (line N)" % (7 * second, 7 + second)),
        ("setting-changed", None, "authorized-outbounds: range 198.51.100.%d added" % second)}
    if second:
        want.add(("setting-changed", None, "authorized-outbounds: range 198.51.100.0 removed"))
    return want


def while_down():
    """Changes made while no daemon ran are reported at the next start, once."""
    e = daemon.Daemon(tap.folder() + "/down",
                      services=[daemon.service(OLD), daemon.service("third@journal.example.com")],
                      outbounds=(CLIENT,)).start()
    kept = e.path("archive/last-settings.xml")
    kinds = ("setting-changed", "settings-changed", "settings-not-compared", "service-added",
             "service-removed", "service-disabled", "service-enabled")

    def told():
        return [x for x in e.jmctl.events() if x["kind"] in kinds]

    def restart(kill=False):
        run.until(lambda: os.path.exists(kept) and last_kept() != before[0],
                  "the settings are kept") if kill else None
        before[0] = last_kept()
        tap.is_(e.kill() if kill else e.stop(), -9 if kill else 0,
                "the daemon %s" % ("is killed" if kill else "stops"))
        before[0] = last_kept()
        n = len(told())
        e.write()
        e.start()
        return n

    def last_kept():
        return os.stat(kept).st_mtime_ns if os.path.exists(kept) else 0
    before = [0]
    tap.is_(told(), [], "the first start has nothing to compare with")
    tap.is_((restart(), told()), (0, []), "nor has one without a change")
    tap.is_(oct(os.stat(kept).st_mode & 0o777), "0o600", "what is kept is for the daemon only")
    for kill in (False, True):
        e.services = [daemon.service(OLD, disabled=not kill, maximum_age=7 + kill),
                      daemon.service(NEW if not kill else "fourth@journal.example.com")]
        e.outbounds = (CLIENT, "198.51.100.%d" % kill)
        n = restart(kill)
        want = changes_while_down(kill)
        run.settled(lambda: len(told()[n:]), len(want))
        found = told()[n:]
        tap.is_({(x["kind"], x.get("service"), re.sub(r"line \d+", "line N", x["text"]))
                 for x in found}, want, "each change is an event")
        tap.is_((len(found), {x["actor"] for x in found}), (len(want), {"daemon"}),
                "once; by whom nobody knows")
    n = restart(True)
    tap.is_(told()[n:], [], "and not again at the next start")
    e.stop()
    with open(kept, "w", encoding="ascii") as f:
        f.write("<journal-milter><nonsense/></journal-milter>\n")
    n = len(told())
    e.start()
    tap.is_([x["kind"] for x in run.until(lambda: told()[n:], "the event")],
            ["settings-not-compared"],
            "what cannot be compared is told, and does not hold up a start")
    n = restart(True)
    tap.is_((told()[n:], e.stop()), ([], 0), "and is in order the next time")


def restart_needed():
    """
    A setting that needs a restart stays as it is: neither the dashboards nor the kept files move to
    another folder.
    """
    e = daemon.Daemon(tap.folder() + "/stays", services=[daemon.service(OLD)], outbounds=(CLIENT,),
                      more={"publish": {"interval": 1}}).start()
    published, kept = e.archive + "/public/status.json", e.archive + "/last-settings.xml"
    run.until(lambda: os.path.exists(published) and os.path.exists(kept),
              "the state is published, the settings are kept")
    before = os.stat(kept).st_mtime_ns
    e.more["archive"] = {"directory": e.path("elsewhere")}
    e.write()
    e.reload()
    run.until(lambda: e.jmctl.events("restart-needed"), "the reload")
    tap.is_(run.settled(lambda: os.stat(kept).st_mtime_ns > before, True), True,
            "another archive directory: the settings are kept beside the archive that is open")
    first = os.stat(published).st_mtime_ns
    tap.is_(run.settled(lambda: os.stat(published).st_mtime_ns > first, True), True,
            "and the state is published where it was")
    tap.ok(not os.path.exists(e.path("elsewhere")), "nothing is made in the other folder")
    tap.is_(e.stop(), 0, "it stops")


def new_source():
    """
    Mail that comes before a new source of known addresses is read is not taken for mail to unknown
    ones.
    """
    e = daemon.Daemon(tap.folder() + "/source",
                      services=[daemon.service(OLD, journal_unknown_internal_addresses=False)],
                      outbounds=(CLIENT,))
    files = []
    for i in range(6):
        files.append(e.path("people-%d" % i))
        with open(files[-1], "w", encoding="ascii") as f:
            f.write("alice@example.com\nperson-%d@example.com\n" % i)
        e.more["directory-sources"] = {"file": list(files)}
        e.write()
        if i == 0:
            e.start()
            continue
        e.reload()
        run.until(lambda: e.log().count(" reloaded ") == i, "the reload", pause=0.001)
        milter.deliver(e.socket, "a@example.com", [OLD],
                       corpus.report("source-%d" % i, recipients=("person-%d@example.com" % i,)),
                       CLIENT)
    tap.is_(run.settled(lambda: len(e.jmctl.list()), 5, 60), 5,
            "mail to addresses of a new source, right after the reload: archived")
    tap.is_([o["set_aside"] for o in e.jmctl.list("--set-aside")], [], "and not set aside")
    run.until(lambda: e.log().count(" directory-loaded ") == len(files), "all sources are read")
    milter.deliver(e.socket, "a@example.com", [OLD],
                   corpus.report("nobody", recipients=("nobody@example.com",)), CLIENT)
    tap.is_(run.settled(lambda: len(e.jmctl.list("--set-aside")), 1), 1, "while an unknown one is")
    tap.is_(e.stop(), 0, "that daemon stops")


def flood():
    """
    More changes at once than events may wait: all are there. With a disk that hangs some
    cannot be: then their number is reported.
    """
    still = d.path("still")

    def services(on):
        return [daemon.service("s%d@journal.example.com" % i, encrypted=on,
                               remove_journal_headers=on, prefer_clear_text_version=on,
                               extended_de_duplication=on, detailed_logging=on) for i in range(500)]
    # In memory: a reload waits three seconds for room, and a disk may be slower than that.
    memory = tempfile.mkdtemp(prefix="jm-flood-",
                              dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    tap.at_end(lambda: shutil.rmtree(memory, ignore_errors=True))
    e = daemon.Daemon(tap.folder() + "/flood", services=services(False),
                      more={"archive": {"directory": memory + "/archive"}},
                      env=dict(run.shim(d.path("slow-sync.so"), "slow-sync.c"),
                               SLOW_SYNC_WHILE=still)).start()

    def changed():
        return len(e.jmctl.events("setting-changed"))
    e.services = services(True)
    e.write()
    e.reload()
    tap.is_(run.settled(changed, 2500), 2500, "a reload that changes 2500 settings is 2500 events")
    tap.is_(e.jmctl.events("events-dropped"), [], "none was dropped")
    with open(still, "w", encoding="ascii"):
        pass
    e.services = services(False)
    e.write()
    e.reload()
    run.until(lambda: e.log().count(" setting-changed ") == 5000, "all are in the log")
    os.unlink(still)
    run.until(lambda: e.jmctl.events("events-dropped"), "the event about those that were dropped")
    dropped = [int(re.search(r"\d+", x["text"])[0]) for x in e.jmctl.events("events-dropped")]
    tap.ok(dropped[0] > 500, "while the disk stands still some are dropped: %s" % dropped)
    # on a slow machine, the states of the services are among them, too
    lost = re.findall(r" event-lost kind=(\S+)", e.log())
    tap.is_((changed() + lost.count("setting-changed"), sum(dropped)), (5000, len(lost)),
            "and what is missing is counted by an event")
    tap.is_(e.stop(), 0, "that daemon stops with status 0")


good()
bad()
changes()
asked()
by_whom()
many()
while_down()
restart_needed()
new_source()
flood()
tap.is_(d.stop(), 0, "the daemon stops with status 0")
tap.is_(d.complaints(), [], "no complaint in its log")
sys.exit(tap.done())
