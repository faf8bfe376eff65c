#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The messages to the service manager, and the units: ready, status, watchdog, stop; verified, and
hardened.
"""
import os
import re
import shutil
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

JOURNAL, CLIENT = "journaling@journal.example.com", "192.0.2.25"
UNITS, ACCOUNTS = os.path.join(tap.BUILD,
                               "contrib/systemd"), os.path.join(tap.SRC, "contrib/systemd")


class Manager:
    """
    The service manager's end of NOTIFY_SOCKET, read all the time: a message that finds no room in
    the socket is lost.
    """

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.heard = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            said = self.socket.recv(4096).decode().splitlines()
            self.heard.extend(said)

    def listen(self):
        """All that was said until now."""
        word = "test: %d" % time.monotonic_ns()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(word.encode(), self.address)
        run.until(lambda: word in self.heard, "our own word")
        return self.heard

    def hears(self, pattern):
        run.until(lambda: any(re.search(pattern, x) for x in self.heard), "it is told " + pattern)
        tap.ok(True, "told: " + pattern)

    def pace(self, beats):
        """The seconds in which this many watchdog messages came; at least the true time."""
        begun = time.monotonic()
        before = self.listen().count("WATCHDOG=1")
        run.until(lambda: self.heard.count("WATCHDOG=1") >= before + beats, "the watchdog is fed")
        return time.monotonic() - begun


def session(d):
    """One that has come to the message."""
    s = milter.Session(d.socket)
    s.connect(CLIENT)
    s.mail("<a@example.com>")
    s.rcpt("<%s>" % JOURNAL)
    return s


def archive(d, name):
    s = session(d)
    tap.is_(s.message(corpus.report(name, 2000)).kind, "d", "a message is archived")
    s.quit()


def notified(name, address, shown):
    m = Manager(address)
    d = Daemon(tap.folder() + "/" + name, outbounds=(CLIENT,),
               env={"NOTIFY_SOCKET": shown, "WATCHDOG_USEC": "2000000"}).start()
    m.hears("^READY=1$")
    m.hears("^STATUS=2 services: 2 Awaiting Initial Run$")
    archive(d, "one")
    m.hears("^STATUS=2 services: 1 OK, 1 Awaiting Initial Run$")
    took = m.pace(7)		# 3 to 3.5 s
    for _ in range(5):
        # while a disk hangs the watchdog gets no message, which is right
        took = m.pace(7) if took >= 7 * 2 else took
    tap.ok(1.5 < took < 7 * 2, "the watchdog is fed well within its period of 2 s, and not all the "
           "time: seven times in %.1f s" % took)
    tap.is_(d.stop(), 0, "it stops")
    tap.ok("STOPPING=1" in m.listen(), "told: STOPPING=1")
    tap.is_(m.heard.count("READY=1"), 1, "ready once")
    tap.is_(d.complaints(), [], "no complaint")


def made_anew():
    """The catalog is gone: the status has the progress of the new one, before it is ready."""
    m = Manager(tap.folder() + "/anew.sock")
    d = Daemon(tap.folder() + "/anew", outbounds=(CLIENT,),
               env={"NOTIFY_SOCKET": tap.folder() + "/anew.sock"}).start()
    archive(d, "anew")
    d.stop()
    d.start()
    d.stop()
    tap.is_([x for x in m.listen() if "catalog" in x], [],
            "of a catalog that is there nothing is told")
    shutil.rmtree(os.path.join(d.archive, "catalog"))
    m.listen()
    m.heard.clear()
    d.start()
    m.hears("^READY=1$")
    told = [i for i, x in enumerate(m.heard)
            if re.search(r"^STATUS=bringing the catalog up to date: \d+ %$", x)]
    tap.ok(told and told[0] < m.heard.index("READY=1"),
           "the status told how far the new catalog was: %s" % m.heard[:3])
    tap.is_(len(d.jmctl.list()), 1, "the message is there")
    d.stop()


def stalled():
    """A disk that hangs in a sync: the watchdog gets no more messages."""
    m = Manager(tap.folder() + "/stalled.sock")
    shim = tap.folder() + "/hang.so"
    with open(tap.folder() + "/hang.c", "w", encoding="ascii") as f:
        f.write('#include <unistd.h>\nint fdatasync(int fd)\n{\n\t(void)fd;\n'
                '\twhile (access("%s/hang", F_OK) == 0)\n\t\tusleep(50000);\n\treturn 0;\n}\n'
                % tap.folder())
    run.output(os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", shim, tap.folder() + "/hang.c")
    d = Daemon(tap.folder() + "/stalled", outbounds=(CLIENT,),
               env={"NOTIFY_SOCKET": tap.folder() + "/stalled.sock", "WATCHDOG_USEC": "1000000",
                    "LD_PRELOAD": shim,
                    "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}).start()
    m.hears("^WATCHDOG=1$")
    with open(tap.folder() + "/hang", "w", encoding="ascii"):
        pass
    s = session(d)
    s.send("B", corpus.report("hang", 2000))
    s.send("E")
    run.until(lambda: "committer-stalled" in d.log(), "the log says it")
    before = m.listen().count("WATCHDOG=1")
    time.sleep(1.5)
    tap.is_(m.listen().count("WATCHDOG=1"), before, "while a sync hangs the watchdog is not fed")
    os.unlink(tap.folder() + "/hang")
    run.until(lambda: m.heard.count("WATCHDOG=1") > before, "fed again")
    tap.ok(True, "when it works again the watchdog is fed")
    d.stop()


def units():
    if not shutil.which("systemd-analyze"):
        tap.skip("the units are good", "missing: systemd-analyze (systemd)")
        return
    copies = []
    for name in ("journal-milter", "journal-milter-web"):
        path = os.path.join(UNITS, name + ".service")
        r = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", path],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        found = re.search(r"exposure level for \S+: ([\d.]+)", r.stdout.decode())
        tap.ok(found and float(found.group(1)) <= 2.0,
               "%s: exposure at most 2.0, it is %s" % (name, found and found.group(1)))
        with open(path, encoding="utf-8") as f:
            text = f.read()
        programs = {"journal-milter": "milter/daemon/journal-milter",
                    "journal-milter-web": "milter/web/journal-milter-web"}
        copies.append(tap.folder() + "/" + name + ".service")
        with open(copies[-1], "w", encoding="utf-8") as f:
            f.write(re.sub(r"(?m)^(Exec\w+=)\S+/(journal-milter\S*)", lambda m: m.group(1)
                           + os.path.join(tap.BUILD, programs[m.group(2)]), text))
        tap.is_(re.findall(r"@\w+@", text), [], "%s: every name in it is filled in" % name)
    r = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *copies],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    tap.is_((r.returncode, r.stdout.decode()), (0, ""),
            "systemd-analyze verify has nothing against them")
    accounts(tap.folder() + "/root")


def accounts(root):
    """The users and folders that sysusers.d and tmpfiles.d create, below a folder of their own."""
    missing = [t for t in ("systemd-sysusers", "systemd-tmpfiles") if not shutil.which(t)]
    if missing:
        tap.skip("users and folders are made", "missing: " + " ".join(missing))
        return
    os.makedirs(root + "/etc")
    for tool, args in (("systemd-sysusers", []), ("systemd-tmpfiles", ["--create"])):
        r = subprocess.run([tool, *args, "--root=" + root, os.path.join(ACCOUNTS, tool.replace(
            "systemd-", "") + ".d/journal-milter.conf")], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
        tap.ok(r.returncode == 0, tool + " understands its file", r.stdout.decode())
    with open(root + "/etc/passwd", encoding="ascii") as f:
        user = next(line.split(":") for line in f if line.startswith("journal-milter:"))
    with open(root + "/etc/group", encoding="ascii") as f:
        groups = {line.split(":")[0]: line.strip().split(":") for line in f}
    tap.is_((user[3], user[5]), (groups["journal-milter"][2], "/var/lib/journal-milter"),
            "the user journal-milter and its group")
    tap.is_(groups["journal-mta"][3], "journal-milter", "the group journal-mta, and the user in it")
    for name, mode, group in (("journal-milter", 0o2750, "journal-mta"),
                              ("journal-milter-public", 0o755, "journal-milter")):
        st = os.stat(root + "/run/" + name)
        tap.is_((oct(st.st_mode & 0o7777), st.st_uid, st.st_gid),
                (oct(mode), int(user[2]), int(groups[group][2])), "/run/%s with its rights" % name)


def main():
    units()
    path = tap.folder() + "/notify.sock"
    notified("path", path, path)
    abstract = "jm-test-%d" % os.getpid()
    notified("abstract", "\0" + abstract, "@" + abstract)
    made_anew()
    stalled()
    sys.exit(tap.done())


main()
