/* SPDX-License-Identifier: BSD-2-Clause */
/* Escape sequences and shifts of ISO 2022, the braces of HZ. Conversion to UTF-8 is charset.c's.
 * See iso2022.h. */
#include "common/mail/iso2022.h"

#define ESC 0x1b
#define SO 0x0e
#define SI 0x0f

enum set {
	ASCII,
	KANA,
	JIS0208,
	JIS0212,
	JISX0213,
	JISX0213_2,
	GB,
	KSC,
	CNS1,
	CNS2,
	LATIN1,
	GREEK
};

/* How the octets of a set are written in a set that iconv knows. */
static const struct {
	const char *name;
	size_t width;       /* octets of a character */
	const char *prefix; /* before each character */
	bool sjis;          /* as Shift_JIS; else with the high bits set */
} sets[] = {
	[ASCII] = { NULL, 1, "", false },
	[KANA] = { "CP932", 1, "", false },
	[JIS0208] = { "CP932", 2, "", true },
	[JIS0212] = { "EUC-JP-MS", 2, "\x8f", false },
	[JISX0213] = { "EUC-JISX0213", 2, "", false },
	[JISX0213_2] = { "EUC-JISX0213", 2, "\x8f", false },
	[GB] = { "GB18030", 2, "", false },
	[KSC] = { "CP949", 2, "", false },
	[CNS1] = { "EUC-TW", 2, "", false },
	[CNS2] = { "EUC-TW", 2, "\x8e\xa2", false },
	[LATIN1] = { "WINDOWS-1252", 1, "", false },
	[GREEK] = { "ISO-8859-7", 1, "", false },
};

/* The escape sequences, without ESC. g: which set they designate; 3: one that is ignored. */
static const struct {
	const char *text;
	unsigned g;
	enum set set;
} escapes[] = {
	{ "(B", 0, ASCII }, { "(J", 0, ASCII }, /* JIS Roman: writers mean ASCII */
	{ "(H", 0, ASCII }, { "(I", 0, KANA }, { "$@", 0, JIS0208 }, { "$B", 0, JIS0208 },
	{ "$(@", 0, JIS0208 }, { "$(B", 0, JIS0208 }, { "$(D", 0, JIS0212 }, { "$(O", 0, JISX0213 },
	{ "$(Q", 0, JISX0213 }, { "$(P", 0, JISX0213_2 }, { "$A", 0, GB }, { "$(A", 0, GB },
	{ "$(C", 0, KSC }, { "$)A", 1, GB }, { "$)C", 1, KSC }, { "$)G", 1, CNS1 },
	{ ")I", 1, KANA }, { "$*H", 3, CNS2 }, { ".A", 2, LATIN1 }, { ".F", 2, GREEK },
	{ "&@", 3, ASCII }, /* a revision of JIS X 0208 follows */
};

void jm_iso2022_start(struct jm_iso2022 *w, struct jm_span text, bool hz)
{
	*w = (struct jm_iso2022){ .text = text, .hz = hz, .g0 = ASCII, .g1 = KANA, .g2 = ASCII };
}

static unsigned char octet_at(const struct jm_iso2022 *w, size_t k)
{
	return w->pos + k < w->text.len ? w->text.p[w->pos + k] : 0;
}

/* Follow the escape sequence at ESC. False when it is not a known one. */
static bool take_escape(struct jm_iso2022 *w)
{
	struct jm_span rest = jm_span_sub(w->text, w->pos + 1, w->text.len), e;

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		e = jm_span_str(escapes[i].text);
		if (rest.len < e.len || memcmp(rest.p, e.p, e.len) != 0)
			continue;
		if (escapes[i].g == 0) {
			w->g0 = escapes[i].set;
			w->shifted = false;
		} else if (escapes[i].g == 1) {
			w->g1 = escapes[i].set;
		} else if (escapes[i].g == 2) {
			w->g2 = escapes[i].set;
		}
		w->pos += 1 + e.len;
		return true;
	}
	return false;
}

/* Follow a change of sets at the present octet. False when no change is there. */
static bool take_shift(struct jm_iso2022 *w)
{
	unsigned char c = octet_at(w, 0), next = octet_at(w, 1);

	if (w->hz) {
		if (c != '~' || (next != '{' && next != '}' && next != '\n'))
			return false;
		w->g0 = next == '{' ? GB : ASCII;
		w->pos += 2;
		return true;
	}
	if (c == SO || c == SI) {
		w->shifted = c == SO;
		w->pos++;
		return true;
	}
	return c == ESC && take_escape(w);
}

/* Append a character of set s, of the octets at p. */
static int put_character(
    enum set s, const unsigned char *p, struct jm_buf *octets, struct jm_err *err)
{
	unsigned char b[2] = { p[0] | 0x80, sets[s].width == 2 ? p[1] | 0x80 : 0 };

	if (sets[s].sjis) {
		unsigned row = p[0] - 0x21u, cell = p[1] - 0x21u + (row % 2 != 0 ? 94 : 0);

		b[0] = (unsigned char)(row / 2 + (row / 2 < 31 ? 0x81 : 0xc1));
		b[1] = (unsigned char)(cell + (cell < 63 ? 0x40 : 0x41));
	}
	if (jm_buf_add_span(octets, jm_span_str(sets[s].prefix), err) != 0)
		return -1;
	return jm_buf_add(octets, b, sets[s].width, err);
}

static bool is_graphic(unsigned char c)
{
	return c > 0x20 && c < 0x7f;
}

/* Take the character of set s at the present octet. Returns 1; 0: there is a control character or
 * an octet that the set does not have; -1: error. */
static int take_character(
    struct jm_iso2022 *w, enum set s, struct jm_buf *octets, struct jm_err *err)
{
	if (s == ASCII || !is_graphic(octet_at(w, 0)) ||
	    (sets[s].width == 2 && !is_graphic(octet_at(w, 1))))
		return 0;
	if (put_character(s, w->text.p + w->pos, octets, err) != 0)
		return -1;
	w->pos += sets[s].width;
	return 1;
}

/* Take a character of G2, which ESC N precedes. As take_character(). */
static int take_single(struct jm_iso2022 *w, struct jm_buf *octets, struct jm_err *err)
{
	unsigned char c = octet_at(w, 2) | 0x80;

	if (octet_at(w, 0) != ESC || octet_at(w, 1) != 'N' || w->g2 == ASCII ||
	    octet_at(w, 2) < 0x20)
		return 0;
	w->pos += 3;
	return jm_buf_add_byte(octets, c, err) != 0 ? -1 : 1;
}

/* Take an octet that is no part of a character of set s. */
static int take_plain(struct jm_iso2022 *w, enum set s, struct jm_buf *octets, struct jm_err *err)
{
	unsigned char c = octet_at(w, 0);

	w->pos++;
	if (sets[s].width == 2 && is_graphic(c))
		c = 0xff; /* half a character */
	if (c == '\n') {
		w->g0 = w->g2 = ASCII;
		w->shifted = false;
	} else if (w->hz && c == '~' && octet_at(w, 0) == '~') {
		w->pos++;
	}
	return jm_buf_add_byte(octets, c, err);
}

int jm_iso2022_next(
    struct jm_iso2022 *w, struct jm_buf *octets, const char **set_r, struct jm_err *err)
{
	enum set run = ASCII, now;
	int rc = 0;

	jm_buf_reset(octets);
	while (w->pos < w->text.len) {
		if (take_shift(w))
			continue;
		now = w->shifted ? w->g1 : w->g0;
		if (octets->len == 0)
			run = now;
		if (octets->len == 0 && (rc = take_single(w, octets, err)) != 0) {
			run = w->g2;
			break;
		}
		rc = now == run ? take_character(w, run, octets, err) : 0;
		if (rc == 1)
			continue;
		if (rc < 0 || (octets->len > 0 && run != ASCII))
			break;
		if (octets->len > 0 && (now != ASCII || octet_at(w, 0) == ESC))
			break;
		run = ASCII;
		if (take_plain(w, now, octets, err) != 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	*set_r = sets[run].name;
	return octets->len > 0;
}

bool jm_iso2022_is(struct jm_span text)
{
	struct jm_iso2022 w;

	jm_iso2022_start(&w, text, false);
	while (w.pos < text.len) {
		w.pos += jm_span_index(jm_span_sub(text, w.pos, text.len), ESC);
		if (w.pos < text.len && take_escape(&w))
			return true;
		w.pos++;
	}
	return false;
}
