#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl domain: a code, its TXT record in DNS, the result noted in the archive for good; an
unverified domain is reported and works.
"""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dns
import tap
from daemon import Daemon, With

server = dns.Dns()
AT = ("--server", "127.0.0.1:%d" % server.port)
d = Daemon(os.path.join(tap.folder(), "milter"),
           internal=(With("example.com", sub_domains="yes"), "contoso.com",
                     "b\u00fccher.example")).start()
j = d.jmctl


def domain(*args):
    """(exit status, the printed object, standard error)"""
    status, out, complaint = j.run("domain", "--json", *args)
    return status, (j.objects(out) or [None])[0], complaint


def states():
    return {o["domain"]: (o["verified"], o.get("state"))
            for o in j.objects(j.run("domain", "--json", "list")[1])}


def code_of(o):
    return re.match(r"journal-milter-verification=([0-9a-f]{32})$", o["record_text"]).group(1)


status, first, _ = domain("add", "Example.COM")
tap.is_((status, first["domain"], first["state"], first["record_name"]),
        (0, "example.com", "pending", "_journal-milter.example.com"), "add gives a record")
code = code_of(first)
tap.is_(domain("add", "example.com")[1]["code"], code, "adding it again gives the same code")
tap.ok(code_of(domain("add", "contoso.com")[1]) != code, "another domain has another code")
tap.like(j.run("domain", "add", "example.com")[1].decode(),
         r'_journal-milter\.example\.com\. IN TXT "journal-milter-verification=%s"' % code,
         "the record for people")

status, o, _ = domain("verify", "example.com", *AT)
tap.is_((status, o["state"]), (69, "failed"), "no record: not verified")
server.records["_journal-milter.example.com"] = ["v=spf1 -all",
                                                 "journal-milter-verification=" + "0" * 32]
status, o, _ = domain("verify", "example.com", *AT)
tap.is_((status, o["state"]), (69, "failed"), "another code: not verified")
tap.like(o["text"], "not with this code", "which is told")
server.silent = True
tap.is_(domain("verify", "example.com", *AT)[0], 75, "no answer: try later")
server.silent = False
tap.is_(states()["example.com"], (False, "failed"), "no answer changes nothing")
server.records["_journal-milter.example.com"] = ["x" * 150,
                                                 "journal-milter-verification=" + code.upper()]
status, o, _ = domain("verify", "example.com", *AT)
tap.is_((status, o["state"]), (0, "verified"), "the record: verified")
tap.is_(server.asked[-1], "_journal-milter.example.com", "this name was asked for")
tap.is_(states(), {"example.com": (True, "verified"), "contoso.com": (False, "pending"),
                   "xn--bcher-kva.example": (False, None)}, "list tells all")

tap.like(j.run("domain", "list")[1].decode(), r"(?m)^example\.com +verified +and its sub-domains$",
         "list says which have sub-domains")
status, o, _ = domain("add", "mail.eu.example.com")
tap.is_((status, o["state"], o["code"]), (0, "verified", ""),
        "a sub-domain of a verified domain needs none")
tap.is_(domain("verify", "mail.eu.example.com", *AT)[0], 0, "nor a look-up")
tap.is_(domain("add", "badexample.com")[1]["state"], "pending",
        "a domain that only ends alike does")
tap.is_(j.status()["daemon"]["unverified_domains"], ["contoso.com", "xn--bcher-kva.example"],
        "status names the unverified ones")
tap.like(j.run("check")[1].decode(), r"internal domains: +example\.com and below, contoso\.com "
         r"\(unverified\), xn--bcher-kva\.example \(unverified\)\n", "so does check")
kinds = [e["kind"] for e in j.events() if e["kind"].startswith("domain-")
         and "example.com" in e["text"] and "bad" not in e["text"]]
tap.is_(kinds, ["domain-added", "domain-not-verified", "domain-not-verified", "domain-verified"],
        "each step is an event")

tap.is_(domain("verify", "nobody.example", *AT)[0], 69, "verify without add")
tap.is_(domain("verify", "contoso.com", "--server", "nowhere")[0], 64, "a wrong server")
tap.is_([domain("frobnicate", "x.example")[0], domain("add")[0], domain("list", "x")[0],
         domain("add", "a@b")[0]], [64] * 4, "wrong words")
for name, why in (("example..com", "empty label"), ("b.-a.example", "begins or ends with '-'"),
                  ("a-.example", "begins or ends with '-'"), ("a" * 64 + ".example", "63 bytes"),
                  ("a." * 125 + "example", "too long"), ("exa mple.com", "blank"), ("", "empty"),
                  ("192.0.2.1", "IP address"), ("[192.0.2.1]", "IP address"),
                  ("2001:db8::1", "IP address"), ("https://example.com/", "URL"),
                  ("a@example.com", "after the @"), ("*.example.com", "wildcards"),
                  (".example.com", "wildcards"), ("ex_ample.com", "characters other than")):
    status, _, complaint = domain("add", name)
    tap.ok(status == 64 and why in complaint, "add %.20s: no domain, and why" % name, complaint)
tap.is_((domain("add", "b\u00fccher.example")[1] or {}).get("domain"), "xn--bcher-kva.example",
        "an internationalised domain")
tap.is_(domain("remove", "badexample.com")[0], 0, "remove")
tap.ok("badexample.com" not in states(), "and it is gone")
tap.is_(domain("remove", "badexample.com")[0], 69, "for good")

before, unverified = states(), j.status()["unverified_domains"]
tap.is_(unverified, ["contoso.com", "xn--bcher-kva.example"], "status names them at its top, too")
d.kill()
tap.is_(j.status()["unverified_domains"], unverified,
        "status without a daemon names the unverified ones")
tap.like(j.run("check")[1].decode(), r"internal domains: +example\.com and below, contoso\.com "
         r"\(unverified\), xn--bcher-kva\.example \(unverified\)\n", "so does check")
tap.is_([x["verified"] for x in j.objects(j.run("check", "--json")[1])[0]["internal_domains"]],
        [True, False, False], "also as JSON")
tap.is_(states(), before, "after a kill -9, read without a daemon: the same")
shutil.rmtree(os.path.join(d.archive, "catalog"))
tap.is_(states(), before, "and from a catalog made anew")
tap.is_(domain("verify", "example.com", *AT)[0], 0, "verify works without a daemon, too")
tap.is_(j.verify()[0], 0, "verify of the archive finds nothing")
d.start()
server.records.clear()
tap.is_(domain("verify", "example.com", *AT)[0], 69, "a record that is gone")
tap.is_(states()["example.com"], (False, "failed"), "takes the verification away")
tap.is_(d.stop(), 0, "the daemon stops")
tap.is_(d.complaints(), [], "no complaint in its log")
sys.exit(tap.done())
