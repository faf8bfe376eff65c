#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Traps in a private Postfix: each is found by jmctl doctor, and after the commands that it prints it
finds nothing any more. The traps of one batch are planted together.
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import doctor
import run
import smtp
import tap
from certs import Certs
from daemon import Daemon
from journal_setup import AppliedPostfix, Written

DOMAIN = "journal.example.com"


def path(name):
    return os.path.join(tap.folder(), name)


def restrictions():
    """Lists of restrictions, in each of which one word harms reports."""
    return [
        [("recipients refused", "recipient-restrictions", "FAIL",
          "@P -e 'smtpd_recipient_restrictions = reject'")],
        [("clients without a name", "client-restrictions", "FAIL",
          "@P -e 'smtpd_client_restrictions = permit_mynetworks, reject_unknown_client_hostname'"),
         ("an unknown HELO", "helo-restrictions", "FAIL",
          "@P -e 'smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname'"),
         ("a DNS list of senders", "sender-restrictions", "FAIL",
          "@P -e 'smtpd_sender_restrictions = permit_mynetworks, "
          "reject_rhsbl_sender dbl.example'"),
         ("a DNS list of clients", "recipient-restrictions", "FAIL",
          "@P -e 'smtpd_recipient_restrictions = permit_mynetworks, "
          "reject_unauth_destination, reject_rbl_client bl.example'"),
         ("a policy service", "end-restrictions", "FAIL",
          "@P -e 'smtpd_end_of_data_restrictions = permit_mynetworks, "
          "check_policy_service unix:private/none'"),
         ("relaying by a class", "relay-restrictions", "FAIL",
          "@P -e 'smtpd_restriction_classes = none' 'none = reject_unverified_recipient' "
          "'smtpd_relay_restrictions = permit_mynetworks, none, reject_unauth_destination'")],
        [("an access table of clients", "client-restrictions", "FAIL",
          "@P -e 'smtpd_client_restrictions = check_client_access "
          "cidr:{ {127.0.0.4/30 REJECT no} }'"),
         ("restrictions before the recipient", "helo-restrictions", "FAIL",
          "@P -e 'smtpd_delay_reject = no' 'smtpd_helo_restrictions = permit_mynetworks, "
          "reject_unknown_helo_hostname'"),
         ("the null sender refused", "sender-restrictions", "FAIL",
          "@P -e 'smtpd_sender_restrictions = check_sender_access inline:{ {<> = REJECT} }'"),
         ("a class in a table", "recipient-restrictions", "FAIL",
          "@P -e 'smtpd_restriction_classes = grey' "
          "'grey = check_policy_service inet:127.0.0.1:1' 'smtpd_recipient_restrictions = "
          "check_recipient_access inline:{ {%s = grey} }, permit'" % DOMAIN)],
        [("a listener with restrictions of its own", "client-restrictions", "FAIL",
          "@P -e 'own = permit_mynetworks, reject_unknown_client_hostname' && "
          "@P -P '@L/smtpd_client_restrictions=$own'"),
         ("an open relay", "open-relay", "FAIL",
          "@P -e 'smtpd_relay_restrictions = check_recipient_access static:OK, "
          "reject_unauth_destination' 'smtpd_recipient_restrictions ='")],
        [("networks of strangers", "open-networks", "FAIL",
          "@P -e 'mynetworks = 127.0.0.0/8, 0.0.0.0/0'")],
    ]


def routes():
    return [
        [("a discard transport", "discard-transport", "FAIL",
          "@P -e 'transport_maps = inline:{ {%s=discard:} }'" % DOMAIN),
         ("a domain that is not relayed", "not-relayed", "FAIL", "@P -e relay_domains="),
         ("a list of recipients without ours", "unknown-recipient", "FAIL",
          "@P -e 'relay_recipient_maps = inline:{ {a@b.example=x} }'"),
         ("a queue of minutes", "queue-lifetime", "warn", "@P -e maximal_queue_lifetime=10m"),
         ("a relay host that is this machine", "relay-loop", "FAIL",
          "@P -e 'relayhost = [127.0.0.1]:25'")],
        [("an error transport", "error-transport", "FAIL",
          "@P -e 'transport_maps = inline:{ {%s=error:5.1.1 no} }'" % DOMAIN),
         ("a journal domain in mydestination", "wrong-class", "FAIL",
          "@P -e 'mydestination = localhost, %s' relay_domains=" % DOMAIN),
         ("an alias of the journal address", "address-mapping", "warn",
          "@P -e 'virtual_alias_maps = inline:{ {@%s=a@example.net} }'" % DOMAIN)],
        [("a transport to elsewhere", "no-backstop", "warn",
          "@P -e 'transport_maps = inline:{ {%s=smtp:[192.0.2.1]} }'" % DOMAIN),
         ("every domain is relayed", "all-relayed", "FAIL",
          "@P -e 'relay_domains = %s, static:all'" % DOMAIN),
         ("mailboxes below the size of messages", "mailbox-limit", "FAIL",
          "@P -e mailbox_size_limit=1000000")],
        [("no transport", "no-backstop", "FAIL", "@P -e transport_maps="),
         ("a journal domain by another name", "wrong-class", "FAIL",
          "@P -e 'myhostname = %s' 'mydestination = $myhostname, localhost'" % DOMAIN)],
        [("a transport that is not there", "no-transport", "FAIL",
          "@P -e 'transport_maps = inline:{ {%s=nowhere:x} }'" % DOMAIN)],
        [("a transport to a program that listens", "backstop-taken", "FAIL",
          "@P -e 'transport_maps = inline:{ {%s=smtp:[127.0.0.1]:%d} }'" % (DOMAIN, w.port))],
    ]


def single(setting, value, service="@L"):
    return "@P -P '%s/%s=%s'" % (service, setting, value)


def listener():
    """Settings of the listener and of its cleanup service."""
    c = "@C"
    ours = "unix:" + w.socket[5:]
    milters = "smtpd_milters"
    return [
        [("default_action accept", "default-action", "FAIL",
          single(milters, "{%s,default_action=accept}" % ours)),
         ("no_milters", "no-milters", "FAIL",
          single("receive_override_options", "no_milters,no_address_mappings")),
         ("the brake of cleanup", "in-flow-delay", "FAIL", single("in_flow_delay", "1s", c)),
         ("MIME processing", "mime-processing", "FAIL",
          single("disable_mime_input_processing", "no", c)),
         ("header drops", "drop-headers", "warn", single("message_drop_headers", "bcc", c)),
         ("stray CR", "stray-cr", "warn", single("cleanup_replace_stray_cr_lf", "yes", c)),
         ("NUL refused", "reject-characters", "FAIL",
          single("message_reject_characters", "\\0", c)),
         ("bytes stripped", "strip-characters", "warn",
          single("message_strip_characters", "\\0", c)),
         ("strict 8-bit", "strict-mime", "FAIL", single("strict_8bitmime", "yes", c)),
         ("a content filter", "content-filter", "warn",
          single("content_filter", "smtp:[127.0.0.1]:10025")),
         ("a rate limit", "rate-limit", "warn", single("smtpd_client_message_rate_limit", "5")),
         ("few connections", "connection-limit", "warn",
          single("smtpd_client_connection_count_limit", "2")),
         ("few errors", "error-limit", "warn", single("smtpd_hard_error_limit", "2")),
         ("few processes", "process-limit", "warn", "@P -F @L/process_limit=3"),
         ("a hop limit", "hop-limit", "warn", single("hopcount_limit", "5", c)),
         ("a short session", "session-timeout", "warn", single("smtpd_timeout", "5s")),
         ("copies", "bcc-copies", "warn", single("always_bcc", "a@example.net", c)),
         ("headers added", "added-headers", "warn",
          single("always_add_missing_headers", "yes", c)),
         ("headers rewritten", "header-rewrite", "warn",
          single("local_header_rewrite_clients", "permit_mynetworks"))],
    ] + listener_more(c, ours, milters)


def listener_more(c, ours, milters):
    """More of them."""
    return [
        [("default_action quarantine", "default-action", "warn",
          single(milters, "{%s,default_action=quarantine}" % ours)),
         ("a size limit", "size-limit", "FAIL",
          single("message_size_limit", "10240000") + " && "
          + single("message_size_limit", "10240000", c)),
         ("a header limit", "header-limit", "FAIL", single("header_size_limit", "20000", c)),
         ("a header check", "header-checks", "FAIL",
          "@P -e 'checks = regexp:{ {/^Content-Type: multipart/ REJECT no} }' && "
          + single("mime_header_checks", "$checks", c)),
         ("a queue that wants room", "queue-minfree", "FAIL",
          single("queue_minfree", "1000000000000")),
         ("clients that may use XCLIENT", "xclient", "warn",
          single("smtpd_authorized_xclient_hosts", "192.0.2.1")),
         ("bare newlines", "bare-newline", "FAIL",
          single("smtpd_forbid_bare_newline", "reject")),
         ("keywords", "ehlo-keywords", "FAIL",
          single("smtpd_discard_ehlo_keywords", "starttls,chunking")),
         ("a deadline", "deadline", "warn", single("smtpd_per_request_deadline", "yes"))],
        [("another milter after ours", "milter-after", "warn",
          single(milters, "{%s,default_action=tempfail,content_timeout=300s},"
                 "{inet:127.0.0.1:11332,default_action=accept}" % ours)),
         ("senders that must be listed", "unlisted-sender", "warn",
          single("smtpd_reject_unlisted_sender", "yes"))],
        [("a short answer", "content-timeout", "warn",
          single(milters, "{%s,default_action=tempfail,content_timeout=9s}" % ours)),
         ("no such cleanup", "no-cleanup", "FAIL", single("cleanup_service_name", "kcleanup"))],
        [("an old protocol", "milter-protocol", "FAIL",
          single(milters, "{%s,default_action=tempfail,content_timeout=300s,protocol=2}" % ours))],
        [("a chroot", "chroot-socket", "FAIL", "@P -F @L/chroot=y")],
        [("TLS first", "tls-wrapper", "FAIL", single("smtpd_tls_wrappermode", "yes")
          + " && " + single("smtpd_tls_cert_file", cert.path("server.pem")) + " && "
          + single("smtpd_tls_key_file", cert.path("server.key")))],
        [("a proxy filter", "proxy-filter", "FAIL", single("smtpd_proxy_filter", "127.0.0.1:1"))],
        [("a proxy protocol", "proxy-protocol", "FAIL",
          single("smtpd_upstream_proxy_protocol", "haproxy"))],
    ]


def tls():
    """Findings of TLS whose cure is a command."""
    pair = ["smtpd_tls_cert_file=" + cert.path("server.pem"),
            "smtpd_tls_key_file=" + cert.path("server.key"), "smtpd_tls_security_level=may"]
    on = " && ".join(single(*p.split("=")) for p in pair)
    return [[("no TLS 1.2", "tls-protocols", "FAIL",
              on + " && " + single("smtpd_tls_protocols", "TLSv1.3")),
             ("a client certificate required", "client-certificate-required", "FAIL",
              single("smtpd_tls_req_ccert", "yes")),
             ("a key that others can read", "key-readable", "FAIL",
              "chmod 0644 " + cert.path("server.key"))]]


def waiting(traps):
    """A report that passed the milter is in the queue; the cure archives it."""
    traps.restore()
    run.output("postconf", "-c", traps.etc, "-P", traps.listener + "/smtpd_milters=")
    traps.reload()
    end = time.monotonic() + 20
    while time.monotonic() < end:	# an old smtpd may take the first connection
        r = smtp.send(w.port, "a@example.com", ["journaling@" + DOMAIN], corpus.report("late"))
        if r.code == 250:
            break
    run.until(lambda: traps.postfix.queue() == ["journaling@" + DOMAIN], "queued")
    traps.restore()
    traps.reload()
    _, found = doctor.findings(traps.settings, *traps.args)
    tap.is_([f[:2] for f in found], [("queued-reports", "FAIL")], "a queued report is found")
    tap.like(found[0][2], "1 messages .* since 20.*(refused|deferred|incoming|active)",
             "with its number, age and reason")
    tap.is_(doctor.shell(found[0][3]), "", "its cure can be pasted")
    tap.is_(doctor.findings(traps.settings, *traps.args), (0, []), "cured: a queued report")
    tap.is_([i["subject"] for i in d.jmctl.list()], ["Test late"], "and it is archived")


tap.need("postconf", "openssl", root=True)
w = Written(path("written"), source="127.0.0.5/32")
tap.is_(w.status, 0, "jmctl setup") or tap.diag(w.complaint)
d = Daemon(path("daemon"), unix=True)
d.socket, d.archive = w.socket, w.folder + ".d/archive"
# Postfix is on loopback only
d.write(re.sub(r" *<range>(?!127\.).*\n", "", w.text("journal-milter.xml")))
d.start()
cert = Certs(path("tls"))
s = AppliedPostfix(path("postfix"), w, main={
    "smtpd_authorized_xclient_hosts": "", "mynetworks": "127.0.0.1/32"}).start()
t = doctor.Traps(d.settings, s, "127.0.0.1:%d/inet" % w.port)
tap.is_(doctor.findings(t.settings, *t.args), (0, []), "Postfix as written: no finding")
for batch in restrictions() + routes() + listener() + tls():
    t.batch(batch)
waiting(t)
s.stop()
sys.exit(tap.done())
