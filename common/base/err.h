/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error object. The function that detects an error fills it once; the function that handles the
 * error logs it once.
 *
 * The caller owns it. It has a fixed size, so it works in any thread and without memory. Functions
 * that take one return 0, or -1 with it filled, unless their comment says otherwise; err may be
 * NULL for callers that need no reason. The kind, never the text, decides what happens next:
 * milter/daemon/reply.c maps it to an SMTP answer, jmctl to an exit code of sysexits.h.
 */
#ifndef JM_BASE_ERR_H
#define JM_BASE_ERR_H

enum jm_err_kind {
	JM_E_NONE, /* no error */
	/* a fault of this machine or of a peer that may go away: disk, memory, network, database */
	JM_E_TEMP,
	JM_E_LIMIT,    /* a cap was reached */
	JM_E_NOTFOUND, /* what was asked for does not exist */
	JM_E_DENIED,   /* not allowed: admission, file permissions */
	JM_E_CONFIG,   /* the configuration is wrong; an operator has to correct it */
	JM_E_CORRUPT,  /* stored or received bytes contradict their checksum or their format */
	JM_E_USAGE,    /* the caller's arguments are wrong */
	JM_E_BUG,      /* should be impossible: a bug in this program */
};

#define JM_ERR_TEXT_BYTES 480

struct jm_err {
	enum jm_err_kind kind;
	int sys; /* errno, or 0 */
	/* for people: lower case, no full stop; first what failed, then why */
	char text[JM_ERR_TEXT_BYTES];
};

#define JM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define JM_MUST_CHECK __attribute__((warn_unused_result))

/* Fill err (may be NULL) with a kind and a text, cut when too long; err->sys becomes 0. Always
 * returns -1, so that a caller may return it. Any thread. */
int jm_err_set(struct jm_err *err, enum jm_err_kind kind, const char *fmt, ...) JM_PRINTF(3, 4);

/* Like jm_err_set(), and append ": " and the description of the current errno, which is kept in
 * err->sys. Always returns -1. */
int jm_err_sys(struct jm_err *err, enum jm_err_kind kind, const char *fmt, ...) JM_PRINTF(3, 4);

/* Put "text: " before the text in err (may be NULL); kind and sys stay. Always returns -1. */
int jm_err_wrap(struct jm_err *err, const char *fmt, ...) JM_PRINTF(2, 3);

/* The name of a kind for logs and JSON: "temporary", "limit", "not-found", ... Static storage. */
const char *jm_err_kind_name(enum jm_err_kind kind);

#endif
