/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the messages of an mbox file: mboxrd, mboxo, mboxcl and mboxcl2, with and without empty
 * lines between messages. The file is read once, from its start to its end, through a window of
 * constant size; only the place to which a Content-Length leads is read beforehand. Quoting for
 * mbox files is in mbox_quote.h. One thread.
 *
 * A From_ line with a date begins a message when there is an empty line before it or a header field
 * after it. One that lacks the date is text, unless the first From_ line of the file lacks it, too.
 * Content-Length counts when it leads to a From_ line or to the end of the file: then no line
 * before that place begins a message. Every line that is kept as text although it may begin a
 * message is reported.
 */
#ifndef JM_MILTER_CTL_FILES_MBOX_H
#define JM_MILTER_CTL_FILES_MBOX_H

#include <stdint.h>

#include "common/base/spool.h"
#include "milter/ctl/files/mail_line.h"

enum jm_mbox_quoting {
	JM_MBOX_RD,   /* lines that have "From " after any number of ">" lose one ">" */
	JM_MBOX_O,    /* ">From " loses its ">" */
	JM_MBOX_NONE, /* nothing is changed */
};

struct jm_mbox {
	/* set by the caller: the file */
	int (*read)(void *ctx, uint64_t at, void *p, size_t n, struct jm_err *err);
	uint64_t size_bytes;
	enum jm_mbox_quoting quoting;
	bool whole; /* the file is one message, whatever lines it has; nothing is unquoted */
	/* gets the number of a line that may begin a message, and why it does not; may be NULL */
	void (*doubt)(void *ctx, uint64_t line, const char *reason);
	void *ctx; /* of read and doubt */
	/* for the caller: offset and line number of what is read next, after a failure, too */
	uint64_t at, line;
	bool unreadable; /* the failure was that of read */
	/* internal */
	unsigned char *window; /* owned */
	size_t begin, end;     /* the bytes of the window that are not used yet */
	bool begun, undated;   /* undated: as is the first From_ line of the file */
};

/* Begin. The caller has set its fields; the rest is 0. 0, or -1: TEMP. */
int jm_mbox_start(struct jm_mbox *b, struct jm_err *err) JM_MUST_CHECK;

/*
 * Read the next message into message, whose content is replaced. *line_r: the number of its From_
 * line. The From_ line, the empty line before the next one and empty lines before the first are not
 * part of messages; all else is exact but for the quoting.
 *
 * Returns 1 with a message, 0 at the end, -1: LIMIT when the message is too large for the spool,
 * the next call reads the one after it; the kinds of read (b->unreadable) and of jm_spool_write().
 */
int jm_mbox_next(struct jm_mbox *b, struct jm_spool *message, uint64_t *line_r,
    struct jm_err *err) JM_MUST_CHECK;

void jm_mbox_release(struct jm_mbox *b);

#endif
