# SPDX-License-Identifier: BSD-2-Clause
"""
A machine in a folder: its own systemd as process 1, its own processes, mounts, host name, control
groups, and a network without a way out. Needs root, and a kernel that lets it make namespaces.
Standard library only; contrib/newcomer uses it, too.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

SYSTEMD = "/lib/systemd/systemd"
CLONE_NEWNET = 0x40000000
# $1 root folder ("" for this machine's own files, with what is written kept apart), $2 addresses,
# $3 what to do in the root, $4 systemd's arguments
BOOT = r"""
set -e
mount --make-rprivate /
if [ -n "$1" ]; then
	mount --bind "$1" "$1"
	cd "$1"
else
	mount -t tmpfs -o mode=755 tmpfs /mnt
	mkdir /mnt/upper /mnt/work /mnt/root
	mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
	cd /mnt/root
fi
eval "$3"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for d in null zero full random urandom tty; do touch dev/$d; mount --bind /dev/$d dev/$d; done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
for a in $2; do ip addr add $a/32 dev lo; done
mkdir -p before
pivot_root . before
umount -l before
exec env -i container=machine PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --log-target=journal $4
"""


def missing():
    """The tools that are missing here, as text; empty when all are present."""
    wanted = [p for p in ("unshare", "nsenter", "ip", "mount") if not shutil.which(p)]
    if not os.path.exists(SYSTEMD):
        wanted.append("systemd")
    if not _cgroup():
        wanted.append("a cgroup2 file system")
    if os.getuid() != 0:
        wanted.append("root")
    return " ".join(wanted)


def _cgroup():
    with open("/proc/mounts", encoding="ascii") as f:
        return next((line.split()[1] for line in f if line.split()[2] == "cgroup2"), None)


class Machine:
    """
    root: its files, or None for those of this machine, on which it then changes nothing. prepare:
    shell commands, run in the root folder before it starts.
    """

    def __init__(self, root=None, addresses=(), prepare="", unit=""):
        self.args = [root or "", " ".join(addresses), prepare, "--unit=" + unit if unit else ""]
        self.process = self.init = self.group = None
        self.said = tempfile.TemporaryFile()

    def start(self, seconds=120):
        """Waits until it accepts commands; its services may still be starting."""
        self.group = "%s/machine-%d" % (_cgroup(), os.getpid())
        os.mkdir(self.group)
        enter = ("echo 0 > %s/cgroup.procs; exec unshare -m -p -f -u -i -C -n --kill-child sh "
                 "-c \"$@\"" % self.group)
        self.process = subprocess.Popen(["sh", "-c", enter, "sh", BOOT, "sh", *self.args],
                                        stdin=subprocess.DEVNULL, stdout=self.said,
                                        stderr=self.said, start_new_session=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.1)
            try:
                with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid),
                          encoding="ascii") as f:
                    self.init = int(f.read().split()[0])
                with open("/proc/%d/comm" % self.init, encoding="ascii") as f:
                    if f.read() != "systemd\n":
                        continue
            except (IndexError, OSError):
                continue
            if self.run("systemctl",
                        "is-system-running")[1].strip() in ("starting", "running", "degraded"):
                return self
        self.said.seek(0)
        raise RuntimeError("its systemd did not start: "
                           + self.said.read().decode("utf-8", "replace")[-2000:])

    def inside(self, *args, network=False):
        """The command that runs a command in it, with this machine's network or with its own."""
        return ["nsenter", "-t", str(self.init), "-m", "-p", "-u", "-i", "-C",
                *(["-n"] if network else []), "env", "-i", "HOME=/root", "TERM=dumb",
                "DEBIAN_FRONTEND=noninteractive",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *args]

    def run(self, *args, **kw):
        """(exit status, output) of a command in it."""
        r = subprocess.run(self.inside(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False, **kw)
        return r.returncode, r.stdout.decode("utf-8", "replace")

    def network(self, work):
        """
        Returns the result of work(), run in a thread that has its network. Threads and sockets made
        there stay there.
        """
        result = []

        def there():
            try:
                with open("/proc/%d/ns/net" % self.init, "rb") as f:
                    if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                result.append((True, work()))
            except Exception as e:	# to the caller, whatever it is
                result.append((False, e))

        t = threading.Thread(target=there)
        t.start()
        t.join()
        if not result[0][0]:
            raise result[0][1]
        return result[0][1]

    def path(self, name):
        """One of its files, as this machine sees it."""
        return "/proc/%d/root%s" % (self.init, name)

    def stop(self):
        if not self.process:
            return
        if self.process.poll() is None:
            # its first process dies with it, and all the others with that
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + 20
        while os.path.isdir(self.group) and time.monotonic() < end:
            for d, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(d)
                except OSError:
                    time.sleep(0.1)
