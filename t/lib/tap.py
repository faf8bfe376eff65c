# SPDX-License-Identifier: BSD-2-Clause
"""
TAP for the system tests: a claim a line, a diagnosis on failure, the plan at the end, everything
that was started stopped. prove reads standard output and does not show it; failures and their
reasons therefore also go to standard error.
"""
import atexit
import os
import re
import shutil
import signal
import sys
import tempfile
import traceback

SRC = os.environ.get("JM_SRCDIR") \
    or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("JM_BUILDDIR") or SRC
STATS_DB = os.environ.get("JM_STATS_DB") != "no"
LIMIT_S = 3600		# a test that hangs ends, and says where
_claims = 0
_failed = 0
_planned = False
_owner = os.getpid()
_folder = None
_cleanups = []
_told = False		# the last claim failed: the remarks that follow are about it


def _print(text, failure=""):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    out, err = os.fstat(1), os.fstat(2)
    if _told and (out.st_dev, out.st_ino) != (err.st_dev, err.st_ino):
        sys.stderr.write((failure or text) + "\n")
        sys.stderr.flush()


def _remark(text):
    return "\n".join("# " + line for line in str(text).splitlines() or [""])


def diag(text):
    _print(_remark(text))


def _fail(line, why):
    """One write, as tests run side by side."""
    global _told
    _told = True
    name = os.path.relpath(os.path.abspath(sys.argv[0]), SRC)
    _print(line + "\n" + _remark(why), "%s [%s]\n%s" % (line, name, _remark(why)))


def ok(claim, name, why=""):
    """One claim. Returns it, so that a test may stop early."""
    global _claims, _failed, _told
    if _claims == 0:
        signal.alarm(LIMIT_S)
    _claims += 1
    line = "%d - %s" % (_claims, name.replace("#", ""))
    if claim:
        _told = False
        _print("ok " + line)
    else:
        _failed += 1
        caller = sys._getframe(1)
        while caller and os.path.basename(caller.f_code.co_filename) == "tap.py":
            caller = caller.f_back
        _fail("not ok " + line,
              "at %s line %d%s" % (os.path.basename(caller.f_code.co_filename), caller.f_lineno,
                                   "\n%s" % (why,) if why else ""))
    return bool(claim)


def is_(got, want, name):
    return ok(got == want, name, "got  %.2000r\nwant %.2000r" % (got, want))


def like(got, pattern, name):
    """pattern: a regular expression, searched for in got."""
    return ok(got is not None and re.search(pattern, str(got)), name,
              "got  %.2000s\nwant /%s/" % (got, pattern))


def bytes_(got, want, name):
    """Byte strings, with a diagnosis that says where they begin to differ."""
    n = min(len(got), len(want))
    k = next((i for i in range(n) if got[i] != want[i]), n)
    return ok(got == want, name, "lengths %d and %d, differ at %d: got %r want %r"
              % (len(got), len(want), k, got[max(0, k - 30):k + 40], want[max(0, k - 30):k + 40]))


def skip(name, why):
    """A claim that is skipped; with CI=true that is a failure."""
    global _claims
    if os.environ.get("CI") == "true":
        return ok(False, name, "cannot be skipped with CI=true: " + why)
    _claims += 1
    _print("ok %d - %s # SKIP %s" % (_claims, name, why))
    return True


def skip_all(why):
    """The whole test is skipped; with CI=true that is a failure."""
    global _planned
    if os.environ.get("CI") == "true":
        ok(False, "the test can run", why)
        sys.exit(done())
    _planned = True
    _print("1..0 # SKIP " + why)
    sys.exit(0)


def need(*tools, root=False):
    """Skip the test when a program is missing, or when it must be root and is not."""
    if root and os.getuid() != 0:
        skip_all("must be run by root")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [t for t in tools if not shutil.which(t, path=path)]
    if missing:
        skip_all("missing: %s; contrib/packages install test" % " ".join(missing))


def folder():
    """A private folder for this test, removed at the end unless JM_KEEP is set."""
    global _folder
    if not _folder:
        _folder = tempfile.mkdtemp(prefix="jm-", dir=os.environ.get("JM_TMPDIR", "/tmp"))
        os.chmod(_folder, 0o755)
    return _folder


def at_end(stop):
    """Call stop() when the test ends, however it ends; the last one first. Returns stop."""
    _cleanups.append(stop)
    return stop


def leave_running():
    """Programs that were started stay when this program ends (contrib/quickstart --keep)."""
    _cleanups.clear()


def _clean():
    global _folder
    if os.getpid() != _owner:
        return
    while _cleanups:
        try:
            _cleanups.pop()()
        except Exception:
            diag("clean-up: " + traceback.format_exc())
    if _folder and os.environ.get("JM_KEEP"):
        diag("kept: " + _folder)
    elif _folder:
        shutil.rmtree(_folder, ignore_errors=True)
    _folder = None


def _uncaught(kind, value, trace):
    global _failed
    if issubclass(kind, SystemExit):
        return
    _failed += 1
    _fail("not ok %d - the test ran to its end" % (_claims + 1),
          "".join(traceback.format_exception(kind, value, trace)))


def done():
    """Stop everything, print the plan; the value for sys.exit()."""
    global _planned
    _clean()
    if not _planned:
        _planned = True
        _print("1..%d" % _claims)
    return 1 if _failed else 0


def _on_signal(number, _frame):
    sys.exit(128 + number)


def _on_alarm(_number, _frame):
    raise TimeoutError("the test was not through within %d s of its first claim" % LIMIT_S)


sys.excepthook = _uncaught
atexit.register(_clean)
for _s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(_s, _on_signal)
signal.signal(signal.SIGALRM, _on_alarm)
