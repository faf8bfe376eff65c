/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages that milter-load sends: read from a folder, cut into header fields and body. No
 * protocol here. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "t/bench/load.h"

static const char built_in[] =
    "From: journal@sender.example\nTo: journaling@journal.example.com\n"
    "Subject: milter-load " LOAD_TOKEN "\n"
    "Message-ID: <" LOAD_TOKEN
    "@sender.example>\nDate: Mon, 01 Jan 2024 00:00:00 +0000\n\nA small test message.\n";

/* End of the field that begins at p: after the line end that no blank follows. */
static const char *field_end(const char *p, const char *end)
{
	do {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		p = lf ? lf + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return p;
}

static void cut_header(struct load_message *m)
{
	const char *end = m->text + m->len;
	size_t at = 0;

	while (at < m->len) {
		const char *line = m->text + at, *next, *colon;

		if (m->len - at >= 2 && memcmp(line, "\r\n", 2) == 0) {
			at += 2;
			break;
		}
		next = field_end(line, end);
		colon = memchr(line, ':', (size_t)(next - line));
		if (!colon || colon == line || *line == ' ' || *line == '\t')
			break; /* no field: the body begins here */
		m->field = load_grow(m->field, (m->field_n + 1) * sizeof *m->field);
		m->field[m->field_n].name = at;
		m->field[m->field_n].colon = (size_t)(colon - m->text);
		at = (size_t)(next - m->text);
		m->field[m->field_n++].end = next - line >= 2 && next[-1] == '\n' ? at - 2 : at;
	}
	m->body = at;
}

static void find_tokens(struct load_message *m)
{
	char *p = m->text, *end = m->text + m->len;

	while ((p = memmem(p, (size_t)(end - p), LOAD_TOKEN, LOAD_TOKEN_BYTES)) != NULL) {
		m->token = load_grow(m->token, (m->token_n + 1) * sizeof *m->token);
		m->token[m->token_n++] = (size_t)(p - m->text);
		p += LOAD_TOKEN_BYTES;
	}
}

static void take(struct load_message *m, const char *raw, size_t n)
{
	memset(m, 0, sizeof *m);
	m->text = load_grow(NULL, 2 * n + 1);
	for (size_t i = 0; i < n; i++) { /* a lone LF becomes CRLF, as on the wire */
		if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r'))
			m->text[m->len++] = '\r';
		m->text[m->len++] = raw[i];
	}
	cut_header(m);
	find_tokens(m);
}

static int is_eml(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && strcmp(e->d_name + n - 4, ".eml") == 0;
}

static void take_file(struct load_message *m, const char *folder, const char *name)
{
	char path[4096];
	struct stat st;
	char *raw;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st) != 0)
		load_die("%s: %m", path);
	raw = load_grow(NULL, (size_t)st.st_size);
	if (fread(raw, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		load_die("%s: short read", path);
	fclose(f);
	take(m, raw, (size_t)st.st_size);
	free(raw);
}

struct load_message *load_messages_read(const char *folder, size_t *n_r)
{
	struct load_message *m;
	struct dirent **entry;
	int n;

	if (!folder) {
		m = load_grow(NULL, sizeof *m);
		take(m, built_in, sizeof built_in - 1);
		*n_r = 1;
		return m;
	}
	n = scandir(folder, &entry, is_eml, alphasort);
	if (n <= 0)
		load_die("%s: no *.eml file", folder);
	m = load_grow(NULL, (size_t)n * sizeof *m);
	for (int i = 0; i < n; i++) {
		take_file(&m[i], folder, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	*n_r = (size_t)n;
	return m;
}

void load_messages_free(struct load_message *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(m[i].text);
		free(m[i].field);
		free(m[i].token);
	}
	free(m);
}
