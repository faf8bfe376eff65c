/* SPDX-License-Identifier: BSD-2-Clause */
/* Computing the match key. Which messages are matched, and when, is decided in common/archive. See
 * match_key.h. */
#include "common/journal/match_key.h"

#include "common/base/num.h"
#include "common/mail/field.h"

#define KEY_VERSION 1

static int add_piece(struct jm_sha256 *d, struct jm_span s, struct jm_err *err)
{
	unsigned char len[8];

	jm_num_put_be64(len, s.len);
	if (jm_sha256_add(d, len, sizeof len, err) != 0)
		return -1;
	return s.len ? jm_sha256_add(d, s.p, s.len, err) : 0;
}

/* Find the first field of each of n names in one walk. Returns the body. */
static struct jm_span find_fields(
    struct jm_span message, const char *const name[], struct jm_span value_r[], size_t n)
{
	struct jm_fields w;
	struct jm_field f;
	size_t k;

	jm_fields_start(&w, message);
	while (jm_fields_next(&w, &f))
		for (k = 0; k < n; k++)
			if (jm_span_none(value_r[k]) &&
			    jm_span_eq_nocase(f.name, jm_span_str(name[k])))
				value_r[k] = f.value;
	return jm_span_sub(message, w.pos, message.len);
}

int jm_match_key_of(
    struct jm_span message, unsigned char key_r[JM_SHA256_BYTES], struct jm_err *err)
{
	static const char *const name[] = { "Message-ID", "Date", "From", "Subject" };
	struct jm_span value[4] = { { NULL, 0 } }, body = find_fields(message, name, value, 4), v;
	unsigned char version = KEY_VERSION;
	struct jm_buf fold;
	struct jm_sha256 d;
	size_t k;
	int rc = -1;

	jm_buf_init(&fold, message.len + 1); /* never reached: unfolding only shortens a value */
	if (jm_field_unfold(value[0], &fold, &v, err) != 0)
		goto out;
	if (v.len == 0) {
		rc = jm_sha256_of(message, key_r, err);
		goto out;
	}
	if (jm_sha256_start(&d, err) != 0)
		goto out;
	if (jm_sha256_add(&d, &version, 1, err) != 0)
		goto abandon;
	for (k = 0; k < 4; k++)
		if (jm_field_unfold(value[k], &fold, &v, err) != 0 || add_piece(&d, v, err) != 0)
			goto abandon;
	if (add_piece(&d, body, err) != 0)
		goto abandon;
	rc = jm_sha256_finish(&d, key_r, err);
	goto out;
abandon:
	jm_sha256_abandon(&d);
out:
	jm_buf_release(&fold);
	return rc;
}
