/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from outside as people may see it. Each kind of output has its escapes here, in one place;
 * HTML's are those of jm_visible_next(), with entities (milter/web/html.h).
 *
 * Hidden, and therefore escaped, are
 * - C0, DEL and C1: a terminal obeys them, and a line end makes one line look like two;
 * - embeddings, overrides, isolates and marks of direction (UAX #9; UTR #36, section 2.5): they
 *   show a text in another order than it has;
 * - line and paragraph separators, the byte order mark, interlinear annotations, tags, fillers,
 *   characters without width that no word needs (soft hyphen, zero width space, word joiner,
 *   invisible operators): two texts look alike;
 * - code points that are no characters.
 * Kept are no-break spaces, both zero width joiners and the selectors of variants: words of
 * Persian, of Indic scripts and of Mongolian, Japanese names and emoji need them.
 *
 * Pure functions, any thread. An escape is never cut.
 */
#ifndef JM_BASE_VISIBLE_H
#define JM_BASE_VISIBLE_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/span.h"

#define JM_VISIBLE_BYTES 16

enum jm_visible {
	JM_VISIBLE_YES,
	JM_VISIBLE_HIDDEN,
	JM_VISIBLE_INVALID, /* not UTF-8 */
};

/* Read the next character of *s, which is not empty: its bytes and its value (INVALID: one byte).
 * *s moves past it. */
enum jm_visible jm_visible_read(struct jm_span *s, struct jm_span *bytes_r, uint32_t *c_r);

/*
 * Write the next character of *s, which is not empty, into out, and move *s past it. Hidden ones
 * are escaped (\n, \x1b, \u{202e}), as is a byte that is not UTF-8 (\x80). A backslash stays, so
 * that commands can be copied. Returns the character; 0 when out is an escape.
 */
uint32_t jm_visible_next(struct jm_span *s, char out[JM_VISIBLE_BYTES]);

/* The same with two backslashes for one, so that the text can be had back from its escapes. */
uint32_t jm_visible_exact(struct jm_span *s, char out[JM_VISIBLE_BYTES]);

/* Append a text with the escapes of jm_visible_exact(). 0, or -1: LIMIT past the cap of b, TEMP. */
int jm_visible_add(struct jm_buf *b, struct jm_span s, struct jm_err *err) JM_MUST_CHECK;

/* The same with the escapes of jm_visible_next(). */
int jm_visible_show(struct jm_buf *b, struct jm_span s, struct jm_err *err) JM_MUST_CHECK;

/* Write a text with the escapes of jm_visible_next() to out[size], which ends with NUL, as far as
 * there is room. Returns its length. */
size_t jm_visible_line(const char *text, char *out, size_t size);

/* Copy a text to out[size], which ends with NUL, as far as there is room, with '?' for each byte
 * that is not printable ASCII. Not an escape: its letters and digits would hide a secret from
 * jm_secret_clean(). */
void jm_visible_plain(struct jm_span s, char *out, size_t size);

/* The number of bytes at the beginning of s that are printable ASCII: none of them has an escape of
 * jm_visible_next(), and each takes one column. */
size_t jm_visible_ascii(struct jm_span s);

/* Print lines of a text, with the escapes of jm_visible_next() in each. */
void jm_visible_put(FILE *f, const char *text);

/* Append a JSON text, with \u escapes instead of hidden characters, so that its values stay.
 * Between values, line ends stay, and other white space becomes blanks. Bytes that are not UTF-8
 * become U+FFFD. 0, or -1 as above. */
int jm_visible_json(struct jm_buf *b, struct jm_span json, struct jm_err *err) JM_MUST_CHECK;

/*
 * Write the next character for an element or a quoted attribute of XML 1.0: a hidden one as a
 * reference. U+FFFD takes the place of those that XML forbids even so, and of a byte that is not
 * UTF-8. jm_visible_xml() appends a whole text; 0, or -1 as above.
 */
void jm_visible_xml_next(struct jm_span *s, char out[JM_VISIBLE_BYTES]);
int jm_visible_xml(struct jm_buf *b, struct jm_span s, struct jm_err *err) JM_MUST_CHECK;

#endif
