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

SETUPS = ("exchange-2007.ps1", "exchange-2010.ps1", "exchange-2013-2019-SE.ps1",
          "exchange-online.ps1")
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
       ("Enable-JournalRule -Confirm:$false", "needs -Identity"),
       ("Set-SendConnector -Identity 'a' -MaxMessageSize Endless", "no such value"),
       ("if ($true) { Get-MailContact -Identity 'a' | Out-Null && exit 0 }", "too new"))


CHANGE = re.compile(r"(?m)^\t*(?:New-(?!Object)|Set-|Enable-|Remove-)[A-Z]\w+")
BEFORE = {False: "exchange-before.xml", True: "exchange-online-before.xml"}
UNDO = {False: "exchange-undo.ps1", True: "exchange-online-undo.ps1"}
PAGES = {"exchange-2007.ps1": (r"Exchange Management Console > Recipient Configuration",
                               r"Hub Transport > Send Connectors", r"Hub Transport > Journaling",
                               r"Server Configuration > Mailbox"),
         "exchange-2010.ps1": (r"Hub Transport > Remote Domains", r"Hub Transport > Journal Rules",
                               r"Organization Configuration > Mailbox > Properties > Maintenance"),
         "exchange-2013-2019-SE.ps1": (r"Exchange admin center > Recipients > Contacts",
                                       r"Mail flow > Send connectors",
                                       r"Compliance management > Journal rules",
                                       r"Servers > Databases"),
         "exchange-online.ps1": (r"Exchange admin center > Recipients > Contacts",
                                 r"Mail flow > Remote domains", r"Mail flow > Connectors",
                                 r"Purview portal > Settings > Data lifecycle management",
                                 r"Purview portal > Solutions > Data lifecycle management")}


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
for name in SETUPS:
    online, text = "online" in name, scripts[name]
    undo = scripts[UNDO[online]]
    keep, change = text.index("Export-Clixml"), CHANGE.search(text).start()
    tap.ok(BEFORE[online] in text and keep < change,
           "%s: keeps what is there before the first change" % name)
    tap.is_([m.group(0) for m in re.finditer(r"(?m)^\tthrow.*", text) if m.start() > keep], [],
            "%s: whatever stops it on purpose comes before the first change" % name)
    kept = set(re.findall(r"\$kept\['(\w+)'\] = ", text)) - {"Rule"}
    tap.is_(sorted(k for k in kept if "$kept['%s']" % k not in undo), [],
            "%s: each value that is kept is put back by the undo script" % name)
    tap.ok(BEFORE[online] in undo and "-JournalingReportNdrTo $kept['JournalingReportNdrTo']"
           in undo, "%s puts an earlier JournalingReportNdrTo back" % UNDO[online])
    tap.is_([p for p in PAGES[name] if p not in text], [], "%s: the pages of the console" % name)
    tap.ok("Authoritative" in text and "self-journaling" in text,
           "%s: a journal address in the organisation is not accepted" % name)
tap.like(scripts["exchange-online.ps1"],
         r"try \{\n\tValidate-OutboundConnector [^}]*-ErrorAction Stop [^}]*\} catch \{\n\tWrite-W",
         "a failure of Validate-OutboundConnector is a warning, and the script continues")
tap.is_([n for n, text in scripts.items() if "Validate-" in re.sub(r"(?s)try \{.*?\n\}", "", re.sub(
    r'(?m)^\s*(?:#|Write-Warning).*$', "", text))], [], "nor is it run elsewhere")
tap.is_([n for n, text in scripts.items() if re.search(r"\bfuture\b", text)], [],
        "no script says that mail of the future is set aside: it is not")
tap.is_([n for n, text in scripts.items() if "2019" in text and "SE" not in text], [],
        "Exchange Server SE is named where 2019 is")
tap.ok("Get-Credential" in scripts["exchange-2010.ps1"]
       and "ConvertTo-SecureString" not in scripts["exchange-2010.ps1"],
       "the password is asked for, and is in no file")
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
            {True: ["exchange-online-check.ps1", "exchange-online-undo.ps1"],
             False: ["exchange-check.ps1", "exchange-undo.ps1"]}["online" in name],
            "%s names the scripts that check and undo" % name)
sys.exit(tap.done())
