/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of settings: the one truth about what may stand in journal-milter.xml. The loader, the
 * checks, the release of memory and the comparison after a reload walk it; t/style/settings.t
 * compares schema, example and manual with it. To add a setting: a row here, a field in settings.h,
 * an element in the schema, the example and the manual.
 */
#ifndef JM_SETTINGS_TABLE_H
#define JM_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jm_setting_type {
	JM_SETTING_GROUP,   /* has elements of its own: the rows whose section is its name */
	JM_SETTING_TEXT,    /* char *; one line of UTF-8 */
	JM_SETTING_SECRET,  /* the same, and never shown */
	JM_SETTING_YES_NO,  /* bool */
	JM_SETTING_SIZE,    /* uint64_t, bytes */
	JM_SETTING_NUMBER,  /* int */
	JM_SETTING_MODE,    /* unsigned */
	JM_SETTING_NAME,    /* char *; of a user or group */
	JM_SETTING_PATH,    /* char *; absolute */
	JM_SETTING_SOCKET,  /* char *; as smfi_setconn() takes it */
	JM_SETTING_WORD,    /* int (an enum); one of words */
	JM_SETTING_ADDRESS, /* char * */
	JM_SETTING_DOMAIN,  /* char * */
	JM_SETTING_MAP,     /* char *; "hash:PATH" or "btree:PATH" */
	JM_SETTING_RANGE,   /* struct jm_cidr */
};

struct jm_word {
	const char *text;
	int value;
	bool alias; /* understood, but not shown as allowed */
};

struct jm_setting {
	const char *section; /* the element it stands in */
	const char *name;    /* of the element; "@NAME" for an attribute of section */
	enum jm_setting_type type;
	size_t offset;      /* in the struct of its section; with many: of the array's pointer */
	const char *preset; /* the default, as it would be written; NULL: none */
	const char *preset_note; /* what holds without it, for people; NULL: see preset */
	const char *unit;        /* NULL: none */
	uint64_t min, max; /* of the value; of a text: the length in bytes; with many: max elements,
			      each of min bytes at most */
	const struct jm_word *words; /* ends with a NULL text */
	bool required;
	bool restart;       /* a change needs a restart; else a reload does */
	size_t many_offset; /* with many: offset of the array's length, a size_t */
	size_t many_size;   /* any number of elements of this size; 0: at most one */
	const char *doc;    /* one line */
};

#define JM_SETTINGS_ROOT "journal-milter"

/* The rows; *n_r of them, never more than JM_SETTINGS_ROWS. Static storage. */
const struct jm_setting *jm_settings_table(size_t *n_r);

/* "yes/no", "size", ...: the type as the manual calls it. Static storage. */
const char *jm_setting_type_name(enum jm_setting_type type);

/* yes, no and their aliases. Static storage. */
const struct jm_word *jm_setting_yes_no(void);

/* What may be written for a setting, for people: "yes, no"; "a whole number from 1 to 19". Fills
 * text, which is returned. */
char *jm_setting_allowed(const struct jm_setting *t, char *text, size_t text_bytes);

#endif
