#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl show, list and search of messages as other programs write them: charsets, texts in several
parts, odd names of attachments, and text that only other programs can show.
"""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import run
import schema
import tap
from jmctl import call_text

DEPOSIT = os.path.join(tap.BUILD, "t/lib/deposit_files")
ARCHIVE = os.path.join(tap.folder(), "archive")


def html(charset, says, text):
    """A message whose body is HTML in charset that says that it is in another one."""
    body = ("<html><head>\r\n<META http-equiv=Content-Type content=\"text/html; charset=%s\">"
            "</head><body><p>Begin</p><p>%s</p><p>End</p></body></html>" % (says, text))
    return (b"Content-Type: text/html; charset=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            % charset.encode() + base64.encodebytes(body.encode(charset)))


def mixed(*parts):
    return (b"Content-Type: multipart/mixed; boundary*0*=us-ascii''%3D_;\r\n boundary*1=b\r\n\r\n"
            + b"".join(b"--=_b\r\n" + p + b"\r\n" for p in parts) + b"--=_b--\r\n")


# subject as written, the rest of the message; subject, text, attachments, not_shown
CASES = [
    (b"\xfcbersicht", html("windows-1252", "windows-1252", "Gr\u00f6\u00dfe \u2013 5 \u20ac"),
     "\u00fcbersicht", "Begin\n\nGr\u00f6\u00dfe \u2013 5 \u20ac\n\nEnd", [], []),
    (b"\xcf\xd4\xde\xa3\xd4", html("koi8-r", "koi8-r", "\u041e\u0442\u0447\u0451\u0442"),
     "\u043e\u0442\u0447\u0451\u0442", "Begin\n\n\u041e\u0442\u0447\u0451\u0442\n\nEnd", [], []),
    (b"=?gbk?b?vL62yA==?=", html("gb2312", "gb2312", "\u5b63\u5ea6"), "\u5b63\u5ea6",
     "Begin\n\n\u5b63\u5ea6\n\nEnd", [], []),
    (b"=?Shift_JIS?B?h4o=?=", html("iso-2022-jp", "iso-2022-jp", "\u56db\u534a\u671f"), "\u3231",
     "Begin\n\n\u56db\u534a\u671f\n\nEnd", [], []),
    (b"liar", html("utf-8", "us-ascii", "\u00fc \u5b63"), "liar", "Begin\n\n\u00fc \u5b63\n\nEnd",
     [], []),
    (b"footer", mixed(b"Content-Type: text/html\r\n\r\n<p>The text</p>",
                      b"Content-Type: text/plain\r\n\r\nThe footer"),
     "footer", "The text\n\nThe footer", [], []),
    (b"names", mixed(b"\r\nx", b"Content-Disposition: attachment; filename=Report 1.pdf\r\n\r\nx",
                     b"Content-Disposition: attachment; filename=\"C:\\x\\r.pdf\"\r\n\r\nx",
                     b"Content-Disposition: attachment; filename*=utf-8''\"%C3%9C.pdf\"\r\n\r\nx"),
     "names", "x", ["Report 1.pdf", "C:\\x\\r.pdf", "\u00dc.pdf"], []),
    (b"tnef", mixed(b"\r\nx", b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx"),
     "tnef", "x", ["winmail.dat"], ["tnef"]),
    (b"opaque", b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nx", "opaque", None,
     ["smime.p7m"], ["s/mime"]),
]


def jmctl(*args):
    return call_text(*args, "--archive", ARCHIVE)


def objects(verb, *args):
    status, out, complaint = jmctl(verb, *args, "--json")
    found = [json.loads(line) for line in out.splitlines()]
    wrong = [w for o in found for w in schema.verb_faults(verb, o)]
    tap.is_((status, complaint, wrong), (0, "", []), "jmctl %s %s" % (verb, " ".join(args)))
    return found


def fill():
    paths = []
    for i, (subject, rest, *_) in enumerate(CASES):
        paths.append(os.path.join(tap.folder(), "%d.eml" % i))
        with open(paths[-1], "wb") as f:
            f.write(b"From: a@example.com\r\nTo: b@example.com\r\nMessage-ID: <%d@x>\r\nSubject: %s"
                    b"\r\nDate: Tue, 17 Jul 2029 12:13:27 +0000\r\nMIME-Version: 1.0\r\n"
                    % (i, subject) + rest)
    return [json.loads(line)["seq"] for line in run.output(DEPOSIT, ARCHIVE, *paths).splitlines()]


def levels():
    """Reports in reports: each level is shown and found; without --bcc no Bcc of a level."""
    paths = [os.path.join(tap.SRC, "t/corpus/journal", n + ".eml") for n in (
        "070-forged-to-journal", "073-three-levels", "074-three-levels-forged")]
    jmctl("import", "--service", "journaling@journal.example.com", "--journal-domain",
          "journal.example.com", "--journal-domain", "journal.contoso.com", *paths)
    forged, three, middle = [o["id"] for o in objects("list")][-3:]
    tap.is_([o.get("inner_report") for n in (forged, three, middle)
             for o in objects("show", str(n))[0]["reports"]], ["sender", None, "sender"],
            "what is believed")
    tap.is_([o["sender"] for o in objects("list")][-3:],
            ["mallory@example.com", "grace.gale@example.com", "mallory@example.com"],
            "who sent the items")
    for bcc, count in (((), [1, 1]), (("--bcc",), [2, 1])):
        got = objects("show", *bcc, str(three))[0]
        of = got["reports"][0]["levels"]
        tap.is_([x["sender"] for x in of],
                ["", "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com"],
                "the senders of the levels %s" % " ".join(bcc))
        tap.is_([len(x["recipients"]) + (0 if bcc else i) for i, x in enumerate(of)], count,
                "and their recipients")
        tap.is_([x.get("hidden_recipients") for x in of], [None] * 2 if bcc else [1, 1],
                "those that are hidden are counted")
    out = jmctl("show", three)[1]
    tap.like(out, r"(?s)level 1, handed in by .*sender +<>\n.*recipient +journal@journal\.contoso"
             r".*1 hidden, --bcc.*level 2, handed in by the sender of level 1:.*level 3, .*the "
             r"envelope of the item", "for people, too")
    tap.ok("journaling@" not in out.partition("level 1")[2], "without the Bcc of the level", out)
    tap.like(jmctl("show", forged)[1], "report that is not believed", "and the rule")
    exchange = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e"
    for args, found in ((("--sender", exchange + "@example.com"), [three]),
                        (("--address", exchange + "@fabrikam.example"), [middle]),
                        (("--address", "journal@journal.contoso.com"), [three]),
                        (("--recipient", "journaling@journal.example.com"), [forged, middle]),
                        (("--recipient", "journaling@journal.example.com", "--bcc"),
                         [forged, three, middle]),
                        (("--domain", "fabrikam.example"), [middle]),
                        (("--sender", "mallory@example.com"), [forged, middle])):
        tap.is_([o["id"] for o in objects("search", *args)], found, "found by " + " ".join(args))


def main():
    numbers = fill()
    listed = {o["id"]: o["subject"] for o in objects("list")}
    for n, (_, _, subject, text, names, hidden) in zip(numbers, CASES):
        tap.is_(listed[n], subject, "list: %s" % subject)
        message = objects("show", str(n))[0]["message"]
        got = message["text"] and message["text"].strip()
        tap.is_((got, [a["name"] for a in message["attachments"]], message["not_shown"]),
                (text, names, hidden), "show: %s" % subject)
        status, out, complaint = jmctl("show", n)
        tap.ok((status, complaint) == (0, "") and out.count("not shown: text in ") == len(hidden),
               "as text: %s" % subject, out + complaint)
    for words, at in (("\u00dcBERSICHT", 0), ("\u041e\u0442\u0447", 1), ("\u3231", 3)):
        tap.is_([o["id"] for o in objects("search", "--subject", words)], [numbers[at]],
                "search: %s" % words)
    for name in ("report 1", "*\\r.pdf", "\u00fc.pdf"):
        tap.is_([o["id"] for o in objects("search", "--attachment", name)], [numbers[6]],
                "search: %s" % name)
    levels()
    return tap.done()


sys.exit(main())
