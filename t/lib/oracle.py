#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A second opinion on journal reports: reads a message by the rules R1..R14 of
t/corpus/journal/README.md.

usage: oracle.py check DIR...    compare every .eml with its .json; exit status 1 on a difference
       oracle.py show FILE.eml   print what the rules give for one message

It shares no code with common/journal and is meant for small files: it is simple, not fast. Journal
domains are those of the corpus; another list can be given to examine().
"""
import base64
import binascii
import codecs
import hashlib
import json
import os
import re
import sys
from email.header import decode_header

import oracle_levels
from oracle_addresses import Mask, address_list, first_address
from oracle_token import token

JOURNAL_DOMAINS = ("journal.example.com", "journal.contoso.com")
STRIP = (b"x-ms-exchange-organization-bcc", b"x-ms-exchange-crosspremises-bcc")


# --- header blocks ----------------------------------------------------------------------
def split_lines(data):
    """Lines with their line ends; only LF ends a line."""
    out = data.split(b"\n")
    last = out.pop()
    out = [x + b"\n" for x in out]
    if last:
        out.append(last)
    return out


def header_fields(data):
    """(fields, offset of the body, True when a blank line ended the block).
    A field is (name or None, bytes of all its lines)."""
    fields, pos = [], 0
    for ln in split_lines(data):
        if ln in (b"\n", b"\r\n"):
            return fields, pos + len(ln), True
        if ln[:1] in (b" ", b"\t") and fields:
            name, raw = fields[-1]
            fields[-1] = (name, raw + ln)
        else:
            m = re.match(rb"([!-9;-~]+)[ \t]*:", ln)
            fields.append((m.group(1) if m else None, ln))
        pos += len(ln)
    return fields, pos, False


def value(field):
    """Unfolded value of a field."""
    v = field[1].split(b":", 1)[1]
    return re.sub(rb"\r?\n(?=[ \t])", b"", v).strip(b" \t\r\n")


def get(fields, name):
    for f in fields:
        if f[0] and f[0].lower() == name:
            return value(f)
    return None


def strip_headers(msg):
    fields, body, _ = header_fields(msg)
    removed, kept = [], b""
    for name, raw in fields:
        if name and name.lower() in STRIP:
            removed.append(name.decode("latin-1"))
        else:
            kept += raw
    total = sum(len(raw) for _, raw in fields)
    return kept + msg[total:], removed


# --- MIME -------------------------------------------------------------------------------
def no_comments(v):
    out, depth, quoted, k, opened = b"", 0, False, 0, None
    while k < len(v):
        c = v[k:k + 1]
        if depth == 0:
            opened = (out, k)
        if c == b"\\" and (quoted or depth):
            if not depth:
                out += v[k:k + 2]
            k += 2
            continue
        if depth == 0 and c == b'"':
            quoted = not quoted
        if not quoted and c == b"(":
            depth += 1
        elif not quoted and c == b")" and depth:
            depth -= 1
        elif depth == 0:
            out += c
        k += 1
    return opened[0] + v[opened[1]:] if depth else out


def content_type(fields):
    v = get(fields, b"content-type")
    if v is None:
        return "text/plain", {}
    v = no_comments(v)
    m = re.match(rb'\s*"?\s*([^\s;/"]+)\s*(?:/\s*([^\s;"()]+))?', v.split(b";", 1)[0])
    kind = b"/".join(x for x in m.groups() if x).lower().decode("latin-1") if m else ""
    return kind, parameters(v)


def scan_parameters(v):
    """(name, value) as they are written; a semicolon between them may be missing."""
    pos = 0
    while pos < len(v):
        m = re.compile(rb'\s*([^\s=;"]+)\s*=\s*').match(v, pos)
        if not m:
            pos = re.compile(rb'\s*(?:[^\s=;"]+|.)\s*', re.S).match(v, pos).end()
            continue
        closed = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.S).match(v, m.end())
        q = closed or re.compile(rb'"([^;"]*)"?|([^\s;"]*)').match(v, m.end())
        pos = q.end()
        if q.group(1) is not None:
            val = q.group(1) if closed else q.group(1).strip()
            yield m.group(1).lower(), re.sub(rb"\\(.)", rb"\1", val, flags=re.S)
        else:
            yield m.group(1).lower(), q.group(2)


def parameters(v):
    """The parameters by RFC 2231: name*, then name*0, name*1* and so on, then name."""
    found = {}
    for name, val in scan_parameters(v):
        found.setdefault(name.decode("latin-1"), val)
    params = {k: x for k, x in found.items() if "*" not in k}
    pieces = {}
    for k, x in found.items():
        m = re.fullmatch(r"([^*]*)\*(?:(\d+)(\*?))?", k, re.A)
        if m and int(m.group(2) or 0) < 64:
            number = -1 if m.group(2) is None else int(m.group(2))
            pieces.setdefault(m.group(1), {}).setdefault(number, (x, m.group(3) != ""))
    for k, them in pieces.items():
        if them.get(-1, (b"",))[0]:
            them = {-1: them[-1]}
        val, first = b"", True
        for _, (x, extended) in sorted(them.items()):
            if extended:
                x = re.sub(rb"^[\w.:+-]*'[\w.:+-]*'", b"", x, flags=re.A) if first else x
                x = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), x)
            val, first = val + x, False
        params[k] = val or params.get(k, b"")
    if "boundary" in params:
        params["boundary"] = params["boundary"].rstrip(b" \t")
    return params


def parts_of(body, boundary):
    """(list of part bytes, closed)"""
    d = b"--" + boundary
    parts, start, closed, pos = [], None, False, 0
    for ln in split_lines(body):
        bare = ln.rstrip(b"\n")
        bare = bare[:-1] if bare.endswith(b"\r") and ln.endswith(b"\n") else bare
        tail = bare[len(d):].rstrip(b" \t") if bare.startswith(d) else None
        if tail in (b"", b"--"):
            if start is not None:
                chunk = body[start:pos]
                if chunk.endswith(b"\r\n"):
                    chunk = chunk[:-2]
                elif chunk.endswith(b"\n"):
                    chunk = chunk[:-1]
                parts.append(chunk)
            start = pos + len(ln)
            if tail == b"--":
                closed = True
                start = None
                break
        pos += len(ln)
    if start is not None:
        parts.append(body[start:])
    return parts, closed


CODINGS = {b"7bit": b"identity", b"8bit": b"identity", b"binary": b"identity",
           b"base64": b"base64", b"quoted-printable": b"quoted-printable"}


def coding(fields):
    """(coding, or None for an unknown one; True when the fields are odd)."""
    said = [token(value(f)) for f in fields
            if f[0] and f[0].lower() == b"content-transfer-encoding"]
    known = [CODINGS[t] for t, _ in said if t in CODINGS]
    odd = len(known) < len(said) or len(set(known)) > 1 or not all(alone for _, alone in said)
    return (known[0] if known else None if said else b"identity"), odd


def begins_with_field(data):
    lines = header_fields(data[:4096])[0]
    if lines and lines[0][0] is None and lines[0][1].lower().startswith(b"from "):
        lines = lines[1:]
    return bool(lines) and lines[0][0] is not None


def decode(content, cte):
    if cte == b"base64":
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
        clean = clean[:len(clean) - len(clean) % 4 if len(clean) % 4 == 1 else len(clean)]
        try:
            return base64.b64decode(clean + b"=" * (-len(clean) % 4))
        except binascii.Error:
            return b""
    if cte == b"quoted-printable":
        return re.sub(rb"=(\r*\n|[0-9A-Fa-f]{2}|=|\Z)", unquoted, content)
    return content


def unquoted(m):
    what = m.group(1)
    if what == b"=":
        return what
    return b"" if what.endswith(b"\n") or not what else bytes([int(what, 16)])


class Part:
    def __init__(self, raw):
        # a part whose first line is blank has no header
        self.fields, at, self.complete = header_fields(raw)
        self.kind, self.params = content_type(self.fields)
        self.coding, self.odd = coding(self.fields)
        self.content = raw[at:]

    def decoded(self):
        return decode(self.content, self.coding)

    def message(self):
        """(bytes, odd): as declared, else as what begins like a message."""
        for c in (self.coding, b"identity", b"base64"):
            if begins_with_field(decode(self.content[:4096], c)):
                return decode(self.content, c), self.odd or c != (self.coding or b"identity")
        return self.decoded(), self.odd

    def texts(self):
        """The same for a report text: everything that it may be, as declared first."""
        yield self.decoded(), self.odd
        for c in (b"identity", b"base64", b"quoted-printable"):
            if c != (self.coding or b"identity"):
                yield decode(self.content, c), True


# --- report text ------------------------------------------------------------------------
# Labels without punctuation: the sets of vendors that mail means by them.
ALIAS = {"usascii": "ascii", "utf8": "utf-8", "unicode11utf7": "utf-7", "shiftjis": "cp932",
         "sjis": "cp932", "mskanji": "cp932", "windows31j": "cp932", "eucjp": "eucjp",
         "euckr": "cp949", "ksc56011987": "cp949", "ksc5601": "cp949", "korean": "cp949",
         "gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "big5": "cp950",
         "iso88591": "cp1252", "latin1": "cp1252", "windows1252": "cp1252", "iso88599": "cp1254",
         "iso885911": "cp874", "tis620": "cp874", "iso88598i": "iso-8859-8",
         "iso2022jp": "iso2022", "cp50220": "iso2022", "cp50221": "iso2022"}


def codec_of(charset):
    """The codec for a label; None: unknown."""
    label = (charset or b"").decode("latin-1").split("*")[0].strip(" \t\"'").lower()
    key = re.sub(r"^x-|[-_. ]", "", label.split(":")[0])
    if ALIAS.get(key) in ("iso2022", "eucjp"):
        return ALIAS[key]
    try:
        return codecs.lookup(ALIAS.get(key, label)).name
    except LookupError:
        return None


def from_1252(data):
    return "".join(bytes([c]).decode("cp1252", "replace").replace("\ufffd", chr(c)) for c in data)


def from_iso2022(data):
    """ISO-2022-JP with kana and NEC characters; the end of a line returns to ASCII."""
    out = ""
    for line in split_lines(data):
        for k, run in enumerate(re.split(rb"(\x1b\([BJHI]|\x1b\$[B@])", line)):
            if k % 2:
                mode = run[1:]
            elif k == 0 or mode in (b"(B", b"(J", b"(H"):
                out += run.decode("ascii", "replace")
            elif mode == b"(I":
                out += bytes(c | 0x80 if c > 32 else c for c in run).decode("cp932", "replace")
            else:
                out += kanji(run)
    return out


def kanji(run):
    out = ""
    while run:
        c = run[:2]
        if len(c) == 2 and all(0x20 < x < 0x7f for x in c):
            row, cell = c[0] - 0x21, c[1] - 0x21
            lead = row // 2 + (0x81 if row < 62 else 0xc1)
            cell += 94 * (row % 2)
            out += bytes([lead, cell + (0x40 if cell < 63 else 0x41)]).decode("cp932", "replace")
            run = run[2:]
        else:
            out += chr(c[0]) if c[0] <= 0x20 else "\ufffd"
            run = run[1:]
    return out


def from_eucjp(data):
    """EUC-JP; characters of row 13 by the set that has them."""
    out = ""
    for run in re.split(rb"(\xad[\xa1-\xfe])", data):
        out += run.decode("euc_jis_2004" if run[:1] == b"\xad" else "euc_jp", "replace")
    return out


def convert(data, codec):
    """(text, number of bad characters)"""
    if codec == "iso2022":
        text = from_iso2022(data)
    elif codec == "eucjp":
        text = from_eucjp(data)
    elif codec == "cp1252":
        text = from_1252(data)
    else:
        text = data.decode(codec, "replace")
    return text, text.count("\ufffd")


def is_utf8(data):
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


def to_text(data, charset):
    codec = codec_of(charset)
    if data.startswith(b"\xef\xbb\xbf") and is_utf8(data):
        codec = "utf-8"
    if codec in (None, "ascii") and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16"
    if codec not in (None, "ascii"):
        text, bad = convert(data, codec)
        good = sum(ord(c) > 127 or codec.startswith("utf-16") for c in text) - bad
        if not bad or (good >= bad and not (is_utf8(data) and not data.isascii())):
            return text.lstrip("\ufeff")
    return (data.decode("utf-8") if is_utf8(data) else from_1252(data)).lstrip("\ufeff")


def raw_text(data, charset):
    """Text of a header that is not encoded, in a message of that charset."""
    if data.isascii() and re.search(rb"\x1b(\([BJHI]|\$[B@])", data):
        text, bad = convert(data, "iso2022")
        if not bad:
            return text
    if is_utf8(data):
        return data.decode("utf-8")
    codec = codec_of(charset)
    return to_text(data, None if codec and codec.startswith(("utf-16", "utf-32", "utf-7"))
                   else charset)


def message_charset(msg):
    """The charset of its Content-Type, of a multipart that of its first text part with one."""
    part = Part(msg)
    if part.kind.startswith("text/"):
        return part.params.get("charset")
    if part.kind.startswith("multipart/") and part.params.get("boundary"):
        for x in parts_of(part.content, part.params["boundary"])[0]:
            found = message_charset(x)
            if found:
                return found
    return None


def address(v):
    v = v.strip(" \t")
    if v in ("", "<>") or v == "Unspecified Address":
        return None
    return v


RCPT = re.compile(r"^(to|cc|bcc|recipient)[ \t]*:[ \t]*(.*)$", re.I | re.A)
FIELD = re.compile(r"^(sender|on-behalf-of|subject|message-id|label|mailbox|sentutc|receivedutc)[ "
                   r"\t]*:[ \t]*(.*)$", re.I | re.A)


def line_addresses(v):
    """([address], defects) of a value in a report; without "@" it is one, as written."""
    if "@" not in v and "\n" not in v:
        return [address(v)] if address(v) else [], 0
    got, odd = address_list(v)
    return [a for a, _ in got if address(a)], odd


def line_recipients(v, kind):
    """The recipients of one line: groups of addresses, each with the redirection after it."""
    mask, odd = Mask(v), 0
    chunks = re.split(r",\s*(expanded|forwarded)\s*:", mask.text, flags=re.I)
    first, odd = line_addresses(mask.show(chunks[0]))
    out, waiting, last = [], [{"address": a, "type": kind} for a in first], None
    out += waiting
    for how, chunk in zip(chunks[1::2], chunks[2::2]):
        got, more = line_addresses(mask.show(chunk))
        odd += more
        if last and waiting:        # a redirection of a redirection
            waiting.append({"address": last, "type": kind})
            out.append(waiting[-1])
        last = got[0] if got else None
        for r in waiting:
            for k in ("expanded_from", "forwarded_from"):
                r.pop(k, None)
            if last:
                r[how.lower() + "_from"] = last
        if len(got) > 1:
            waiting, last = [{"address": a, "type": kind} for a in got[1:]], None
            out += waiting
    return out, odd


def line_first(v, res):
    if "@" not in v:
        return address(v)
    got, odd = address_list(v)
    res["odd"] += odd
    got = sorted((x for x in got if address(x[0])), key=lambda x: x[1])
    return got[0][0] if got else None


def parse_2007(text):
    rows = [r[:-1] if r.endswith("\r") else r for r in text.split("\n")]
    hits = [(k, FIELD.match(r)) for k, r in enumerate(rows)]
    hits = [(k, m.group(1).lower(), m.group(2).rstrip(" \t")) for k, m in hits if m]
    ids = [k for k, n, _ in hits if n == "message-id"]
    last_id = ids[-1] if ids else None
    stop = min([k for k, n, _ in hits if n in ("subject", "message-id")] or [len(rows)])
    res = {"sender_line": False, "envelope_sender": None, "on_behalf_of": None, "subject": None,
           "message_id": None, "recipients": [], "extra": {}, "odd": 0, "null": False}
    behalf_line, at = False, None
    for k, n, v in hits:
        if n == "sender" and k < stop and not res["sender_line"]:
            res["sender_line"], res["envelope_sender"], at = True, line_first(v, res), k
            res["null"] = v.strip(" \t") == "<>"
        elif n == "on-behalf-of" and k < stop and not behalf_line:
            behalf_line, res["on_behalf_of"] = True, line_first(v, res)
        elif n == "subject" and res["subject"] is None:
            res["subject"] = v
        elif n == "message-id" and k == last_id:
            res["message_id"] = None if v in ("", "Unknown Message-ID") else v
        elif n in ("label", "mailbox", "sentutc",
                   "receivedutc") and (k > last_id if last_id is not None else res["sender_line"]):
            key = {"label": "label", "mailbox": "mailbox", "sentutc": "sent_utc",
                   "receivedutc": "received_utc"}[n]
            res["extra"].setdefault(key, v)
    if not res["sender_line"]:
        return None
    begin = last_id if last_id is not None else at
    rest, blank = rows[begin + 1:], False
    while rest:
        r = rest.pop(0)
        known = RCPT.match(r) or FIELD.match(r)
        if r.strip() and blank and not known and res["recipients"]:
            res["odd"] += sum(bool(RCPT.match(x)) and "@" in x for x in rest)
            break                   # a footer
        blank = not r.strip()
        m = RCPT.match(r)
        if not m:
            continue
        v = m.group(2).strip(" \t")
        while rest and rest[0][:1] in (" ", "\t") and rest[0].strip():
            v += "\n" + rest.pop(0)
        got, odd = line_recipients(v, m.group(1).lower())
        res["recipients"] += got
        res["odd"] += odd
    res["at_top"] = bool(re.match(r"\s*sender[ \t]*:", text, re.I))
    res["has_id"] = last_id is not None
    return res if res["recipients"] else None


ENTRY = re.compile(r'^\s*(?:"(?:[^"\\]|\\.)*"|[^"<>]*)\s*<(?:([^<>:@]*):)?([^<>]*)>\s*,?\s*$', re.A)
BARE = re.compile(r'^\s*([^\s<>",;]+@[^\s<>",;]+?)\s*,?\s*$', re.A)


def entry(v):
    m = ENTRY.match(v)
    if m:
        return m.group(2) if m.group(1) is None or m.group(1).lower() == "smtp" \
            else m.group(1) + ":" + m.group(2)
    m = BARE.match(v)
    return m.group(1) if m else None


def hopeless(acc):
    """No further line can make it an entry."""
    return not re.match(r'\s*(?:"(?:[^"\\]|\\.)*(?:\\?$|"\s*(?:$|<))|[^"<>]*(?:$|<))', acc) \
        or bool(re.match(r'\s*(?:"(?:[^"\\]|\\.)*"\s*|[^"<>]*)<[^>]*(<|>\s*,?\s*[^\s,])', acc))


def parse_2003(text):
    rows = [r[:-1] if r.endswith("\r") else r for r in text.split("\n")]
    name = re.compile(r"^(sender|message-id|recipients)[ \t]*:(.*)$", re.I | re.A)
    res = {"sender_line": False, "envelope_sender": None, "on_behalf_of": None, "subject": None,
           "message_id": None, "recipients": [], "extra": {}, "odd": 0, "null": False}
    k = 0
    while k < len(rows):
        m = name.match(rows[k])
        if not m:
            k += 1
            continue
        field, acc = m.group(1).lower(), m.group(2)
        k += 1
        if field == "recipients":
            lines = [acc]
            while k < len(rows) and rows[k].strip() and not name.match(rows[k]):
                lines.append(rows[k])
                k += 1
            acc = ""
            for n, line in enumerate(lines):
                acc += line
                e = entry(acc)
                if e is not None:
                    res["recipients"] += [{"address": e, "type": "recipient"}] if e else []
                    acc = ""
                elif n == len(lines) - 1 or hopeless(acc):
                    got, odd = address_list(acc)
                    res["recipients"] += [{"address": a, "type": "recipient"} for a, _ in got]
                    res["odd"] += odd
                    acc = ""
            continue
        while k < len(rows) and rows[k].strip() and not name.match(rows[k]) \
                and (field == "message-id" or (entry(acc) is None and not hopeless(acc))):
            acc += rows[k]
            k += 1
        if field == "sender" and not res["sender_line"]:
            e = entry(acc)
            if e is not None or acc.strip():
                res["sender_line"] = True
                res["null"] = acc.strip() == "<>"
                res["envelope_sender"] = line_first(acc, res) if e is None else e or None
        elif field == "message-id" and res["message_id"] is None:
            res["message_id"] = acc.strip() or None
    res["at_top"] = bool(re.match(r"\s*sender[ \t]*:", text, re.I))
    res["has_id"] = bool(re.search(r"^message-id[ \t]*:", text, re.I | re.M))
    return res if res["sender_line"] and res["recipients"] else None


# --- messages ---------------------------------------------------------------------------
def family(fields):
    if any(f[0] and f[0].lower() in (b"x-ms-journal-report", b"x-wm-journal-report")
           for f in fields):
        return "exchange-2007"
    for f in fields:
        if f[0] and f[0].lower() in (b"content-identifier", b"content-identifer") \
                and token(value(f)) == (b"exjournalreport", True):
            return "exchange-2003"
    return None


def text_candidates(parts):
    for p in parts:
        if p.kind == "text/plain":
            yield p
        elif p.kind == "multipart/alternative" and p.params.get("boundary"):
            for q in parts_of(p.content, p.params["boundary"])[0]:
                q = Part(q)
                if q.kind == "text/plain":
                    yield q


MESSAGES = ("message/rfc822", "message/global")


def flatten(parts, depth):
    """The parts with those of multiparts in place of these, up to the first message."""
    out = []
    for p in parts:
        boundary = p.params.get("boundary")
        if p.kind in ("multipart/mixed", "multipart/related", "multipart/signed") and boundary \
                and depth < 4 and not any(q.kind in MESSAGES and q.complete for q in out):
            out += flatten([Part(x) for x in parts_of(p.content, boundary)[0]], depth + 1)
        else:
            p.depth = depth
            out.append(p)
    return out


def open_report(msg):
    """
    (meta, [message bytes, ...], family) of a journal report, or None when it is not a proper one.
    """
    fields, at, complete = header_fields(msg)
    fam = family(fields)
    if fam is None:
        return None
    kind, params = content_type(fields)
    if not kind.startswith("multipart/") or not params.get("boundary") or not complete:
        return None
    parts = flatten([Part(x) for x in parts_of(msg[at:], params["boundary"])[0]], 0)
    inner = [p for p in parts if p.kind in MESSAGES and p.complete]
    inner = [p.message() for p in inner if p.depth == min(q.depth for q in inner)]
    inner, odd = [m for m, _ in inner], sum(o for _, o in inner[:2])
    if not inner or not inner[0]:
        return None
    metas = []
    for p in text_candidates(parts):
        for octets, strange in p.texts():
            text = to_text(octets, p.params.get("charset"))
            meta = parse_2007(text) if fam == "exchange-2007" else parse_2003(text)
            if meta:
                meta["strange"] = odd + strange
                metas.append(meta)
                break
    if metas:
        return max(metas, key=lambda m: 2 * m["at_top"] + m["has_id"]), inner, fam
    return None


def open_ndr(msg):
    fields, at, complete = header_fields(msg)
    kind, params = content_type(fields)
    if kind != "multipart/report" or params.get("report-type", b"").lower() != b"delivery-status" \
            or not params.get("boundary") or not complete:
        return None
    for x in parts_of(msg[at:], params["boundary"])[0]:
        p = Part(x)
        if p.kind in MESSAGES and p.complete:
            inner = p.message()[0]
            return inner if open_report(inner) else None
    return None


def is_rms(msg):
    fields, at, _ = header_fields(msg)
    if token(get(fields, b"content-class") or b"")[0] == b"rpmsg.message":
        return True
    kind, params = content_type(fields)
    if kind.startswith("multipart/") and params.get("boundary"):
        for x in parts_of(msg[at:], params["boundary"])[0]:
            p = Part(x)
            if p.kind == "application/x-microsoft-rpmsg-message":
                return True
    return False


def words(v, charset):
    """
    Encoded words, by the standard library. It damages raw text beside them, so that is hidden from
    it.
    """
    text = raw_text(v, charset)
    hidden = sorted({c for c in text if ord(c) > 126})
    for k, c in enumerate(hidden):
        text = text.replace(c, "\x01%d\x02" % k)
    out = ""
    for chunk, cs in decode_header(text):
        if isinstance(chunk, bytes):
            chunk = replace_text(chunk, cs)
        out += chunk
    return re.sub("\x01(\\d+)\x02", lambda m: hidden[int(m.group(1))], out)


def replace_text(data, charset):
    codec = codec_of((charset or "utf-8").encode())
    return to_text(data, None) if codec in (None, "ascii") else convert(data, codec)[0]


PARTIES = {b"to": "to", b"cc": "cc", b"bcc": "bcc", b"resent-to": "to", b"resent-cc": "cc",
           b"resent-bcc": "bcc"}
TRACES = (b"delivered-to", b"x-original-to", b"envelope-to", b"x-envelope-to", b"apparently-to",
          b"x-gm-original-to", b"x-rcpt-to")


def header_recipients(fields, charset, journal_domains):
    """Those that people see, then those of the envelope that are not among them."""
    out, odd = [], 0
    for f in fields:
        if f[0] and f[0].lower() in PARTIES:
            got, more = address_list(raw_text(value(f), charset))
            odd += more
            out += [{"address": a, "type": PARTIES[f[0].lower()]} for a, _ in got]
    for f in fields:
        if f[0] and f[0].lower() in TRACES:
            for a, _ in address_list(raw_text(value(f), charset))[0]:
                if a.lower() not in [r["address"].lower() for r in out] \
                        and a.rpartition("@")[2].lower() not in journal_domains:
                    out.append({"address": a, "type": "recipient"})
    return out, odd


def examine(msg, journal_domains=JOURNAL_DOMAINS):
    """Everything the .json says about a message."""
    res = {"step_down": True, "variant": "plain", "ndr": False, "nesting": 0}
    report = msg
    got = open_report(msg)
    if got is None:
        inside = open_ndr(msg)
        if inside is not None:
            res["ndr"], got = True, open_report(inside)
    archived, clear = msg, None
    if got:
        got, depth = oracle_levels.descend(got, res, open_report, journal_domains)
        meta, inner, fam = got
        archived = inner[0]
        if len(inner) > 1 and inner[1] and is_rms(inner[0]):
            clear = inner[1]
        res.update(step_down=False, variant=fam, nesting=depth)
        res.update({k: meta[k] for k in ("envelope_sender", "on_behalf_of", "subject", "message_id",
                                         "recipients")})
        if meta["extra"]:
            res["extra"] = meta["extra"]
    fields, _, _ = header_fields(archived)
    charset = message_charset(archived)
    defects = {"encoding": coding(fields)[1], "address": 0}
    if got:
        defects = {"encoding": defects["encoding"] + got[0]["strange"],
                   "address": got[0]["odd"]}
    if res["step_down"]:
        res.update(envelope_sender=None, on_behalf_of=None, subject=None, message_id=None)
        for name in (b"from", b"sender", b"resent-from", b"return-path"):
            if res["envelope_sender"] is None and get(fields, name) is not None:
                res["envelope_sender"] = first_address(raw_text(get(fields, name), charset))
                defects["address"] += address_list(raw_text(get(fields, name), charset))[1]
        res["recipients"], odd = header_recipients(fields, charset, journal_domains)
        defects["address"] += odd
    defects = {k: int(n) for k, n in defects.items() if n}
    if defects:
        res["defects"] = defects
    if res["subject"] is None:
        s = get(fields, b"subject")
        res["subject"] = words(s, charset) if s is not None else None
    if res["message_id"] is None:
        m = get(fields, b"message-id")
        res["message_id"] = raw_text(m, charset) if m else None
    kept, removed = strip_headers(archived)
    res.update(inner_sha256=hashlib.sha256(kept).hexdigest(), inner_size=len(kept),
               inner_raw_sha256=hashlib.sha256(archived).hexdigest(), removed_headers=removed)
    if clear is not None:
        kept, removed = strip_headers(clear)
        res["clear_text"] = {"inner_sha256": hashlib.sha256(kept).hexdigest(),
                             "inner_size": len(kept), "removed_headers": removed}
    return res


def main(argv):
    if len(argv) == 2 and argv[0] == "show":
        with open(argv[1], "rb") as f:
            print(json.dumps(examine(f.read()), indent=1, ensure_ascii=False))
        return 0
    if len(argv) < 2 or argv[0] != "check":
        print(__doc__)
        return 2
    bad = count = 0
    for d in argv[1:]:
        for name in sorted(os.listdir(d)):
            if not name.endswith(".json"):
                continue
            with open(os.path.join(d, name), encoding="utf-8") as f:
                want = json.load(f)
            with open(os.path.join(d, name[:-5] + ".eml"), "rb") as f:
                eml = f.read()
            got = examine(eml)
            count += 1
            if "levels" not in want:	# a result of before they were kept
                got.pop("levels", None)
            diffs = [k for k in got if want.get(k) != got[k]]
            diffs += [k for k in ("extra", "clear_text") if (k in want) != (k in got)]
            if want.get("defects") == {} and "defects" not in got:
                want.pop("defects")
            if isinstance(want.get("defects"), dict) and "defects" not in got:
                diffs.append("defects")
            if isinstance(want.get("defects"), list) and "defects" in diffs:
                diffs.remove("defects")
            if hashlib.sha256(eml).hexdigest() != want["eml_sha256"]:
                diffs.append("eml_sha256")
            if diffs:
                bad += 1
                print("%s/%s" % (d, name))
                for k in diffs:
                    print("   %-18s want %r\n   %-18s got  %r" % (k, want.get(k), "", got.get(k)))
    print("%d messages, %d differ" % (count, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
