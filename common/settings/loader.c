/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading, in this order: read the file, parse it, read the document into the structs, check it,
 * validate it against the schema.
 *
 * The parser gets bytes in memory only. A document type is refused as soon as it begins, so there
 * are no entities to be expanded or fetched, whatever the options of a future libxml2 mean. See
 * loader.h.
 */
#include "common/settings/loader.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/io.h"
#include "common/settings/consistency.h"
#include "common/settings/member.h"
#include "common/settings/schema.h"
#include "common/settings/table.h"
#include "common/settings/document.h"

#define FILE_BYTES ((size_t)4 * 1024 * 1024)

struct parse {
	struct jm_findings *f;
	bool reported; /* the first error is in f; later ones are consequences of it */
};

static void on_xml_error(void *ctx, xmlErrorPtr e)
{
	struct parse *parse = ((xmlParserCtxt *)ctx)->_private;
	const char *text = e && e->message ? e->message : "unreadable";

	if (parse->reported || (e && e->level == XML_ERR_WARNING))
		return;
	parse->reported = true;
	jm_findings_error(parse->f, e ? e->line : 0, "not well-formed XML: %.*s",
	    (int)strcspn(text, "\r\n"), text);
}

static void refuse_doctype(
    void *ctx, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
	xmlParserCtxt *parser = ctx;
	struct parse *parse = parser->_private;

	(void)name;
	(void)external_id;
	(void)system_id;
	if (!parse->reported)
		jm_findings_error(parse->f, xmlSAX2GetLineNumber(parser),
		    "<!DOCTYPE>: a document type and entities are not allowed; remove it");
	parse->reported = true;
	xmlStopParser(parser);
}

/* Parse the XML in p. When it is wrong, f says so and *doc_r is NULL. -1 only without memory. */
static int parse_document(
    const unsigned char *p, size_t n, struct jm_findings *f, xmlDoc **doc_r, struct jm_err *err)
{
	struct parse parse = { .f = f };
	xmlParserCtxt *parser;

	xmlInitParser();
	parser = xmlNewParserCtxt();
	if (!parser)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	parser->_private = &parse;
	parser->sax->serror = on_xml_error;
	parser->sax->internalSubset = refuse_doctype;
	*doc_r = xmlCtxtReadMemory(
	    parser, (const char *)p, (int)n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
	if (parse.reported && *doc_r) {
		xmlFreeDoc(*doc_r);
		*doc_r = NULL;
	}
	xmlFreeParserCtxt(parser);
	if (!*doc_r && !parse.reported)
		return jm_err_set(err, JM_E_TEMP, "out of memory");
	return 0;
}

/* Read the file. *public_r: every user of this machine may read it. */
static int read_file(
    const char *path, unsigned char **p_r, size_t *n_r, bool *public_r, struct jm_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return jm_err_sys(err,
		    errno == ENOENT || errno == ENOTDIR ? JM_E_NOTFOUND
			: errno == EACCES               ? JM_E_DENIED
							: JM_E_TEMP,
		    "%s", path);
	*public_r = (st.st_mode & S_IROTH) != 0;
	if (!S_ISREG(st.st_mode))
		return jm_err_set(err, JM_E_CONFIG, "%s: is not a file%s", path,
		    S_ISDIR(st.st_mode) ? " but a folder" : "");
	if (jm_io_read_file(path, FILE_BYTES, p_r, n_r, err) != 0) {
		if (err->kind == JM_E_LIMIT)
			return jm_err_set(err, JM_E_CONFIG,
			    "%s: larger than %zu bytes, that is no settings file", path,
			    FILE_BYTES);
		return -1;
	}
	return 0;
}

/* New settings with all defaults and one reference; NULL with err filled. */
static struct jm_settings *settings_make(const char *path, struct jm_err *err)
{
	struct jm_settings *s = calloc(1, sizeof *s);

	if (s) {
		s->refs = 1;
		s->path = strdup(path);
	}
	if (!s || !s->path) {
		jm_err_set(err, JM_E_TEMP, "out of memory");
		jm_settings_unref(&s);
	} else if (jm_members_preset(JM_SETTINGS_ROOT, s, err) != 0) {
		jm_settings_unref(&s);
	}
	return s;
}

/* Read the n bytes of the file into *s; errors in them go into f. -1 with err filled only for
 * faults of this program or machine. */
static int settings_read(const unsigned char *p, size_t n, struct jm_settings *s,
    struct jm_findings *f, struct jm_err *err)
{
	xmlDoc *doc = NULL;
	int rc = -1;

	if (n == 0) {
		jm_findings_error(f, 1, "the file is empty");
		return 0;
	}
	if (parse_document(p, n, f, &doc, err) != 0)
		return -1;
	if (!doc)
		return 0;
	if (jm_document_read(doc, s, f, err) != 0 || jm_consistency_complete(s, f, err) != 0)
		goto out;
	jm_consistency_check(s, f);
	if (f->errors == 0 && jm_schema_validate(doc, f, err) != 0)
		goto out;
	rc = 0;
out:
	xmlFreeDoc(doc);
	return rc;
}

/* Passwords in a file that everybody can read are an error. */
static void refuse_public_passwords(const struct jm_settings *s, struct jm_findings *f)
{
	for (size_t i = 0; i < s->services_n; i++)
		if (s->services[i].pop3.password)
			jm_findings_error(f, jm_settings_line(s, &s->services[i], "password"),
			    "<password>: everybody on this machine can read this "
			    "file; chmod o-r it, or use <password-file>");
}

int jm_settings_load(
    const char *path, struct jm_settings **s_r, struct jm_buf *report, struct jm_err *err)
{
	struct jm_err ours = { JM_E_NONE, 0, "" }, first = { JM_E_NONE, 0, "" };
	struct jm_findings f = { .path = path, .report = report, .err = &first };
	struct jm_settings *s = NULL;
	unsigned char *p = NULL;
	bool is_public = false;
	size_t n = 0;
	int rc = -1;

	*s_r = NULL;
	if (read_file(path, &p, &n, &is_public, &ours) != 0)
		goto out;
	s = settings_make(path, &ours);
	if (!s || settings_read(p, n, s, &f, &ours) != 0)
		goto out;
	if (is_public)
		refuse_public_passwords(s, &f);
	rc = f.errors ? -1 : 0;
out:
	jm_findings_end(&f);
	if (rc == 0) {
		*s_r = s;
		s = NULL;
	} else if (f.errors) {
		if (err)
			*err = first;
	} else {
		if (report && jm_buf_printf(report, NULL, "%s\n", ours.text) != 0)
			f.full = true; /* err has the reason, too */
		if (err)
			*err = ours;
	}
	free(p);
	jm_settings_unref(&s);
	return rc;
}
