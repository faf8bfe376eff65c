#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""jmctl unwrap: the whole corpus by --json, the octets by --output, the options, the exit codes."""
import glob
import hashlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import oracle  # noqa: E402
import oracle_levels  # noqa: E402
import tap  # noqa: E402

JMCTL = os.path.join(tap.BUILD, "milter/ctl/jmctl")
DOMAINS = [x for d in oracle.JOURNAL_DOMAINS for x in ("--journal-domain", d)]
SENDERS = [x for a in oracle_levels.REPORT_SENDERS for x in ("--report-sender", a)]
KEYS = ("step_down", "variant", "ndr", "nesting", "envelope_sender", "on_behalf_of", "subject",
        "message_id", "recipients", "inner_sha256", "inner_size", "inner_raw_sha256",
        "removed_headers")


def unwrap(*args, data=None, stdout=subprocess.PIPE):
    return subprocess.run([JMCTL, "unwrap", *args], input=data, stdout=stdout,
                          stderr=subprocess.PIPE, check=False, timeout=600)


def corpus():
    files = sorted(glob.glob(os.path.join(tap.SRC, "t/corpus/*/*.eml")))
    tap.is_(len(files), 77, "the corpus is whole")
    for path in files:
        name = os.path.basename(path)
        with open(path[:-4] + ".json", encoding="utf-8") as f:
            want = json.load(f)
        counted = want.get("defects")
        want = {k: want[k] for k in (*KEYS, "extra", "clear_text", "levels", "inner_report")
                if k in want}
        if isinstance(counted, dict) and counted:
            want["defects"] = counted
        out = os.path.join(tap.folder(), "out")
        r = unwrap("--json", "--output", out, *DOMAINS, *SENDERS, path)
        got = json.loads(r.stdout or b"{}")
        if "levels" not in want:	# a result of before they were kept
            got.pop("levels", None)
        tap.is_(got, want, "%s: every key, and no other" % name)
        with open(out, "rb") as f:
            tap.is_(hashlib.sha256(f.read()).hexdigest(), want["inner_sha256"],
                    "%s: the octets" % name)
        with open(path, "rb") as f:
            data = f.read()
        r = unwrap("--output=-", *DOMAINS, *SENDERS, "-", data=data)
        tap.is_((r.returncode, hashlib.sha256(r.stdout).hexdigest()), (0, want["inner_sha256"]),
                "%s: by standard input and output" % name)


def options():
    pair = os.path.join(tap.SRC, "t/corpus/journal/021-rms-pair.eml")
    nested = os.path.join(tap.SRC, "t/corpus/journal/023-nested-report.eml")
    plain = json.loads(unwrap("--json", pair).stdout)
    clear = json.loads(unwrap("--json", "--prefer-clear-text", pair).stdout)
    tap.is_((clear["inner_sha256"], clear["clear_text"]),
            (plain["clear_text"]["inner_sha256"], plain["clear_text"]),
            "--prefer-clear-text archives the clear copy, which clear_text goes on to tell about")
    kept = json.loads(unwrap("--json", "--keep-journal-headers", pair).stdout)
    tap.is_((kept["inner_sha256"], kept["removed_headers"]), (plain["inner_raw_sha256"], []),
            "--keep-journal-headers changes nothing")
    tap.is_(json.loads(unwrap("--json", nested).stdout)["nesting"], 1,
            "without --journal-domain nothing nested is unwrapped")
    listed = os.path.join(tap.SRC, "t/corpus/journal/076-report-sender.eml")
    tap.is_([json.loads(unwrap("--json", *DOMAINS, *more, listed).stdout).get(
        "inner_report", "believed") for more in ((), ("--report-sender", "other@example.com"), (
            "--report-sender", "other@example.com", "--report-sender", "journal-ndr@example.com"))],
            ["sender", "sender", "believed"], "--report-sender lists who sends reports")
    text = unwrap(*DOMAINS, os.path.join(tap.SRC, "t/corpus/journal/073-three-levels.eml"))
    tap.like(text.stdout.decode(), r"(?s)level 1\n  sender +<>\n.*  recipient +journal@journal\."
             r"contoso\.com\n  hidden +1, --bcc.*level 2\n  sender +MicrosoftExchange.*level 3\n"
             r"sender +grace", "for people: each level, without Bcc")
    eml = json.loads(unwrap("--json", "--journal-type", "eml", "--keep-journal-headers",
                            pair).stdout)
    with open(pair, "rb") as f:
        tap.is_((eml["variant"], eml["nesting"], eml["inner_sha256"]),
                ("plain", 0, hashlib.sha256(f.read()).hexdigest()),
                "--journal-type eml unwraps nothing")
    tap.is_([r["type"] for r in json.loads(unwrap("--json", pair).stdout)["recipients"]],
            ["to", "bcc"], "JSON has all recipients")
    hidden = unwrap(pair).stdout.decode()
    tap.ok("carol.chen" not in hidden, "for people, a Bcc recipient is not named without --bcc")
    tap.like(hidden, r"(?m)^hidden +1, --bcc shows it$", "only counted")
    text = unwrap("--bcc", pair).stdout.decode()
    tap.like(text, r"(?m)^variant +exchange-2007$", "without --json it is for people")
    tap.like(text, r"(?m)^bcc +carol\.chen@example\.com$", "with the recipients")
    evil = b"Subject: \x1b[31mred\xc2\x9b\r\nFrom: a@x\r\n\r\n"
    tap.ok(b"\x1b" not in unwrap("-", data=evil).stdout and b"\xc2\x9b" not in unwrap(
        "-", data=evil).stdout, "no control character of a message reaches the terminal")


def exits():
    tap.is_(unwrap().returncode, 64, "no file: usage")
    tap.is_(unwrap("a", "b").returncode, 64, "two files: usage")
    tap.is_(unwrap("--nonsense", "-", data=b"").returncode, 64, "an unknown option: usage")
    tap.is_(unwrap("--journal-type", "x", "-", data=b"").returncode, 64, "an unknown type: usage")
    tap.is_(unwrap("--json", "--output", "-", "-", data=b"").returncode, 64,
            "--json and the message on one standard output: usage")
    r = unwrap("/nonexistent/file")
    tap.is_((r.returncode, b"/nonexistent/file" in r.stderr), (66, True),
            "no such file: no input, named")
    tap.is_(unwrap(tap.folder()).returncode, 66, "a folder: no input")
    tap.is_(unwrap("--output", "/nonexistent/out", "-", data=b"x").returncode, 73,
            "an output that cannot be created")
    with open("/dev/full", "wb") as full:
        tap.is_(unwrap("--json", "-", data=b"x", stdout=full).returncode, 74,
                "a full standard output")
    tap.is_(unwrap("--output", "/dev/full", "-", data=b"x").returncode, 74, "a full file")
    r = unwrap("--json", "-", data=b"")
    tap.is_((r.returncode, json.loads(r.stdout)["inner_size"]), (0, 0),
            "no octets at all are an ordinary message")
    tap.is_(unwrap("--help").returncode, 0, "--help")


corpus()
options()
exits()
sys.exit(tap.done())
