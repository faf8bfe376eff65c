# SPDX-License-Identifier: BSD-2-Clause
"""
The driver t/lib/pop3_pull from Python, its folder of messages, and messages that are hard on a POP3
client.
"""
import os
import random
import subprocess

import tap

PULL = os.path.join(tap.BUILD, "t/lib/pop3_pull")


class Pull:
    """
    The output of one run of the driver: facts by their first word (last one wins), and all lines.
    """

    def __init__(self, **options):
        args = [PULL] + ["%s=%s" % (k.replace("_", "-"), v) for k, v in options.items()
                         if v is not None]
        r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           timeout=600)
        self.status, self.text = r.returncode, r.stdout.decode() \
            + r.stderr.decode("utf-8", "replace")
        self.lines = self.text.splitlines()
        self.facts = {line.partition(" ")[0]: line.partition(" ")[2] for line in self.lines}

    def __getattr__(self, name):
        return self.facts.get(name.replace("_", "-"), "")

    def outcomes(self, verb):
        """{number: outcome} of retr lines."""
        return {int(f[1]): f[2] for f in (line.split() for line in self.lines) if f
                and f[0] == verb}


def files(folder):
    """The contents of a folder, in order of their names."""
    result = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, name), "rb") as f:
            result.append(f.read())
    return result


def message(i, body=None):
    return (b"From: sender%d@example.org\r\nTo: journal@example.net\r\n"
            b"Subject: journal item %d\r\nMessage-ID: <j%d@example.org>\r\n"
            b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\n\r\n" % (i, i, i)) \
        + (b"body %d\r\n" % i if body is None else body)


def nasty():
    """Message bodies with every byte that a client may trip over; each ends with CRLF."""
    rng = random.Random(7)
    return [b"", b"\r\n", b".\r\n", b"..\r\n", b"...\r\n.\r\n..a\r\n", b"a\r\n.\r\nb\r\n",
            b"x\0y\0\0z\r\n", b"\0\r\n", b"\xff\xfe\x80 8 bit\r\n", b"bare\rCR\r\r\r\n.\r\n",
            b"\r.\r\n", b"x" * 1500000 + b"\r\n", b"." * 5000 + b"\r\n", b"\t . \r\n .\r\n",
            b"+OK\r\n-ERR\r\n.\r\n+OK 5 octets\r\n",
            bytes(b for b in range(256) if b not in (10, 13)) * 50 + b"\r\n",
            bytes(rng.choice(b"..\r\0ab") for _ in range(70000)).replace(b"\n", b"") + b"\r\n",]
