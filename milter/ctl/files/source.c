/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of files. See source.h. */
#include "milter/ctl/files/source.h"

#include <fnmatch.h>
#include <strings.h>

#include "milter/ctl/files/mail_line.h"

#define TAR_AT 257
#define UNPACK "; unpack it, and import what was in it"
#define CONVERT "; convert it to mbox or .eml files first"

#define MAGIC(at, text, why) \
	{ \
		at, text, sizeof(text) - 1, why \
	}

static const struct magic {
	size_t at;
	const char *bytes;
	size_t n;
	const char *why;
} foreign[] = {
	MAGIC(0, "\x1f\x8b\x08", "a gzip file; unpack it with gunzip -k, and import the result"),
	MAGIC(0, "PK\3\4", "a zip file" UNPACK),
	MAGIC(0, "PK\5\6", "a zip file" UNPACK),
	MAGIC(0, "BZh91AY&SY", "a bzip2 file; unpack it with bunzip2 -k, and import the result"),
	MAGIC(0,
	    "\xfd"
	    "7zXZ",
	    "an xz file; unpack it with unxz -k, and import the result"),
	MAGIC(0, "\x28\xb5\x2f\xfd", "a zstd file; unpack it with unzstd, and import the result"),
	MAGIC(0, "\x04\x22\x4d\x18", "an lz4 file" UNPACK),
	MAGIC(0, "\x1f\x9d", "a compress(1) file" UNPACK),
	MAGIC(0, "7z\xbc\xaf\x27\x1c", "a 7z file" UNPACK),
	MAGIC(0, "Rar!\x1a\x07", "a RAR file" UNPACK),
	MAGIC(TAR_AT, "ustar", "a tar file" UNPACK),
	MAGIC(0, "!BDN", "an Outlook data file (.pst, .ost); readpst -e makes .eml files of it"),
	MAGIC(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
	    "an OLE file, as Outlook's .msg is; msgconvert makes an .eml file of a .msg"),
	MAGIC(0, "\xcf\xad\x12\xfe", "a .dbx file of Outlook Express" CONVERT),
	MAGIC(0, "JMF6", "an .mbx file of Outlook Express 4" CONVERT),
	MAGIC(0, "JMF9", "an .nch file of Outlook Express 4" CONVERT),
	MAGIC(0, "*mbx*\r\n", "an MBX file of the UW IMAP server" CONVERT),
	MAGIC(0, "\1\1\1\1\n", "an MMDF file" CONVERT),
	MAGIC(0, "\1\1\1\1\r\n", "an MMDF file" CONVERT),
	MAGIC(0, "BABYL OPTIONS:", "a Babyl file of Emacs" CONVERT),
	MAGIC(0, "SQLite format 3", "an SQLite database" CONVERT),
	MAGIC(0, "\x78\x9f\x3e\x22", "a TNEF file (winmail.dat)" CONVERT),
	MAGIC(0, "\0\5\x16\0", "an AppleSingle file" CONVERT),
	MAGIC(0, "\0\5\x16\7", "an AppleDouble file, which has no mail"),
	MAGIC(0, "%PDF-", "a PDF file"),
	MAGIC(0, "\xff\xfe", "text in UTF-16, which mail never is; export it again as it arrived"),
	MAGIC(0, "\xfe\xff", "text in UTF-16, which mail never is; export it again as it arrived"),
};

static bool has_at(struct jm_span s, size_t at, const char *bytes, size_t n)
{
	return s.len >= at + n && memcmp(s.p + at, bytes, n) == 0;
}

/* Why a file with these first bytes is no mail; NULL: it may be. */
static const char *foreign_kind(struct jm_span head)
{
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (has_at(head, foreign[i].at, foreign[i].bytes, foreign[i].n))
			return foreign[i].why;
	if (head.len >= 6 && (has_at(head, 1, "\0", 1) || has_at(head, 0, "\0", 1)) &&
	    head.p[0] != head.p[1] && head.p[2] != head.p[3] && head.p[4] != head.p[5] &&
	    head.p[0] * head.p[1] == 0 && head.p[2] * head.p[3] == 0 && head.p[4] * head.p[5] == 0)
		return "text in UTF-16, which mail never is; export it again as it arrived";
	return NULL;
}

/* An mbox file of old Macs: its first line ends with CR alone. */
static bool has_cr_alone(struct jm_span text)
{
	size_t cr = jm_span_index(text, '\r');

	return cr + 1 < text.len && text.p[cr + 1] != '\n' && jm_span_index(text, '\n') > cr;
}

/* An .emlx file: the size of the message on a line of its own, then the message. */
static bool is_emlx(struct jm_span line, struct jm_span rest)
{
	size_t n = 0;

	while (n < line.len && line.p[n] >= '0' && line.p[n] <= '9')
		n++;
	return n > 0 && jm_span_trim(jm_span_sub(line, n, line.len)).len <= 2 &&
	    jm_mail_line_header(jm_mail_line_first(rest)) != JM_HEADER_NOT;
}

/* Has the header at the top of text a field that is usual in mail? It is no header from the first
 * NUL on. */
static bool has_usual_field(struct jm_span text)
{
	struct jm_span line;

	while (line = jm_mail_line_first(text), line.len > 0 && !jm_mail_line_is_empty(line)) {
		if (jm_span_index(line, '\0') < line.len)
			return false;
		if (jm_mail_line_header(line) == JM_HEADER_USUAL)
			return true;
		text = jm_span_sub(text, line.len, text.len);
	}
	return false;
}

enum jm_source jm_source_kind(struct jm_span head, bool message, const char **why_r)
{
	struct jm_span text = head, line, rest;
	enum jm_from_line from;
	enum jm_header_line next;

	*why_r = foreign_kind(head);
	if (*why_r)
		return JM_SOURCE_OTHER;
	if (message)
		return JM_SOURCE_MESSAGE;
	if (has_at(text, 0, "\xef\xbb\xbf", 3))
		text = jm_span_sub(text, 3, text.len);
	while (line = jm_mail_line_first(text), jm_mail_line_is_empty(line))
		text = jm_span_sub(text, line.len, text.len);
	rest = jm_span_sub(text, line.len, text.len);
	from = jm_mail_line_from(line);
	next = jm_mail_line_header(jm_mail_line_first(rest));
	if (from != JM_FROM_NOT && has_cr_alone(text)) {
		*why_r = "text whose lines end with CR alone; convert them to LF first";
		return JM_SOURCE_OTHER;
	}
	if (from == JM_FROM_DATED || (from != JM_FROM_NOT && next == JM_HEADER_USUAL))
		return JM_SOURCE_MBOX;
	if (is_emlx(line, rest)) {
		*why_r = "an .emlx file of Apple Mail" CONVERT;
		return JM_SOURCE_OTHER;
	}
	if (has_usual_field(text))
		return JM_SOURCE_MESSAGE;
	*why_r = jm_span_index(head, 0) < head.len
	    ? "a binary file"
	    : "no mail: it begins neither with a From_ line nor with a header; if it is a message, "
	      "give it a name that ends in .eml";
	return JM_SOURCE_OTHER;
}

bool jm_source_is_eml(const char *name)
{
	size_t n = strlen(name);

	return n >= 4 && strcasecmp(name + n - 4, ".eml") == 0;
}

bool jm_source_is_index(const char *name, struct jm_span head)
{
	static const char *const names[] = { "dovecot.index*", "dovecot.list.index*",
		"dovecot.mailbox.log*", "dovecot-uidlist*", "dovecot-uidvalidity*",
		"dovecot-keywords*", "dovecot-acl*", "subscriptions", "maildirfolder",
		"maildirsize", "courierimap*", "cyrus.*", ".mh_sequences", "*.msf", ".DS_Store",
		"Thumbs.db", "desktop.ini" };
	const char *why;

	if (strncmp(name, "._", 2) == 0)
		return has_at(head, 0, "\0\5\x16\7", 4);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (fnmatch(names[i], name, 0) == 0)
			return jm_source_kind(head, false, &why) == JM_SOURCE_OTHER;
	return false;
}
