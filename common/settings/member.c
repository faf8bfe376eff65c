/* SPDX-License-Identifier: BSD-2-Clause */
/* Access to the members of the structs of settings.h through the table. Text is parsed and printed
 * by value.c. See member.h. */
#include "common/settings/member.h"

#include <stdlib.h>

#include "common/settings/value.h"

_Static_assert(offsetof(struct jm_domain, name) == 0 && offsetof(struct jm_source, name) == 0,
    "member.c, difference.c and snapshot.c find the name first");

void *jm_members_at(const struct jm_setting *t, void *base)
{
	return (char *)base + t->offset;
}

/* The array of a setting with many. memcpy(), as the types of these pointers differ. */
static char *array_of(const struct jm_setting *t, const void *base, size_t *n_r)
{
	char *array;

	memcpy(&array, (const char *)base + t->offset, sizeof array);
	memcpy(n_r, (const char *)base + t->many_offset, sizeof *n_r);
	return array;
}

int jm_members_preset(const char *section, void *base, struct jm_err *err)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (const struct jm_setting *t = table; t < table + n; t++) {
		if (strcmp(t->section, section) != 0 || t->many_size)
			continue;
		if (t->type == JM_SETTING_GROUP &&
		    jm_members_preset(t->name, jm_members_at(t, base), err) != 0)
			return -1;
		if (t->preset &&
		    jm_value_parse(t, jm_span_str(t->preset), jm_members_at(t, base), err) != 0) {
			if (err && err->kind == JM_E_USAGE)
				err->kind = JM_E_BUG;
			return jm_err_wrap(err, "default of %s", t->name);
		}
	}
	return 0;
}

/* Make room for one more element in an array of n. The room is a power of two, so n alone shows
 * when to grow. NULL without memory; then array is unchanged. */
static void *array_grow(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? 2 * n : 1, size);
}

int jm_members_grow(const struct jm_setting *t, void *base, void **element_r, struct jm_err *err)
{
	size_t n;
	char *array = array_of(t, base, &n);

	if (n >= t->max)
		return jm_err_set(err, JM_E_LIMIT, "more than %zu", n);
	if (t->type == JM_SETTING_RANGE) {
		struct jm_ranges *ranges = base;
		int *lines = array_grow(ranges->lines, n, sizeof *lines);

		if (!lines)
			return jm_err_set(err, JM_E_TEMP, "out of memory");
		ranges->lines = lines;
		lines[n] = 0;
	}
	array = array_grow(array, n, t->many_size);
	if (!array)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	*element_r = array + n * t->many_size;
	memset(*element_r, 0, t->many_size);
	n++;
	memcpy((char *)base + t->offset, &array, sizeof array);
	memcpy((char *)base + t->many_offset, &n, sizeof n);
	return 0;
}

void jm_members_shrink(const struct jm_setting *t, void *base)
{
	size_t n;

	memcpy(&n, (const char *)base + t->many_offset, sizeof n);
	n--;
	memcpy((char *)base + t->many_offset, &n, sizeof n);
}

static void release_many(const struct jm_setting *t, void *base)
{
	size_t n;
	char *array = array_of(t, base, &n);

	for (size_t i = 0; i < n; i++) {
		if (t->type == JM_SETTING_GROUP)
			jm_members_release(t->name, array + i * t->many_size);
		else if (t->type != JM_SETTING_RANGE)
			free(*(char **)(void *)(array + i * t->many_size)); /* the name */
	}
	if (t->type == JM_SETTING_RANGE) {
		struct jm_ranges *ranges = base;

		free(ranges->lines);
		ranges->lines = NULL;
	}
	free(array);
	array = NULL;
	n = 0;
	memcpy((char *)base + t->offset, &array, sizeof array);
	memcpy((char *)base + t->many_offset, &n, sizeof n);
}

void jm_members_release(const char *section, void *base)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (const struct jm_setting *t = table; t < table + n; t++) {
		char **text = jm_members_at(t, base);

		if (strcmp(t->section, section) != 0)
			continue;
		if (t->many_size) {
			release_many(t, base);
			continue;
		}
		switch (t->type) {
		case JM_SETTING_GROUP:
			jm_members_release(t->name, text);
			break;
		case JM_SETTING_TEXT:
		case JM_SETTING_SECRET:
		case JM_SETTING_NAME:
		case JM_SETTING_PATH:
		case JM_SETTING_SOCKET:
		case JM_SETTING_ADDRESS:
		case JM_SETTING_DOMAIN:
		case JM_SETTING_MAP:
			free(*text);
			*text = NULL;
			break;
		case JM_SETTING_YES_NO:
		case JM_SETTING_SIZE:
		case JM_SETTING_NUMBER:
		case JM_SETTING_MODE:
		case JM_SETTING_WORD:
		case JM_SETTING_RANGE:
			break;
		}
	}
}

bool jm_members_equal(const struct jm_setting *t, const void *a, const void *b)
{
	const void *x = (const char *)a + t->offset, *y = (const char *)b + t->offset;
	const char *s, *u;

	switch (t->type) {
	case JM_SETTING_TEXT:
	case JM_SETTING_SECRET:
	case JM_SETTING_NAME:
	case JM_SETTING_PATH:
	case JM_SETTING_SOCKET:
	case JM_SETTING_ADDRESS:
	case JM_SETTING_DOMAIN:
	case JM_SETTING_MAP:
		memcpy(&s, x, sizeof s);
		memcpy(&u, y, sizeof u);
		return s && u ? strcmp(s, u) == 0 : s == u;
	case JM_SETTING_YES_NO:
		return *(const bool *)x == *(const bool *)y;
	case JM_SETTING_SIZE:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case JM_SETTING_NUMBER:
	case JM_SETTING_MODE:
	case JM_SETTING_WORD:
		return *(const unsigned *)x == *(const unsigned *)y;
	case JM_SETTING_RANGE:
		return memcmp(x, y, sizeof(struct jm_cidr)) == 0;
	case JM_SETTING_GROUP:
		break;
	}
	return true;
}
