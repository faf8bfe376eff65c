# SPDX-License-Identifier: BSD-2-Clause
"""
A POP3 server on loopback that does everything a good server never does. It keeps a real mailbox.
DELE takes effect only after a QUIT that was answered, or whose answer is lost on purpose. Each
connection numbers the messages anew. Everything that clients said is kept.

Quirks, of one connection or of all ("*"):
  banner-err banner-garbage auth-err
  auth-evil                control characters, C1 and no UTF-8 in the refusal
  echo                     every status line has all that clients said, decoded, too
  echo-err                 the same, and STAT and LIST are refused
  auth-ir-only-two-steps   AUTH with an initial response is refused
  capa-err                 no CAPA
  stls-inject              plain text after the +OK of STLS
  uidl-err list-err
  uidl-short               closes inside the list
  uidl-dup uidl-missing
  uidl-renamed             all ids are new
  uidl-number              the number is the id
  list-lies                wrong sizes
  retr-endless:N           lines without an end
  retr-err:N retr-cut:N retr-cutdot:N retr-stall:N retr-close-after:N retr-garbage:N
                           at the Nth message of the mailbox by its id
  nostuff                  dots at the start of lines are not doubled
  nostuff-late             likewise; what follows a line "." comes a moment later
  retr-brief:N             a proper end after the first third
  list-lf                  sizes count a line end as one octet
  list-huge                all sizes are 4 GB
  stat-words               other words in each answer to STAT
  stat-late                another answer to STAT from the second message on, once
  stat-grows               mail comes in all the time: each STAT counts one more
  stat-exact               STAT counts exact octets of what was sent once, and estimates else
  stat-err-late            STAT is refused after the first time
  retr-most:N              closes the connection at the RETR after N of them
  trickle                  a few bytes in each packet
  dele-err dele-cut
  quit-cut quit-err        nothing deleted
  quit-half                -ERR, and all but the last are deleted
  quit-lie                 +OK, and nothing deleted
  quit-lost                deleted, not answered
  quit-hang                likewise, and the connection stays open
  quit-stall
"""
import base64
import socket
import ssl
import threading
import time

import tap

EXCHANGE = ("TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER")


def stuffed(message):
    """As a correct server sends it; a message that does not end with CRLF gets one."""
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    lines = message.split(b"\r\n")[:-1] if message else []
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n"
                    for line in lines) + b".\r\n"


class Gone(Exception):
    """The connection is closed."""


class Session:
    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.lines = sock.makefile("rb")
        self.box = list(server.messages)
        self.deleted, self.sent, self.stats = set(), set(), 0
        self.retrieved = 0
        self.quirks = server.quirks_of(number)
        self.failing = {}
        for q in self.quirks:
            name, _, ident = q.partition(":")
            if ident:
                self.failing[ident] = name

    def has(self, quirk):
        return quirk in self.quirks

    def echoed(self, data):
        """A status line with what clients said in all sessions: the login, too."""
        if not (self.has("echo") or self.has("echo-err")) or data[:3] not in (b"+OK", b"-ER"):
            return data
        said = [text.encode("latin-1") for _, text in self.server.said[-12:]]
        for text in list(said):
            try:
                said.append(base64.b64decode(text.split()[-1], validate=True).replace(b"\0", b" "))
            except (ValueError, IndexError):
                pass
        said = [text for text in said if b" " in text]
        line, end, rest = data.partition(b"\r\n")
        return line + b" " + b"|".join(reversed(said))[:400] + end + rest

    def say(self, data):
        data = self.echoed(data)
        if self.has("trickle"):
            for i in range(0, len(data), 3):
                self.sock.sendall(data[i:i + 3])
                time.sleep(0.0005)
        else:
            self.sock.sendall(data)

    def list_of(self, rows):
        self.say(b"+OK\r\n" + b"".join(r + b"\r\n" for r in rows) + b".\r\n")

    def run(self):
        if self.has("banner-err"):
            self.say(b"-ERR Too many connections.\r\n")
            raise Gone
        self.say(b"* OK IMAP4rev1 ready\r\n" if self.has("banner-garbage")
                 else b"+OK The Microsoft Exchange POP3 service is ready. [VABFAFMAVAA=]\r\n")
        while True:
            raw = self.lines.readline()
            if not raw:
                raise Gone
            text = raw.rstrip(b"\r\n").decode("latin-1")
            self.server.said.append((self.number, text))
            verb, _, rest = text.partition(" ")
            do = getattr(self, "do_" + verb.lower(), None)
            if do:
                do(rest)
            else:
                self.say(b"-ERR Command is not valid.\r\n")

    def do_capa(self, _):
        if self.has("capa-err"):
            self.say(b"-ERR Command is not valid.\r\n")
        else:
            self.list_of([c.encode() for c in self.server.capa])

    def logged_in(self):
        if self.has("auth-evil"):
            self.say(b"-ERR evil \x1b[1m\x07\xc2\x9b\x9b\xff\xe2\x80\xae\0\r\n")
            return
        self.say(b"-ERR Logon failure: unknown user name or bad password.\r\n"
                 if self.has("auth-err") else b"+OK User successfully logged on.\r\n")

    def do_auth(self, rest):
        words = rest.split()
        if len(words) > 1:
            self.say(b"-ERR Protocol error. Connection is closed. 10\r\n")
            raise Gone
        self.say(b"+ \r\n")
        self.server.said.append((self.number,
                                 "SASL " + self.lines.readline().strip().decode("latin-1")))
        if words[0] == "LOGIN":
            self.say(b"+ UGFzc3dvcmQ6\r\n")
            self.server.said.append((self.number,
                                     "SASL " + self.lines.readline().strip().decode("latin-1")))
        self.logged_in()

    def do_user(self, _):
        self.say(b"+OK\r\n")

    def do_pass(self, _):
        self.logged_in()

    def do_stls(self, _):
        self.say(b"+OK begin TLS\r\n+OK injected\r\n")
        raise Gone

    def live(self):
        return [(n, i, m) for n, (i, m) in enumerate(self.box, 1) if n not in self.deleted]

    def size(self, message):
        return 100 if self.has("list-lies") else 1 << 32 if self.has("list-huge") \
            else len(message.replace(b"\r\n", b"\n")) if self.has("list-lf") else len(message)

    def do_stat(self, _):
        self.stats += 1
        sent = {n for n, _, _ in self.live() if n in self.sent}
        if self.has("echo-err") or self.has("stat-err-late") and self.stats > 1:
            self.say(b"-ERR not again\r\n")
        elif self.has("stat-grows") or self.has("stat-late") and self.sent:
            more = self.stats if self.has("stat-grows") else 1
            self.say(b"+OK %d %d\r\n" % (len(self.live()) + more, sum(
                len(m) for _, _, m in self.live()) + 500 * more))
        elif self.has("stat-exact"):
            self.say(b"+OK %d %d\r\n" % (len(self.live()), sum(
                len(m) if n in sent else len(m) + 40 for n, _, m in self.live())))
        else:
            self.plain_stat()

    def plain_stat(self):
        self.say(b"+OK %d %d%s\r\n"
                 % (len(self.live()), sum(self.size(m) for _, _, m in self.live()),
                    b" at %d" % time.monotonic_ns() if self.has("stat-words") else b""))

    def one_of(self, rest, rows):
        """The answer with the one row that a client asks for."""
        self.say(dict(rows).get(int(rest), b"-ERR no such message\r\n"))

    def do_list(self, rest):
        if self.has("list-err") or self.has("echo-err"):
            self.say(b"-ERR Command is not valid.\r\n")
        elif rest:
            self.one_of(rest, [(n, b"+OK %d %d\r\n" % (n, self.size(m)))
                               for n, _, m in self.live()])
        else:
            self.list_of([b"%d %d" % (n, self.size(m)) for n, _, m in self.live()])

    def do_uidl(self, rest):
        rows = [(n, ("r%d-" % self.number if self.has("uidl-renamed") else "") + i)
                for n, i, _ in self.live()]
        if self.has("uidl-number"):
            rows = [(n, "%d" % n) for n, _, _ in self.live()]
        if self.has("uidl-err"):
            self.say(b"-ERR Command is not valid.\r\n")
            return
        if self.has("uidl-dup") and len(rows) > 1:
            rows[1] = (rows[1][0], rows[0][1])
        if self.has("uidl-missing") and len(rows) > 1:
            rows.pop(1)
        if rest:
            self.one_of(rest, [(n, b"+OK %d %s\r\n" % (n, i.encode())) for n, i in rows])
            return
        if self.has("uidl-short"):
            self.say(b"+OK\r\n" + b"".join(b"%d %s\r\n" % (n, i.encode()) for n, i in rows))
            raise Gone
        self.list_of([b"%d %s" % (n, i.encode()) for n, i in rows])

    def do_retr(self, rest):
        n = int(rest)
        if n < 1 or n > len(self.box) or n in self.deleted:
            self.say(b"-ERR There's no message %d.\r\n" % n)
            return
        ident, message = self.box[n - 1]
        self.retrieved += 1
        if any(q.startswith("retr-most:") and self.retrieved > int(q[10:]) for q in self.quirks):
            raise Gone
        self.sent.add(n)
        how, whole = self.failing.get(ident), stuffed(message)
        if self.has("nostuff") or self.has("nostuff-late"):
            whole = message + b".\r\n"
        if how == "retr-brief":
            whole = stuffed(message[:message.index(b"\r\n", len(message) // 3) + 2])
        if how == "retr-err":
            self.say(b"-ERR An error occurred while processing your request.\r\n")
            return
        if how == "retr-garbage":
            self.say(b"what?\r\n")
            return
        if how in ("retr-cut", "retr-cutdot", "retr-stall"):
            self.say(b"+OK\r\n" + (whole[:-3] if how == "retr-cutdot" else whole[:len(whole) // 2]))
            if how == "retr-stall":
                self.server.ended.wait()
            raise Gone
        if how == "retr-endless":
            self.say(b"+OK\r\n")
            while not self.server.ended.is_set():
                self.sock.sendall(b"x" * 62 + b"\r\n" + b"y" * 16000)
        if self.has("nostuff-late") and whole.find(b"\r\n.\r\n") + 5 < len(whole):
            at = whole.find(b"\r\n.\r\n") + 5
            self.say(b"+OK\r\n" + whole[:at])
            time.sleep(0.2)
            self.say(whole[at:])
        else:
            self.say(b"+OK\r\n" + whole)
        if how == "retr-close-after":
            raise Gone

    def do_dele(self, rest):
        if self.has("dele-cut"):
            raise Gone
        if self.has("dele-err"):
            self.say(b"-ERR not now\r\n")
            return
        self.deleted.add(int(rest))
        self.say(b"+OK\r\n")

    def do_noop(self, _):
        self.say(b"+OK\r\n")

    def do_quit(self, _):
        if self.has("quit-stall"):
            self.server.ended.wait()
        elif self.has("quit-half"):
            self.server.delete([self.box[n - 1][0] for n in sorted(self.deleted)[:-1]])
            self.say(b"-ERR [SYS/TEMP] some messages not removed\r\n")
        elif self.has("quit-err"):
            self.say(b"-ERR [SYS/TEMP] some messages not removed\r\n")
        elif self.has("quit-lie"):
            self.say(b"+OK signing off.\r\n")
        elif not self.has("quit-cut"):
            self.server.delete([self.box[n - 1][0] for n in self.deleted])
            if self.has("quit-hang"):
                self.server.ended.wait()
            elif not self.has("quit-lost"):
                self.say(b"+OK Microsoft Exchange Server POP3 server signing off.\r\n")
        raise Gone


class Pop3Server:
    """
    messages: [(id, bytes with CRLF)]. quirks: {connection number from 1 on, or "*": [quirk, ...]}.
    later: messages that come in at the moment in which those of the same ids are deleted. tls:
    files of certificate and key.
    """

    def __init__(self, messages, quirks=None, capa=EXCHANGE, port=0, later=(), tls=None):
        self.messages, self.quirks, self.capa = list(messages), quirks or {}, list(capa)
        self.said, self.sessions, self.later = [], 0, list(later)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if tls:
            self.tls.load_cert_chain(*tls)
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        tap.at_end(self.stop)

    def quirks_of(self, number):
        return list(self.quirks.get(number, [])) + list(self.quirks.get("*", []))

    def delete(self, idents):
        with self.lock:
            self.messages = [m for m in self.messages if m[0] not in idents] \
                + [m for m in self.later if m[0] in idents]
            self.later = [m for m in self.later if m[0] not in idents]

    def commands(self, number=None):
        return [t for n, t in self.said if number is None or n == number]

    def sessions_so_far(self):
        """
        The number of connections, with those that still wait for the server. They are served in
        order, and the one made here is the last.
        """
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.recv(1)
            return self.sessions

    def stop(self):
        self.ended.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sessions += 1
            threading.Thread(target=self._serve, args=(sock, self.sessions), daemon=True).start()

    def _serve(self, sock, number):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            Session(self, sock, number).run()
        except (Gone, OSError):
            pass
        finally:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
