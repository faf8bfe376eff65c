/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels of character sets: aliases, and supersets in place of the sets they extend. Conversion is
 * charset.c's. See label.h. */
#include "common/mail/label.h"

#include <stdio.h>
#include <string.h>

#include "common/mail/field.h"

/* Keys are labels in lower case without punctuation and without "x-" and "cs" in front. */
static const struct {
	const char *key, *name;
} alias[] = {
	{ "utf8", JM_LABEL_UTF8 },
	{ "utf8mb4", JM_LABEL_UTF8 },
	{ "unicode11utf8", JM_LABEL_UTF8 },
	{ "unicode20utf8", JM_LABEL_UTF8 },
	{ "unicode11utf7", "UTF-7" },
	{ "unicode20utf7", "UTF-7" },
	{ "utf7", "UTF-7" },
	{ "utf16", JM_LABEL_UTF16 },
	{ "utf16le", "UTF-16LE" },
	{ "utf16be", "UTF-16BE" },
	{ "unicode", JM_LABEL_UTF16 },
	{ "ucs2", JM_LABEL_UTF16 },
	{ "iso10646ucs2", JM_LABEL_UTF16 },
	{ "usascii", JM_LABEL_ASCII },
	{ "ascii", JM_LABEL_ASCII },
	{ "ansix341968", JM_LABEL_ASCII },
	{ "iso646us", JM_LABEL_ASCII },
	{ "iso646irv", JM_LABEL_ASCII },
	{ "latin1", JM_LABEL_1252 },
	{ "l1", JM_LABEL_1252 },
	{ "isolatin1", JM_LABEL_1252 },
	{ "isoir100", JM_LABEL_1252 },
	{ "cp819", JM_LABEL_1252 },
	{ "ibm819", JM_LABEL_1252 },
	{ "cp1252", JM_LABEL_1252 },
	{ "latin5", "CP1254" },
	{ "l5", "CP1254" },
	{ "isolatin5", "CP1254" },
	{ "isoir148", "CP1254" },
	{ "tis620", "CP874" },
	{ "tis6200", "CP874" },
	{ "tis62025330", "CP874" },
	{ "koi8", "KOI8-R" },
	{ "koi", "KOI8-R" },
	{ "visual", "ISO-8859-8" },
	{ "logical", "ISO-8859-8" },
	/* Japanese */
	{ "shiftjis", "CP932" },
	{ "sjis", "CP932" },
	{ "sjiswin", "CP932" },
	{ "sjisopen", "CP932" },
	{ "mskanji", "CP932" },
	{ "ms932", "CP932" },
	{ "windows31j", "CP932" },
	{ "macjapanese", "CP932" },
	{ "eucjp", "EUC-JP-MS" },
	{ "euc", "EUC-JP-MS" },
	{ "ujis", "EUC-JP-MS" },
	{ "eucjpms", "EUC-JP-MS" },
	{ "eucjpwin", "EUC-JP-MS" },
	{ "eucpkdfmtjapanese", "EUC-JP-MS" },
	{ "cp51932", "EUC-JP-MS" },
	{ "jis", JM_LABEL_2022 },
	{ "iso2022jp", JM_LABEL_2022 },
	{ "iso2022jp1", JM_LABEL_2022 },
	{ "iso2022jp2", JM_LABEL_2022 },
	{ "iso2022jp3", JM_LABEL_2022 },
	{ "iso2022jp2004", JM_LABEL_2022 },
	{ "iso2022jpms", JM_LABEL_2022 },
	{ "cp50220", JM_LABEL_2022 },
	{ "cp50221", JM_LABEL_2022 },
	{ "cp50222", JM_LABEL_2022 },
	/* Korean */
	{ "euckr", "CP949" },
	{ "ksc5601", "CP949" },
	{ "ksc56011987", "CP949" },
	{ "ksc56011989", "CP949" },
	{ "ksx1001", "CP949" },
	{ "isoir149", "CP949" },
	{ "korean", "CP949" },
	{ "uhc", "CP949" },
	{ "ms949", "CP949" },
	{ "mackorean", "CP949" },
	{ "iso2022kr", JM_LABEL_2022 },
	/* Chinese */
	{ "gb2312", "GB18030" },
	{ "gb231280", "GB18030" },
	{ "gb231280gbk", "GB18030" },
	{ "gbk", "GB18030" },
	{ "gb18030", "GB18030" },
	{ "isoir58", "GB18030" },
	{ "iso58gb231280", "GB18030" },
	{ "chinese", "GB18030" },
	{ "euccn", "GB18030" },
	{ "cp936", "GB18030" },
	{ "ms936", "GB18030" },
	{ "macchinesesimp", "GB18030" },
	{ "iso2022cn", JM_LABEL_2022 },
	{ "iso2022cnext", JM_LABEL_2022 },
	{ "hz", JM_LABEL_HZ },
	{ "hzgb2312", JM_LABEL_HZ },
	{ "big5", "CP950" },
	{ "cnbig5", "CP950" },
	{ "bigfive", "CP950" },
	{ "macchinesetrad", "CP950" },
	{ "big5hkscs", "BIG5-HKSCS" },
	/* Macintosh */
	{ "macroman", "MACINTOSH" },
	{ "mac", "MACINTOSH" },
	{ "macintosh", "MACINTOSH" },
	{ "macce", "MAC-CENTRALEUROPE" },
	{ "maccentraleurope", "MAC-CENTRALEUROPE" },
	{ "maccentraleurroman", "MAC-CENTRALEUROPE" },
	{ "maccyrillic", "MAC-UK" },
	{ "macukrainian", "MAC-UK" },
	{ "macicelandic", "MAC-IS" },
	/* code pages of Windows for sets that have another name */
	{ "cp1200", "UTF-16LE" },
	{ "cp1201", "UTF-16BE" },
	{ "cp10000", "MACINTOSH" },
	{ "cp10001", "CP932" },
	{ "cp10007", "MAC-UK" },
	{ "cp10017", "MAC-UK" },
	{ "cp10029", "MAC-CENTRALEUROPE" },
	{ "cp20127", JM_LABEL_ASCII },
	{ "cp20866", "KOI8-R" },
	{ "cp20932", "EUC-JP-MS" },
	{ "cp21866", "KOI8-U" },
	{ "cp28591", JM_LABEL_1252 },
	{ "cp50225", JM_LABEL_2022 },
	{ "cp51949", "CP949" },
	{ "cp52936", JM_LABEL_HZ },
	{ "cp54936", "GB18030" },
	{ "cp65000", "UTF-7" },
	{ "cp65001", JM_LABEL_UTF8 },
};

/* The label without what may be around it. */
static struct jm_span label_bare(struct jm_span s)
{
	size_t before;

	s = jm_span_sub(s, 0, jm_span_index(s, '*'));
	do {
		before = s.len;
		s = jm_field_strip(s);
		if (s.len > 0 && strchr("\"'<", s.p[0]))
			s = jm_span_sub(s, 1, s.len);
		if (s.len > 0 && strchr("\"'>;,", s.p[s.len - 1]))
			s.len--;
	} while (s.len < before);
	return s;
}

/* Put the key of a label into key. False when the label has an octet that could make it more than a
 * name for iconv ("//IGNORE", a path). */
static bool label_key(struct jm_span label, char key[JM_LABEL_BYTES])
{
	size_t n = 0, from;

	if (label.len == 0 || label.len >= JM_LABEL_BYTES)
		return false;
	for (size_t k = 0; k < label.len; k++) {
		unsigned char c = jm_lower(label.p[k]);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			key[n++] = (char)c;
		else if (c == ':' && n > 0) /* "ISO_8859-1:1987" */
			break;
		else if (!strchr("-_.:+ ()", c) || c == '\0')
			return false;
	}
	key[n] = '\0';
	from = n > 2 && jm_lower(label.p[0]) == 'x' && label.p[1] == '-' ? 1
	    : n > 3 && strncmp(key, "cs", 2) == 0                        ? 2
									 : 0;
	memmove(key, key + from, n - from + 1);
	return n > from;
}

/* True for "cp850", "windows1250" and so on; *digits_r: the number. */
static bool is_code_page(const char *key, const char **digits_r)
{
	static const char *const before[] = { "cp", "windows", "win", "ibm", "ms", "dos", "oem",
		"cpoem", "windowscp", "microsoftcp" };
	size_t n;

	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		n = strlen(before[i]);
		if (strncmp(key, before[i], n) == 0 && key[n] != '\0' &&
		    strspn(key + n, "0123456789") == strlen(key + n)) {
			*digits_r = key + n;
			return true;
		}
	}
	return false;
}

/* Copy name, which fits, to name_r. */
static bool give(const char *name, char name_r[JM_LABEL_BYTES])
{
	snprintf(name_r, JM_LABEL_BYTES, "%s", name);
	return true;
}

/* The name for "iso88592", "iso88598i" or "88592". */
static bool take_8859(const char *key, char name_r[JM_LABEL_BYTES])
{
	const char *part = strncmp(key, "iso", 3) == 0 ? key + 3 : key;
	size_t n;

	if (strncmp(part, "8859", 4) != 0)
		return false;
	part += 4;
	n = strspn(part, "0123456789");
	/* "-i" and "-e" say how Hebrew and Arabic are written, not how they are encoded. */
	if (n < 1 || n > 2 || strlen(part) > n + 1 ||
	    (part[n] != '\0' && part[n] != 'i' && part[n] != 'e'))
		return false;
	if (n == 1 && part[0] == '1')
		return give(JM_LABEL_1252, name_r);
	if (n == 1 && part[0] == '9')
		return give("CP1254", name_r);
	if (n == 2 && part[0] == '1' && part[1] == '1')
		return give("CP874", name_r);
	snprintf(name_r, JM_LABEL_BYTES, "ISO-8859-%.*s", (int)n, part);
	return true;
}

bool jm_label_name(struct jm_span label, char name_r[JM_LABEL_BYTES])
{
	char key[JM_LABEL_BYTES], page[JM_LABEL_BYTES];
	const char *digits;

	label = label_bare(label);
	if (!label_key(label, key))
		return false;
	if (is_code_page(key, &digits)) {
		snprintf(page, sizeof page, "cp%.20s", digits);
		memcpy(key, page, sizeof key);
	}
	for (size_t k = 0; k < sizeof alias / sizeof alias[0]; k++)
		if (strcmp(key, alias[k].key) == 0)
			return give(alias[k].name, name_r);
	if (take_8859(key, name_r))
		return true;
	if (is_code_page(key, &digits))
		return give(key, name_r);
	for (size_t k = 0; k < label.len; k++) {
		if (strchr(" ()", label.p[k]))
			return false;
		name_r[k] = (char)jm_lower(label.p[k]);
	}
	name_r[label.len] = '\0';
	return true;
}
