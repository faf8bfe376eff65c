#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The snippets for Postfix and Sendmail are understood by the real programs, and name the socket of the example settings."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sendmail  # noqa: E402
import tap  # noqa: E402

CONFIG = os.path.join(tap.SRC, "config")
SOCKET = "/run/journal-milter/milter.sock"


def read(name):
    with open(os.path.join(CONFIG, name), encoding="utf-8") as f:
        return f.read()


def postfix():
    postconf = shutil.which("postconf", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not postconf:
        tap.skip("Postfix understands its snippets", "missing: postconf")
        return
    for name in ("main", "master"):
        shutil.copy(os.path.join(CONFIG, "postfix-%s.cf.example" % name), os.path.join(tap.folder(), name + ".cf"))

    def ask(*args):
        r = subprocess.run([postconf, "-c", tap.folder(), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
        return r.stdout.decode(), r.stderr.decode()

    tap.is_(ask("-n")[1], "", "postconf has nothing against main.cf")
    tap.is_(ask("-h", "message_size_limit")[0].strip(), "157286400", "it holds the size limit")
    out, complaint = ask("-P")
    tap.is_(complaint, "", "postconf has nothing against master.cf")
    tap.ok("smtpd_milters = { unix:%s, default_action=tempfail," % SOCKET in out, "the milter's socket and default_action", out)
    for setting in ("disable_mime_input_processing = yes", "message_drop_headers =", "cleanup_replace_stray_cr_lf = no"):
        tap.ok("jcleanup/unix/" + setting in out, "jcleanup has " + setting, out)


def sendmail_cf(cf):
    path = os.path.join(tap.folder(), "sendmail.mc")
    snippet = read("sendmail.mc.example")
    settings, _, mailer = snippet.partition("MAILER_DEFINITIONS")
    with open(path, "w", encoding="utf-8") as f:
        f.write("divert(-1)\ndefine(`_CF_DIR_', `%s/')\ninclude(`%s/m4/cf.m4')\ndivert(0)\nOSTYPE(`linux')\n%sMAILER(`local')\nMAILER(`smtp')\n"
                "MAILER_DEFINITIONS%s" % (cf, cf, settings, mailer))
    r = subprocess.run(["m4", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
    out = r.stdout.decode()
    tap.is_((r.returncode, r.stderr.decode()), (0, ""), "m4 has nothing against the Sendmail snippet")
    for line in ("Xjournal, S=local:%s, F=T, T=C:30s;S:30s;R:2m;E:5m" % SOCKET, "O InputMailFilters=journal", "O SuperSafe=PostMilter",
                 "O MaxHeadersLength=65000", "Mjhold, P=[IPC]"):
        tap.ok("\n" + line in out, "sendmail.cf has " + line)


def main():
    tap.ok("<socket>unix:%s</socket>" % SOCKET in read("journal-milter.xml"), "the example settings have the same socket")
    postfix()
    root = sendmail.root()
    if root and shutil.which("m4"):
        sendmail_cf(os.path.join(root, "usr/share/sendmail/cf"))
    else:
        tap.skip("Sendmail understands its snippet", "missing: m4, or Sendmail unpacked (contrib/packages)")
    sys.exit(tap.done())


main()
