# SPDX-License-Identifier: BSD-2-Clause
"""
The corpus of t/corpus: each message with the result that a receiver must reach. See
t/corpus/journal/README.md.
"""
import json
import os

import tap


class Message:
    """name, eml (the bytes), want (the .json), sender and recipients of the SMTP envelope."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path + ".eml", "rb") as f:
            self.eml = f.read()
        with open(path + ".json", encoding="utf-8") as f:
            self.want = json.load(f)
        self.sender = self.want["smtp"]["mail_from"]
        self.recipients = self.want["smtp"]["rcpt_to"]
        self.by_smtp = self.want["transport"] == "smtp"


def all_messages():
    """Every message below t/corpus, by name; an error when there are no messages."""
    found = []
    for folder, _, names in os.walk(os.path.join(tap.SRC, "t", "corpus")):
        found += [os.path.join(folder, n[:-4]) for n in names if n.endswith(".eml")
                  and n[:-4] + ".json" in names]
    if not found:
        raise RuntimeError("no message in t/corpus")
    return [Message(p) for p in sorted(found, key=os.path.basename)]


def message(prefix):
    """The message whose name begins so, e.g. "003"."""
    return next(m for m in all_messages() if m.name.startswith(prefix))


def report(number, size=0, sender="alice@example.com", recipients=("bob@example.com",),
           message_id=None, subject=None, wrapper=b"", inner=None):
    """
    A journal report around a message of about size bytes, different for each number. inner: the
    journaled message instead.
    """
    message_id = message_id or "<test.%s@example.com>" % number
    subject = subject or "Test %s" % number
    if inner is None:
        line = (b"%08d The quick brown fox jumps over the lazy dog, and nobody archived it "
                b"until now.\r\n")
        inner = ("From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: %s\r\n"
                 "Date: Tue, 17 Jul 2029 12:13:27 +0000\r\n"
                 "X-MS-Exchange-Organization-BCC: %s\r\n\r\nMessage %s\r\n"
                 % (sender, recipients[0], subject, message_id, recipients[-1], number)).encode()
        inner += b"".join(line % i for i in range(max(0, size - len(inner)) // len(line % 0)))
    text = "Sender: %s\r\nSubject: %s\r\nMessage-Id: %s\r\n" % (sender, subject, message_id)
    text += "".join("To: %s\r\n" % r for r in recipients)
    edge = b"_test_%s_" % str(number).encode()
    return (b"From: <MicrosoftExchange@example.com>\r\nTo: "
            b"<journaling@journal.example.com>\r\nSubject: %s\r\n"
            b"Message-ID: <report.%s@journal.report.generator>\r\n"
            b"Date: Tue, 17 Jul 2029 12:13:28 +0000\r\nMIME-Version: 1.0\r\n"
            b"X-MS-Journal-Report:\r\n%sContent-Type: multipart/mixed; boundary=\"%s\"\r\n"
            b"\r\n" % (subject.encode(), str(number).encode(), wrapper, edge) + b"--" + edge
            + b"\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n\r\n" + text.encode()
            + b"\r\n--" + edge + b"\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--"
            + edge + b"--\r\n")
