#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
The scripts for Exchange: no PowerShell runs here, so their syntax is checked as far as
possible, and that they have the guide's warnings.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import journal_setup
import powershell
import tap

SETUPS = ("exchange-2007.ps1", "exchange-2010.ps1", "exchange-2013-2019.ps1", "exchange-online.ps1")
WARNINGS = ("Do not journal the whole organisation at once", "Test the extraction first", "clock",
            "not be (?:a mailbox in Exchange Online|an Exchange Online mailbox)")
STEPS = {"exchange-2007.ps1": ("New-MailContact", "-TNEFEnabled $false", "New-SendConnector",
                               "-Usage Custom", "-MaxMessageSize Unlimited",
                               "SMTP:*.$journalDomain", "-JournalingReportNdrTo",
                               "Set-MailboxDatabase", "New-JournalRule"),
         "exchange-online.ps1": ("New-MailContact", "-TNEFEnabled $false", "New-OutboundConnector",
                                 "-ConnectorType Partner", "-TlsSettings CertificateValidation",
                                 "-JournalingReportNdrTo", "New-JournalRule",
                                 "Validate-OutboundConnector")}
NAMES = {"exchange-2007.ps1": ("'SMTP Journaling'", "'Journal Internal Mail to journal-milter'"),
         "exchange-online.ps1": ("'SMTP Journaling'", "'Microsoft 365 to journal-milter'",
                                 "'Journal Internal Mail to journal-milter'")}
BAD = (("Get-Mailbox -Identity 'a", "does not end"), ("if ($true) { exit 0", "not closed"),
       ("exit 0)", "closes nothing"),
       ("Get-Mailboxes -Identity 'a'", "unknown cmdlet"),
       ("New-JournalRule -Nmae 'a'", "no parameter"), ("Write-Host \"$nobody\"", "never set"),
       ("Set-TransportConfig -JournalingReportNdrTo $address", "never set"),
       ("New-JournalRule -Name 'a'", "needs -JournalEmailAddress"),
       ("Remove-MailContact -Identity 'a'", "would ask"),
       ("Remove-MailContact -Confirm:$false", "needs -Identity"),
       ("New-JournalRule -Name 'a' -JournalEmailAddress 'b' -Scope Everything", "no such value"),
       ("try { exit 0 } catch { exit 1 }", "too new"),
       ("if ($true) { Get-MailContact -Identity 'a' | Out-Null && exit 0 }", "too new"))


def undone(setup, undo):
    """Kinds of things that a set-up script makes and its undo script does not remove."""
    made = set(re.findall(r"\bNew-([A-Z]\w+)", setup)) - {"Object"}
    return sorted(made - set(re.findall(r"\bRemove-([A-Z]\w+)", undo)))


folder = os.path.join(tap.folder(), "out")
status, _, complaint = journal_setup.jmctl("setup", "example.com", "--output", folder, "--services",
                                           "hybrid")
tap.is_(status, 0, "jmctl setup writes them") or tap.diag(complaint)
scripts = {n: journal_setup.read(folder, n) for n in sorted(os.listdir(folder))
           if n.endswith(".ps1")}
tap.is_(len(scripts), 8, "there are eight")
for name, text in scripts.items():
    tap.is_(powershell.faults(text, "online" in name), [],
            "%s: strings, brackets, cmdlets, parameters, values, variables" % name)
    tap.ok("$ErrorActionPreference = 'Stop'" in text, "%s stops at the first error" % name)
for name in SETUPS:
    for w in WARNINGS:
        tap.like(scripts[name].split("param(")[0], w, "%s warns: %s" % (name, w))
    tap.ok(re.search(r"(?m)^\tNew-JournalRule|^New-JournalRule", scripts[name]) is None,
           "%s: no rule without a parameter" % name)
for name, steps in STEPS.items():
    tap.is_([s for s in steps if s not in scripts[name]], [], "%s has every step" % name)
    tap.is_([s for s in NAMES[name] if s not in scripts["exchange-2007.ps1"] + scripts[name]], [],
            "%s uses the names of the guide" % name)
tap.is_(undone(scripts["exchange-2010.ps1"], scripts["exchange-undo.ps1"]), [],
        "the undo script removes what the set-up made")
tap.is_(undone(scripts["exchange-online.ps1"], scripts["exchange-online-undo.ps1"]), [],
        "so does the one for Exchange Online")
for name in ("exchange-check.ps1", "exchange-online-check.ps1"):
    tap.is_(re.findall(r"(?m)^\s*(?:New-(?!Object)|Set-|Remove-)\w+", scripts[name]), [],
            "%s changes nothing" % name)
for text, fault in BAD:
    tap.like("\n".join(powershell.faults(text + "\n")), fault, "seen as wrong: " + text)
for online, text in ((True, "Get-SendConnector -Identity 'a'"),
                     (False, "Get-OutboundConnector -Identity 'a'")):
    tap.like("\n".join(powershell.faults(text + "\n", online)), "is not there",
             "seen as wrong %s: %s" % ("online" if online else "on premises", text))
tap.is_(powershell.faults("try { exit 0 } catch { exit 1 }\n", True), [],
        "Exchange Online has a newer language")
tap.like(scripts["exchange-2007.ps1"].split("param(")[0], "Service Pack 1",
         "exchange-2007.ps1 tells that it needs Service Pack 1")
for name in SETUPS:
    tap.is_([n for n in sorted(scripts) if n != name and n in scripts[name]],
            [{True: "exchange-online-check.ps1", False: "exchange-check.ps1"}["online" in name]],
            "%s names the script that checks" % name)
sys.exit(tap.done())
