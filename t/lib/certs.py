# SPDX-License-Identifier: BSD-2-Clause
"""A CA, a server and a client certificate for a test, made by openssl(1)."""
import os

import run


class Certs:
    """Files ca.pem, server.pem, server.key, client.pem, client.key in a folder."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(self.path("client.pem")):
            self._make()

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def client(self):
        return self.path("client.pem"), self.path("client.key")

    def make_self_signed(self, who, name):
        """Files WHO.pem and WHO.key, of a certificate that is its own issuer."""
        run.output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-days", "60", "-subj", "/CN=" + name,
                   "-addext", "subjectAltName=DNS:" + name, "-keyout", self.path(who + ".key"),
                   "-out", self.path(who + ".pem"))
        os.chmod(self.path(who + ".key"), 0o600)

    def _make(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run.output("openssl", "req", "-x509", *key, "-days", "30", "-subj", "/O=Test/CN=Test CA",
                   "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"))
        for who, name in (("server", "mx.example.com"), ("client", "journal-client.example.com")):
            run.output("openssl", "req", *key, "-subj", "/O=Test/CN=" + name,
                       "-keyout", self.path(who + ".key"), "-out", self.path(who + ".csr"))
            with open(self.path(who + ".ext"), "w", encoding="ascii") as f:
                f.write("subjectAltName=DNS:%s\n" % name)
            run.output("openssl", "x509", "-req", "-in", self.path(who + ".csr"), "-CA",
                       self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-CAcreateserial",
                       "-days", "30", "-extfile", self.path(who + ".ext"), "-out",
                       self.path(who + ".pem"))
        for name in ("ca.key", "server.key", "client.key"):
            os.chmod(self.path(name), 0o600)
