#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl ranges: the list that came with the program, and what a newer one in Microsoft's form changes.
"""
import ipaddress
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import journal_setup
import tap
from journal_setup import jmctl

shipped = json.loads(journal_setup.read(tap.SRC, "config/microsoft365-ranges.json"))
NEWER = os.path.join(tap.folder(), "newer.json")


def newer(value):
    journal_setup.write(NEWER, value if isinstance(value, str) else json.dumps(value))


def diff(*args):
    status, out, complaint = jmctl("ranges", "diff", NEWER, *args)
    return status, out + complaint


mail = [e for e in shipped if e.get("serviceArea") == "Exchange"
        and "25" in e["tcpPorts"].split(",")]
tap.is_(sorted(jmctl("ranges", "list")[1].split()), sorted(ip for e in mail for ip in e["ips"]),
        "list prints the ranges, one a line")
answer = json.loads(jmctl("ranges", "list", "--json")[1])
tap.ok(re.match(r"\d{4}-\d\d-\d\d$", answer["date"]) and answer["version"],
       "--json with date and version")
tap.is_([ip for ip in answer["ranges"] if not ipaddress.ip_network(ip)], [],
        "each is a range without host bits")
tap.ok("endpoints.office.com" in shipped[0]["notes"] and "compare" in shipped[0]["notes"],
       "the file tells whence it is, and that it must be compared")
newer([e for e in shipped if "id" in e])
tap.is_(diff(),
        (0, "nothing changed: 0 new, 0 gone, compared with the list that came with the program\n"),
        "the same list: nothing changed, exit 0")
gone, come = mail[0]["ips"][0], "198.51.100.0/24"
change = dict(mail[0], ips=mail[0]["ips"][1:] + [come], tcpPorts="25,587")
newer([change, {"id": 46, "serviceArea": "Common", "ips": ["203.0.113.0/24"], "tcpPorts": "25"},
       {"id": 1, "serviceArea": "Exchange", "ips": ["203.0.113.0/24"], "tcpPorts": "80,443"},
       {"id": 154, "serviceArea": "Exchange", "urls": ["x"]}])
status, out = diff()
tap.is_((status, re.findall(r"(?m)^([+-]) (\S+)", out)), (1, [("+", come), ("-", gone)]),
        "a changed list: what is new and gone, exit 1; other services do not count")
answer = json.loads(jmctl("ranges", "diff", NEWER, "--json")[1])
tap.is_((answer["same"], answer["added"], answer["removed"]), (False, [come], [gone]),
        "the same as JSON")
folder = os.path.join(tap.folder(), "out")
jmctl("setup", "example.com", "--output", folder, "--microsoft365", "--source", "10.0.0.0/8")
status, out = diff("--config", folder + "/journal-milter.xml")
tap.is_((status, re.findall(r"(?m)^\+ (\S+)", out)), (1, [come]),
        "--config: what the settings' ranges do not hold")
jmctl("setup", "example.com", "--output", folder + "2", "--source", "192.0.2.10")
status, out = diff("--config", folder + "2/journal-milter.xml")
tap.ok(status == 0 and "+ " not in out and "take no mail from the addresses of Microsoft" in out,
       "settings that do not admit Microsoft 365 are not to be opened to it", out)
newer([dict(mail[0], ips=["10.1.0.0/16"])])
tap.ok("+ " not in diff("--config", folder + "/journal-milter.xml")[1],
       "a range inside of a wider one of the settings is not new")
for what, text in (("no JSON", "<html>"), ("an object", "{}"), ("no Exchange", "[]"),
                   ("a wrong range", [dict(mail[0], ips=["40.92.0.1/15"])]),
                   ("a number as range", [dict(mail[0], ips=[5])]),
                   ("ten thousand ranges", [dict(mail[0], ips=["10.0.0.0/8"] * 10000)])):
    newer(text)
    status, out = diff()
    tap.ok(status in (65, 75) and len(out) > 20, "refused with a word: " + what, out)
tap.is_([jmctl("ranges", *a)[0]
         for a in ((), ("list", "x"), ("diff",), ("dif", "x"), ("diff", "/nonexistent"))],
        [64, 64, 64, 64, 69], "wrong usage")
sys.exit(tap.done())
