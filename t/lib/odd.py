# SPDX-License-Identifier: BSD-2-Clause
"""
Many odd journal reports, for tests that compare two implementations of the rules. Seeded: the same
number gives the same message.
"""
import base64
import quopri
import random

EXCHANGE = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x"
NDR = "Journal-NDR@example.com"
MARKER = [b"X-MS-Journal-Report:", b"x-ms-journal-report: yes", b"X-MS-JOURNAL-REPORT :\r\n\t",
          b"X-MS-Journal-Report:\r\n \r\n"]
MARKER_2003 = [b"Content-Identifier: ExJournalReport", b"Content-Identifer: exjournalreport",
               b"content-identifer :\r\n EXJOURNALREPORT  "]
NO_MARKER = [b"X-MS-Journal-Reports:", b"Content-Identifier: ExJournalReport2",
             b"XX-MS-Journal-Report:", b"X-MS-Exchange-Organization-Journal-Report:"]
WORDS = ["Q3", "figures", "re:", "\u00fcber", "\u65e5\u672c\u8a9e", "=?utf-8?q?caf=C3=A9?=",
         "=?iso-8859-1?Q?na=EFve_?=", "=?utf-8?b?4pyT?=", "=?utf-8?B?w6k=?= =?utf-8?q?_x?=",
         "=?broken", "?=", "=?utf-8?q?a?=b", "(no comment)", "\"quoted\"", "To: x@y", "a\\b", "~"]
PEOPLE = ["alice@example.com", "Bob.Baker@Example.COM", "\"a, b\"@example.com",
          "/o=Org/ou=First/cn=Recipients/cn=carol", "list@example.com", "d\u00f8rte@\u00f8.example",
          "IMCEAEX-_O=x@example.com", "erin@xn--bcher-kva.example", "<>", "Unspecified Address", "",
          "f@[192.0.2.1]", "\"x\\\", Expanded: y\"@example.com",
          "g@example.com, Expanded: h@example.com", "journal@journal.example.com",
          "a,b@example.com"]
CHARSETS = ["us-ascii", "utf-8", "iso-8859-1", "windows-1252", "iso-2022-jp", "gb18030", "gb2312",
            "koi8-r", "utf-16", "utf-7", "x-unknown", "", "euc-kr", "shift_jis", "euc-jp", "big5"]


class Odd:
    """One message's generator."""

    def __init__(self, number):
        self.r = random.Random(number)

    def chance(self, p):
        return self.r.random() < p

    def pick(self, xs):
        return self.r.choice(xs)

    def case(self, s):
        return self.pick([s, s, s.lower(), s.upper(), s.title()])

    def space(self):
        return self.pick(["", "", "", " ", "\t", "  "])

    def subject(self):
        return " ".join(self.pick(WORDS) for _ in range(self.r.randint(0, 4)))

    def recipient_line(self):
        line = self.case(self.pick(["To", "Cc", "Bcc", "Recipient"])) + self.space() + ":" \
            + self.pick([" ", "", "\t"]) + self.pick(PEOPLE)
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            line += self.pick([", ", ",", " ,  ", ",\t"]) \
                + self.case(self.pick(["Expanded", "Forwarded", "Expandet"])) + self.space() + ":" \
                + self.space() + self.pick(PEOPLE)
        return line + self.space()

    def report_2007(self):
        rows = ["Sender: " + self.pick(PEOPLE)]
        if self.chance(0.2):
            rows.append(self.case("On-Behalf-Of") + ": " + self.pick(PEOPLE))
        middle = [self.case("Subject") + self.space() + ": " + self.subject(), self.case(
            "Message-ID") + ": " + self.pick(["<1@x>", "", "Unknown Message-ID", "no brackets"])]
        if self.chance(0.3):
            self.r.shuffle(middle)
        rows += middle
        if self.chance(0.2):
            rows.append(self.pick(["Label", "Mailbox", "SentUtc", "ReceivedUtc"]) + ": "
                        + self.pick(["", "x y", "1 July"]))
        rows += [self.recipient_line() for _ in range(self.r.randint(0, 6))]
        for _ in range(self.pick([0, 0, 0, 1, 2])):
            rows.insert(self.r.randint(0, len(rows)),
                        self.pick(["", " ", "X-Unknown: y", "Message-ID: <2@x>",
                                   "Sender: second@example.com", "To: early@example.com",
                                   " To: indented@example.com", "On-Behalf-Of: <>",
                                   "Mailbox: m@example.com", "Subject: again", "no colon"]))
        for _ in range(self.pick([0] * 8 + [1])):
            del rows[self.r.randrange(len(rows))]
        return rows

    def entry(self):
        name = self.pick(["", "", "\"Doe, Jane\" ", "Jane Doe ", "\"a \\\" b\"", "(null) "])
        address = self.pick(["<SMTP:j@example.com>", "<smtp:k@example.com>", "<EX:/o=Org/cn=x>",
                             "<l@example.com>", "<>", "<SMTP:>", "<X400:c=US;a= ;p=x>"])
        whole = name + address
        if not name and self.chance(0.3):
            whole = "bare@example.com"
        if self.chance(0.3) and len(whole) > 4:
            k = self.r.randint(1, len(whole) - 1)
            whole = whole[:k] + "\n" + self.pick(["", "\t"]) + whole[k:]
        return self.pick(["", "\t", " "]) + whole + self.pick(["", ",", " , "])

    def report_2003(self):
        rows = ["Sender: " + self.entry(), "Message-ID: <3" + self.pick(["", "\n  "]) + "@x>"
                + self.space(), self.case("Recipients") + self.space() + ":"]
        rows += [self.entry() for _ in range(self.r.randint(0, 6))]
        if self.chance(0.2):
            rows.insert(self.r.randint(0, len(rows)),
                        self.pick(["", "junk", "junk,", "Recipients:", "message-id: <4@x>",
                                   "sender: <SMTP:m@example.com>"]))
        return "\n".join(rows).split("\n")

    def text_part(self, rows):
        nl = self.pick(["\r\n", "\r\n", "\r\n", "\n"])
        charset = self.pick(CHARSETS)
        raw = (self.pick(["", "", "", "\ufeff"]) + nl.join(rows) + self.pick([nl, nl + nl, ""]))
        try:
            raw = raw.encode(charset or "utf-8")
        except (UnicodeEncodeError, LookupError):
            raw = raw.encode("utf-8")
        if b"\n" not in raw and charset != "utf-16":
            raw += b"\r\n"
        cte = self.pick(["7bit", "8bit", "quoted-printable", "base64", "Base64 ", "binary",
                         "x-none"])
        if cte.strip().lower() == "base64" or charset == "utf-16":
            cte, raw = "base64", base64.encodebytes(raw)
        elif cte == "quoted-printable":
            raw = quopri.encodestring(raw)
        kind = "text/html" if self.chance(0.04) else self.pick(
            ["text/plain", "text/plain", "TEXT/Plain", "text / plain", "text(x)/plain", None])
        head = b"" if kind is None else ("Content-Type: %s%s\r\n" % (kind, self.pick(
            ["; charset=%s", ";charset=\"%s\"", ";\r\n\tCharset = \"%s\" (c)"]) % charset)).encode()
        return head + b"Content-Transfer-Encoding: " + cte.encode() + b"\r\n\r\n" + raw

    def message(self, depth):
        if depth and self.chance(0.6):
            return self.report(depth - 1)
        nl = self.pick([b"\r\n", b"\r\n", b"\n"])
        head = [b"From: " + self.address_list(1), b"Date: Tue, 17 Jul 2029 12:13:28 +0000"]
        for name in (b"To", b"Cc", b"BCC", b"To"):
            if self.chance(0.5):
                head.append(name + b": " + self.address_list(3))
        if self.chance(0.8):
            head.append(self.pick([b"Subject: ", b"subject:", b"Subject :\r\n "])
                        + self.subject().encode())
        if self.chance(0.7):
            head.append(self.pick([b"Message-ID: <in@x>", b"Message-Id:\r\n <in@x>", b"Message-ID:",
                                   b"Message-ID: a (b) c"]))
        for _ in range(self.pick([0, 0, 1, 3])):
            head.insert(self.r.randint(0, len(head)), self.pick(
                [b"X-MS-Exchange-Organization-BCC: a@x,\r\n b@x",
                 b"x-ms-exchange-crosspremises-bcc:",
                 b"X-MS-EXCHANGE-ORGANIZATION-BCC \t:\r\n \r\n\tz",
                 b"X-MS-Exchange-Organization-BCCX: stays", b"X-MS-Exchange-Organization-BCC",
                 b"From mbox line", b"Content-Class: rpmsg.message"]))
        body = self.pick([b"", b"Hello\r\n", b"--b\r\nx\r\n--b--\r\n", b"a\0b\r\r\n", b"\r\n\r\n",
                          b"X-MS-Exchange-Organization-BCC: stays\r\n"])
        if self.chance(0.1):
            head.append(b"Content-Type: multipart/mixed; boundary=p")
            body = b"--p\nContent-Type: application/x-microsoft-rpmsg-message\n\nx\n--p--\n"
        return nl.join(head) + nl + self.pick([nl, nl, nl, b""]) + body

    def address_list(self, n):
        return ", ".join(
            self.pick(["a@x.example", "\"Doe, J\" <j@x.example>", "Gr: a@y.example, b@y.example;",
                       "undisclosed-recipients:;", "<>", "c@x.example (a, comment)",
                       "\u00e9 <e@x.example>", "\"q\\\"uote\"@x.example", "D <d@x.example", ",",
                       "F\r\n <f@x.example>"]) for _ in range(self.r.randint(1, n))).encode()

    def message_part(self, depth):
        inner = self.message(depth)
        cte = self.pick(["", "", "", "7bit", "base64", "quoted-printable", "binary"])
        if cte == "base64":
            inner = base64.encodebytes(inner)
        elif cte == "quoted-printable":
            inner = quopri.encodestring(inner)
        head = self.pick([b"Content-Type: message/rfc822", b"content-type:Message/RFC822; name=x",
                          b"Content-Type: message/rfc822 (c)\r\nX-Y: z"])
        if cte:
            head += b"\r\nContent-Transfer-Encoding: " + cte.encode()
        return head + (b"\r\n" if self.chance(0.04) else self.pick([b"\r\n\r\n", b"\n\n"])) + inner

    def multipart(self, parts, boundary):
        out = self.pick([b"", b"", b"preamble\r\n", b"--%sx\r\n" % boundary])
        for k, p in enumerate(parts):
            nl = self.pick([b"\r\n", b"\r\n", b"\n"])
            out += (nl if k
                    else b"") + b"--" + boundary + self.pick([b"", b"", b" ", b"\t "]) + nl + p
        if self.chance(0.85):
            out += b"\r\n--" + boundary + b"--" \
                + self.pick([b"\r\n", b"\n", b"", b" \r\nepilogue\r\n", b"x\r\n"])
        return out

    def content_type(self, kind, boundary, more=b""):
        quoted = b"".join(b"\\" + bytes([c]) if self.chance(0.05) else bytes([c]) for c in boundary)
        param = self.pick([b"boundary=\"%s\"" % quoted, b"BOUNDARY = \"%s\"" % quoted,
                           b"boundary=%s" % boundary, b"(;)boundary=\"%s\"(\\))" % quoted,
                           b"x=\"; boundary=no\"; boundary=\"%s\"" % quoted, b"boundary=\"\"",
                           b"boundary=\"%s" % boundary])
        if self.chance(0.85):
            param = b"boundary=\"%s\"" % quoted
        return b"Content-Type: " + kind + more + self.pick([b"; ", b";\r\n\t", b";"]) + param

    def report(self, depth):
        boundary = self.pick([b"b", b"_x-y_", b"--Citadel--", b"a b", b"=_'()+,./:?"])
        family = self.pick([7, 7, 3])
        rows = self.report_2007() if self.chance(0.96) == (family == 7) else self.report_2003()
        if depth and self.chance(0.7):
            rows = ["Sender: " + self.pick(["a@x", "<>", EXCHANGE, EXCHANGE, NDR]),
                    "Message-ID: <r@x>",
                    "Recipients:" if family == 3 else "Cc: k@journal.example.com",
                    ("" if family == 3 else "To: ") + "j@"
                    + self.pick(["journal.example.com", "JOURNAL.contoso.com", "x.example"])]
        text = self.text_part(rows)
        if self.chance(0.2):
            text = self.content_type(b"multipart/alternative", b"alt") + b"\r\n\r\n" \
                + self.multipart([text, self.text_part(["x"])], b"alt")
        parts = [text, self.message_part(depth)]
        if self.chance(0.2):
            parts.insert(self.r.randint(0, 2),
                         self.text_part(self.pick([["disclaimer"], self.report_2007()])))
        if self.chance(0.2):
            parts.append(self.message_part(0))
        if self.chance(0.1):
            self.r.shuffle(parts)
        if self.chance(0.1):
            del parts[self.r.randrange(len(parts))]
        marker = self.pick(MARKER if family == 7 else MARKER_2003) if self.chance(0.97) \
            else self.pick(NO_MARKER)
        head = [b"From: outer@example.com", b"To: journal@journal.example.com", b"Subject: outer",
                marker, self.content_type(self.pick([b"multipart/mixed"] * 12
                                                    + [b"Multipart/x", b"text/plain"]), boundary)]
        self.r.shuffle(head)
        nl = self.pick([b"\r\n", b"\r\n", b"\n"])
        return nl.join(head) + nl + nl + self.multipart(parts, boundary)

    def any(self):
        """A report, perhaps in a bounce, perhaps damaged."""
        data = self.report(self.pick([0, 0, 1, 3]))
        if self.chance(0.1):
            part = b"Content-Type: message/rfc822\r\n\r\n" + data
            more = self.pick([b"; report-type=delivery-status",
                              b"; Report-Type=\"Delivery-Status\"",
                              b"; report-type=disposition-notification"])
            data = b"From: postmaster@example.com\r\n" \
                + self.content_type(b"multipart/report", b"ndr", more) + b"\r\n\r\n" \
                + self.multipart([b"Content-Type: text/plain\r\n\r\nsorry\r\n", part], b"ndr")
        if self.chance(0.2):
            rows = data.split(b"\n")
            k = self.r.randrange(len(rows))
            what = self.r.randrange(4)
            if what == 0:
                del rows[k]
            elif what == 1:
                rows.insert(k, rows[self.r.randrange(len(rows))])
            elif what == 2:
                rows[k] = rows[k] + self.pick([b" ", b"x", b"\t\r", b"\0", b"\""])
            else:
                rows = rows[:k]
            data = b"\n".join(rows)
        return data
