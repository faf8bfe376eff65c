#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl search, show and export: criteria, order, pages, Bcc recipients, the message as a reader sees
it, and exports read back by others.
"""
import base64
import hashlib
import json
import mailbox
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import run
import schema
import tap
from jmctl import PROGRAM, call_text

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
ARCHIVE = os.path.join(tap.folder(), "archive")
ESCAPES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")
ALICE, BOB = "alice@example.com", "bob@example.com"
CAROL, DORA = "carol@mail.example.org", "dora@secret.example"


def jmctl(*args, archive=None, **kw):
    return call_text(*args, "--archive", archive or ARCHIVE, **kw)


def objects(verb, *args):
    status, out, complaint = jmctl(verb, *args, "--json")
    found = [json.loads(line) for line in out.split("\n") if line]
    wrong = [w for o in found for w in schema.verb_faults(verb, o)]
    if status != 0 or wrong:
        tap.ok(False, "jmctl %s %s" % (verb, " ".join(map(str, args))),
               "exit %d: %s%s" % (status, complaint, wrong[:5]))
    return found


def ids(*args):
    return [o["id"] for o in objects("search", *args)]


def report(number, to, header_to, subject, inner_extra="", body="Hello.\r\n",
           date="Tue, 17 Jul 2029 12:13:27 +0000"):
    """to: lines of the report."""
    inner = (
        "From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <s%d@example.com>\r\nDate: %s\r\n%s\r\n%s"
        % (ALICE, header_to, subject, number, date, inner_extra, body)).encode()
    whole = corpus.report("s%d" % number, sender=ALICE, recipients=("PLACE",),
                          message_id="<s%d@example.com>" % number,
                          subject=subject.encode().decode("ascii", "replace"), inner=inner)
    return whole.replace(b"To: PLACE\r\n", "".join(line + "\r\n" for line in to).encode()), inner


PDF = ("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=xx\r\n",
       "--xx\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
       "See \x1b[31mthe plan\x07.\r\n--xx\r\nContent-Type: application/pdf\r\n"
       "Content-Disposition: attachment; filename*=utf-8''%C3%9Cbersicht.PDF\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"x" * 3000).decode()
       + "\r\n--xx--\r\n")
HTML = ("MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n",
        "<html><head><title>T</title><style>.x{}</style></head><body><p>First &amp; last</p>"
        "<script>alert(1)</script><p><a href=\"http://evil.example/\">http://bank.example/</a></p>"
        "\x1b]0;owned\x07</body></html>\r\n")
MESSAGES = [report(1, ["To: " + BOB], BOB, "Budget of the harbour"),
            report(2, ["To: " + BOB, "Bcc: " + DORA], BOB, "Budget, secret"),
            report(3, ["Recipient: " + BOB, "Recipient: " + DORA], BOB, "Crane inspection",
                   date="Mon, 16 Jul 2018 10:00:00 +0200"),
            report(4, ["Cc: %s" % CAROL], "undisclosed:;", "With a plan", *PDF),
            report(5, ["To: %s" % CAROL, "To: crew-1@example.com, Expanded: crew@example.com"],
                   CAROL + ", crew@example.com", "A page", *HTML),
            report(6, ["Recipient: erin@example.com, Expanded: crew@example.com"],
                   "Crew <CREW@example.com>", "To the crew",
                   body="From here\r\n>From there\r\n\r\nFrom afar\r\n"),]


def fill():
    paths = []
    for i, (whole, _) in enumerate(MESSAGES):
        paths.append(os.path.join(tap.folder(), "%d.eml" % i))
        with open(paths[-1], "wb") as f:
            f.write(whole)
    return [json.loads(line)["seq"] for line in run.output(DEPOSIT, ARCHIVE, *paths).splitlines()]


def criteria(n):
    plan = [("--sender " + ALICE.upper(), [0, 1, 2, 3, 4, 5]), ("--sender " + BOB, []),
            ("--recipient " + BOB, [0, 1, 2]), ("--address " + BOB, [0, 1, 2]),
            ("--recipient " + CAROL, [3, 4]), ("--domain example.org", []),
            ("--domain example.org --subdomains", [3, 4]),
            ("--domain mail.example.org", [3, 4]), ("--domain EXAMPLE.com", [0, 1, 2, 3, 4, 5]),
            ("--subject budget", [0, 1]),
            ("--subject BUDGET --recipient " + BOB, [0, 1]), ("--message-id s3@example.com", [2]),
            ("--message-id <s3@example.com>", [2]),
            ("--since 2020-01-01", [0, 1, 2, 3, 4, 5]), ("--until 2020-01-01", []),
            ("--sent-until 2019-01-01", [2]), ("--sent-since 2029-07-17", [0, 1, 3, 4, 5]),
            ("--min-size 3k", [3]), ("--max-size 3k --subject plan", []),
            ("--attachment bersicht", [3]), ("--attachment *.pdf", [3]), ("--attachment *.doc", []),
            ("--service journaling@journal.example.com --subject crew", [5]),
            ("--set-aside", []),
            ("--domain secret.example", []), ("--recipient erin@example.com", [5]),
            ("--recipient crew-1@example.com", [4]),
            ("--address " + DORA, []), ("--recipient " + DORA, []),
            ("--address %s --bcc" % DORA, [1, 2]), ("--domain secret.example --bcc", [1, 2])]
    for text, want in plan:
        tap.is_(ids(*text.split()), [n[i] for i in want], "search " + text)
    tap.is_(ids("--subject", "harbour BUDGET"), [n[0]], "words in any order")
    tap.is_([o["id"] for o in objects("list", "--address", DORA)], [],
            "list does not find a Bcc recipient either")
    tap.is_([o["id"] for o in objects("list", "--address", DORA, "--bcc")], [n[1], n[2]],
            "unless it is asked for")
    tap.is_(ids("--sort", "size", "--reverse")[0], n[3], "the largest first")
    by_subject = [n[i] for i in sorted(
        range(6), key=lambda i: ["budget of the harbour", "budget, secret", "crane inspection",
                                 "with a plan", "a page", "to the crew"][i])]
    tap.is_(ids("--sort", "subject"), by_subject, "by subject")
    tap.is_(ids("--sort", "sent")[0], n[2], "by the message's own date")
    for sort in ("date", "sent", "size", "sender", "subject"):
        for back in ((), ("--reverse",)):
            whole, paged, after = ids("--sort", sort, *back), [], ()
            while True:
                page = ids("--sort", sort, *back, "--limit", 4, *after)
                if not page:
                    break
                paged += page
                after = ("--after", page[-1])
            tap.is_(paged, whole, "pages by %s %s" % (sort, " ".join(back)))
    status, out, said = jmctl("search", "--limit", 2)
    tap.ok(status == 0 and len(out.splitlines()) == 3 and "--after %d" % n[1] in said,
           "a page tells how to go on", said)
    for args, word in ((("--since", "x"), "date"), (("--min-size", "1x"), "bytes"),
                       (("--sort", "color"), "sort"), (("--subdomains",), "--domain"),
                       (("anna",), "--address"), (("--domain", ""), "domain"),
                       (("--limit", "99999999999999999999"), "decimal")):
        status, out, said = jmctl("search", *args)
        tap.ok(status == 64 and word in said and out == "",
               "search %s: %s" % (" ".join(args), said.strip()), "exit %d" % status)


def bcc(n):
    shown = {}
    for i in range(6):
        item = shown[i] = objects("show", n[i])[0]
        text = jmctl("show", n[i])[1]
        everything = json.dumps(item) + text
        tap.ok(DORA not in everything and "dora" not in everything,
               "show %d tells no Bcc recipient" % i)
        tap.is_((item["hidden_recipients"], bool(re.search(r"\b1 hidden, --bcc shows it", text))),
                (1, True) if i in (1, 2) else (0, False), "but that there is one")
    tap.is_([r["address"] for r in shown[2]["recipients"]], [BOB],
            "a recipient of unknown kind is told when To has it")
    tap.is_([r["address"] for r in shown[5]["recipients"]], ["erin@example.com"],
            "or the list that it was expanded from")
    counted = {r["id"]: r["recipients"] for r in objects("list")}
    tap.is_(counted, {r["id"]: r["recipients"] for r in objects("list", "--bcc")},
            "list counts the same recipients with and without --bcc")
    tap.is_({i: counted[i] for i in n},
            {i: len(objects("show", i, "--bcc")[0]["recipients"]) for i in n}, "all of them")
    tap.is_([counted[n[i]] - len(shown[i]["recipients"]) for i in range(6)],
            [shown[i]["hidden_recipients"] for i in range(6)],
            "which is what show tells and what it hides")
    for i in (1, 2):
        item = objects("show", n[i], "--bcc")[0]
        tap.ok(DORA in [r["address"] for r in item["recipients"]] and "hidden_recipients"
               not in item and DORA in jmctl("show", n[i], "--bcc")[1], "--bcc tells it")


def show(n):
    tap.is_([o["id"] for o in objects("show", "<s2@example.com>")], [n[1]], "show by Message-ID")
    tap.is_(jmctl("show", "none@example.com")[0], 69, "of one that is not there: 69")
    m = objects("show", n[3])[0]["message"]
    tap.is_(m["attachments"], [{"name": "Übersicht.PDF", "type": "application/pdf", "size": 3000,
                                "depth": 0}], "an attachment with its decoded name")
    status, out, _ = jmctl("show", n[3])
    tap.ok(status == 0 and "See \\x1b[31mthe plan\\x07." in out and not ESCAPES.search(out),
           "text is escaped for the terminal")
    m = objects("show", n[4])[0]["message"]
    tap.ok(m["text_from"] == "text/html" and m["text"].startswith("First & last")
           and "alert" not in m["text"] and ".x" not in m["text"]
           and "http://bank.example/ <http://evil.example/>" in m["text"],
           "HTML as text, links with where they lead", m["text"])
    tap.ok(not ESCAPES.search(jmctl("show", n[4])[1]), "and nothing of it drives the terminal")
    tap.ok("5 more lines" in jmctl("show", n[5], "--lines", 1)[1] or "more lines"
           in jmctl("show", n[5], "--lines", 1)[1], "--lines cuts the text, and says so")
    tap.ok("message" not in objects("show", n[0], "--no-message")[0],
           "--no-message does not read it")
    sizes = {h["name"] for h in objects("show", n[1])[0]["message"]["headers"]}
    tap.ok("Subject" in sizes and "Received" not in sizes and "Bcc" not in sizes,
           "headers, without those that tell who received it")


def sums(folder):
    return run.output_bytes("sh", "-c", 'cd "$0" && sha256sum -c --quiet SHA256SUMS && echo fits',
                            folder).strip() == b"fits"


def manifest(folder):
    with open(os.path.join(folder, "manifest.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def unquote(data):
    return re.sub(rb"(?m)^>(>*From )", rb"\1", data)


def exports(want):
    """want: {id: bytes}; by all formats, read back by others."""
    whole, want = want, {i: b for i, b in want.items() if not re.search(
        rb"(?im)^(X-MS-Journal-Report|Content-Identifi?er: *ExJournalReport)", b)}
    path = os.path.join(tap.folder(), "export-partly")
    status, _, said = jmctl("export", "--all", "--format", "eml", "--output", path)
    tap.ok(status == 65 and len(want) < len(whole)
           and said.count("--bcc exports it") == len(whole) - len(want)
           and {r["id"] for r in manifest(path) if "problem" not in r} == set(want),
           "reports that were not unwrapped are left out without --bcc, with a word", said)
    path = os.path.join(tap.folder(), "export-whole")
    tap.is_(objects("export", "--all", "--bcc", "--format", "eml", "--output", path)[0]["messages"],
            len(whole), "and are there with it")
    folder = {f: os.path.join(tap.folder(), "export-" + f)
              for f in ("eml", "mbox", "maildir", "edrm")}
    for f, path in folder.items():
        done = objects("export", *want, "--format", f, "--output", path)[0]
        tap.ok(done["messages"] == len(want) and done["problems"] == 0
               and done["bytes"] == sum(map(len, want.values())) and sums(path),
               "%s: %d messages, and sha256sum agrees" % (f, done["messages"]))
        tap.ok(not [n for _, _, names in os.walk(path) for n in names if n.endswith(".tmp")],
               "%s: nothing temporary is left" % f)
        rows = {r["id"]: r for r in manifest(path)}
        tap.is_({i: r["sha256"] for i, r in rows.items()},
                {i: hashlib.sha256(b).hexdigest() for i, b in want.items()},
                "%s: the manifest's digests" % f)
        tap.ok(DORA not in open(os.path.join(path, "manifest.jsonl"), encoding="utf-8").read()
               and sum(r["hidden_recipients"] for r in rows.values()) > 0,
               "%s: the manifest counts Bcc recipients and does not name them" % f)
    rows = manifest(folder["eml"])
    tap.ok(all(open(os.path.join(folder["eml"], r["path"]), "rb").read() == want[r["id"]]
               for r in rows), "eml: each file has the exact bytes")
    box = mailbox.mbox(os.path.join(folder["mbox"], "messages.mbox"), create=False)
    read = [unquote(box.get_bytes(k)) for k in box.keys()]
    rows = manifest(folder["mbox"])
    tap.is_(len(read), len(rows), "mbox: Python's mailbox finds as many messages")
    bad = [r["id"] for r, b in zip(rows, read) if b[:r["size"]] != want[r["id"]]
           or len(b) - r["size"] > 1]
    tap.is_(bad, [], "mbox: with the exact bytes")
    again = mailbox.Maildir(folder["maildir"], create=False)
    tap.is_(sorted(hashlib.sha256(again.get_bytes(k)).hexdigest() for k in again.keys()),
            sorted(hashlib.sha256(b).hexdigest() for b in want.values()),
            "maildir: Python's mailbox reads the same bytes")
    maildir_again(folder["maildir"], want)
    edrm(folder["edrm"], want)


def maildir_again(folder, want):
    names = sorted(os.listdir(os.path.join(folder, "new")))
    os.rename(os.path.join(folder, "new", names[0]), os.path.join(folder, "cur", names[0] + ":2,S"))
    objects("export", *want, "--format", "maildir", "--output", folder)
    tap.ok(sorted(os.listdir(os.path.join(folder, "new"))) == names[1:]
           and os.listdir(os.path.join(folder, "cur")) == [names[0] + ":2,S"] and sums(folder),
           "maildir: once more, nothing comes twice, also what a reader has seen")


def edrm(folder, want):
    root = xml.etree.ElementTree.parse(os.path.join(folder, "edrm.xml")).getroot()
    documents = root.findall("./Batch/Documents/Document")
    tap.ok(root.tag == "Root" and len(documents) == len(want),
           "edrm: well-formed, with a Document for each")
    bad = []
    for d in documents:
        tags = {t.get("TagName"): t.get("TagValue") for t in d.findall("./Tags/Tag")}
        file = d.find("./Files/File[@FileType='Native']/ExternalFile")
        with open(os.path.join(folder, file.get("FilePath"), file.get("FileName")), "rb") as f:
            data = f.read()
        if not (data == want[int(tags["ItemID"])] and file.get("FileSize") == str(len(data))
                and file.get("Hash") == hashlib.md5(data).hexdigest() and file.get("HashType")
                == "MD5" and tags["SHA256"] == hashlib.sha256(data).hexdigest()):
            bad.append(tags["ItemID"])
    tap.is_(bad, [], "edrm: native files with their sizes and digests")
    tap.ok(DORA not in xml.etree.ElementTree.tostring(root, "unicode"), "edrm: no Bcc recipient")
    told = os.path.join(tap.folder(), "edrm-bcc")
    objects("export", "--address", DORA, "--bcc", "--format", "edrm", "--output", told)
    root = xml.etree.ElementTree.parse(os.path.join(told, "edrm.xml")).getroot()
    tap.is_([t.get("TagValue") for t in root.iter("Tag") if t.get("TagName") == "#BCC"], [DORA],
            "edrm: with --bcc it is there")


def companion(item):
    """A rights-protected message whose clear text came with it: an auditor finds the other form."""
    folder, whole = (os.path.join(tap.folder(), n) for n in ("companion", "companion-report"))
    status, out, _ = jmctl("export", "--output", folder, "--format", "eml", item)
    row = manifest(folder)[0]
    tap.ok(status == 0 and re.search(r"(?m)^companions +1\na companion is .*--report", out),
           "export says that there is another form, and where", out)
    tap.is_(row.get("companion"), objects("show", item)[0]["reports"][0]["companion"],
            "the manifest says which")
    tap.like(jmctl("show", item)[1],
             r"(?m)^ +with it +clear-text form of the message; jmctl export --report has both$",
             "and so does show")
    done = objects("export", "--bcc", "--report", "--output", whole, "--format", "eml", item)[0]
    with open(os.path.join(whole, manifest(whole)[0]["path"]), "rb") as f:
        report = f.read()
    tap.ok(done["companions"] == 0 and report.count(b"message/rfc822") == 2
           and "companion" not in manifest(whole)[0], "the report has both", done)


def killed(count):
    """
    An export killed at any moment is not whole, and says so by lacking SHA256SUMS; the same command
    completes it.
    """
    path = os.path.join(tap.folder(), "killed")
    for fault in ("write:3:kill", "rename:2:kill", "sync:1:kill", "rename:9:kill"):
        for form in ("eml", "maildir", "mbox"):
            r = subprocess.run([PROGRAM, "export", "--bcc", "--all", "--format", form, "--output",
                                path + form, "--archive", ARCHIVE], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                               env=run.hooks(JM_FAULT=fault))
            if r.returncode == -signal.SIGKILL:
                whole = {os.path.basename(n) for n in os.listdir(path + form)} \
                    if os.path.isdir(path + form) else set()
                tap.ok("SHA256SUMS" not in whole,
                       "%s, killed at %s: no whole export" % (form, fault), whole)
                if "messages.mbox" in whole:
                    tap.is_(len(mailbox.mbox(os.path.join(path + form, "messages.mbox"),
                                             create=False)), count,
                            "but the file that has its name has all")
    for form in ("eml", "maildir", "mbox"):
        done = objects("export", "--bcc", "--all", "--format", form, "--output", path + form)[0]
        tap.ok(done["ok"] and sums(path + form), "%s: the same again completes it" % form)
    status, _, said = jmctl("export", "--bcc", "--all", "--output", path + "eml",
                            env=run.hooks(JM_FAULT="write:2:ENOSPC"))
    tap.ok(status == 75 and not os.path.exists(path + "eml/SHA256SUMS"),
           "a full disk: 75, and no SHA256SUMS", said)


def files_of(path):
    """{name: bytes} of all files in a folder."""
    found = {}
    for where_, _, names in os.walk(path):
        for name in names:
            with open(os.path.join(where_, name), "rb") as f:
                found[os.path.relpath(os.path.join(where_, name), path)] = f.read()
    return found


def inside():
    """Verbs that write files leave archives alone."""
    link = os.path.join(tap.folder(), "link")
    os.symlink(ARCHIVE, link)
    before = sorted(files_of(ARCHIVE))
    for path in (ARCHIVE, ARCHIVE + "/volumes", link + "/new/folder"):
        for verb in (("export", "--all", "--format", "eml", "--output"), ("dump",), ("backup",)):
            if verb[0] == "backup" and path == ARCHIVE:	# only a daemon has it for long enough
                continue
            status, _, said = jmctl(*verb, path)
            tap.ok(status == 64 and "belongs to the archive" in said,
                   "%s into %s of an archive is refused" % (verb[0], os.path.basename(path)),
                   (status, said))
    tap.is_(sorted(files_of(ARCHIVE)), before, "and no file is new in it")


def another():
    """Never two exports under one manifest, be the first whole, unfinished or of another kind."""
    path, dump = (os.path.join(tap.folder(), name) for name in ("one-export", "one-dump"))
    objects("export", n[0], n[1], "--output", path)
    before = files_of(path)
    for args in ((n[2], n[3]), ("--all",), ("--address", DORA), (n[0], n[1], "--report"),
                 (n[0], n[1], "--format", "mbox"), (n[0], n[1], "--bcc")):
        status, out, said = jmctl("export", *args, *([] if "--format" in args else
                                                     ["--format", "eml"]), "--output", path)
        tap.ok(status == 64 and "another export" in said and "--output" in said and out == ""
               and files_of(path) == before,
               "export %s into that folder is refused, and nothing in it changed"
               % " ".join(map(str, args)), said)
    tap.ok(objects("export", n[0], n[1], "--output", path)[0]["ok"] and files_of(path) == before,
           "the same export again gives the same files")
    os.unlink(os.path.join(path, "SHA256SUMS"))
    tap.is_(jmctl("export", n[2], n[3], "--output", path)[0], 64, "nor into an unfinished one")
    tap.ok(objects("export", n[0], n[1], "--output", path)[0]["ok"] and files_of(path) == before,
           "which the same command completes")
    other = os.path.join(tap.folder(), "other-archive")
    run.output(DEPOSIT, other, *[os.path.join(where, m.name + ".eml") for m in all_of_them[:3]])
    status, _, said = jmctl("export", n[0], n[1], "--output", path, archive=other)
    tap.ok(status == 64 and "another export" in said and files_of(path) == before,
           "nor the same items of another archive", said)
    os.unlink(os.path.join(path, "export.json"))
    status, _, said = jmctl("export", n[0], n[1], "--output", path)
    tap.ok(status == 64 and "holds an export" in said,
           "an export of an older version has no export.json: refused", said)
    objects("dump", dump)
    before = files_of(dump)
    status, _, said = jmctl("export", "--bcc", "--all", "--output", dump)
    tap.ok(status == 64 and "dump" in said and files_of(dump) == before,
           "nor into a dump", said)


def copies():
    """
    Message 1 once more, as it came with another transport header: one item, two contents, and an
    export has both.
    """
    copy = MESSAGES[0][1].replace(b"\r\nTo: ", b"\r\nReceived: from elsewhere\r\nTo: ", 1)
    path = os.path.join(tap.folder(), "copy.eml")
    with open(path, "wb") as f:
        f.write(MESSAGES[0][0].replace(MESSAGES[0][1], copy))
    run.output(DEPOSIT, ARCHIVE, path)
    for f, *more in (("eml",), ("mbox",), ("maildir",), ("edrm",), ("eml", "--report", "--bcc")):
        folder = os.path.join(tap.folder(), "-".join(["copies", f, *more]))
        done = objects("export", n[0], *more, "--format", f, "--output", folder)[0]
        rows = manifest(folder)
        want = [hashlib.sha256(b).hexdigest() for b in ((MESSAGES[0][0], MESSAGES[0][
            0].replace(MESSAGES[0][1], copy)) if more else (MESSAGES[0][1], copy))]
        tap.is_((done["messages"], [r["which"] for r in rows], [r["sha256"] for r in rows]),
                (2, [0, 1], want), "%s: all %s of an item" % (f, "reports" if more else "contents"))
    with open(os.path.join(tap.folder(), "copies-edrm/edrm.xml"), "rb") as f:
        tap.is_(len(set(re.findall(rb'DocID="([^"]*)"', f.read()))), 2,
                "edrm: each with a number of its own")


def usage():
    for args, word in ((("--format", "pdf", "--all", "--output", "x"), "eml, mbox"),
                       (("--all",), "--output DIR"),
                       (("--format", "eml", "--output", "x"), "which items"),
                       (("--all", "1", "2", "--output", "x"), "exclude"),
                       (("--all", "--raw", "--report", "--output", "x"), "exclude")):
        status, out, said = jmctl("export", *args)
        tap.ok(status == 64 and word in said and out == "",
               "export %s: %s" % (" ".join(args), said.strip()), "exit %d" % status)


started = time.monotonic()
n = fill()
criteria(n)
bcc(n)
show(n)
all_of_them = corpus.all_messages()
where = os.path.join(tap.folder(), "corpus")
os.makedirs(where)
for m in all_of_them:
    with open(os.path.join(where, m.name + ".eml"), "wb") as f:
        f.write(m.eml)
receipts = [json.loads(line)
            for line in run.output(DEPOSIT, ARCHIVE, *[os.path.join(where, m.name + ".eml")
                                                       for m in all_of_them]).splitlines()]
expected = {i: inner for i, (_, inner) in zip(n, MESSAGES)}
first = os.path.join(tap.folder(), "first")
objects("export", "--bcc", *[r["seq"] for r in receipts], "--output", first)
for m, r, row in zip(all_of_them, receipts, manifest(first)):
    with open(os.path.join(first, row["path"]), "rb") as f:
        expected[r["seq"]] = f.read()
    if (row["id"],
        hashlib.sha256(expected[r["seq"]]).hexdigest()) != (r["seq"], m.want["inner_sha256"]):
        tap.ok(False, m.name + " is exported as the corpus says")
exports(expected)
companion(next(r["seq"] for m, r in zip(all_of_them, receipts) if m.name.startswith("021")))
killed(len(expected))
inside()
another()
copies()
usage()
bad_volume = os.path.join(ARCHIVE, "volumes/00000001.jmv")
with open(bad_volume, "r+b") as f:
    data = f.read()
    at = data.rindex(b'"journal":{') + 2
    f.seek(at)
    f.write(b"X")
status, out, complaint = jmctl("export", "--bcc", "--all", "--output",
                               os.path.join(tap.folder(), "damaged"),
                               "--json")
tap.ok(status == 65 and json.loads(out)["problems"] == 1 and "item" in complaint
       and any("problem" in r for r in manifest(os.path.join(tap.folder(), "damaged"))),
       "one damaged item is named, and the others are exported", complaint)
tap.diag("%.1f s" % (time.monotonic() - started))
sys.exit(tap.done())
