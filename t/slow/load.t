#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Heavy load: many connections, slow and vanishing clients, floods, few descriptors, little memory,
jumps of the clock, and a soak. After each, every message that was acknowledged is in the archive,
once, and memory, descriptors and threads are where they were. JM_SOAK_S is the length of the soak.
"""
import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import milter
import run
import tap
from daemon import Daemon

SOAK_S = int(os.environ.get("JM_SOAK_S", "20"))
SEED = int(os.environ.get("JM_SEED", str(int(time.time()))))
TOKEN = "LOADUNIQUE000000"
JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
IDLE, BUSY, PROBES, WEB = 1000, 64, 200, 2000
LARGE = 16 if SOAK_S > 60 else 6    # with 16, the kernel reads pages again for ten minutes
MB = 1048576
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The real-time clock is ahead by as many seconds as the file JUMP says. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	long ahead = 0;
	FILE *f;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	if (real(id, t) != 0 || id != CLOCK_REALTIME)
		return id != CLOCK_REALTIME ? 0 : -1;
	f = fopen(getenv("JUMP"), "r");
	if (f) {
		if (fscanf(f, "%ld", &ahead) != 1)
			ahead = 0;
		fclose(f);
	}
	t->tv_sec += ahead;
	return 0;
}
"""


def new_daemon(name, **kw):
    """It has taken a message and answered a request, so that all that it keeps open is open."""
    d = Daemon(os.path.join(tap.folder(), name), outbounds=(CLIENT,), **kw).start()
    milter.deliver(d.socket, "a@example.com", [JOURNAL], corpus.report("first"), CLIENT)
    d.jmctl.status()
    d.jmctl.list()
    return d


def mail(name, size):
    """A folder with reports of this size, in which milter-load writes a number of its own."""
    folder = os.path.join(tap.folder(), name)
    os.makedirs(folder, exist_ok=True)
    for i in range(4):
        inner = ("From: alice@example.com\r\nTo: bob@example.com\r\nSubject: %s\r\n"
                 "Message-ID: <%s@example.com>\r\nDate: Tue, 17 Jul 2029 12:13:27 +0000\r\n\r\n"
                 % (TOKEN, TOKEN)).encode()
        inner += b"".join(b"%064x\r\n" % random.getrandbits(256)
                          for _ in range(size // 66))
        with open("%s/%d.eml" % (folder, i), "wb") as f:
            f.write(corpus.report("load%d" % i, message_id="<%s@example.com>" % TOKEN, inner=inner,
                                  recipients=["bob@example.com"]))
    return folder


class Load:
    """milter-load in the background. The numbers of its messages and how each one ended."""

    def __init__(self, where, folder, connections, messages, *more, seconds=600):
        self.log = os.path.join(tap.folder(), "load-%d.log" % random.getrandbits(60))
        self.process = subprocess.Popen(
            [os.path.join(tap.BUILD, "t/bench/milter-load"), "-s", where, "-c", str(connections),
             "-n", str(messages), "-t", str(seconds), "-w", "300", "-u", "-d", folder, "-C", CLIENT,
             "-f", "a@example.com", "-l", self.log, *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tap.at_end(self.process.kill)

    def running(self):
        return self.process.poll() is None

    def ends(self):
        """{number: end} of all messages, when it is over."""
        self.process.wait()
        with open(self.log, encoding="ascii") as f:
            return dict(line.split() for line in f)


def archived(d):
    """How often each number of milter-load is in the archive."""
    found = {}
    for i in d.jmctl.list():
        number = (i["message_id"] or "").strip("<>").partition("@")[0]
        found[number] = found.get(number, 0) + 1
    return found


def none_lost(d, ends, what):
    """Claims that all with the answer of an archived message are there, once, and no other."""
    acknowledged = {n for n, end in ends.items() if end.startswith("discard@")}
    found = archived(d)
    twice = [n for n in found if n and found[n] > 1]
    tap.ok(acknowledged and not acknowledged - set(found) and not twice,
           "%s: of %d messages, %d acknowledged: each is archived, once" % (
               what, len(ends), len(acknowledged)),
           (sorted(acknowledged - set(found))[:5], twice[:5]))
    tap.is_(sorted(n for n in found if ends.get(n, "unknown").startswith(("tempfail", "reject"))),
            [], "%s: none that was refused is archived" % what)


def figures(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        values = dict(line.split(":", 1) for line in f)
    return {"mb": int(values["RssAnon"].split()[0]) / 1024, "threads": int(values["Threads"]),
            "descriptors": len(os.listdir("/proc/%d/fd" % pid))}


def as_before(d, before, what, mb=16):
    """Claims that the threads and descriptors of the load are gone, and its memory."""
    run.settled(lambda: figures(d.pid)["threads"] <= before["threads"]
                and figures(d.pid)["descriptors"] <= before["descriptors"], True)
    now = figures(d.pid)
    tap.ok(now["threads"] <= before["threads"] and now["descriptors"] <= before["descriptors"]
           and now["mb"] < before["mb"] + mb,
           "%s: threads, descriptors and memory are where they were" % what, (before, now))


def well(d, what):
    """Claims that the daemon is as after a good day."""
    status = d.jmctl.status()
    tap.is_((status["balance"]["holds"], d.jmctl.verify()[0], d.complaints()), (True, 0, []),
            "%s: the counters balance, verify finds nothing, no complaint" % what)
    tap.is_(d.stop(), 0, "%s: the daemon stops with status 0" % what)


def p99(times):
    return sorted(times)[int(len(times) * 0.99)] * 1000


def probe(where, load):
    """Seconds from the connection to the answer to MAIL, while the load lasts."""
    times = []
    while len(times) < PROBES and load.running():
        begun = time.monotonic()
        with milter.Session(where) as s:
            s.connect(CLIENT)
            s.helo()
            s.mail("<a@example.com>")
            times.append(time.monotonic() - begun)
            s.quit()
        time.sleep(0.01)
    return times


def many():
    """Busy sessions beside many that wait, and how long a new one takes to be served."""
    d, folder = new_daemon("many"), mail("many-mail", 4096)
    noop_at = "inet:%d@127.0.0.1" % run.port()
    noop = run.Program([os.path.join(tap.BUILD, "t/bench/noop-milter"), noop_at],
                       tap.folder() + "/noop.log").start()
    run.until(lambda: run.listening(int(noop_at[5:].split("@")[0])), "noop-milter listens")
    before, taken = figures(d.pid), {}
    idle = [milter.Session(d.socket) for _ in range(IDLE)]
    for s in idle[::2]:
        s.connect(CLIENT)
        s.helo()
    tap.diag("with %d idle sessions: %s" % (IDLE, figures(d.pid)))
    for name, where in (("noop", noop_at), ("journal-milter", d.socket)):
        load = Load(where, folder, BUSY, 10 ** 8, seconds=8)
        taken[name] = probe(where, load)
        ends = load.ends()
    tap.diag("connect to MAIL beside %d busy sessions, p99: %s" % (BUSY, ", ".join(
        "%s %.1f ms (%d)" % (name, p99(t), len(t)) for name, t in taken.items())))
    tap.ok(p99(taken["journal-milter"]) < max(50, 3 * p99(taken["noop"])),
           "a new session is served in 50 ms, or as soon as by a milter that does nothing")
    for s in idle:
        s.socket.close()
    none_lost(d, ends, "%d idle and %d busy sessions" % (IDLE, BUSY))
    as_before(d, before, "%d idle and %d busy sessions" % (IDLE, BUSY), 64)
    noop.stop()
    well(d, "many sessions")


def vanish(d, step):
    """A client that goes away after so many steps, in the middle of one when it is odd."""
    steps = [lambda s: s.connect(CLIENT), lambda s: s.helo(), lambda s: s.mail("<a@example.com>"),
             lambda s: s.rcpt("<%s>" % JOURNAL), lambda s: s.step("T"),
             lambda s: s.header(b"Subject", b"vanishes"), lambda s: s.step("N"),
             lambda s: s.body(b"x" * 100000), lambda s: s.send("E")]
    with milter.Session(d.socket) as s:
        for do in steps[:step // 2]:
            do(s)
        if step % 2:
            s.socket.sendall(b"\0\0\1\0B" + b"x" * 17)


def bad_clients():
    """Slow ones, vanishing ones and a flood of connections, beside an honest sender."""
    d, folder = new_daemon("bad"), mail("bad-mail", 4096)
    before, over = figures(d.pid), threading.Event()
    load = Load(d.socket, folder, 4, 10 ** 8, seconds=15)

    def slow():
        with milter.Session(d.socket) as s:
            data = b"\0\0\1\0L" + b"X" * 255
            for i in range(len(data)):
                if over.wait(0.05):
                    return
                s.socket.sendall(data[i:i + 1])

    threads = [threading.Thread(target=slow) for _ in range(50)]
    for t in threads:
        t.start()
    rounds = connects = 0
    while load.running():
        for step in range(19):
            vanish(d, step)
        port = int(d.socket[5:].split("@")[0])
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 300).close()
            except OSError:
                pass
            connects += 1
        rounds += 1
    over.set()
    for t in threads:
        t.join()
    tap.diag("%d slow clients, %d that vanished, %d connections" % (len(threads), 19 * rounds,
                                                                    connects))
    ends = load.ends()
    tap.is_(sorted({e for e in ends.values() if not e.startswith(("discard@", "lost@"))}), [],
            "bad clients: no honest message is refused")
    none_lost(d, ends, "bad clients")
    as_before(d, before, "bad clients", 32)
    well(d, "bad clients")


def web():
    """The web page with far more connections than it has places for."""
    public = tap.folder() + "/public"
    d = new_daemon("web", more={"publish": {"interval": 1, "directory": public}})
    run.until(lambda: os.path.exists(public + "/status.json"), "a state is published")
    port = run.port()
    page = run.Program([os.path.join(tap.BUILD, "milter/web/journal-milter-web"), "-f",
                        "-l", "127.0.0.1:%d" % port, "-d", public],
                       tap.folder() + "/web.log").start()
    run.until(lambda: run.listening(port), "the page listens")
    before, held = figures(page.pid), []
    for _ in range(WEB):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        held.append(s)
    tap.diag("with %d connections: %s" % (WEB, figures(page.pid)))

    def served():
        r = subprocess.run(["curl", "-s", "-m", "30", "http://127.0.0.1:%d/" % port],
                           stdout=subprocess.PIPE, check=False)
        return b"<html" in r.stdout
    run.until(served, "the page is served")
    tap.ok(True, "%d connections at once: an honest request is served before long" % WEB)
    for s in held:
        s.close()
    as_before(page, before, "%d connections to the page" % WEB)
    tap.is_(page.stop(), 0, "the page stops")
    d.stop()


class Group:
    """
    A control group in which a process has so much memory, pages of files included. Needs a
    controller that this user may use.
    """

    def __init__(self, size):
        self.path = self.file = None
        for top, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                          ("/sys/fs/cgroup", "memory.max")):
            path = os.path.join(top, "journal-milter-test-%d" % os.getpid())
            try:
                os.mkdir(path)
                self.path, self.file = path, os.path.join(path, file)
                self.write(self.file, size)
                return
            except OSError:
                self.remove()

    @staticmethod
    def write(path, value):
        with open(path, "w", encoding="ascii") as f:
            f.write("%d" % value)

    def take(self, pid):
        self.write(os.path.join(self.path, "cgroup.procs"), pid)

    def remove(self):
        if self.path and os.path.exists(self.path):
            os.rmdir(self.path)
        self.path = None


def limited(name, what, limits, messages=400, size=65536):
    """
    A daemon with little of something: mail waits at the sender, nothing is lost, and all is taken
    when there is enough again. limits: numbers of a descriptor, bytes beside those in use.
    """
    d, folder = new_daemon(name), mail(name + "-mail", size)
    before = {k: resource.prlimit(d.pid, k) for k in limits}
    for k, v in limits.items():
        v += d.memory("VmSize") if k == resource.RLIMIT_AS else 0
        resource.prlimit(d.pid, k, (v, before[k][1]))
    ends = Load(d.socket, folder, BUSY, messages, seconds=20).ends()
    alive = d.program.running()
    if alive:
        for k in limits:
            resource.prlimit(d.pid, k, before[k])
    tap.ok(alive, "%s: the daemon lives" % what, d.log()[-2000:])
    if not alive:
        d.start()
    kinds = {}
    for end in ends.values():
        kinds[end] = kinds.get(end, 0) + 1
    tap.diag("%s: %s" % (what, kinds))
    after = Load(d.socket, mail(name + "-after", 4096), 4, 20).ends()
    tap.is_(set(after.values()), {"discard@eom"}, "%s: with enough again, all is taken" % what)
    d.jmctl.status()
    none_lost(d, {**ends, **after}, what)
    well(d, what)


def descriptors():
    for n in (24, 32, 64):
        limited("files%d" % n, "%d descriptors" % n, {resource.RLIMIT_NOFILE: n})


def memory():
    limited("memory", "little memory", {resource.RLIMIT_AS: 200 * MB}, 100, 2 * MB)
    group = Group(64 * MB)
    if not group.path:
        tap.skip("a control group", "no memory controller can be used here")
        return
    d = new_daemon("group")
    group.take(d.pid)
    ends = Load(d.socket, mail("group-mail", 8 * MB), LARGE, 4 * LARGE).ends()
    tap.is_((set(ends.values()), d.program.running()), ({"discard@eom"}, True),
            "%d messages of 8 MB at once in a control group of 64 MB: all taken" % LARGE)
    none_lost(d, ends, "a control group of 64 MB")
    well(d, "a control group of 64 MB")
    group.remove()


def clock():
    """The clock of the machine jumps while mail comes in."""
    jump = tap.folder() + "/jump"
    source = tap.folder() + "/clock.c"
    with open(source, "w", encoding="ascii") as f:
        f.write(CLOCK)
    d = new_daemon("clock", env=dict(run.shim(tap.folder() + "/clock.so", source, "-ldl"),
                                     JUMP=jump))
    load = Load(d.socket, mail("clock-mail", 4096), 4, 10 ** 8, seconds=12)
    for hours in (3, -3, 24 * 365 * 5, -24 * 365 * 5, 0):
        with open(jump + ".new", "w", encoding="ascii") as f:
            f.write("%d\n" % (hours * 3600))
        os.rename(jump + ".new", jump)
        received = d.jmctl.status()["daemon"]["since_start"]["received"]
        run.until(lambda: d.jmctl.status()["daemon"]["since_start"]["received"] > received + 20,
                  "mail comes in with a clock that is %d hours ahead" % hours)
    ends = load.ends()
    tap.is_({e for e in ends.values() if not e.startswith("lost@")}, {"discard@eom"},
            "jumps of the clock: every message is taken")
    none_lost(d, ends, "jumps of the clock")
    d.kill()
    d.start()
    well(d, "jumps of the clock")


def soak():
    """Mixed mail for a long time: nothing grows, nothing slows down."""
    d = new_daemon("soak", more={"publish": {"interval": 5}})
    rounds, every = [], max(5, SOAK_S // 10)
    ends, folders = {}, [mail("soak-%d" % n, n) for n in (2048, 33792, 262144)]
    begun = time.monotonic()
    while time.monotonic() - begun < SOAK_S:
        loads = [Load(d.socket, f, c, 10 ** 8, "-k", "7", seconds=every)
                 for f, c in zip(folders, (8, 6, 1))]
        took = probe(d.socket, loads[0])
        for load in loads:
            ends.update(load.ends())
        rounds.append(dict(figures(d.pid), p99=p99(took), messages=len(ends)))
        tap.diag("soak, %4.0f s: %s" % (time.monotonic() - begun, ", ".join(
            "%s %.1f" % kv for kv in rounds[-1].items())))
    first, last = rounds[1], rounds[-1]
    tap.ok(last["mb"] < first["mb"] + 48, "the soak: memory is flat", (first, last))
    tap.ok(max(r["threads"] for r in rounds) < 64 and last["descriptors"] < first["descriptors"]
           + 16, "the soak: threads and descriptors are flat", (first, last))
    tap.ok(last["p99"] < max(50, 3 * first["p99"]), "the soak: the time to MAIL is flat",
           (first["p99"], last["p99"]))
    none_lost(d, ends, "the soak")
    well(d, "the soak")


def main():
    """Everything, or only the functions that the arguments name."""
    tap.diag("JM_SEED=%d" % SEED)
    random.seed(SEED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    for do in (many, bad_clients, web, descriptors, memory, clock, soak):
        if not sys.argv[1:] or do.__name__ in sys.argv[1:]:
            do()
    return tap.done()


sys.exit(main())
