# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP client that sends exactly the bytes it is given."""
import base64
import socket
import ssl
import struct


class Reply:
    """code: 250; text: all lines joined with a blank, without the code."""

    def __init__(self, lines):
        self.lines = lines
        self.code = int(lines[0][:3])
        self.text = " ".join(x[4:] for x in lines)

    def __repr__(self):
        return "%d %s" % (self.code, self.text)


class Gone(Exception):
    """The server closed the connection."""


def stuff(data):
    """Dot-stuffing and the final dot; data should end with a line end."""
    if not data.endswith(b"\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\n.", b"\n..") + b".\r\n"


class Client:
    """
    One session. source: the address to come from (any 127.x.y.z); each command returns a Reply.
    """

    def __init__(self, port, host="127.0.0.1", source=None, helo="client.example.net", timeout=300):
        self.helo = helo
        self.socket = socket.create_connection((host, port), timeout,
                                               (source, 0) if source else None)
        self.file = self.socket.makefile("rb")
        self.banner = self.reply()
        self.extensions = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise Gone("connection closed after %r" % lines)
            lines.append(line.rstrip(b"\r\n").decode("utf-8", "replace"))
            if line[3:4] != b"-":
                return Reply(lines)

    def command(self, text):
        self.socket.sendall((text if isinstance(text, bytes) else text.encode("utf-8")) + b"\r\n")
        return self.reply()

    def ehlo(self):
        r = self.command("EHLO " + self.helo)
        self.extensions = [x[4:].upper() for x in r.lines[1:]]
        return r

    def starttls(self, cert=None, key=None):
        """
        cert, key: files of a client certificate. The server's is not checked. EHLO is sent again.
        """
        r = self.command("STARTTLS")
        if r.code != 220:
            return r
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if cert:
            context.load_cert_chain(cert, key)
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")
        return self.ehlo()

    def auth(self, user, password):
        word = base64.b64encode(b"\0" + user.encode() + b"\0" + password.encode()).decode()
        return self.command("AUTH PLAIN " + word)

    def mail(self, address, parameters=""):
        return self.command("MAIL FROM:%s%s" % (address if address.startswith("<") else "<%s>"
                                                % address, " " + parameters if parameters else ""))

    def rcpt(self, address):
        return self.command("RCPT TO:%s"
                            % (address if address.startswith("<") else "<%s>" % address))

    def data(self, message):
        """
        DATA and the message. Returns the reply to DATA when that is refused, else the reply to the
        message.
        """
        r = self.command("DATA")
        if r.code != 354:
            return r
        self.socket.sendall(stuff(message))
        return self.reply()

    def begin(self, message):
        """DATA and the message without its final dot."""
        r = self.command("DATA")
        if r.code == 354:
            self.socket.sendall(stuff(message)[:-3])
        return r

    def end(self):
        """The final dot; the reply comes with reply()."""
        self.socket.sendall(b".\r\n")

    def bdat(self, chunks):
        for i, c in enumerate(chunks):
            self.socket.sendall(b"BDAT %d%s\r\n" % (len(c),
                                                    b" LAST" if i == len(chunks) - 1 else b"") + c)
            r = self.reply()
            if r.code != 250:
                break
        return r

    def abort(self):
        """Close with a reset, as a client that died."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def quit(self):
        try:
            self.command("QUIT")
        except (OSError, Gone):
            pass
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()


def send(port, mail_from, recipients, message, tls=None, login=None, parameters="", **kw):
    """
    One message in one session. Returns the Reply of the first step that refused it (for a single
    recipient), or the last one.
    """
    with Client(port, **kw) as c:
        if c.banner.code != 220:
            return c.banner
        r = c.ehlo()
        if tls is not None:
            r = c.starttls(*tls)
            if r.code != 250:
                return r
        if login:
            r = c.auth(*login)
            if r.code != 235:
                return r
        r = c.mail(mail_from, parameters)
        if r.code != 250:
            return r
        refused = None
        taken = 0
        for address in recipients:
            r = c.rcpt(address)
            taken += r.code == 250
            refused = refused or (r if r.code != 250 else None)
        if not taken:
            return refused
        r = c.data(message)
        c.quit()
        return r
