# SPDX-License-Identifier: BSD-2-Clause
"""
A second opinion on address lists (rule R11 of t/corpus/journal/README.md), for oracle.py. It shares
no code and no method with common/mail/address.c.
"""
import re
from email.header import decode_header, make_header

# Addresses: what could hide an octet that matters (quoted strings, comments, encoded words, domain
# literals) is replaced by one character of a private area each; the rest is regular expressions.
HIDE = re.compile(r'"(?:\\.|[^"\\])*"|=\?[^?\s<]+\?[qQbB]\?[^?\s]*\?=|(?<=@)\[[^\s\],]*\]', re.S)
FOREIGN = re.compile(r"/o=|/c=|(?:ex|x400|x500|fax|notes|ccmail|ms|gwise|mobile):", re.I)
ROUTE = re.compile(r"(?:^|(?<=[<,;]))(\s*)@[\w.\-\s@,\u00a0-\uffff]*:")
ATOM = r"[^\s@,;:<>.()\[\]\"]+"
GAP = r"(?:\s+\.+\s*|\.+)"
SPEC = re.compile(r"\.?%s(?:%s%s)*\.?\s*@\s*%s(?:%s%s)*(?:@\S*)?" % (ATOM, GAP, ATOM, ATOM, GAP,
                                                                    ATOM))


class Mask:
    """A text with its difficult pieces replaced, and the way back."""
    def __init__(self, text):
        self.pieces = []
        before = None
        while before != text:       # innermost comments first
            before, text = text, HIDE.sub(self._hide, text)
            text = re.sub(r"\(([^()\\]|\\.)*\)", self._comment, text)
        self.text = text

    def _hide(self, m):
        self.pieces.append(m.group(0))
        return chr(0xe000 + len(self.pieces) - 1)

    def _comment(self, m):
        self.pieces.append(m.group(0))
        return chr(0xf0000 + len(self.pieces) - 1)

    def show(self, text):
        def piece(m):
            k = ord(m.group(0)) - (0xe000 if ord(m.group(0)) < 0xf0000 else 0xf0000)
            return self.pieces[k] if k < len(self.pieces) else "\ufffd"

        hidden = re.compile("[\ue000-\uf8ff\U000f0000-\U000fffff]")
        while hidden.search(text):
            text = hidden.sub(piece, text)
        return text


def plain(mask, spec):
    """The plain form of what SPEC found; None when it is no address."""
    t = re.sub("[\\s\U000f0000-\U000fffff]", "", spec)
    local, _, domain = t.rpartition("@")
    quote = local[:1] == "'" and re.search("'", domain)
    if local[:1] == "{" and re.match("[^}]*}", domain):
        quote = True
    m = re.match(r"[\w.\-\u0080-\uffff]+(?=$|['`?*}|])", mask.show(domain)) \
        or re.match(r"\[.*\]$", mask.show(domain))
    if "@" in local or not m:
        return None
    return mask.show(local[1:] if quote else local) + "@" + m.group(0).rstrip(".")


def loose(piece):
    """The piece without blanks, dots and comments."""
    return re.sub("[\\s.\U000f0000-\U000fffff]", "", piece)


class AddressList:
    def __init__(self, v, nested):
        text = v if isinstance(v, str) else v.decode("utf-8", "replace")
        self.mask = Mask(re.sub(r"\r?\n", "", text))
        self.nested, self.out, self.held, self.odd = nested, [], [], 0
        self.after = False          # an address in brackets came before, in this entry
        rest = ROUTE.sub(r"\1", self.mask.text)
        while rest:
            m = re.match(r"([^<,;]*)(?:<+\s*<*([^<>]*)(>?)|([,;])|$)", rest, re.S)
            front, angle, close, sep = m.groups()
            rest = rest[m.end():]
            if angle is None:
                rest = self.entry(front, sep, rest)
            elif not close and "@" not in angle:
                rest = front + " " + angle + rest if rest or angle.strip() else ""
            else:
                self.bracket(front, angle, bool(close))
        self.release()

    def raw(self, piece):
        piece = self.mask.show(piece).strip()
        if self.nested or not piece:
            return
        self.odd += bool(re.search(r'[\s\x00-\x1f\x7f"()<>@,;:\\]', piece)) \
            and not FOREIGN.match(piece)
        self.out.append((piece, False))

    def release(self):
        for piece in self.held:
            self.raw(piece)
        self.held.clear()

    def words(self, piece, whole):
        """The addresses of a piece without separators; whole: it is all between brackets."""
        bare = re.sub("[\U000f0000-\U000fffff]", "", piece)
        found, rest = SPEC.findall(bare), loose(SPEC.sub(" ", bare))
        if whole and (not found or (len(found) == 1 and rest)):
            self.raw(piece)
            return
        for spec in found:
            a = plain(self.mask, spec)
            if a:
                self.out.append((a, False))
            else:
                self.raw(spec)
        if found:
            self.odd += bool(loose(SPEC.split(bare)[-1])) and not self.nested
        elif loose(piece) or piece.strip():
            inner = words_inside(self.mask.show(piece))
            got = address_list(inner, True)[0] if inner and not self.nested else []
            self.out.extend(got)
            if not got and rest:
                self.held.append(piece)

    def entry(self, front, sep, rest):
        """An entry, or its end, without brackets. Returns the rest after it."""
        if FOREIGN.match(front.strip()):
            more = re.match("[^,]*", rest).group(0) if sep == ";" else ""
            self.release()
            self.raw(front + (sep if sep == ";" else "") + more)
            self.after = False
            return rest[len(more):]
        front = self.without_group(front)
        if self.after and not SPEC.search(front):
            self.odd += bool(loose(front)) and not self.nested
        else:
            if SPEC.search(front):
                self.release()
            self.words(front, False)
        if sep != "," or re.fullmatch(r"\s*[a-z0-9._\-]+\s*", front) or not rest:
            self.release()
        self.after = False
        return rest

    @staticmethod
    def without_group(front):
        pieces = re.split(r"[:>]", front)
        return pieces[-1] if not any(SPEC.search(x) for x in pieces[:-1]) else " ".join(pieces)

    def bracket(self, front, angle, closed):
        front = self.without_group(front)
        if loose(front):
            self.held.clear()
            twin = re.sub(r"^(mailto|smtp):", "", self.mask.show(angle).strip(), flags=re.I)
            for spec in re.findall(r"%s(?:\.%s)*@%s(?:\.%s)*" % ((ATOM,) * 4), front):
                a = plain(self.mask, spec)
                if a and a.lower() != twin.lower():
                    self.out.append((a, True))
        else:
            self.release()
        self.after = True
        foreign = FOREIGN.match(angle.strip())
        if foreign or "@" not in angle:
            if foreign or not re.search(r"[:;]\s*$", angle):
                self.raw(angle)
            return
        for piece in re.split(r"[,;]", angle.rpartition(":")[2] if "[" not in angle else angle):
            self.words(piece, closed)


def address_list(v, nested=False):
    """([(address, True when it is in a name)], defects) of the value of an address field."""
    got = AddressList(v, nested)
    return got.out, got.odd


def words_inside(text):
    """The text in quotes, comments and encoded words as a list; None without an address."""
    text = re.sub(r'\\(.)', r"\1", re.sub(r'[()"]', " ", text))
    text = str(make_header(decode_header(text))) if "=?" in text else text
    return text if "@" in text else None


def first_address(v):
    """The first address that is not in a name."""
    got = sorted(address_list(v)[0], key=lambda x: x[1])
    return got[0][0] if got else None
