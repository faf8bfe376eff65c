/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the document into the structs, driven by the table of settings. Values are parsed in
 * value.c; what they mean together is judged in consistency.c. See document.h. */
#include "common/settings/document.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/settings/member.h"
#include "common/settings/near.h"
#include "common/settings/table.h"
#include "common/settings/value.h"

#define NAME_BYTES 64     /* of an unknown element, as shown */
#define ALLOWED_BYTES 800 /* fits all names that a section allows */
#define VALUE_BYTES 8192  /* cap on the text of an element; no value is as long */

/* An element that contains elements, and the struct that it fills. */
struct place {
	const xmlNode *node;
	const char *section;
	void *base;                 /* the struct that it fills */
	int *lines;                 /* of the service or of the settings, by row of the table */
	int seen[JM_SETTINGS_ROWS]; /* line of the first element, by row of the table; 0: none */
};

static int node_line(const xmlNode *node)
{
	return (int)xmlGetLineNo(node);
}

static const char *node_name(const xmlNode *node)
{
	return (const char *)node->name;
}

/* The row of the setting with this section and the name prefix + name, or NULL. */
static const struct jm_setting *find_setting(
    const char *section, const char *prefix, const char *name)
{
	size_t n, skip = strlen(prefix);
	const struct jm_setting *table = jm_settings_table(&n);

	for (const struct jm_setting *t = table; t < table + n; t++)
		if (strcmp(t->section, section) == 0 && strncmp(t->name, prefix, skip) == 0 &&
		    strcmp(t->name + skip, name) == 0)
			return t;
	return NULL;
}

static size_t row_of(const struct jm_setting *t)
{
	size_t n;

	return (size_t)(t - jm_settings_table(&n));
}

/* The row in section whose name is nearest to name, or NULL when none is near. attribute: only
 * attributes count, else only elements. */
static const struct jm_setting *find_nearest(const char *section, const char *name, bool attribute)
{
	const struct jm_setting *best = NULL;
	unsigned best_distance = JM_NEAR_NONE;
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (const struct jm_setting *t = table; t < table + n; t++) {
		unsigned d;

		if (strcmp(t->section, section) != 0 || (t->name[0] == '@') != attribute)
			continue;
		d = jm_near_distance(jm_span_str(name), t->name + attribute);
		if (d < best_distance) {
			best_distance = d;
			best = t;
		}
	}
	return best;
}

/* Write the names that a section may contain: "<a>, <b>". */
static void allowed_names(const char *section, bool attribute, char *text, size_t text_bytes)
{
	size_t n, len = 0;
	const struct jm_setting *table = jm_settings_table(&n);

	snprintf(text, text_bytes, "nothing");
	for (const struct jm_setting *t = table; t < table + n; t++) {
		if (strcmp(t->section, section) != 0 || (t->name[0] == '@') != attribute ||
		    len + strlen(t->name) + 5 > text_bytes)
			continue;
		snprintf(text + len, text_bytes - len, attribute ? "%s%s" : "%s<%s>",
		    len ? ", " : "", t->name + attribute);
		len = strlen(text);
	}
}

/* Write the sections that may contain an element of this name: "<a> or <b>", "" for none. */
static void sections_of(const char *name, char *text, size_t text_bytes)
{
	size_t n, len = 0;
	const struct jm_setting *table = jm_settings_table(&n);

	text[0] = '\0';
	for (const struct jm_setting *t = table; t < table + n; t++) {
		if (strcmp(t->name, name) != 0)
			continue;
		snprintf(text + len, text_bytes - len, "%s<%s>", len ? " or " : "", t->section);
		len = strlen(text);
	}
}

/* Report an element that does not belong here: misplaced, misspelled or unknown. */
static void unknown_element(const struct place *place, const xmlNode *node, struct jm_findings *f)
{
	const struct jm_setting *near = find_nearest(place->section, node_name(node), false);
	char allowed[ALLOWED_BYTES], elsewhere[300];

	sections_of(node_name(node), elsewhere, sizeof elsewhere);
	if (elsewhere[0]) {
		jm_findings_error(f, node_line(node),
		    "<%s>: does not belong in <%s>; it belongs in %s", node_name(node),
		    place->section, elsewhere);
		return;
	}
	allowed_names(place->section, false, allowed, sizeof allowed);
	jm_findings_error(f, node_line(node), "<%.*s>: unknown in <%s>%s%s%s; allowed: %s",
	    NAME_BYTES, node_name(node), place->section, near ? "; did you mean <" : "",
	    near ? near->name : "", near ? ">?" : "", allowed);
}

/* Copy the text of an element into text_r (VALUE_BYTES long). False when it contains anything else
 * or is too long, which is reported. */
static bool node_text(const xmlNode *node, char *text_r, struct jm_findings *f)
{
	size_t len = 0;

	for (const xmlNode *child = node->children; child; child = child->next) {
		const char *piece = (const char *)child->content;
		size_t n = piece ? strlen(piece) : 0;

		if (child->type == XML_COMMENT_NODE || child->type == XML_PI_NODE)
			continue;
		if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE) {
			jm_findings_error(f, node_line(child),
			    "<%s>: only text is allowed in it; found <%.*s>", node_name(node),
			    NAME_BYTES, child->name ? node_name(child) : "?");
			return false;
		}
		if (n >= VALUE_BYTES - len) {
			jm_findings_error(f, node_line(node),
			    "<%s>: value is wrong: longer than %d bytes", node_name(node),
			    VALUE_BYTES - 1);
			return false;
		}
		memcpy(text_r + len, piece ? piece : "", n);
		len += n;
	}
	text_r[len] = '\0';
	return true;
}

/* Parse a value into its member. A wrong value is reported; -1 with err filled only for TEMP and
 * BUG. */
static int read_value(const struct jm_setting *t, const char *text, int line, void *field,
    struct jm_findings *f, struct jm_err *err)
{
	struct jm_err cause = { JM_E_NONE, 0, "" };
	bool attribute = t->name[0] == '@';

	if (jm_value_parse(t, jm_span_str(text), field, &cause) == 0)
		return 0;
	if (cause.kind != JM_E_USAGE) {
		if (err)
			*err = cause;
		return -1;
	}
	if (attribute)
		jm_findings_error(f, line, "<%s %s>: %s", t->section, t->name + 1, cause.text);
	else
		jm_findings_error(f, line, "<%s>: %s", t->name, cause.text);
	return 0;
}

/* Read the attributes of an element that fills the struct at base (NULL: it may have none). */
static int walk_attributes(
    const xmlNode *node, void *base, struct jm_findings *f, struct jm_err *err)
{
	if (node->ns || node->nsDef)
		jm_findings_error(f, node_line(node), "<%s>: namespaces (xmlns) are not used here",
		    node_name(node));
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		const struct jm_setting *t = a->ns
		    ? NULL
		    : find_setting(node_name(node), "@", (const char *)a->name),
					*near;
		char allowed[ALLOWED_BYTES];
		xmlChar *text;
		int rc;

		if (!t) {
			near = find_nearest(node_name(node), (const char *)a->name, true);
			allowed_names(node_name(node), true, allowed, sizeof allowed);
			jm_findings_error(f, node_line(node),
			    "<%s>: unknown attribute \"%.*s\"; allowed: %s%s%s%s", node_name(node),
			    NAME_BYTES, (const char *)a->name, allowed,
			    near ? "; did you mean \"" : "", near ? near->name + 1 : "",
			    near ? "\"?" : "");
			continue;
		}
		text = xmlNodeGetContent((const xmlNode *)(const void *)a);
		if (!text)
			return jm_err_set(err, JM_E_TEMP, "out of memory");
		rc = read_value(
		    t, (const char *)text, node_line(node), jm_members_at(t, base), f, err);
		xmlFree(text);
		if (rc != 0)
			return -1;
	}
	return 0;
}

static int walk_section(struct place *place, struct jm_findings *f, struct jm_err *err);

/* Append an element of a list: a domain, a source or a range. A wrong one is reported and removed
 * again. */
static int walk_item(const struct jm_setting *t, const xmlNode *node, void *base,
    struct jm_findings *f, struct jm_err *err)
{
	char text[VALUE_BYTES];
	unsigned errors = f->errors;
	struct jm_err cause = { JM_E_NONE, 0, "" };
	void *item;

	if (!node_text(node, text, f))
		return 0;
	if (jm_members_grow(t, base, &item, &cause) != 0) {
		if (cause.kind != JM_E_LIMIT) {
			if (err)
				*err = cause;
			return -1;
		}
		jm_findings_error(f, node_line(node), "<%s>: %s of them", t->name, cause.text);
		return 0;
	}
	if (t->type != JM_SETTING_RANGE) {
		char **name = item; /* the first member of all these structs */

		if (t->type == JM_SETTING_DOMAIN)
			((struct jm_domain *)item)->line = node_line(node);
		else
			((struct jm_source *)item)->line = node_line(node);
		if (jm_members_preset(t->name, item, err) != 0 ||
		    walk_attributes(node, item, f, err) != 0 ||
		    read_value(t, text, node_line(node), name, f, err) != 0)
			return -1;
		if (f->errors != errors) {
			free(*name);
			*name = NULL;
		}
	} else {
		struct jm_ranges *ranges = base;

		ranges->lines[ranges->n - 1] = node_line(node);
		if (walk_attributes(node, NULL, f, err) != 0 ||
		    read_value(t, text, node_line(node), item, f, err) != 0)
			return -1;
	}
	if (f->errors != errors)
		jm_members_shrink(t, base);
	return 0;
}

/* Read a section inside of parent. */
static int walk_group(const struct jm_setting *t, const xmlNode *node, const struct place *parent,
    struct jm_findings *f, struct jm_err *err)
{
	struct place place = { .node = node,
		.section = t->name,
		.base = jm_members_at(t, parent->base),
		.lines = parent->lines };

	if (t->many_size) {
		struct jm_service *service; /* the only group with many */
		struct jm_err cause = { JM_E_NONE, 0, "" };

		if (jm_members_grow(t, parent->base, &place.base, &cause) != 0) {
			if (cause.kind != JM_E_LIMIT) {
				if (err)
					*err = cause;
				return -1;
			}
			jm_findings_error(
			    f, node_line(node), "<%s>: %s of them", t->name, cause.text);
			return 0;
		}
		service = place.base;
		service->line = node_line(node);
		place.lines = service->lines;
		if (jm_members_preset(t->name, service, err) != 0)
			return -1;
	}
	return walk_section(&place, f, err);
}

static int walk_element(
    struct place *place, const xmlNode *node, struct jm_findings *f, struct jm_err *err)
{
	const struct jm_setting *t = find_setting(place->section, "", node_name(node));
	char text[VALUE_BYTES];

	if (!t || t->name[0] == '@') {
		unknown_element(place, node, f);
		return 0;
	}
	if (place->seen[row_of(t)] && !t->many_size) {
		jm_findings_error(f, node_line(node),
		    "<%s>: given twice in <%s>; the first one is in line %d", t->name,
		    place->section, place->seen[row_of(t)]);
		return 0;
	}
	place->seen[row_of(t)] = node_line(node);
	place->lines[row_of(t)] = node_line(node);
	if (t->type == JM_SETTING_GROUP)
		return walk_group(t, node, place, f, err);
	if (t->many_size)
		return walk_item(t, node, place->base, f, err);
	if (walk_attributes(node, NULL, f, err) != 0)
		return -1;
	return node_text(node, text, f)
	    ? read_value(t, text, node_line(node), jm_members_at(t, place->base), f, err)
	    : 0;
}

/* Report text where only elements belong, by its first line. */
static void report_stray_text(const struct place *place, const xmlNode *node, struct jm_findings *f)
{
	const char *text = node->content ? (const char *)node->content : "";
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strcspn(text, "\t\r\n");
	jm_findings_error(f, node_line(node), "<%s>: text between its elements: \"%.*s\"",
	    place->section, n < 40 ? (int)n : 40, text);
}

/* Report what a section must contain and does not. */
static void report_missing(const struct place *place, struct jm_findings *f)
{
	size_t n;
	const struct jm_setting *table = jm_settings_table(&n);

	for (const struct jm_setting *t = table; t < table + n; t++)
		if (t->required && strcmp(t->section, place->section) == 0 &&
		    !place->seen[row_of(t)])
			jm_findings_error(f, node_line(place->node), "<%s>: <%s> is missing: %s",
			    place->section, t->name, t->doc);
}

static int walk_section(struct place *place, struct jm_findings *f, struct jm_err *err)
{
	if (walk_attributes(place->node, NULL, f, err) != 0)
		return -1;
	for (const xmlNode *child = place->node->children; child; child = child->next) {
		switch (child->type) {
		case XML_ELEMENT_NODE:
			if (walk_element(place, child, f, err) != 0)
				return -1;
			break;
		case XML_COMMENT_NODE:
		case XML_PI_NODE:
			break;
		default:
			if (!xmlIsBlankNode(child))
				report_stray_text(place, child, f);
			break;
		}
	}
	report_missing(place, f);
	return 0;
}

int jm_document_read(
    const xmlDoc *doc, struct jm_settings *s, struct jm_findings *f, struct jm_err *err)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	struct place place = {
		.node = root, .section = JM_SETTINGS_ROOT, .base = s, .lines = s->lines
	};

	if (!root || strcmp(node_name(root), JM_SETTINGS_ROOT) != 0) {
		jm_findings_error(f, root ? node_line(root) : 0,
		    "<%.*s>: the outermost element has to be <" JM_SETTINGS_ROOT ">", NAME_BYTES,
		    root ? node_name(root) : "?");
		return 0;
	}
	return walk_section(&place, f, err);
}
