/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts and codes. Which verdict has which code is in common/service/admit.c. See reply.h. */
#include "milter/daemon/reply.h"

#include <stdio.h>

#include "common/base/log.h"

/* Set the reply. A single '%' makes Sendmail answer 554 to everything (measured), so each is
 * doubled. */
static sfsistat set_reply(
    SMFICTX *ctx, const char *code, const char *xcode, const char *text, sfsistat result)
{
	char safe[2 * JM_ADMIT_TEXT_BYTES + 8], rcode[4], xrcode[8];
	size_t n = 0;

	for (; *text && n < sizeof safe - 3; text++) {
		if (*text == '%')
			safe[n++] = '%';
		safe[n++] = *text;
	}
	safe[n] = 0;
	memcpy(rcode, code, sizeof rcode); /* libmilter takes no const strings */
	memcpy(xrcode, xcode, strlen(xcode) + 1);
	if (smfi_setreply(ctx, rcode, xrcode, safe) != MI_SUCCESS)
		JM_LOG(JM_LOG_ERROR, "setreply-failed", { "code", JM_S(code) },
		    { "text", JM_S(safe) });
	return result;
}

sfsistat jm_reply_admission(SMFICTX *ctx, const struct jm_admission *a)
{
	const char *codes = jm_verdict_reply(a->verdict);
	char code[4] = "", xcode[8] = "";

	if (!codes)
		return SMFIS_CONTINUE;
	memcpy(code, codes, 3);
	snprintf(xcode, sizeof xcode, "%s", codes + 4);
	return set_reply(ctx, code, xcode, a->text, code[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL);
}

sfsistat jm_reply_trouble(SMFICTX *ctx, const struct jm_err *err)
{
	return set_reply(ctx, "451", "4.3.0",
	    err->kind == JM_E_LIMIT ? "message exceeds a limit of the archive, kept for a later try"
				    : "archive is not available, try again later",
	    SMFIS_TEMPFAIL);
}

sfsistat jm_reply_stopping(SMFICTX *ctx)
{
	return set_reply(
	    ctx, "451", "4.3.2", "archive is stopping, try again later", SMFIS_TEMPFAIL);
}
