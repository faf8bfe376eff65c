#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl search finds what people type in each form that mail has it in: letters composed and
decomposed, domains in U-labels and A-labels, Message-IDs that lost a bracket, dates of any program.
"""
import base64
import json
import os
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import run
import schema
import tap
from jmctl import call_text

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
ARCHIVE = os.path.join(tap.folder(), "archive")
SERVICE = "journaling@münchen.example"
names = {}	# of items, by id


def jmctl(*args):
    return call_text(*args, "--archive", ARCHIVE)


def nfd(text):
    return unicodedata.normalize("NFD", text)


def message(to="b@example.com", subject="x", message_id=None, date=None, attachment=None):
    head = "From: a@example.com\r\nTo: %s\r\nSubject: %s\r\n" % (to, subject)
    head += "Message-ID: %s\r\n" % message_id if message_id else ""
    head += "Date: %s\r\n" % date if date else ""
    if not attachment:
        return (head + "\r\nx\r\n").encode()
    return (head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            "Content-Type: text/plain; name=\"%s\"\r\n\r\nx\r\n--b--\r\n" % attachment).encode()


def fill(messages):
    """messages: name to bytes."""
    paths = []
    for name, data in messages.items():
        paths.append(os.path.join(tap.folder(), "%s.eml" % name))
        with open(paths[-1], "wb") as f:
            f.write(data)
    out = run.output(DEPOSIT, "--service", SERVICE, ARCHIVE, *paths)
    for name, line in zip(messages, out.splitlines()):
        names[json.loads(line)["seq"]] = name


def search(*args):
    """(exit status, names found, the last object if it is no item, standard error)"""
    status, out, complaint = jmctl("search", *args, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    wrong = [w for o in rows for w in schema.verb_faults("search", o)]
    note = rows.pop() if rows and "id" not in rows[-1] else None
    return status, sorted(names[o["id"]] for o in rows), note, complaint + "".join(wrong)


def finds(want, option, *typed):
    for text in typed:
        status, found, _, complaint = search(option, text)
        tap.ok(status == 0 and found == sorted(want), "%s %r finds %s" % (option, text, want),
               "exit %d, found %s %s" % (status, found, complaint))


def refused(word, *args):
    status, found, _, complaint = search(*args)
    tap.ok(status == 64 and not found and word in complaint, "%s: %s" % (" ".join(args),
                                                                        complaint.strip()))


def texts():
    fill({"composed": message(subject="Übersicht März"),
          "decomposed": message(subject=nfd("ÜBERSICHT März"), attachment=nfd("Übersicht.PDF")),
          "wide": message(subject="Ｒｅｐｏｒｔ　５", attachment="Ｒｅｐｏｒｔ.pdf"),
          "ligature": message(subject="oﬃce in der Hauptstraße"),
          "hangul": message(subject=nfd("한국어")),
          "turkish": message(subject="İstanbul ve Isparta"),
          "long": message(subject="long " + "y " * 600 + "needle"),
          "odd": message(subject="odd PLACE x").replace(b"PLACE", b"\xff Gr\xfc\xdfe")})
    finds(["composed", "decomposed"], "--subject", "übersicht", nfd("übersicht MÄRZ"))
    finds(["wide"], "--subject", "report 5", "ＲＥＰＯＲＴ")
    finds(["ligature"], "--subject", "office HAUPTSTRASSE", "hauptstraße")
    finds(["hangul"], "--subject", "한국어", nfd("한국어"))
    finds(["turkish"], "--subject", "istanbul", "ISTANBUL", "İSTANBUL ısparta")
    finds(["odd"], "--subject", nfd("grüße odd"), "GRÜSSE")
    finds(["long"], "--subject", "needle", "long NEEDLE")
    finds(["decomposed"], "--attachment", "Übersicht.pdf", nfd("Übersicht.pdf"), "?bersicht.*")
    finds(["wide"], "--attachment", "report.pdf", "repor?.pdf", "ｒｅｐｏｒｔ")
    finds([], "--attachment", "ubersicht.pdf", "Report？.pdf")


def addresses():
    idn = {"u-label": "anna@münchen.example", "a-label": "anna@XN--MNCHEN-3YA.example",
           "capital": "anna@MÜNCHEN.example", "decomposed-idn": nfd("anna@münchen.example"),
           "quoted": "\"anna\"@münchen.example", "dot": "anna@xn--mnchen-3ya.example."}
    fill({name: message(to=to) for name, to in idn.items()})
    fill({"eai": message(to="Jürgen@example.net"), "eai-nfd": message(to=nfd("jürgen@example.net")),
          "sharp": message(to="groß@example.net"), "ss": message(to="gross@example.net"),
          "quoted-blank": message(to="\"anna b\"@example.net")})
    for option in ("--address", "--recipient"):
        finds(idn, option, *idn.values(), "Anna <anna@münchen.example>",
              "mailto:anna@xn--mnchen-3ya.example", "ａｎｎａ＠münchen．example",
              "\u200banna@münchen.example\u00a0", "anna@münchen.example,",
              "Anna <anna@münchen.example>;", "“anna@münchen.example”")
    finds([], "--sender", "anna@münchen.example")
    finds(idn, "--domain", "münchen.example", "MÜNCHEN.example.", nfd("münchen.example"),
          "xn--mnchen-3ya.example", "*@münchen.example", "@XN--mnchen-3ya.EXAMPLE",
          "münchen.example\u00a0")
    finds(["eai", "eai-nfd"], "--recipient", "jürgen@example.net", nfd("JÜRGEN@example.net"))
    finds(["sharp"], "--recipient", "GROß@example.net")
    finds(["ss"], "--recipient", "gross@EXAMPLE.NET.")
    finds(["quoted-blank"], "--recipient", "\"Anna b\"@example.net")
    finds(names.values(), "--service", SERVICE, "Journaling@xn--MNCHEN-3ya.example")
    refused("did you mean", "--service", "journalinx@münchen.example")
    refused("--domain münchen.example", "--recipient", "*@münchen.example")
    refused("--domain münchen.example", "--address", "@münchen.example")
    refused("no domain", "--domain", "anna@münchen.example")


def message_ids():
    fill({"id-whole": message(message_id="<Whole.1@Example.COM>"),
          "id-open": message(message_id="<open@example.com"),
          "id-close": message(message_id="close@example.com>"),
          "id-bare": message(message_id="bare@example.com"),
          "id-blanks": message(message_id="< blanks@example.com >"),
          "id-folded": message(message_id="\r\n <folded@exam\r\n ple.com>"),
          "id-word": message(message_id="=?utf-8?q?=3Cword=40example.com=3E?="),
          "id-after": message(message_id="<after@example.com> (added by x@example.net)"),
          "id-idn": message(message_id="<idn@münchen.example>")})
    whole = ["<Whole.1@Example.COM>", "Whole.1@example.com", "<Whole.1@example.com",
             "Whole.1@example.com>", " < Whole.1@example.com > ", "<Whole.1@exa\r\n mple.com>",
             "Message-ID: <Whole.1@example.com>", "message-id:Whole.1@example.com",
             "In-Reply-To: <Whole.1@example.com>", "<Whole.1@example.com>,",
             "\"<Whole.1@example.com>\"", "'Whole.1@example.com'", "“Whole.1@example.com”",
             "mid:Whole.1@example.com", "mid:Whole.1%40example.com/part",
             "%3CWhole.1%40example.com%3E", "&lt;Whole.1@example.com&gt;",
             "\u200bWhole.1@example.com"]
    finds(["id-whole"], "--message-id", *whole)
    for name in ("open", "close", "bare", "blanks", "folded", "word", "after"):
        finds(["id-" + name], "--message-id", "<%s@example.com>" % name, "%s@EXAMPLE.com" % name)
    finds(["id-idn"], "--message-id", "<idn@xn--mnchen-3ya.example>", nfd("idn@MÜNCHEN.example"))
    finds([], "--message-id", "whole.1@example.com", "bare@example.org")
    refused("more than one", "--message-id", "<a@example.com> <b@example.com>")
    refused("no Message-ID", "--message-id", "<>")
    status, out, _ = jmctl("show", "--json", "mid:open%40example.com")
    tap.ok(status == 0 and names[json.loads(out)["id"]] == "id-open", "show takes these forms, too")


def dates():
    forms = {"zone": "Wed, 16 Jul 2014 10:00:00 +02:00", "dots": "Wed, 16 Jul 2014 10.00.00 +0200",
             "iso": "2014-07-16T10:00:00.5+02:00", "iso-z": "2014-07-16T08:00:00Z",
             "half": "Wednesday, July 16, 2014 10:00:00 AM +0200",
             "js": "Wed Jul 16 2014 10:00:00 GMT+0200 (CEST)",
             "comment": "Wed (x), 16 (y) Jul 2014 10:00:00 (CEST)",
             "german": "Mi, 16. Juli 2014 10:00:00 MESZ"}
    fill({name: message(date=date) for name, date in forms.items()})
    fill({"later": message(date="Wed, 16 Jul 2014 10:00:02 +0200"),
          "two-days": message(date="05/06/2014 10:00:00"),
          "no-date": message(date="yesterday", to="dora@secret.example")})
    for since, until in (("2014-07-16T08:00:00Z", "2014-07-16T08:00:02Z"),
                         ("2014-07-16T10:00+02:00", "Wed, 16 Jul 2014 10:00:02 +0200 (CEST)"),
                         ("2014-07-16 10:00 +02", "16.07.2014 08:00:02")):
        status, found, _, complaint = search("--sent-since", since, "--sent-until", until)
        tap.ok(status == 0 and found == sorted(forms), "sent from %s to %s" % (since, until),
               "found %s %s" % (found, complaint))
    undated = len(names) - len(forms) - 1
    _, _, note, complaint = search("--sent-since", "2014-07-16")
    tap.ok("%d more items" % undated in complaint and "Date" in complaint and note is None,
           "%d items without a Date that can be read are counted" % undated, complaint)
    for more, word in ((("--recipient", "dora@secret.example"), "1 more item "),
                       (("--recipient", "nobody@example.com"), "")):
        _, found, _, complaint = search("--sent-since", "2014-07-16", *more)
        tap.ok(not found and word in complaint and (word or not complaint),
               "only those that meet the other criteria: %s" % " ".join(more), complaint)
    for text in ("05/06/2014", "2014-07-16 or so", "2014-02-30", "2014-07-16T10:00 +O200"):
        refused("date", "--sent-since", text)


def parts():
    def parted(n, last):
        return (b"From: p@example.com\r\nMIME-Version: 1.0\r\n"
                b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                + b"--b\r\n\r\n\r\n" * n + b"--b\r\n" + last + b"\r\n--b--\r\n")

    pdf = b"Content-Type: application/pdf; name=last.pdf\r\n\r\nx\r\n"
    inner = b"From: i@example.com\r\n" + pdf
    base64_inner = (b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    + base64.b64encode(inner))
    fill({"as-many": parted(19999, pdf), "too-many": parted(20000, pdf),
          "too-deep": b"Content-Type: message/rfc822\r\n\r\n" * 30 + inner,
          "encoded": parted(1, base64_inner),
          "long-name": parted(1, pdf.replace(b"last", b"x" * 20000))})
    status, found, note, complaint = search("--attachment", "last.pdf")
    unsure = sorted(names[i] for i in note["left_out"]["items"]) if note else []
    tap.ok(status == 0 and found == ["as-many"] and note["left_out"]["partly"] == len(unsure),
           "the last part that is looked at is found", "%s %s %s" % (found, note, complaint))
    tap.is_(unsure, ["encoded", "long-name", "too-deep", "too-many"],
            "messages with more than that are named")
    tap.ok("4 more items" in complaint and ": " in complaint, "in text, too: " + complaint.strip())
    status, found, note, complaint = search("--attachment", "*.pdf", "--recipient", "b@example.com")
    tap.ok(status == 0 and found == ["decomposed", "wide"] and not note and not complaint,
           "but only those that meet the other criteria", "%s %s %s" % (found, note, complaint))
    status, out, complaint = jmctl("export", "--attachment", "last.pdf", "--output",
                                   os.path.join(tap.folder(), "export"))
    tap.ok(status == 0 and "4 more items" in complaint and "messages    1" in out,
           "export says it as well", out + complaint)


texts()
addresses()
message_ids()
dates()
parts()
sys.exit(tap.done())
