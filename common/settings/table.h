/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of settings: the only place that says what journal-milter.xml may contain. Loading,
 * checks, the release of memory and the comparison after a reload are driven by it;
 * t/style/settings.t compares the schema, the example and the manual with it. To add a setting, add
 * a row here, a member in settings.h, and an element in the schema, the example and the manual.
 */
#ifndef JM_SETTINGS_TABLE_H
#define JM_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The types of settings, and the C type of the member. */
enum jm_setting_type {
	JM_SETTING_GROUP,   /* contains elements: the rows whose section is its name */
	JM_SETTING_TEXT,    /* char *; one line of UTF-8 */
	JM_SETTING_SECRET,  /* the same, never shown */
	JM_SETTING_YES_NO,  /* bool */
	JM_SETTING_SIZE,    /* uint64_t, bytes */
	JM_SETTING_NUMBER,  /* int */
	JM_SETTING_MODE,    /* unsigned; a file mode */
	JM_SETTING_NAME,    /* char *; of a user or group */
	JM_SETTING_PATH,    /* char *; absolute */
	JM_SETTING_SOCKET,  /* char *; in the form of smfi_setconn() */
	JM_SETTING_WORD,    /* int (an enum); one of words */
	JM_SETTING_ADDRESS, /* char *; a mail address */
	JM_SETTING_DOMAIN,  /* char *; a domain name */
	JM_SETTING_MAP,     /* char *; "hash:PATH"; also btree, lmdb, cdb */
	JM_SETTING_RANGE,   /* struct jm_cidr */
};

/* A word that a setting may have as its value. */
struct jm_word {
	const char *text;
	int value;
	bool alias; /* understood, but not shown as allowed */
};

/* A row. "With many" means: the element may be repeated and fills an array. */
struct jm_setting {
	const char *section; /* the element that contains it */
	const char *name;    /* of the element; "@NAME" for an attribute of section */
	enum jm_setting_type type;
	size_t offset;           /* in the struct of its section; with many: of the array pointer */
	const char *preset;      /* the default, as a file would have it; NULL: none */
	const char *preset_note; /* what holds without a value, for people; NULL: preset says it */
	const char *unit;        /* NULL: none */
	/* of the value; of a text: max is its length in bytes; with many: max is the number of
	 * elements, min the length in bytes of each */
	uint64_t min, max;
	const struct jm_word *words; /* ends with a NULL text */
	bool required;
	bool restart;       /* a change takes effect after a restart, not after a reload */
	size_t many_offset; /* with many: offset of the array's length, a size_t */
	size_t many_size;   /* with many: size of an element in bytes; 0: not with many */
	const char *doc;    /* one line */
};

#define JM_SETTINGS_ROOT "journal-milter"

/* The rows, and in *n_r their number, at most JM_SETTINGS_ROWS. Static storage. Any thread. */
const struct jm_setting *jm_settings_table(size_t *n_r);

/* The name of a type in the manual: "yes/no", "size", ... Static storage. */
const char *jm_setting_type_name(enum jm_setting_type type);

/* The words yes and no with their aliases. Static storage. */
const struct jm_word *jm_setting_yes_no(void);

/* Write what is allowed for a setting, for people, into text (text_bytes long, cut to fit): "yes,
 * no", "a whole number from 1 to 19". Returns text. */
char *jm_setting_allowed(const struct jm_setting *t, char *text, size_t text_bytes);

#endif
