/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the sources of the directory and looking addresses up. The content of a source is an
 * immutable set: jm_directory_refresh() makes a new one and swaps it in under the lock, so that
 * lookups never wait for a file. How a table of the MTA is read: mta_table.c.
 */
#include "common/service/directory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/base/io.h"
#include "common/mail/domain.h"
#include "common/mail/field.h"
#include "common/service/mta_table.h"

#define ADDRESS_BYTES (256 + JM_DOMAIN_BYTES) /* normalised, with its NUL */
#define PATH_BYTES 2048

/* Addresses: text has them one after the other, each with its NUL; slot is a hash table of their
 * offsets there. The number of slots is a power of two. Offset 0 marks a free slot (the first
 * address is at 1). */
struct set {
	struct jm_buf text;
	uint32_t *slot;
	size_t slots, n, ignored;
};

struct source {
	char *name;            /* "/path" or "hash:/path" */
	bool is_map;           /* a table of the MTA, not a text file */
	bool wanted;           /* in the settings that are taken now */
	struct stat seen;      /* of the file when it was last tried */
	bool tried;            /* seen is valid: do not try again while the file is the same */
	struct set *set;       /* NULL: never read */
	struct jm_err trouble; /* the last error that was reported; kind NONE: it worked */
};

struct jm_directory {
	/* guards v, n and each source's set against lookups; only take and refresh write them */
	pthread_rwlock_t lock;
	struct source **v;
	size_t n;
};

static uint64_t address_hash(const unsigned char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h ^ h >> 29;
}

static void set_free(struct set *s)
{
	if (!s)
		return;
	jm_buf_release(&s->text);
	free(s->slot);
	free(s);
}

/* The slot of address, or the free slot where it would go. */
static uint32_t *set_find(const struct set *s, const char *address, size_t n)
{
	size_t at = (size_t)address_hash((const unsigned char *)address, n) & (s->slots - 1);

	while (s->slot[at] && strcmp((const char *)s->text.p + s->slot[at], address) != 0)
		at = (at + 1) & (s->slots - 1);
	return &s->slot[at];
}

static int set_grow(struct set *s, struct jm_err *err)
{
	struct set bigger = *s;
	size_t i;

	bigger.slots = s->slots ? 2 * s->slots : 1024;
	bigger.slot = calloc(bigger.slots, sizeof *bigger.slot);
	if (!bigger.slot)
		return jm_err_set(err, JM_E_TEMP, "out of memory for a directory");
	for (i = 0; i < s->slots; i++)
		if (s->slot[i]) {
			const char *address = (const char *)s->text.p + s->slot[i];

			*set_find(&bigger, address, strlen(address)) = s->slot[i];
		}
	free(s->slot);
	*s = bigger;
	return 0;
}

/* Write local@domain in the form for lookups. domain is normalised already. Returns the length, or
 * 0 when this is not an address. */
static size_t write_address(struct jm_span local, const char *domain, char text_r[ADDRESS_BYTES])
{
	size_t n = strlen(domain), i;

	if (local.len + n + 2 > ADDRESS_BYTES)
		return 0;
	for (i = 0; i < local.len; i++) {
		if (local.p[i] == '\0')
			return 0;
		text_r[i] = (char)jm_lower(local.p[i]);
	}
	text_r[local.len] = '@';
	memcpy(text_r + local.len + 1, domain, n + 1);
	return local.len + n + 1;
}

/* Add a line of a file or a key of a table; those that are not addresses (domains, aliases) are
 * only counted. */
static int set_add(void *ctx, struct jm_span entry, struct jm_err *err)
{
	struct set *s = ctx;
	size_t at = jm_span_rindex(entry, '@'), n = 0;
	char domain[JM_DOMAIN_BYTES], address[ADDRESS_BYTES];
	uint32_t *slot;

	if (at < entry.len &&
	    jm_domain_normalise(jm_span_sub(entry, at + 1, entry.len), domain) == 0)
		n = write_address(jm_span_sub(entry, 0, at), domain, address);
	if (n == 0) {
		s->ignored++;
		return 0;
	}
	if (s->n >= JM_DIRECTORY_ENTRIES)
		return jm_err_set(err, JM_E_LIMIT, "more than %u addresses", JM_DIRECTORY_ENTRIES);
	if (2 * (s->n + 1) > s->slots && set_grow(s, err) != 0)
		return -1;
	slot = set_find(s, address, n);
	if (*slot)
		return 0;
	*slot = (uint32_t)s->text.len;
	s->n++;
	return jm_buf_add(&s->text, address, n + 1, err);
}

static int read_file(const char *path, struct set *s, struct jm_err *err)
{
	unsigned char *p = NULL;
	size_t n;
	struct jm_span rest;
	int rc = 0;

	if (jm_io_read_file(path, JM_DIRECTORY_BYTES, &p, &n, err) != 0)
		return -1;
	rest = jm_span_of(p, n);
	if (memchr(p, '\0', n))
		rc = jm_err_set(err, JM_E_CORRUPT, "\"%s\" is no text file", path);
	while (rc == 0 && rest.len) {
		size_t end = jm_span_index(rest, '\n');
		struct jm_span line = jm_span_sub(rest, 0, end);

		rest = jm_span_sub(rest, end + 1, rest.len);
		line = jm_field_strip(jm_span_sub(line, 0, jm_span_index(line, '#')));
		if (line.len)
			rc = set_add(s, line, err);
	}
	free(p);
	return rc;
}

static struct set *set_read(const struct source *source, const char *path, struct jm_err *err)
{
	struct set *s = calloc(1, sizeof *s);

	if (!s) {
		jm_err_set(err, JM_E_TEMP, "out of memory for a directory");
		return NULL;
	}
	jm_buf_init(&s->text, JM_DIRECTORY_BYTES);
	if (set_grow(s, err) != 0 || jm_buf_add_byte(&s->text, '\0', err) != 0 ||
	    (source->is_map ? jm_mta_table_walk(path, set_add, s, err) : read_file(path, s, err)) !=
		0) {
		set_free(s);
		return NULL;
	}
	return s;
}

struct jm_directory *jm_directory_new(void)
{
	struct jm_directory *d = calloc(1, sizeof *d);

	if (d)
		pthread_rwlock_init(&d->lock, NULL);
	return d;
}

static void source_free(struct source *s)
{
	if (!s)
		return;
	set_free(s->set);
	free(s->name);
	free(s);
}

void jm_directory_free(struct jm_directory **d)
{
	struct jm_directory *old = *d;
	size_t i;

	*d = NULL;
	if (!old)
		return;
	for (i = 0; i < old->n; i++)
		source_free(old->v[i]);
	free(old->v);
	pthread_rwlock_destroy(&old->lock);
	free(old);
}

/* Report an error, unless it is the one that was reported last. */
static void source_report(
    struct source *s, const struct jm_err *cause, jm_directory_told *told, void *ctx)
{
	if (s->trouble.kind == cause->kind && strcmp(s->trouble.text, cause->text) == 0)
		return;
	s->trouble = *cause;
	told(ctx, s->name, 0, 0, cause);
}

static void source_refresh(
    struct jm_directory *d, struct source *s, jm_directory_told *told, void *ctx)
{
	char path[PATH_BYTES];
	struct stat now = { .st_size = 0 }, after;
	struct set *made = NULL, *old;
	struct jm_err cause;

	if (s->is_map ? jm_mta_table_path(s->name, path, sizeof path, &cause) != 0
		      : (size_t)snprintf(path, sizeof path, "%s", s->name) >= sizeof path)
		return; /* the settings do not allow a path of this length */
	if (stat(path, &now) != 0) {
		jm_err_sys(&cause, JM_E_NOTFOUND, "cannot read \"%s\"", path);
		s->tried = false;
		source_report(s, &cause, told, ctx);
		return;
	}
	if (s->tried && jm_io_is_same(&now, &s->seen))
		return;
	made = set_read(s, path, &cause);
	if (made && (stat(path, &after) != 0 || !jm_io_is_same(&now, &after))) {
		set_free(made);
		return; /* changed while we read it: try again at the next refresh */
	}
	s->seen = now;
	/* try a temporary error again; another one remains until the file changes */
	s->tried = made || cause.kind != JM_E_TEMP;
	if (!made) {
		source_report(s, &cause, told, ctx);
		return;
	}
	s->trouble.kind = JM_E_NONE;
	old = s->set;
	pthread_rwlock_wrlock(&d->lock);
	s->set = made;
	pthread_rwlock_unlock(&d->lock);
	set_free(old);
	told(ctx, s->name, made->n, made->ignored, NULL);
}

static struct source *source_find(const struct jm_directory *d, const char *name, bool is_map)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i]->is_map == is_map && strcmp(d->v[i]->name, name) == 0)
			return d->v[i];
	return NULL;
}

/* Mark the sources of list as wanted; add those that are new, never read. */
static int sources_want(
    struct jm_directory *d, const struct jm_source *list, size_t n, bool is_map, struct jm_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct source *s = source_find(d, list[i].name, is_map), **v;

		if (!s) {
			v = calloc(d->n + 1, sizeof *v);
			s = calloc(1, sizeof *s);
			if (!v || !s || !(s->name = strdup(list[i].name))) {
				free(v);
				free(s);
				return jm_err_set(err, JM_E_TEMP, "out of memory for a directory");
			}
			s->is_map = is_map;
			if (d->n)
				memcpy(v, d->v, d->n * sizeof *v);
			v[d->n] = s;
			pthread_rwlock_wrlock(&d->lock);
			free(d->v);
			d->v = v;
			d->n++;
			pthread_rwlock_unlock(&d->lock);
		}
		s->wanted = true;
	}
	return 0;
}

int jm_directory_take(
    struct jm_directory *d, const struct jm_settings *settings, struct jm_err *err)
{
	size_t i, k = 0;

	for (i = 0; i < d->n; i++)
		d->v[i]->wanted = false;
	if (sources_want(d, settings->directory_files, settings->directory_files_n, false, err) !=
		0 ||
	    sources_want(d, settings->directory_maps, settings->directory_maps_n, true, err) != 0)
		return -1;
	pthread_rwlock_wrlock(&d->lock);
	for (i = 0; i < d->n; i++)
		if (d->v[i]->wanted)
			d->v[k++] = d->v[i];
		else
			source_free(d->v[i]);
	d->n = k;
	pthread_rwlock_unlock(&d->lock);
	return 0;
}

int jm_directory_refresh(struct jm_directory *d, const struct jm_settings *settings,
    jm_directory_told *told, void *ctx, struct jm_err *err)
{
	if (jm_directory_take(d, settings, err) != 0)
		return -1;
	for (size_t i = 0; i < d->n; i++)
		source_refresh(d, d->v[i], told, ctx);
	return 0;
}

/* Under the lock. */
static bool sources_ready(const struct jm_directory *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (!d->v[i]->set)
			return false;
	return d->n > 0;
}

bool jm_directory_ready(struct jm_directory *d)
{
	bool is;

	pthread_rwlock_rdlock(&d->lock);
	is = sources_ready(d);
	pthread_rwlock_unlock(&d->lock);
	return is;
}

/* Under the lock; every source has a set. */
static bool sources_have(const struct jm_directory *d, struct jm_span local, const char *domain)
{
	char address[ADDRESS_BYTES];
	size_t n = write_address(local, domain, address);

	for (size_t i = 0; n && i < d->n; i++)
		if (*set_find(d->v[i]->set, address, n))
			return true;
	return false;
}

bool jm_directory_knows(void *directory, struct jm_span local, struct jm_span domain)
{
	struct jm_directory *d = directory;
	size_t plus = jm_span_index(local, '+');
	char name[JM_DOMAIN_BYTES];
	bool known = true;

	if (domain.len >= sizeof name)
		return false;
	memcpy(name, domain.p, domain.len);
	name[domain.len] = '\0';
	pthread_rwlock_rdlock(&d->lock);
	if (sources_ready(d))
		known = sources_have(d, local, name) || sources_have(d, jm_span_of("", 0), name) ||
		    (plus > 0 && plus < local.len &&
			sources_have(d, jm_span_sub(local, 0, plus), name));
	pthread_rwlock_unlock(&d->lock);
	return known;
}
