# SPDX-License-Identifier: BSD-2-Clause
"""
As much of PowerShell's syntax as can be checked without PowerShell: strings and brackets are
closed, each cmdlet is one of those that the scripts may use where they run, each of its parameters
is one that this cmdlet has, with a value that it takes, the required ones are there, nothing is
asked, each variable was set before it is used, and the language is as old as the Exchange is. The
names, the required ones and where each is were looked up in Microsoft's reference of the Exchange
cmdlets (2007 from Service Pack 1 on, 2010 to 2019 and Server SE, Online).
"""
import re

COMMON = ["ErrorAction", "Confirm"]
CMDLETS = {
    "New-MailContact": ["Name", "ExternalEmailAddress"], "Get-MailContact": ["Identity"],
    "Remove-MailContact": ["Identity"],
    "Set-MailContact": ["Identity", "HiddenFromAddressListsEnabled", "UseMapiRichTextFormat"],
    "New-RemoteDomain": ["Name", "DomainName"], "Get-RemoteDomain": ["Identity"],
    "Remove-RemoteDomain": ["Identity"],
    "Set-RemoteDomain": ["Identity", "TNEFEnabled", "AllowedOOFType", "AutoReplyEnabled",
                         "DeliveryReportEnabled"],
    "New-SendConnector": ["Name", "Usage", "AddressSpaces", "DNSRoutingEnabled", "SmartHosts",
                          "SmartHostAuthMechanism", "SourceTransportServers", "Port"],
    "Get-SendConnector": ["Identity"], "Remove-SendConnector": ["Identity"],
    "Set-SendConnector": ["Identity", "SmartHosts", "MaxMessageSize", "ConnectionInactivityTimeOut",
                          "Enabled", "RequireTLS", "Port", "SmartHostAuthMechanism",
                          "AuthenticationCredential"],
    "New-OutboundConnector": ["Name", "ConnectorType", "RecipientDomains", "UseMXRecord",
                              "SmartHosts", "TlsSettings", "Enabled"],
    "Get-OutboundConnector": ["Identity"], "Remove-OutboundConnector": ["Identity"],
    "Set-OutboundConnector": ["Identity", "RecipientDomains", "UseMXRecord", "SmartHosts",
                              "TlsSettings", "Enabled"],
    "Validate-OutboundConnector": ["Identity", "Recipients"],
    "Set-TransportConfig": ["JournalingReportNdrTo"], "Get-TransportConfig": [],
    "New-JournalRule": ["Name", "JournalEmailAddress", "Scope", "Recipient", "Enabled"],
    "Set-JournalRule": ["Identity", "Recipient"],
    "Get-JournalRule": ["Identity"], "Remove-JournalRule": ["Identity"],
    "Enable-JournalRule": ["Identity"], "Get-AcceptedDomain": [],
    "Set-MailboxDatabase": ["Identity", "JournalRecipient"], "Get-MailboxDatabase": ["Identity"],
    "Get-Mailbox": ["Identity"], "Get-Recipient": ["Identity"], "Get-ExchangeServer": [],
    "ForEach-Object": [], "Where-Object": [], "Out-Null": [], "Write-Host": [], "Get-Date": [],
    "New-Object": [], "Join-Path": [], "Split-Path": ["Parent"], "Test-Path": [],
    "Export-Clixml": [], "Import-Clixml": [], "Remove-Item": ["Path"], "Write-Warning": [],
    "Get-Credential": [], "Out-Host": [],
    "New-Mailbox": ["Name", "Alias", "UserPrincipalName", "Password", "Database",
                    "ResetPasswordOnNextLogon", "Shared", "PrimarySmtpAddress"],
    "Set-Mailbox": ["Identity", "UseDatabaseQuotaDefaults", "IssueWarningQuota",
                    "ProhibitSendQuota", "ProhibitSendReceiveQuota", "MaxReceiveSize",
                    "HiddenFromAddressListsEnabled", "RequireSenderAuthenticationEnabled",
                    "AcceptMessagesOnlyFrom"],
    "Remove-Mailbox": ["Identity"], "Get-MailboxStatistics": ["Identity"],
    "Get-CASMailbox": ["Identity"],
    "Set-CASMailbox": ["Identity", "PopEnabled", "PopUseProtocolDefaults",
                       "PopMessagesRetrievalMimeFormat", "PopEnableExactRFC822Size"],
    "Get-PopSettings": ["Server"],
    "Set-PopSettings": ["Server", "LoginType", "MaxCommandSize", "X509CertificateName"],
    "Get-ExchangeCertificate": ["DomainName"],
    "Enable-ExchangeCertificate": ["Thumbprint", "Services"],
    "Get-WmiObject": ["Filter"], "Set-Service": ["Name", "StartupType"],
    "Restart-Service": ["Name"], "Stop-Service": ["Name"],
    "New-ServicePrincipal": ["AppId", "ObjectId", "DisplayName"],
    "Get-ServicePrincipal": ["Identity"], "Remove-ServicePrincipal": ["Identity"],
    "Add-MailboxPermission": ["Identity", "User", "AccessRights"],}
ONLINE = {"%s-OutboundConnector" % v for v in ("New", "Get", "Set", "Remove", "Validate")} \
    | {"%s-ServicePrincipal" % v for v in ("New", "Get", "Remove")}
ON_PREMISES = {"%s-SendConnector" % v for v in ("New", "Get", "Set", "Remove")} \
    | {"Get-ExchangeServer", "Get-MailboxDatabase", "Set-MailboxDatabase", "Get-PopSettings",
       "Set-PopSettings", "Get-ExchangeCertificate", "Enable-ExchangeCertificate",
       "Get-WmiObject", "Set-Service", "Restart-Service", "Stop-Service"}
REQUIRED = {"New-MailContact": ["Name", "ExternalEmailAddress"],
            "New-RemoteDomain": ["Name", "DomainName"],
            "New-SendConnector": ["Name", "AddressSpaces"],
            "New-OutboundConnector": ["Name"], "New-JournalRule": ["Name", "JournalEmailAddress"],
            "New-Mailbox": ["Name"], "Enable-ExchangeCertificate": ["Thumbprint", "Services"],
            "New-ServicePrincipal": ["AppId"], "Set-Service": ["Name"],
            "Restart-Service": ["Name"], "Stop-Service": ["Name"],
            "Add-MailboxPermission": ["Identity", "User", "AccessRights"]}
VALUES = {"Usage": ["Custom", "Internal", "Internet", "Partner"],
          "SmartHostAuthMechanism": ["None", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer",
                                     "ExternalAuthoritative"],
          "Scope": ["Internal", "External", "Global"], "ConnectorType": ["OnPremises", "Partner"],
          "TlsSettings": ["EncryptionOnly", "CertificateValidation", "DomainValidation"],
          "AllowedOOFType": ["External", "InternalLegacy", "ExternalLegacy", "None"],
          "UseMapiRichTextFormat": ["Never", "Always", "UseDefaultSettings"],
          "MaxMessageSize": ["Unlimited"], "Confirm": [":$false"],
          "LoginType": ["PlainTextLogin", "PlainTextAuthentication", "SecureLogin"],
          "StartupType": ["Automatic", "Manual", "Disabled"],
          "Services": ["POP", "IMAP", "SMTP", "IIS", "UM"], "AccessRights": ["FullAccess"],
          "ProhibitSendReceiveQuota": ["Unlimited"],
          "PopMessagesRetrievalMimeFormat": ["TextOnly", "HtmlOnly", "HtmlAndTextAlternative",
                                             "TextEnrichedOnly", "BestBodyFormat", "Tnef"]}
# Exchange 2007 has nothing newer than PowerShell 1; no Exchange has PowerShell 7.
TOO_NEW = {False: r"(?<!\S)(?:try|catch|finally)\s*\{|\s-(?:join|split|in|notin)\b|@\w+\b(?=\s|$)"
                  r"|\[(?:ordered|pscustomobject)\]|\$PSScriptRoot|&&|\|\||\?\?",
           True: r"&&|\|\||\?\?"}
OPERATORS = ["not", "and", "or", "eq", "ne", "gt", "like", "notlike", "match", "notmatch",
             "contains", "notcontains"]
AUTOMATIC = ["_", "true", "false", "null", "ErrorActionPreference", "script", "MyInvocation",
             "PSScriptRoot", "env"]
TOKEN = re.compile(r"(?P<comment>#[^\n]*)|(?P<single>'(?:''|[^'])*')"
                   r"|(?P<double>\"(?:`.|\$\((?:[^()]|\([^()]*\))*\)|[^\"`])*\")|(?P<open>[({\[])"
                   r"|(?P<close>[)}\]])|(?P<join>`\n)|(?P<end>[\n;|])"
                   r"|(?P<cmdlet>\b[A-Z][A-Za-z]*-[A-Z][A-Za-z]+\b)"
                   r"|(?P<variable>\$(?:script:)?\w+)|(?P<parameter>(?<=[\s(])-[A-Za-z]\w*)"
                   r"|(?P<quote>['\"])", re.S)
PAIRS = {")": "(", "}": "{", "]": "["}


def declared(text):
    """
    Names that the script itself gives: variables (in lower case) and functions with their
    parameters.
    """
    bare = re.sub(r"(?m)^\s*#.*$", "", text)
    names = {m.lower() for m in re.findall(r"\$(?:script:)?(\w+)\s*=[^=]", bare)} \
        | {m.lower() for m in re.findall(r"foreach \(\$(\w+) in", bare)}
    names |= {m.lower() for m in re.findall(r"\[(?:string|switch|bool|string\[\])\] \$(\w+)", bare)}
    functions = {m: [] for m in re.findall(r"(?m)^function (\S+?)\(", bare)}
    return names | {a.lower() for a in AUTOMATIC}, functions


def finished(line, command, parameters):
    """The faults of a command as a whole."""
    if command is None:
        return []
    changes = command.split("-")[0] in ("Set", "Remove", "Enable")
    wanted = REQUIRED.get(command, []) + (
        ["Identity"] if changes and "Identity" in CMDLETS.get(command, []) else [])
    found = [line + "%s needs -%s" % (command, w) for w in wanted if w not in parameters]
    if command.startswith("Remove-") and "Confirm" not in parameters:
        found.append(line + command + " would ask")
    return found


def faults(text, online=None):
    """
    The faults of a script, one a line. online: whether it runs in Exchange Online; None: either.
    """
    found, stack, names = [], [], declared(text)
    known = dict(CMDLETS, **names[1])
    current, parameters, began = None, [], ""  # the cmdlet whose parameters come, those that came
    for m in TOKEN.finditer(text):
        kind, word = m.lastgroup, m.group(0)
        line = "line %d: " % (text.count("\n", 0, m.start()) + 1)
        if kind == "quote":
            found.append(line + "a string that does not end")
        elif kind == "open":
            stack.append((word, current, parameters, began))
            current, parameters = None, []
        elif kind == "close":
            found += finished(began, current, parameters)
            current, parameters = None, []
            if not stack or stack[-1][0] != PAIRS[word]:
                found.append(line + "%s closes nothing" % word)
            else:
                _, current, parameters, began = stack.pop()
        elif kind == "end":
            found += finished(began, current, parameters)
            current, parameters = None, []
        elif kind == "cmdlet":
            current, parameters, began = word, [], line
            if word not in known:
                found.append(line + "unknown cmdlet " + word)
            if online is not None and word in (ON_PREMISES if online else ONLINE):
                found.append(line + "%s is not there" % word)
        elif kind == "parameter":
            parameters.append(word[1:])
            allowed = known.get(current, []) + COMMON if current else OPERATORS
            if word[1:] not in allowed and word[1:] not in OPERATORS:
                found.append(line + "%s has no parameter %s" % (current, word))
            value = re.match(r"(:\S+)|\s+(?:`\n\s*)?([A-Za-z]+|\$\w+)", text[m.end():])
            kept = value and (value.group(2) or "").startswith("$")  # what was there before
            if word[1:] in VALUES and current and not kept \
                    and not (value and (value.group(1) or value.group(2)) in VALUES[word[1:]]):
                found.append(line + "%s of %s: no such value" % (word, current))
        elif kind in ("variable", "double"):
            # "$a: b" is the variable b of a scope a; "${a}: b" is meant
            found += [line + "%s is a scope" % v
                      for v in re.findall(r"\$(?!script:|env:)\w+:", word)]
            for v in re.findall(r"\$(?:script:)?(\w+)", word):
                if v.lower() not in names[0]:
                    found.append(line + "$%s was never set" % v)
    found += finished(began, current, parameters)
    code = re.sub(r"(?m)^\s*#.*$|'[^'\n]*'", "", text)
    found += ["too new: " + m.group(0).strip() for m in re.finditer(TOO_NEW[bool(online)], code)]
    return found + ["%s is not closed" % s[0] for s in stack]
