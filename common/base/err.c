/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling error objects. Callers decide how to handle an error. See err.h. */
#include "common/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int jm_err_set(struct jm_err *err, enum jm_err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->kind = kind;
	err->sys = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return -1;
}

int jm_err_sys(struct jm_err *err, enum jm_err_kind kind, const char *fmt, ...)
{
	int saved = errno;
	char words[96];
	size_t len;
	va_list ap;

	if (!err)
		return -1;
	err->kind = kind;
	err->sys = saved;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof err->text - len, ": %s",
	    strerror_r(saved, words, sizeof words));
	return -1;
}

int jm_err_wrap(struct jm_err *err, const char *fmt, ...)
{
	char inner[JM_ERR_TEXT_BYTES];
	size_t len;
	va_list ap;

	if (!err)
		return -1;
	memcpy(inner, err->text, sizeof inner);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof err->text - len, ": %s", inner);
	return -1;
}

const char *jm_err_kind_name(enum jm_err_kind kind)
{
	switch (kind) {
	case JM_E_NONE:
		return "none";
	case JM_E_TEMP:
		return "temporary";
	case JM_E_LIMIT:
		return "limit";
	case JM_E_NOTFOUND:
		return "not-found";
	case JM_E_DENIED:
		return "denied";
	case JM_E_CONFIG:
		return "configuration";
	case JM_E_CORRUPT:
		return "corrupt";
	case JM_E_USAGE:
		return "usage";
	case JM_E_BUG:
		return "bug";
	}
	return "unknown";
}
