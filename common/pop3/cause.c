/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of cures, and what a server's words mean. Causes of a failed connection are determined
 * in connect.c. See cause.h. */
#include "common/pop3/cause.h"

#include <errno.h>

#include "common/base/span.h"

static const char *const cures[] = {
	[JM_POP3_CAUSE_SETTINGS] = "correct the settings; jmctl check says more",
	[JM_POP3_CAUSE_PASSWORD_FILE] =
	    "give password-file the password on its first line, and the daemon's user the right to "
	    "read it",
	[JM_POP3_CAUSE_TOKEN_COMMAND] =
	    "run oauth2-token-command as the daemon's user: it must print a token",
	[JM_POP3_CAUSE_NAME] =
	    "correct hostname; if it is right, this machine's name server does not know it",
	[JM_POP3_CAUSE_REFUSED] =
	    "correct hostname and port, or start the POP3 service on the mail server",
	[JM_POP3_CAUSE_UNREACHABLE] =
	    "there is no way to that address: check the network and routes of this machine",
	[JM_POP3_CAUSE_TIMEOUT] =
	    "let this machine through the firewalls to that port, and check that the mail server "
	    "is up",
	[JM_POP3_CAUSE_CLEAR_TO_TLS] =
	    "set encrypted yes and starttls no for this port, which is for TLS (POP3S)",
	[JM_POP3_CAUSE_TLS_TO_CLEAR] =
	    "set starttls yes for this port, which begins in clear, or take the port for TLS, "
	    "usually 995",
	[JM_POP3_CAUSE_NO_STLS] =
	    "set starttls no and take the port for TLS, usually 995, or switch TLS on at the mail "
	    "server's POP3 service",
	[JM_POP3_CAUSE_TLS] = "check the TLS of the mail server: it must offer TLS 1.2 or newer, "
			      "and needs a certificate",
	[JM_POP3_CAUSE_WRONG_NAME] =
	    "set hostname to a name that is in the server's certificate, or renew the certificate "
	    "with this name",
	[JM_POP3_CAUSE_EXPIRED] =
	    "renew the certificate on the mail server and give it to its POP3 service",
	[JM_POP3_CAUSE_NOT_YET_VALID] =
	    "set the clock of this machine right, or give the mail server a certificate that is "
	    "valid now",
	[JM_POP3_CAUSE_SELF_SIGNED] =
	    "set ca-file to a copy of the server's certificate, or encryption-mode relaxed with "
	    "pinned-public-key; jmctl test prints the pin",
	[JM_POP3_CAUSE_UNKNOWN_CA] =
	    "set ca-file to the certificate of the authority that signed the server's, and let the "
	    "server send its intermediate certificates",
	[JM_POP3_CAUSE_CA_FILE] =
	    "correct ca-file: certificates in PEM that the daemon's user can read",
	[JM_POP3_CAUSE_PIN] =
	    "the server has another key than pinned-public-key: if its certificate was renewed, "
	    "pin the new key; jmctl test prints it",
	[JM_POP3_CAUSE_CERTIFICATE] =
	    "give the mail server a certificate that can be checked, or set ca-file",
	[JM_POP3_CAUSE_SILENT] =
	    "check the load and the log of the mail server: it accepts connections and does not "
	    "answer",
	[JM_POP3_CAUSE_TURNED_AWAY] =
	    "let this machine in at the mail server: its limits of connections, and its lists of "
	    "addresses",
	[JM_POP3_CAUSE_NOT_POP3] = "correct port: what answers there is no POP3 server",
	[JM_POP3_CAUSE_LOGIN] =
	    "correct mailbox-name and the password; on Exchange: switch POP3 on for the mailbox",
	[JM_POP3_CAUSE_TOKEN] =
	    "renew the token: the application needs the permission for POP, and the mailbox must "
	    "admit it",
	[JM_POP3_CAUSE_IN_USE] =
	    "end the other program that reads this mailbox: only one may do so at a time",
	[JM_POP3_CAUSE_LOGIN_DELAY] =
	    "raise poll-interval: the server wants more time between two logins",
	[JM_POP3_CAUSE_SERVER] = "see the log of the mail server: it reports a fault of its own",
	[JM_POP3_CAUSE_LISTING] =
	    "check in the log of the mail server why it does not list this mailbox",
	[JM_POP3_CAUSE_OUT_OF_STEP] =
	    "mend the mail server's POP3 service: it must double each dot at the start of a line "
	    "(RFC 1939 section 3); the message stays in the mailbox meanwhile",
	[JM_POP3_CAUSE_CUT] =
	    "check the log of the mail server, and firewalls that end long connections",
	[JM_POP3_CAUSE_STALL] = "check the load of the mail server, or raise answer-timeout",
	[JM_POP3_CAUSE_QUIT] =
	    "check in the log of the mail server why it does not delete what was fetched",
	[JM_POP3_CAUSE_DISK_FULL] =
	    "make room on this machine's disk; the messages stay in the mailbox meanwhile",
	[JM_POP3_CAUSE_PERMISSION] =
	    "give the daemon's user the right to write there; the messages stay in the mailbox "
	    "meanwhile",
	[JM_POP3_CAUSE_MEMORY] =
	    "give this machine or the daemon more memory; the messages stay in the mailbox "
	    "meanwhile",
	[JM_POP3_CAUSE_HERE] =
	    "correct this fault of this machine; the messages stay in the mailbox meanwhile",
};

const char *jm_pop3_cure(enum jm_pop3_cause cause)
{
	return (size_t)cause < sizeof cures / sizeof cures[0] ? cures[cause] : NULL;
}

static bool says(struct jm_span s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.len; i++)
		if (jm_span_starts_nocase(jm_span_sub(s, i, s.len), jm_span_str(word)))
			return true;
	return false;
}

enum jm_pop3_cause jm_pop3_cause_login(const char *answer, bool bearer)
{
	struct jm_span s = jm_span_str(answer);

	/* Response codes of RFC 2449 and RFC 3206; older servers say it in words. */
	if (says(s, "[IN-USE]") || says(s, "lock") || says(s, "in use"))
		return JM_POP3_CAUSE_IN_USE;
	if (says(s, "[LOGIN-DELAY]"))
		return JM_POP3_CAUSE_LOGIN_DELAY;
	if (says(s, "[SYS/"))
		return JM_POP3_CAUSE_SERVER;
	return bearer ? JM_POP3_CAUSE_TOKEN : JM_POP3_CAUSE_LOGIN;
}

enum jm_pop3_cause jm_pop3_cause_command(enum jm_pop3_fault fault, enum jm_pop3_cause refused)
{
	return fault == JM_POP3_CUT        ? JM_POP3_CAUSE_CUT
	    : fault == JM_POP3_OUT_OF_STEP ? JM_POP3_CAUSE_OUT_OF_STEP
	    : fault == JM_POP3_STALL       ? JM_POP3_CAUSE_STALL
	    : fault == JM_POP3_GARBAGE     ? JM_POP3_CAUSE_NOT_POP3
	    : fault == JM_POP3_SINK        ? JM_POP3_CAUSE_HERE
					   : refused;
}

enum jm_pop3_cause jm_pop3_cause_here(const struct jm_err *err)
{
	switch (err->sys) {
	case ENOSPC:
	case EDQUOT:
		return JM_POP3_CAUSE_DISK_FULL;
	case EACCES:
	case EPERM:
	case EROFS:
		return JM_POP3_CAUSE_PERMISSION;
	case ENOMEM:
		return JM_POP3_CAUSE_MEMORY;
	default:
		return JM_POP3_CAUSE_HERE;
	}
}
