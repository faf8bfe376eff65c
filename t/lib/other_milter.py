# SPDX-License-Identifier: BSD-2-Clause
"""
A milter that lets all mail pass and counts it: the filter that a mail server had before
journal-milter came. Standard library only; contrib/newcomer uses it, too.
"""
import socketserver
import struct
import threading

NO_REPLY = "AKDQ"	# abort, next session, macros, quit


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            head = self.rfile.read(4)
            if len(head) < 4:
                return
            data = self.rfile.read(struct.unpack(">I", head)[0])
            kind = chr(data[0])
            if kind == "O":
                answer = b"O" + struct.pack(">III", 6, 0, 0)
            elif kind in NO_REPLY:
                continue
            else:
                answer = b"c"
            if kind == "E":
                self.server.messages += 1
            self.wfile.write(struct.pack(">I", len(answer)) + answer)
            self.wfile.flush()


class OtherMilter(socketserver.ThreadingTCPServer):
    """messages: how many it has seen. It listens in the network of the thread that makes it."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), _Session)
        self.messages = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()
