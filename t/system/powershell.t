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
          "exchange-online.ps1", "exchange-pop3-2007.ps1", "exchange-pop3-2010.ps1",
          "exchange-pop3-2013-2019-SE.ps1", "exchange-online-pop3.ps1")
WARNINGS = ("Do not journal the whole organisation at once", "Test the extraction first", "clock",
            "not be (?:a mailbox in Exchange Online|an Exchange Online mailbox)")
STEPS = {"exchange-2007.ps1": ("New-MailContact", "-TNEFEnabled $false", "New-SendConnector",
                               "-Usage Custom", "-MaxMessageSize Unlimited",
                               "SMTP:*.$journalDomain", "-JournalingReportNdrTo",
                               "Set-MailboxDatabase", "New-JournalRule"),
         "exchange-online.ps1": ("New-MailContact", "-TNEFEnabled $false", "New-OutboundConnector",
                                 "-ConnectorType Partner", "-TlsSettings CertificateValidation",
                                 "-JournalingReportNdrTo", "New-JournalRule",
                                 "Validate-OutboundConnector"),
         "exchange-pop3-2007.ps1": ("New-Mailbox", "-ProhibitSendReceiveQuota Unlimited",
                                    "-PopEnabled $true", "-PopEnableExactRFC822Size $true",
                                    "Enable-ExchangeCertificate -Thumbprint $Certificate "
                                    "-Services POP", "-LoginType SecureLogin",
                                    "-StartupType Automatic", "Restart-Service",
                                    "localport=995", "Set-MailboxDatabase", "New-JournalRule",
                                    "jmctl test journaling@journal.example.com"),
         "exchange-online-pop3.ps1": ("New-Mailbox -Shared", "-PopEnabled $true",
                                      "New-ServicePrincipal", "Add-MailboxPermission",
                                      "New-JournalRule", "jmctl test")}
NAMES = {"exchange-2007.ps1": ("'SMTP Journaling'", "'Journal Internal Mail to journal-milter'"),
         "exchange-online.ps1": ("'SMTP Journaling'", "'Microsoft 365 to journal-milter'",
                                 "'Journal Internal Mail to journal-milter'"),
         "exchange-pop3-2007.ps1": ("'journaling@example.com'",),
         "exchange-online-pop3.ps1": ("'journaling@example.com'",)}
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
       ("$a = 'b'\nWrite-Host \"$a: c\"", "is a scope"),
       ("Enable-JournalRule -Confirm:$false", "needs -Identity"),
       ("Set-SendConnector -Identity 'a' -MaxMessageSize Endless", "no such value"),
       ("if ($true) { Get-MailContact -Identity 'a' | Out-Null && exit 0 }", "too new"))


CHANGE = re.compile(r"(?m)^\t*(?:New-(?!Object)|Set-|Enable-|Remove-)[A-Z]\w+")
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
                                 r"Purview portal > Solutions > Data lifecycle management"),
         "exchange-pop3-2007.ps1": (r"Recipient Configuration > Mailbox",
                                    r"Client Access > POP3 and IMAP4"),
         "exchange-pop3-2010.ps1": (r"Hub Transport > Journal Rules",
                                    r"Client Access > POP3 and IMAP4"),
         "exchange-pop3-2013-2019-SE.ps1": (r"Recipients > Mailboxes", r"Servers > Servers > POP3"),
         "exchange-online-pop3.ps1": (r"Recipients > Mailboxes", r"Purview portal > Solutions")}


def family(name):
    """The beginning of the names of the scripts that belong to a set-up script."""
    if "online" in name:
        return name[:-len(".ps1")]
    return "exchange-pop3" if "pop3" in name else "exchange"


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
for services in ("on-premises", "microsoft-365"):
    status, _, complaint = journal_setup.jmctl("setup", "example.com", "--output",
                                               os.path.join(tap.folder(), services), "--services",
                                               services, "--transport", "pop3")
    tap.is_(status, 0, "pop3, %s" % services) or tap.diag(complaint)
    scripts.update({n: journal_setup.read(tap.folder(), services, n)
                    for n in sorted(os.listdir(os.path.join(tap.folder(), services)))
                    if n.endswith(".ps1")})
tap.is_(len(scripts), 16, "and eight for POP3")
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
tap.is_(undone(scripts["exchange-pop3-2007.ps1"], scripts["exchange-pop3-undo.ps1"])
        + undone(scripts["exchange-online-pop3.ps1"], scripts["exchange-online-pop3-undo.ps1"]), [],
        "and those for POP3")
for name in [n for n in scripts if n.endswith("-check.ps1")]:
    tap.is_(re.findall(r"(?m)^\s*(?:New-(?!Object)|Set-|Remove-)\w+", scripts[name]), [],
            "%s changes nothing" % name)
for name in SETUPS:
    text, undo, before = (scripts[name], scripts[family(name) + "-undo.ps1"],
                          family(name) + "-before.xml")
    keep, change = text.index("Export-Clixml"), CHANGE.search(text).start()
    tap.ok(before in text and keep < change,
           "%s: keeps what is there before the first change" % name)
    tap.is_([m.group(0) for m in re.finditer(r"(?m)^\tthrow.*", text) if m.start() > keep], [],
            "%s: whatever stops it on purpose comes before the first change" % name)
    kept = set(re.findall(r"\$kept\['(\w+)'\] = ", text)) - {"Rule"}
    tap.is_(sorted(k for k in kept if "$kept['%s']" % k not in undo), [],
            "%s: each value that is kept is put back by the undo script" % name)
    tap.ok(before in undo and "-JournalingReportNdrTo $kept['JournalingReportNdrTo']"
           in undo, "%s: an earlier JournalingReportNdrTo is put back" % name)
    tap.is_([p for p in PAGES[name] if p not in text], [], "%s: the pages of the console" % name)
    if "pop3" not in name:
        tap.ok("Authoritative" in text and "self-journaling" in text,
               "%s: a journal address in the organisation is not accepted" % name)
    tap.ok("must not be journaled" in text, "%s: what would make a loop is refused" % name)
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
            [family(name) + "-check.ps1", family(name) + "-undo.ps1"],
            "%s names the scripts that check and undo" % name)
sys.exit(tap.done())
