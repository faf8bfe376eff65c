#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
jmctl doctor: what it finds in the settings, on the machine, in the DNS, about certificates and
listeners of Postfix, and that its session with the listener leaves no trace.
"""
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import dns
import doctor
import run
import smtp
import tap
from certs import Certs
from daemon import Daemon
from doctor import clean, findings, planted, settle
from dovecot import Certificates
from journal_setup import AppliedPostfix, Written, jmctl, read, write

def path(name):
    return os.path.join(tap.folder(), name)


def put(d, text):
    """Settings that the daemon works with, too."""
    d.write(text)
    d.reload()


def nearby(text):
    """
    Settings whose reports come from this machine alone, where the mail servers of this test listen.
    """
    return re.sub(r" *<range>(?!127\.).*\n", "", text)


def elsewhere(text):
    """And from elsewhere."""
    return text.replace("<range>127.0.0.5/32</range>",
                        "<range>127.0.0.5/32</range><range>192.0.2.7</range>")


def expired():
    """A certificate that ended in 2021."""
    return Certificates(path("old")).path("expired.pem")


def short_lived(cert):
    """A certificate that ends tomorrow."""
    name = os.path.join(cert.folder, "short.pem")
    run.output("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
               "/CN=mx.example.com", "-keyout", name + ".key", "-out", name)
    return name


def services(d, etc, args):
    """A service asks for more than the listener offers."""
    text, main_cf = read(d.settings), read(etc, "main.cf")
    for what, name, more in (
            ("TLS", "no-tls", "<encrypted>yes</encrypted>"),
            ("a login", "no-login", "<use-smtp-authentication>yes</use-smtp-authentication>"),
            ("a client certificate", "no-client-certificate",
             "<encrypted>yes</encrypted><encryption-mode>strict</encryption-mode>")):
        if name == "no-client-certificate":
            run.output("postconf", "-c", etc, "-e", "smtpd_tls_security_level=may",
                       "smtpd_tls_cert_file=" + Certs(path("tls")).path("server.pem"),
                       "smtpd_tls_key_file=" + Certs(path("tls")).path("server.key"))
            settle(etc)
        put(d, text.replace("</journal-service>", more + "</journal-service>"))
        planted(d, "no %s for a service that wants it" % what, name, "FAIL", *args)
        if name == "no-client-certificate":
            run.output("postconf", "-c", etc, "-e", "smtpd_tls_ask_ccert=yes")
            settle(etc)
            planted(d, "a client certificate asked for, and no CA known", "no-client-ca", "FAIL",
                    *args)
            run.output("postconf", "-c", etc, "-e",
                       "smtpd_tls_CAfile=" + Certs(path("tls")).path("ca.pem"))
            settle(etc)
            clean(d, "a client certificate asked for, and a CA", "--no-smtp", *args)
    write(os.path.join(etc, "main.cf"), main_cf)
    put(d, text)
    with open(os.path.join(etc, "main.cf"), "ab") as f:
        f.write(b"# caf\xe9\nsmtpd_banner = caf\xe9\n")
    settle(etc)
    clean(d, "a byte that is not UTF-8 in main.cf", *args)
    tap.like(jmctl("doctor", "--config", d.settings, "--no-dns", "--json", *args)[1],
             r"main.cf:%d: the line is not UTF-8" % (len(main_cf.splitlines()) + 2),
             "and its line is named")
    write(os.path.join(etc, "main.cf"), main_cf)
    settle(etc)


def listeners(d, s, w, args):
    """Other programs that listen on the port."""
    master = read(s.etc, "master.cf")
    write(os.path.join(s.etc, "master.cf"), master + "%d inet n - n - - smtpd\n" % w.port)
    run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=all")
    settle(s.etc)
    planted(d, "a listener for all addresses beside ours", "listener-conflict", "FAIL", *args)
    run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=127.0.0.1")
    near = read(d.settings)
    write(os.path.join(s.etc, "master.cf"), master)
    settle(s.etc)
    put(d, elsewhere(near))
    planted(d, "a listener for this machine alone", "loopback-only", "FAIL", *args)
    for interfaces, found in (("loopback-only", True), ("127.0.0.1, localhost", True),
                              ("all", False)):
        write(os.path.join(s.etc, "master.cf"),
              master.replace("127.0.0.1:%d" % w.port, "%d" % w.port))
        run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=" + interfaces)
        settle(s.etc)
        if found:
            planted(d, "inet_interfaces = " + interfaces, "loopback-only", "FAIL", *args)
        else:
            clean(d, "inet_interfaces = " + interfaces, *args)
    put(d, near)
    run.output("postconf", "-c", s.etc, "-e", "inet_interfaces=127.0.0.1")
    other = run.port()
    write(os.path.join(s.etc, "master.cf"),
          master.replace("127.0.0.1:%d" % w.port, "127.0.0.1:%d" % other))
    settle(s.etc)
    planted(d, "a listener that Postfix did not open", "not-listening", "FAIL", *args)
    write(os.path.join(s.etc, "master.cf"), master)
    settle(s.etc)
    clean(d, "as it was", *args)
    s.stop()
    planted(d, "a Postfix that does not run", "mta-stopped", "FAIL", *args)
    with socket.create_server(("127.0.0.1", w.port)):
        planted(d, "another program at the port", "port-taken", "FAIL", *args)
    s.start()
    late(d, s, w, args)


def late(d, s, w, args):
    """
    A listener that comes a second after the doctor began to look: Postfix after a reload, of which
    its own socket is taken here.
    """
    master = read(s.etc, "master.cf")
    other = run.port()
    write(os.path.join(s.etc, "master.cf"),
          master.replace("127.0.0.1:%d" % w.port, "127.0.0.1:%d" % other))
    settle(s.etc)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", other))
        timer = threading.Timer(1.0, listener.listen)
        timer.start()
        clean(d, "a listener that comes while the doctor looks", "--no-smtp", *args)
        timer.join()
    write(os.path.join(s.etc, "master.cf"), master)
    settle(s.etc)


def names(d, *args):
    status, found = findings(d.settings, *args)
    return status, sorted({f[0] for f in found})


def settings(d, w):
    text, none = read(d.settings), ("--mta", "none")

    def one(what, name, level, new, *also):
        tap.ok(new != text, "changed: " + what)
        put(d, new)
        planted(d, what, name, level, *none, also=also)

    clean(d, "settings and machine", *none)
    one("loopback may send", "loopback-allowed", "warn",
        text.replace("127.0.0.5/32", "127.0.0.0/8"))
    one("all the world may send", "ranges-wide", "warn", text.replace("127.0.0.5/32", "0.0.0.0/0"),
        "loopback-allowed")
    one("some of Microsoft's ranges", "ranges-incomplete", "warn",
        re.sub(r" *<range>40\.92[^<]*</range>\n", "", text))
    one("a small max-message-size", "message-size", "FAIL",
        text.replace("</directory>\n  </archive>",
                     "</directory><max-message-size>10M</max-message-size>\n  </archive>"))
    one("an archive of another user", "archive-owner", "FAIL",
        text.replace("<user>root</user>", "<user>nobody</user>"))
    one("a user that is not there", "no-user", "FAIL",
        text.replace("<user>root</user>", "<user>jm-nobody-has-this</user>"))
    one("a group that is not there", "no-group", "FAIL",
        text.replace("<socket-group>postfix<", "<socket-group>jm-nobody-has-this<"))
    one("a publish folder that is not there", "publish-folder", "warn",
        text.replace(".d/public<", ".d/nowhere<"))
    one("a disabled service", "service-disabled", "warn",
        text.replace("</email-address>", "</email-address><disabled>yes</disabled>"))
    one("a directory source that is not there", "directory-source", "FAIL",
        text.replace("  <journal-service>", "  <directory-sources><file>/nonexistent/list</file>"
                     "</directory-sources>\n  <journal-service>", 1))
    tables(d, text, none)
    one("messages that are soon too old", "maximum-age", "warn",
        text.replace("  <journal-service>", "  <maximum-age>1</maximum-age>\n  <journal-service>",
                     1))
    reach(d, w, text, one)
    passwords(d, text, one)
    put(d, "<journal-milter>")
    tap.is_(names(d, *none), (2, ["settings-wrong"]), "wrong settings are a finding")
    put(d, text)
    in_force(d, text, none)
    machine(d, w, text, none)
    tap.is_(names(d, "--postfix", "/nonexistent"), (2, ["postconf-fails"]),
            "a Postfix that is not there")
    tap.is_(jmctl("doctor", "--mta", "exim")[0], 64, "wrong usage")
    put(d, text)
    d.stop()
    tap.is_(names(d, *none), (2, ["daemon-silent"]), "a daemon that does not answer")


def tables(d, text, none):
    """A table that was not made from its text: the cure is to make it, with its type."""
    people = tap.folder() + "/people"
    with open(people, "w", encoding="ascii") as f:
        f.write("anna@example.com x\n")
    for kind, ending in (("hash", ".db"), ("lmdb", ".lmdb"), ("cdb", ".cdb")):
        put(d, text.replace("  <journal-service>", "  <directory-sources><map>%s:%s</map>"
                            "</directory-sources>\n  <journal-service>" % (kind, people), 1))
        found = [f for f in findings(d.settings, *none)[1] if f[0] == "directory-source"]
        tap.is_([(f[1], f[3]) for f in found], [("FAIL", "postmap %s:%s" % (kind, people))],
                "a table of %s that was not made: to be made" % kind)
        tap.ok(" as %s%s:" % (people, ending) in found[0][2], "its file is named", found)


def reach(d, w, text, one):
    """Users and machines that can connect to the milter's socket."""
    def listed(new):
        d.write(new)
        out = jmctl("doctor", "--config", d.settings, "--no-dns", "--mta", "none", "--all")[1]
        return re.search(r"(?m)^(\w+) .*socket-open: .*", out).group().split()[0]
    unix = "<socket>%s</socket>" % w.socket
    inet = re.sub(" *<socket-group>.*\n", "", text)
    new = inet.replace(unix, "<socket>inet:%d@0.0.0.0</socket>" % w.port)
    one("a milter's port for all machines", "socket-open", "warn", new, "daemon-silent")
    cure = [f[3] for f in findings(d.settings, "--mta", "none")[1] if f[0] == "socket-open"][0]
    tap.like(cure, " && systemctl restart journal-milter$", "its cure ends with a restart")
    tap.is_(doctor.shell(cure.partition(" && ")[0]), "", "and can be pasted")
    tap.like(read(d.settings), "<socket>inet:%d@127.0.0.1</socket>" % w.port,
             "it leaves the port to this machine")
    for address, level in (("inet:9@127.0.0.1", "note"), ("inet:9@localhost", "note"),
                           ("inet6:9@::1", "note"), ("inet6:9@::", "warn"),
                           ("inet:9@192.0.2.7", "warn"),
                           ("inet:9@name.invalid", "warn"), (w.socket, "ok")):
        tap.is_(listed(inet.replace(unix, "<socket>%s</socket>" % address)), level,
                "%s: %s" % (address, level))
    put(d, text)
    os.chmod(w.socket[5:], 0o666)
    planted(d, "a milter's socket for every user", "socket-open", "warn", "--mta", "none")
    cure = [f[3] for f in findings(d.settings, "--mta", "none")[1] if f[0] == "socket-open"][0]
    tap.is_(doctor.shell(cure), "", "its cure can be pasted")
    clean(d, "a socket whose mode was corrected", "--mta", "none")


def passwords(d, text, one):
    service = """  <journal-service>
    <description>x</description><email-address>box@pop.example.net</email-address>
    <transport-type>POP3</transport-type>
    <pop3><hostname>127.0.0.1</hostname><port>1</port><mailbox-name>box</mailbox-name>
    <password-file>%s</password-file></pop3>
    <disabled>yes</disabled>
  </journal-service>
</journal-milter>""" % path("password")
    new = text.replace("</journal-milter>", service)
    one("a password-file that is not there", "password-file", "FAIL", new, "service-disabled")
    write(path("password"), "secret", 0o644)
    one("a password-file that others can read", "password-file", "FAIL", new, "service-disabled")
    os.chmod(path("password"), 0o600)
    tap.is_(names(d, "--mta", "none"), (1, ["service-disabled"]), "a password-file as it must be")
    put(d, text)
    os.chmod(d.settings, 0o666)
    planted(d, "settings that others can change", "settings-mode", "FAIL", "--mta", "none")
    os.chmod(d.settings, 0o644)


def in_force(d, text, none):
    """The file and the daemon differ."""
    size = "<archive><volume-size>2M</volume-size>"
    for what, new in (("a setting", text.replace("<archive>", size)),
                      ("a service", text.replace("journaling@", "journal2@"))):
        d.write(new)
        planted(d, "a reload is missing: " + what, "not-in-force", "FAIL", *none)
        d.reload()
        clean(d, "reloaded: " + what, *none)
    put(d, text)
    d.write(text.replace(".d/milter.sock", ".d/other.sock"))
    tap.like(jmctl("doctor", "--config", d.settings, "--no-dns", *none)[1],
             "daemon-silent|not-in-force", "another socket than the daemon has")
    put(d, text)


def machine(d, w, text, none):
    archive, public = w.folder + ".d/archive", w.folder + ".d/public"
    os.utime(d.settings, (4000000000, 4000000000))
    planted(d, "a clock that is slow", "clock-wrong", "FAIL", *none)
    put(d, text)
    os.chmod(public, 0o750)
    planted(d, "a publish folder that is closed to others", "publish-folder", "warn", *none)
    os.chmod(public, 0o755)
    os.chmod(w.folder + ".d", 0o700)
    planted(d, "a publish folder in a folder that is closed to others", "publish-folder", "warn",
            *none)
    tap.like(jmctl("check", "--config", d.settings)[2], r"public.* is in .*; chmod o\+x ",
             "check says so, too")
    os.chmod(w.folder + ".d", 0o755)
    for mode, level in ((0o777, "FAIL"), (0o755, "warn")):
        os.chmod(archive, mode)
        planted(d, "an archive of mode %o" % mode, "archive-mode", level, *none)
        wrong = doctor.shell([f for f in findings(d.settings, *none)[1]][0][3])
        tap.is_(wrong, "", "its cure can be pasted")
        clean(d, "an archive whose mode was corrected", *none)
    volumes = archive + "/volumes"
    os.utime(volumes, (4000000000, 4000000000))
    planted(d, "an archive that was written in the future", "clock-wrong", "FAIL", *none)
    os.utime(volumes)
    before = dict(doctor.ENV)
    doctor.ENV.update(run.hooks(JM_CLOCK_OFFSET_MS=str(3600 * 1000)))
    planted(d, "a clock that is ahead", "publish-old", "warn", *none, also=("clock-battery",))
    doctor.ENV.clear()
    doctor.ENV.update(before)
    disks(d, text)
    os.rename(archive, path("moved"))
    tap.is_(names(d, *none), (2, ["control-silent", "no-archive"]), "no archive folder")
    os.rename(path("moved"), archive)


def disks(d, text):
    """Small disks, in memory; nothing is written to them."""
    for size, name, level in (("512m", "disk-full", "FAIL"), ("4g", "disk-low", "warn")):
        folder = path("disk-" + size)
        os.makedirs(folder)
        run.output("mount", "-t", "tmpfs", "-o", "mode=750,size=" + size, "tmpfs", folder)
        memory = ("archive-in-memory", "not-in-force", "control-silent")
        try:
            d.write(re.sub(r"<archive>\s*<directory>[^<]*", "<archive><directory>" + folder, text))
            found = planted(d, "a disk of " + size, name, level, "--mta", "none", also=memory)
            tap.ok(("archive-in-memory", "FAIL") in found, "and an archive in memory", found)
            if name == "disk-low":
                d.write(read(d.settings).replace(folder + "</directory>", folder
                                                 + "</directory><disk-reserve>5G</disk-reserve>"))
                planted(d, "a disk smaller than its reserve", "disk-full", "FAIL", "--mta", "none",
                        also=memory)
        finally:
            run.output("umount", folder)
    put(d, text)


def domain_names(d):
    """The journal domain needs no record; a name server that does not answer is no missing name."""
    server = dns.Dns()
    at = ("--mta", "none", "--server", "127.0.0.1:%d" % server.port)

    def told(*args):
        status, out, _ = jmctl("doctor", "--config", d.settings, *at, *args)
        return status, [line for line in out.splitlines() if " dns " in line]

    server.addresses["journal.example.com"] = "192.0.2.1"
    tap.is_(told(), (0, []), "a journal domain with an A record")
    server.addresses.clear()
    server.addresses["mail.example.com"] = "192.0.2.1"
    tap.is_(told("--smart-host", "mail.example.com"), (0, []),
            "a smart host with an A record, a journal domain with none")
    status, lines = told()
    tap.ok(status == 1 and "no-address" in lines[0], "no name of this machine has an address",
           lines)
    status, lines = told("--smart-host", "mail.example.com", "--smart-host", "nowhere.example.com")
    tap.ok(status == 2 and "smart-host" in lines[0], "a smart host without an address", lines)
    for what, attribute in (("SERVFAIL", "failing"), ("no answer", "silent")):
        setattr(server, attribute, True)
        status, lines = told()
        tap.ok(status == 0 and len(lines) == 1 and "could not be asked" in lines[0]
               and "neither" not in lines[0], what + " of the name server", (status, lines))
        setattr(server, attribute, False)


def certificates(d, s, args):
    """Certificates whose cure is to have another one made."""
    etc, main_cf = s.etc, read(s.etc, "main.cf")
    c, other = Certs(path("tls")), Certs(path("tls2"))
    c.make_self_signed("self", "mx.example.com")
    c.make_self_signed("wrong", "other.example.net")
    for what, pem, key, name, level, also in (
            ("no certificate", "/nonexistent.pem", "", "certificate-unreadable", "FAIL", ()),
            ("an expired one", expired(), "", "certificate-expired", "FAIL",
             ("certificate-name", "certificate-key", "certificate-self-signed", "key-readable")),
            ("one for a day", short_lived(c), short_lived(c) + ".key", "certificate-expires",
             "warn", ("certificate-self-signed",)),
            ("a foreign key", c.path("server.pem"), other.path("server.key"), "certificate-key",
             "FAIL", ()),
            ("a key that is not there", c.path("server.pem"), "/nonexistent.key",
             "certificate-key", "FAIL", ()),
            ("its own issuer", c.path("self.pem"), c.path("self.key"), "certificate-self-signed",
             "warn", ()),
            ("another name", c.path("wrong.pem"), c.path("wrong.key"), "certificate-name", "warn",
             ("certificate-self-signed",)),
            (None, c.path("server.pem"), c.path("server.key"), None, None, ())):
        run.output("postconf", "-c", etc, "-e", "smtpd_tls_security_level=may",
                   "smtpd_tls_cert_file=" + pem, "smtpd_tls_key_file=" + (key or pem))
        settle(etc)
        if name:
            planted(d, "a certificate: " + what, name, level, "--no-smtp", *args, also=also)
        else:
            clean(d, "a good certificate", "--no-smtp", *args)
    planted(d, "a certificate that does not name the smart host", "certificate-name", "FAIL",
            "--no-smtp", "--smart-host", "journal.example.com", *args)
    write(os.path.join(etc, "main.cf"), main_cf)
    settle(etc)


def access(d, w, args):
    os.chmod(w.socket[5:], 0o600)
    planted(d, "a socket that postfix may not use", "socket-rights", "FAIL", *args)
    os.chmod(w.socket[5:], 0o660)
    os.chmod(os.path.dirname(w.socket[5:]), 0o700)
    planted(d, "a folder that postfix may not enter", "socket-rights", "FAIL", *args,
            also=("publish-folder",))
    os.chmod(os.path.dirname(w.socket[5:]), 0o755)


def session(d, w, args):
    """The session with the listener is no refusal; that of a stranger is one."""
    status, out, _ = jmctl("doctor", "--config", d.settings, "--no-dns", "--all", *args)
    tap.is_(status, 0, "a refusal of our own milter is none of the MTA") or tap.diag(out)
    tap.like(out, r"smtp-recipient: .*client 127\.0\.0\.1(?s:.*)smtp-null-sender",
             "it spoke SMTP as the journal sender and as the null sender")
    tap.like(out, r"\nok: 1\d\d checks, 0 faults, 0 warnings", "it says what it checked")
    tap.like(d.log(), "verdict=client-address client=127.0.0.1", "the milter refused the session")
    tap.is_(d.jmctl.events("refused"), [], "and noted no event")
    tap.is_(d.jmctl.status()["daemon"]["since_start"]["refused"], 0, "and counted no refusal")
    r = smtp.send(w.port, "a@example.com", ["journaling@journal.example.com"], b"x: y\r\n\r\n",
                  source="127.0.0.9")
    tap.is_(r.code, 550, "a stranger is refused")
    tap.is_(d.jmctl.status()["daemon"]["since_start"]["refused"], 1, "and that counts")
    listed = [f for f in out.splitlines() if re.match("(ok|skip|note|warn|FAIL) ", f)]
    told = int(re.search(r"\nok: (\d+) checks", out).group(1))
    tap.is_(len([f for f in listed if not f.startswith("skip")]), told, "--all lists each check")


def postfix(d, w):
    s = AppliedPostfix(path("postfix"), w, main={"smtpd_authorized_xclient_hosts": ""}).start()
    args = ("--postfix", s.etc)
    clean(d, "Postfix as written", *args)
    session(d, w, args)
    access(d, w, args)
    certificates(d, s, args)
    services(d, s.etc, args)
    listeners(d, s, w, args)
    run.output("postconf", "-c", s.etc, "-e", "soft_bounce=yes")
    clean(d, "soft_bounce is only advice", *args)
    tap.like(jmctl("doctor", "--config", d.settings, "--no-dns", *args)[1], "note .* soft-bounce",
             "which is printed")
    return s


tap.need("postconf", "openssl", root=True)
w = Written(path("written"), source="127.0.0.5/32")
tap.is_(w.status, 0, "jmctl setup") or tap.diag(w.complaint)
d = Daemon(path("daemon"), unix=True)
d.socket, d.archive = w.socket, w.folder + ".d/archive"
# with Microsoft's ranges, but not the TLS that jmctl setup --microsoft365 demands for them
whole = w.text("journal-milter.xml").replace(
    "    </additional-source-ip-ranges>",
    "".join("      <range>%s</range>\n" % r for r in jmctl("ranges", "list")[1].split())
    + "    </additional-source-ip-ranges>")
d.write(nearby(whole))
d.start()
postfix(d, w).stop()
put(d, whole)
domain_names(d)
settings(d, w)
sys.exit(tap.done())
