# SPDX-License-Identifier: BSD-2-Clause
"""
As much of PowerShell's syntax as can be told without PowerShell: strings and brackets are closed, each cmdlet is one of those that the
scripts may use, each of its parameters is one that this cmdlet has, and each variable was set before it is used.
"""
import re

COMMON = ["ErrorAction", "Confirm"]
CMDLETS = {
    "New-MailContact": ["Name", "ExternalEmailAddress"], "Get-MailContact": ["Identity"], "Remove-MailContact": ["Identity"],
    "Set-MailContact": ["Identity", "HiddenFromAddressListsEnabled", "UseMapiRichTextFormat"],
    "New-RemoteDomain": ["Name", "DomainName"], "Get-RemoteDomain": ["Identity"], "Remove-RemoteDomain": ["Identity"],
    "Set-RemoteDomain": ["Identity", "TNEFEnabled", "AllowedOOFType", "AutoReplyEnabled", "DeliveryReportEnabled"],
    "New-SendConnector": ["Name", "Usage", "AddressSpaces", "DNSRoutingEnabled", "SmartHosts", "SmartHostAuthMechanism", "SourceTransportServers"],
    "Get-SendConnector": ["Identity"], "Remove-SendConnector": ["Identity"],
    "Set-SendConnector": ["Identity", "SmartHosts", "MaxMessageSize", "ConnectionInactivityTimeOut", "Enabled", "RequireTLS"],
    "New-OutboundConnector": ["Name", "ConnectorType", "RecipientDomains", "UseMXRecord", "SmartHosts", "TlsSettings", "Enabled"],
    "Get-OutboundConnector": ["Identity"], "Remove-OutboundConnector": ["Identity"],
    "Set-OutboundConnector": ["Identity", "RecipientDomains", "UseMXRecord", "SmartHosts", "TlsSettings", "Enabled"],
    "Validate-OutboundConnector": ["Identity", "Recipients"],
    "Set-TransportConfig": ["JournalingReportNdrTo"], "Get-TransportConfig": [],
    "New-JournalRule": ["Name", "JournalEmailAddress", "Scope", "Recipient", "Enabled"], "Set-JournalRule": ["Identity", "Recipient"],
    "Get-JournalRule": ["Identity"], "Remove-JournalRule": ["Identity"],
    "Set-MailboxDatabase": ["Identity", "JournalRecipient"], "Get-MailboxDatabase": [],
    "Get-Mailbox": ["Identity"], "Get-Recipient": ["Identity"], "Get-ExchangeServer": [],
    "ForEach-Object": [], "Where-Object": [], "Out-Null": [], "Write-Host": [], "Get-Date": [], "New-Object": [],
}
OPERATORS = ["not", "and", "or", "eq", "ne", "gt", "like", "match"]
AUTOMATIC = ["_", "true", "false", "null", "ErrorActionPreference", "script"]
TOKEN = re.compile(r"(?P<comment>#[^\n]*)|(?P<single>'(?:''|[^'])*')|(?P<double>\"(?:`.|\$\((?:[^()]|\([^()]*\))*\)|[^\"`])*\")|(?P<open>[({\[])"
                   r"|(?P<close>[)}\]])|(?P<join>`\n)|(?P<end>[\n;|])|(?P<cmdlet>\b[A-Z][A-Za-z]*-[A-Z][A-Za-z]+\b)"
                   r"|(?P<variable>\$(?:script:)?\w+)|(?P<parameter>(?<=[\s(])-[A-Za-z]+)|(?P<quote>['\"])", re.S)
PAIRS = {")": "(", "}": "{", "]": "["}


def declared(text):
    """Names that the script itself gives: variables (in lower case) and functions with their parameters."""
    bare = re.sub(r"(?m)^\s*#.*$", "", text)
    names = {m.lower() for m in re.findall(r"\$(?:script:)?(\w+)\s*=[^=]", bare)} | {m.lower() for m in re.findall(r"foreach \(\$(\w+) in", bare)}
    names |= {m.lower() for m in re.findall(r"\[(?:string|switch|bool|string\[\])\] \$(\w+)", bare)}
    functions = {m: [] for m in re.findall(r"(?m)^function (\S+?)\(", bare)}
    return names | {a.lower() for a in AUTOMATIC}, functions


def faults(text):
    """What is wrong, a line each."""
    found, stack, names = [], [], declared(text)
    known = dict(CMDLETS, **names[1])
    current = None		# the cmdlet whose parameters come
    for m in TOKEN.finditer(text):
        kind, word = m.lastgroup, m.group(0)
        line = "line %d: " % (text.count("\n", 0, m.start()) + 1)
        if kind == "quote":
            found.append(line + "a string that does not end")
        elif kind == "open":
            stack.append((word, current))
            current = None
        elif kind == "close":
            if not stack or stack[-1][0] != PAIRS[word]:
                found.append(line + "%s closes nothing" % word)
            else:
                current = stack.pop()[1]
        elif kind == "end":
            current = None
        elif kind == "cmdlet":
            current = word
            if word not in known:
                found.append(line + "unknown cmdlet " + word)
        elif kind == "parameter":
            allowed = known.get(current, []) + COMMON if current else OPERATORS
            if word[1:] not in allowed and word[1:] not in OPERATORS:
                found.append(line + "%s has no parameter %s" % (current, word))
        elif kind in ("variable", "double"):
            for v in re.findall(r"\$(?:script:)?(\w+)", word):
                if v.lower() not in names[0]:
                    found.append(line + "$%s was never set" % v)
    return found + ["%s is not closed" % s[0] for s in stack]
