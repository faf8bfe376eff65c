/* SPDX-License-Identifier: BSD-2-Clause */
/* Validation against the RELAX NG schema. document.c finds the same errors first and says them in
 * words for people; the messages of libxml2 are a last resort. */
#include "common/settings/schema.h"

#include <libxml/relaxng.h>
#include <string.h>

#include "common/settings/schema_text.h"

static void schema_finding(void *ctx, xmlErrorPtr e)
{
	struct jm_findings *f = ctx;
	const char *text = e && e->message ? e->message : "invalid";

	jm_findings_error(f, e ? e->line : 0, "%.*s", (int)strcspn(text, "\r\n"), text);
}

/* An error in the schema itself is a bug of this program; it goes into err. */
static void schema_bug(void *ctx, xmlErrorPtr e)
{
	const char *text = e && e->message ? e->message : "invalid";

	jm_err_set(ctx, JM_E_BUG, "journal-milter.rng:%d: %.*s", e ? e->line : 0,
	    (int)strcspn(text, "\r\n"), text);
}

int jm_schema_validate(xmlDoc *doc, struct jm_findings *f, struct jm_err *err)
{
	xmlRelaxNGParserCtxt *parser = NULL;
	xmlRelaxNG *schema = NULL;
	xmlRelaxNGValidCtxt *valid = NULL;
	unsigned errors = f->errors;
	int rc = -1, verdict;

	jm_err_set(err, JM_E_TEMP, "schema: out of memory");
	parser = xmlRelaxNGNewMemParserCtxt((const char *)jm_schema_text, (int)jm_schema_bytes);
	if (!parser)
		goto out;
	xmlRelaxNGSetParserStructuredErrors(parser, schema_bug, err);
	schema = xmlRelaxNGParse(parser);
	if (!schema)
		goto out;
	valid = xmlRelaxNGNewValidCtxt(schema);
	if (!valid)
		goto out;
	xmlRelaxNGSetValidStructuredErrors(valid, schema_finding, f);
	verdict = xmlRelaxNGValidateDoc(valid, doc);
	if (verdict < 0) {
		jm_err_set(err, JM_E_BUG, "schema: libxml2 could not validate");
		goto out;
	}
	if (verdict > 0 && f->errors == errors)
		jm_findings_error(f, 0, "does not match the schema");
	rc = 0;
out:
	if (valid)
		xmlRelaxNGFreeValidCtxt(valid);
	if (schema)
		xmlRelaxNGFree(schema);
	if (parser)
		xmlRelaxNGFreeParserCtxt(parser);
	return rc;
}
