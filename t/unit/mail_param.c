/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters (RFC 2045, RFC 2231), as tokens and as names of files. */
#include <stdio.h>

#include "common/mail/param.h"
#include "t/lib/tap.h"

static const struct {
	const char *in, *token, *name; /* of parameter "p" in both forms; NULL: not there */
} row[] = {
	{ "a/b", NULL, NULL },
	{ "a/b; p=x", "x", "x" },
	{ "a/b; P = \"x y\" ; q=z", "x y", "x y" },
	{ "a/b; p=x; p=y", "x", "x" },
	{ "a/b p=x q=y", "x", "x" },
	{ "a/b; q=\"r\" p=\"x\"", "x", "x" },
	{ "a/b; q=\"r\"p=\"x\"", "x", "x" },
	{ "a/b; q=\"; p=no\"; p=x", "x", "x" },
	{ "a/b; xp=y; p2=z", NULL, NULL },
	{ "a/b; p", NULL, NULL },
	{ "a/b; p=", "", "" },
	{ "a/b; p=; q=x", "", "" },
	{ ";;; = ;p=x", "x", "x" },
	/* names with blanks, quotes and parentheses */
	{ "a/b; p=Report 2029 final.pdf", "Report", "Report 2029 final.pdf" },
	{ "a/b; p=Report 2029.pdf ; q=r", "Report", "Report 2029.pdf" },
	{ "a/b; p=two words.pdf size=10", "two", "two words.pdf" },
	{ "a/b; p=a = b.pdf", "a", "a = b.pdf" },
	{ "a/b; p=scan (1).pdf", "scan", "scan (1).pdf" },
	{ "a/b; p=\"the \"new\" plan.pdf\"; q=r", "the ", "the \"new\" plan.pdf" },
	{ "a/b; p=\"a\"; q=\"b\"", "a", "a" },
	{ "a/b; p=\"open.pdf", "open.pdf", "open.pdf" },
	{ "a/b; p=\"open.pdf ; q=r", "open.pdf", "open.pdf" },
	{ "a/b; p=\"", "", "" },
	{ "a/b; p=it's Bob's.pdf", "it's", "it's Bob's.pdf" },
	/* backslashes */
	{ "a/b; p=\"a\\\"b\\\\c\"", "a\"b\\c", "a\"b\\c" },
	{ "a/b; p=\"C:\\Users\\otto\\r.pdf\"", "C:Usersottor.pdf", "C:\\Users\\otto\\r.pdf" },
	{ "a/b; p=\"C:\\\\dir\\\\name.pdf\"", "C:\\dir\\name.pdf", "C:\\dir\\name.pdf" },
	{ "a/b; p=\"\\\\\\\\host\\share\\x\"", "\\\\hostsharex", "\\\\\\\\host\\share\\x" },
	{ "a/b; p=C:\\dir\\x.pdf", "C:\\dir\\x.pdf", "C:\\dir\\x.pdf" },
	{ "a/b; p=\"C:\\dir\\\"; q=r", "C:dir\\", "C:\\dir\\" },
	/* RFC 2231 */
	{ "a/b; p*=utf-8''%C3%9C.pdf", "\xc3\x9c.pdf", "\xc3\x9c.pdf" },
	{ "a/b; p*=utf-8'de-DE'x%20y", "x y", "x y" },
	{ "a/b; p*=UTF-8''\"%C3%9C.pdf\"", "", "\xc3\x9c.pdf" },
	{ "a/b; p*=\"utf-8''%C3%9C.pdf\"", "\xc3\x9c.pdf", "\xc3\x9c.pdf" },
	{ "a/b; p*=no-charset%21", "no-charset!", "no-charset!" },
	{ "a/b; p*=\"it's Bob's.pdf\"", "it's Bob's.pdf", "it's Bob's.pdf" },
	{ "a/b; p*=%; p=x", "%", "%" },
	{ "a/b; p*=; p=x", "x", "x" },
	{ "a/b; p=old; p*=''new", "new", "new" },
	{ "a/b; p=\"utf-8''x%20y.pdf\"", "utf-8''x%20y.pdf", "x y.pdf" },
	{ "a/b; p*0=one; p*1=two", "onetwo", "onetwo" },
	{ "a/b; p*1=two; p*0=one; p=x", "onetwo", "onetwo" },
	{ "a/b; p*0*=us-ascii''%3D; p*1=%3D; p*2*=%3D", "=%3D=", "=%3D=" },
	{ "a/b; p*0=one; p*2=three", "onethree", "onethree" },
	{ "a/b; p*1=two", "two", "two" },
	{ "a/b; p*10=k; p*9=j", "jk", "jk" },
	{ "a/b; p*0*=a''b; p*1*=c''d", "bc''d", "bc''d" },
	{ "a/b; p*x=y; p**=z; p*64=u; p*1x=v", NULL, NULL },
	{ "a/b; p*0=\"a b \"; p*1=\" c\"", "a b  c", "a b  c" },
};

static bool reads(struct jm_span in, enum jm_param_form form, struct jm_buf *out, bool *found)
{
	const struct jm_param p = { form, out, NULL };
	struct jm_err err;

	return jm_param_read(in, "p", &p, found, &err) == 0;
}

static void test_rows(void)
{
	struct jm_buf out;
	bool found;

	jm_buf_init(&out, 4096);
	for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
		struct jm_span in = jm_span_str(row[k].in);

		tap_ok(reads(in, JM_PARAM_TOKEN, &out, &found), "read: %s", row[k].in);
		tap_is_str(found ? jm_buf_str(&out) : NULL, row[k].token, "as a token");
		tap_ok(reads(in, JM_PARAM_NAME, &out, &found), "read: %s", row[k].in);
		tap_is_str(found ? jm_buf_str(&out) : NULL, row[k].name, "as a name");
		for (size_t cut = 0; cut < in.len; cut++) {
			struct jm_span part = jm_span_sub(in, 0, cut);

			if (!reads(part, JM_PARAM_TOKEN, &out, &found) || out.len > cut ||
			    !reads(part, JM_PARAM_NAME, &out, &found) || out.len > cut)
				tap_ok(false, "cut at %zu", cut);
		}
	}
	jm_buf_release(&out);
}

static void test_charset(void)
{
	struct jm_buf out, charset;
	const struct jm_param p = { JM_PARAM_NAME, &out, &charset };
	bool found;

	jm_buf_init(&out, 4096);
	jm_buf_init(&charset, 4096);
	tap_ok(jm_param_read(
		   jm_span_str("a; p*0*=iso-8859-1'de'x; p*1=y"), "p", &p, &found, NULL) == 0,
	    "a charset");
	tap_is_str(jm_buf_str(&charset), "iso-8859-1", "is that of the first piece");
	tap_ok(jm_param_read(jm_span_str("a; p=x"), "p", &p, &found, NULL) == 0 && charset.len == 0,
	    "none is empty");
	jm_buf_release(&out);
	jm_buf_release(&charset);
}

/* Hostile values of a megabyte take no time. */
static void test_cost(void)
{
	static const char *const unit[] = { "p=\"a", " ", "\"", "x=\"a\"b;", "a ", "\\\"", ";p*",
		"=", "p*0=\"\\", "x='" };
	struct jm_buf in, out;
	bool found;

	jm_buf_init(&in, 1u << 20);
	jm_buf_init(&out, 1u << 20);
	for (size_t k = 0; k < sizeof unit / sizeof unit[0]; k++) {
		jm_buf_reset(&in);
		while (jm_buf_add_span(&in, jm_span_str(unit[k]), NULL) == 0)
			;
		tap_ok(reads(jm_buf_span(&in), JM_PARAM_TOKEN, &out, &found) &&
			reads(jm_buf_span(&in), JM_PARAM_NAME, &out, &found),
		    "a megabyte of %s", unit[k]);
	}
	jm_buf_release(&in);
	jm_buf_release(&out);
}

int main(void)
{
	test_rows();
	test_charset();
	test_cost();
	return tap_done();
}
