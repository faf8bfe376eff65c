#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The table of jmctl's verbs: the same option means the same everywhere, the manual and a schema
describe each, and bash completes all of it.
"""
import collections
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import daemon
import jmctl
import schema
import source
import tap

TEXT_ONLY = {"completion"}	# what it prints is for the shell
SCRIPT = os.path.join(tap.SRC, "contrib/bash-completion/jmctl")
# The argument of each option, the same in all verbs.
ARGUMENTS = {"json": None, "config": "FILE", "archive": "DIR", "socket": "PATH", "limit": "N",
             "since": "DATE", "until": "DATE", "service": "ADDRESS"}


def say(*args, **kw):
    return subprocess.run([jmctl.PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **kw)


def hooks():
    """Hooks for tests are in t/lib/hooks.c, and not in the programs that users get."""
    for name in ("ctl/jmctl", "ctl/jmctl-net", "daemon/journal-milter", "web/journal-milter-web"):
        path = os.path.join(tap.BUILD, "milter", name)
        if os.path.exists(path):
            with open(path, "rb") as f:
                program = f.read()
            tap.is_([x for x in (b"JM_FAULT\0", b"JM_CLOCK", b"JM_TEST") if x in program], [],
                    "%s has no test hook" % name)
    known = {"JOURNAL_STREAM", "INVOCATION_ID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
             "PATH", "TMPDIR", "TERM", "NO_COLOR", "JM_DATADIR", "JMCTL_TIMEOUT"}
    found = set()
    for name in source.files(".c", ".h"):
        if name.startswith(("common/", "milter/")):
            found |= set(re.findall(r"getenv\(([^)]*)\)", source.read(name)))
    tap.is_(found - {'"%s"' % x for x in known}, set(),
            "each environment variable that is read is known")


def table():
    return [json.loads(line) for line in say("help", "--json").stdout.splitlines()]


def consistency(verbs):
    names = [v["verb"] for v in verbs]
    tap.is_(names, re.findall(r"^  ([a-z-]+) ", say("help").stdout.decode(), re.M),
            "help --json tells every verb of the list")
    kinds, odd, options = collections.defaultdict(set), [], {
        v["verb"]: {o["name"]: o for o in v["options"]} for v in verbs}
    for v in verbs:
        name = v["verb"]
        tap.is_(schema.verb_faults("help", v), [],
                "%s: what help --json tells is as its schema says" % name)
        both = [say(name, o) for o in ("--help", "-h")]
        tap.ok(both[0].returncode == 0 and both[0].stdout == both[1].stdout
               and b"--help, -h" in both[0].stdout, "%s: --help and -h" % name)
        tap.ok(("json" in options[name]) == (name not in TEXT_ONLY), "%s has --json" % name)
        tap.like(v["help"], r"^[A-Z].*\.$", "%s: its help is a sentence" % name)
        for o in v["options"]:
            kinds[o["name"]].add(o["kind"])
            new = o["name"] == "archive" and name in ("restore", "load")
            if o["name"] in ARGUMENTS and o["argument"] != ("NEW" if new
                                                            else ARGUMENTS[o["name"]]):
                odd.append((name, o["name"], o["argument"]))
            if (o["kind"] == "flag") != (o["argument"] is None) or not o["help"]:
                odd.append((name, o["name"], "no argument, or no help"))
    tap.is_({n: sorted(k) for n, k in kinds.items() if len(k) > 1}, {},
            "an option of one name is of one kind everywhere")
    tap.is_(odd, [], "and has the same argument")
    of_archive = [n for n in names if "socket" in options[n]]
    tap.is_([n for n in of_archive if not {"config", "archive", "json"} <= set(options[n])], [],
            "verbs of the archive share their options")
    tap.is_([n for n in names if ("since" in options[n]) != ("until" in options[n])], ["verify"],
            "who has --since has --until, but for verify, which goes on to the end")
    for asked, wrong in ((["--jsn"], "--json"), (["-x"], "long ones")):
        r = say(names[0], *asked)
        tap.ok(r.returncode == 64 and wrong in r.stderr.decode(),
               "%s is refused with a word" % asked[0], r.stderr)


def documents(verbs):
    with open(os.path.join(tap.SRC, "milter/ctl/jmctl.8"), encoding="utf-8") as f:
        manual = f.read()
    with open(os.path.join(tap.SRC, "milter/ctl/schema/local.mk"), encoding="utf-8") as f:
        listed = set(re.findall(r"schema/(\S+)\.json", f.read()))
    names = {v["verb"] for v in verbs}
    tap.is_(sorted(n for n in names if not re.search(r"^\.It Nm Cm %s\b" % n, manual, re.M)), [],
            "the manual tells every verb")
    missing = {(v["verb"], o["name"]) for v in verbs for o in v["options"] if not re.search(
        r"Fl -%s\b" % o["name"], manual) and not re.search(r", -%s\b" % o["name"], manual)}
    tap.is_(sorted(missing), [], "and every option")
    files = {n[:-5] for n in os.listdir(os.path.dirname(schema.verb_path("list")))
             if n.endswith(".json")}
    tap.is_(files, names - TEXT_ONLY, "a schema for each verb, and no other")
    tap.is_(listed, files, "all of them are installed")
    for name in sorted(files):
        check_schema(name, json.load(open(schema.verb_path(name), encoding="utf-8")))


def check_schema(name, s):
    """A schema is closed and described, and defines every required name."""
    wrong = []

    def walk(o, path):
        if isinstance(o, list):
            for x in o:
                walk(x, path)
        elif isinstance(o, dict):
            if "properties" in o:
                if o.get("additionalProperties") is not False \
                        or not set(o.get("required", ["?"])) <= set(o["properties"]):
                    wrong.append(path + ": open, or requires what it does not have")
                for k, v in o["properties"].items():
                    if "$ref" not in v and not v.get("description"):
                        wrong.append("%s/%s: no description" % (path, k))
            for k, v in o.items():
                if k not in ("required", "enum", "type"):
                    walk(v, path + "/" + k)
    walk(s, "")
    tap.is_((wrong, bool(s.get("title"))), ([], True),
            "the schema of %s is closed and documented" % name)


def complete(*words, extra=""):
    """The words that bash offers for the last word of "jmctl WORDS"."""
    script = ('. "$1"; PATH=%s:$PATH; shift; COMP_WORDS=(jmctl "$@"); COMP_CWORD=$#; _jmctl; '
              'printf "%%s\\n" "${COMPREPLY[@]}"' % os.path.dirname(jmctl.PROGRAM))
    # compopt is only there while bash itself completes.
    r = subprocess.run(["bash", "--norc", "-c", "compopt() { :; }; " + extra + script, "-", SCRIPT,
                        *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False, cwd=tap.folder())
    if r.stderr:
        tap.diag(r.stderr.decode())
    return [x for x in r.stdout.decode().split("\n") if x]


def completion(verbs):
    tap.need("bash")
    d = daemon.Daemon(os.path.join(tap.folder(), "d"), services=[
        daemon.service("one@journal.example.com"), daemon.service("two@journal.example.com")])
    names = [v["verb"] for v in verbs]
    tap.is_(complete(""), names, "bash offers the verbs")
    tap.is_(complete("se"), [n for n in names if n.startswith("se")], "those that begin so")
    tap.is_(complete("help", "li"), ["list"], "the verbs again behind help")
    for v in verbs:
        tap.is_(sorted(complete(v["verb"], "--")),
                sorted(["--" + o["name"] for o in v["options"]] + ["--help"]),
                "%s: all of its options" % v["verb"])
        for o in v["options"]:
            if o["words"]:
                tap.is_(complete(v["verb"], "--" + o["name"], ""),
                        [w for w in o["words"] if w != "..."],
                        "%s --%s: its values" % (v["verb"], o["name"]))
    tap.is_(complete("list", "--config", d.settings, "--service", ""),
            ["one@journal.example.com", "two@journal.example.com"], "the services of the settings")
    tap.is_(complete("list", "--config", d.settings, "--service", "=", "tw"),
            ["two@journal.example.com"], "also behind =")
    tap.is_(complete("test", "--config", d.settings, "o"), ["one@journal.example.com"],
            "and as an operand")
    tap.is_(complete("domain", "verify", "--config", d.settings, "ex"), ["example.com"],
            "the domains of the settings")
    tap.is_(complete("list", "--config", "/nonexistent", "--service", ""), [],
            "settings that cannot be read offer nothing, and no complaint")
    tap.is_(complete("queue", "re"), ["retry", "release"], "the actions of a verb")
    tap.is_(complete("set-aside", "list", "--ser"), ["--service"], "the options of an action")
    tap.is_(complete("frobnicate", ""), [], "an unknown verb offers nothing")
    os.makedirs(os.path.join(tap.folder(), "a folder"))
    with open(os.path.join(tap.folder(), "a file.eml"), "w", encoding="ascii"):
        pass
    tap.is_(sorted(complete("unwrap", "a")), ["a file.eml", "a folder"],
            "files, with blanks in their names")
    tap.is_(complete("backup", "a"), ["a folder"], "folders only")
    tap.is_(complete("restore", "--archive", "a f"), ["a folder"], "a new folder, too")
    tap.is_(sorted(complete("export", "--output", "a f")), ["a file.eml", "a folder"],
            "files for an option")
    tap.is_(complete("list", "--", "--"), [], "behind -- there are no options")


hooks()
verbs = table()
tap.ok(len(verbs) > 20, "the table has verbs")
consistency(verbs)
documents(verbs)
completion(verbs)
sys.exit(tap.done())
