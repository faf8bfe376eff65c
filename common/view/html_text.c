/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of HTML mail: blocks, white space, links, pictures. See html_text.h. */
#include "common/view/html_text.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#include "common/mail/charset.h"
#include "common/mail/field.h"

#define CHUNK_BYTES 4096u
#define LINK_BYTES 2048u
#define HEAD_BYTES 4096u /* of a document, read for its charset */

struct reader {
	htmlParserCtxtPtr parser;
	struct jm_buf *out;
	struct jm_buf link; /* of the current <a>; empty: none */
	size_t link_from;   /* where the text of the <a> begins in out */
	/* open elements; the hidden and preformatted ones among them */
	unsigned depth, hidden, pre;
	unsigned breaks; /* line ends to write before the next text */
	bool space;      /* write a blank before the next text */
	bool cut;
	struct jm_err err;
	int rc;
};

enum block { INLINE, LINE, PARAGRAPH, HIDDEN };

static enum block block_of(const char *name)
{
	static const struct {
		const char *name;
		enum block block;
	} rows[] = {
		{ "p", PARAGRAPH },
		{ "h1", PARAGRAPH },
		{ "h2", PARAGRAPH },
		{ "h3", PARAGRAPH },
		{ "h4", PARAGRAPH },
		{ "h5", PARAGRAPH },
		{ "h6", PARAGRAPH },
		{ "blockquote", PARAGRAPH },
		{ "pre", PARAGRAPH },
		{ "ul", PARAGRAPH },
		{ "ol", PARAGRAPH },
		{ "table", PARAGRAPH },
		{ "div", LINE },
		{ "tr", LINE },
		{ "li", LINE },
		{ "dl", LINE },
		{ "dt", LINE },
		{ "dd", LINE },
		{ "hr", LINE },
		{ "form", LINE },
		{ "address", LINE },
		{ "center", LINE },
		{ "fieldset", LINE },
		{ "section", LINE },
		{ "article", LINE },
		{ "header", LINE },
		{ "footer", LINE },
		{ "body", LINE },
		{ "caption", LINE },
		{ "option", LINE },
		{ "script", HIDDEN },
		{ "style", HIDDEN },
		{ "head", HIDDEN },
		{ "title", HIDDEN },
		{ "template", HIDDEN },
		{ "svg", HIDDEN },
		{ "math", HIDDEN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(name, rows[i].name) == 0)
			return rows[i].block;
	return INLINE;
}

static void stop(struct reader *r)
{
	r->cut = true;
	xmlStopParser(r->parser);
}

static void put_raw(struct reader *r, const void *p, size_t n)
{
	if (r->rc < 0 || r->cut || jm_buf_add(r->out, p, n, &r->err) == 0)
		return;
	if (r->err.kind != JM_E_LIMIT)
		r->rc = -1;
	stop(r);
}

static void want_breaks(struct reader *r, unsigned n)
{
	r->breaks = r->breaks < n ? n : r->breaks;
	r->space = false;
}

/* Write text. Numbers of characters that are not in Unicode (&#128;) mean windows-1252. */
static void put_mapped(struct reader *r, const unsigned char *p, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		if (p[i] != 0xc2 || p[i + 1] >= 0xa0)
			continue;
		put_raw(r, p + from, i - from);
		if (r->rc == 0 && !r->cut &&
		    jm_charset_replace(jm_span_of(p + i + 1, 1), jm_span_str("windows-1252"),
			r->out, &r->err) != 0) {
			r->rc = r->err.kind == JM_E_LIMIT ? 0 : -1;
			stop(r);
		}
		from = i + 2;
		i++;
	}
	put_raw(r, p + from, n - from);
}

/* Write visible text, after the line ends or the blank that are due. */
static void put(struct reader *r, const void *p, size_t n)
{
	if (r->out->len > 0 && r->breaks > 0)
		put_raw(r, "\n\n", r->breaks);
	else if (r->out->len > 0 && r->space)
		put_raw(r, " ", 1);
	r->breaks = 0;
	r->space = false;
	put_mapped(r, p, n);
}

static void put_text(struct reader *r, const unsigned char *p, size_t n)
{
	size_t i = 0, from;

	while (i < n && !r->cut) {
		if (r->pre > 0 && p[i] == '\n') {
			put(r, "", 0);
			put_raw(r, "\n", 1);
			i++;
		} else if (r->pre == 0 && jm_field_is_space(p[i])) {
			r->space = true;
			i++;
		} else {
			for (from = i;
			     i < n && (r->pre > 0 ? p[i] != '\n' : !jm_field_is_space(p[i])); i++)
				;
			put(r, p + from, i - from);
		}
	}
}

static void on_characters(void *ctx, const xmlChar *p, int n)
{
	struct reader *r = ctx;

	if (r->hidden == 0 && n > 0)
		put_text(r, p, (size_t)n);
}

static const char *attribute(const xmlChar **atts, const char *name)
{
	for (; atts && atts[0]; atts += 2)
		if (strcmp((const char *)atts[0], name) == 0)
			return (const char *)atts[1];
	return NULL;
}

static void begin_link(struct reader *r, const xmlChar **atts)
{
	const char *href = attribute(atts, "href");
	struct jm_err ignored;

	jm_buf_reset(&r->link);
	if (!href || strncmp(href, "#", 1) == 0 ||
	    jm_buf_add(&r->link, href, strnlen(href, LINK_BYTES), &ignored) != 0)
		jm_buf_reset(&r->link);
	r->link_from = r->out->len;
}

/* Write where a link leads, unless its text is the same; of a mailto: only the address. */
static void end_link(struct reader *r)
{
	struct jm_span link = jm_buf_span(&r->link),
		       text = jm_field_strip(
			   jm_span_sub(jm_buf_span(r->out), r->link_from, r->out->len));
	static const char mailto[] = "mailto:";

	if (link.len == 0)
		return;
	if (jm_span_starts_nocase(link, jm_span_str(mailto)))
		link = jm_span_sub(link, sizeof mailto - 1, link.len);
	if (!jm_span_eq_nocase(link, text)) {
		put(r, r->out->len > r->link_from ? " <" : "<", r->out->len > r->link_from ? 2 : 1);
		put_raw(r, link.p, link.len);
		put_raw(r, ">", 1);
	}
	jm_buf_reset(&r->link);
}

static void put_picture(struct reader *r, const xmlChar **atts)
{
	const char *alt = attribute(atts, "alt");

	if (!alt || alt[0] == '\0')
		return;
	put(r, "[", 1);
	put_raw(r, alt, strnlen(alt, LINK_BYTES));
	put_raw(r, "]", 1);
}

static void on_start(void *ctx, const xmlChar *xml_name, const xmlChar **atts)
{
	const char *name = (const char *)xml_name;
	struct reader *r = ctx;
	enum block block = block_of(name);

	if (++r->depth > JM_HTML_DEPTH) {
		stop(r);
		return;
	}
	r->hidden += block == HIDDEN;
	if (r->hidden > 0)
		return;
	if (block == LINE || block == PARAGRAPH)
		want_breaks(r, block == PARAGRAPH ? 2 : 1);
	if (strcmp(name, "br") == 0) {
		put(r, "", 0);
		put_raw(r, "\n", 1);
	} else if (strcmp(name, "li") == 0) {
		put(r, "- ", 2);
	} else if (strcmp(name, "hr") == 0) {
		put(r, "---", 3);
	} else if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0) {
		r->space = true;
	} else if (strcmp(name, "pre") == 0) {
		r->pre++;
	} else if (strcmp(name, "img") == 0) {
		put_picture(r, atts);
	} else if (strcmp(name, "a") == 0) {
		begin_link(r, atts);
	}
}

static void on_end(void *ctx, const xmlChar *xml_name)
{
	const char *name = (const char *)xml_name;
	struct reader *r = ctx;
	enum block block = block_of(name);

	r->depth -= r->depth > 0;
	if (block == HIDDEN) {
		r->hidden -= r->hidden > 0;
		return;
	}
	if (r->hidden > 0)
		return;
	if (strcmp(name, "a") == 0)
		end_link(r);
	if (strcmp(name, "pre") == 0)
		r->pre -= r->pre > 0;
	if (block == LINE || block == PARAGRAPH)
		want_breaks(r, block == PARAGRAPH ? 2 : 1);
}

/* Errors of the parser: HTML is read as it is. */
static void ignore_error(void *ctx, xmlErrorPtr error)
{
	(void)ctx, (void)error;
}

/* Copy the next piece of html, of whole characters, into chunk, with blanks for the control
 * characters that the parser would stop at. Returns its length. */
static size_t next_chunk(struct jm_span html, size_t at, char chunk[CHUNK_BYTES])
{
	size_t n = html.len - at < CHUNK_BYTES ? html.len - at : CHUNK_BYTES;

	while (n > CHUNK_BYTES - 4 && at + n < html.len && (html.p[at + n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = html.p[at + i];

		chunk[i] = (char)(c < ' ' && c != '\t' && c != '\n' && c != '\r' ? ' ' : c);
		/* U+FFFE and U+FFFF: U+FFFD */
		if (i >= 2 && c >= 0xbe && html.p[at + i - 1] == 0xbf && html.p[at + i - 2] == 0xef)
			chunk[i] = '\xbd';
	}
	return n;
}

int jm_html_to_text(struct jm_span html, struct jm_buf *out, bool *cut_r, struct jm_err *err)
{
	/* Without cdataBlock the parser drops the content of <script> and <style>. */
	htmlSAXHandler sax = { .startElement = on_start,
		.endElement = on_end,
		.characters = on_characters,
		.ignorableWhitespace = on_characters,
		.initialized = XML_SAX2_MAGIC,
		.serror = ignore_error };
	struct reader r = { .out = out };
	char chunk[CHUNK_BYTES];
	size_t n;

	*cut_r = false;
	jm_buf_init(&r.link, LINK_BYTES);
	r.parser = htmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (!r.parser)
		return jm_err_set(err, JM_E_TEMP, "no memory for the HTML parser");
	/* The text is UTF-8, whatever it says of itself. */
	(void)htmlCtxtUseOptions(r.parser,
	    HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
		HTML_PARSE_IGNORE_ENC);
	for (size_t at = 0; at < html.len && !r.cut && r.rc == 0; at += n) {
		n = next_chunk(html, at, chunk);
		(void)htmlParseChunk(r.parser, chunk, (int)n, 0);
	}
	if (!r.cut && r.rc == 0)
		(void)htmlParseChunk(r.parser, "", 0, 1);
	if (r.parser->myDoc)
		xmlFreeDoc(r.parser->myDoc);
	r.parser->myDoc = NULL;
	htmlFreeParserCtxt(r.parser);
	jm_buf_release(&r.link);
	*cut_r = r.cut;
	if (r.rc < 0)
		*err = r.err;
	return r.rc;
}

/* The value after word and "=" in tag; empty when tag has no value. */
static struct jm_span value_in(struct jm_span tag, const char *word)
{
	struct jm_span w = jm_span_str(word), v;
	size_t n = 0;

	for (size_t i = 0; i + w.len < tag.len; i++) {
		if (!jm_span_starts_nocase(jm_span_sub(tag, i, tag.len), w))
			continue;
		v = jm_field_strip(jm_span_sub(tag, i + w.len, tag.len));
		if (v.len == 0 || v.p[0] != '=')
			continue;
		v = jm_field_strip(jm_span_sub(v, 1, v.len));
		if (v.len > 0 && (v.p[0] == '"' || v.p[0] == '\''))
			v = jm_field_strip(jm_span_sub(v, 1, v.len));
		while (n < v.len && n < 40 &&
		    (strchr("-_:.", v.p[n]) || (v.p[n] >= '0' && v.p[n] <= '9') ||
			(jm_lower(v.p[n]) >= 'a' && jm_lower(v.p[n]) <= 'z')))
			n++;
		if (n > 0)
			return jm_span_sub(v, 0, n);
	}
	return jm_span_sub(tag, 0, 0);
}

struct jm_span jm_html_charset(struct jm_span html)
{
	static const char comment[] = "<!--";
	struct jm_span rest = jm_span_sub(html, 0, HEAD_BYTES), tag, found;
	const unsigned char *end;

	for (;;) {
		rest = jm_span_sub(rest, jm_span_index(rest, '<'), rest.len);
		if (rest.len == 0)
			return rest;
		if (jm_span_starts_nocase(rest, jm_span_str(comment))) {
			end = memmem(rest.p, rest.len, "-->", 3);
			rest = jm_span_sub(rest, end ? (size_t)(end - rest.p) : rest.len, rest.len);
			continue;
		}
		tag = jm_span_sub(rest, 0, jm_span_index(rest, '>'));
		found = jm_span_starts_nocase(tag, jm_span_str("<meta")) ? value_in(tag, "charset")
		    : jm_span_starts_nocase(tag, jm_span_str("<?xml"))   ? value_in(tag, "encoding")
									 : jm_span_sub(tag, 0, 0);
		/* A document in UTF-16 could not be read so far. */
		if (found.len > 0 && !jm_span_starts_nocase(found, jm_span_str("utf-16")))
			return found;
		rest = jm_span_sub(rest, 1, rest.len);
	}
}
