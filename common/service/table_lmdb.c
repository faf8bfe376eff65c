/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading LMDB. Its library is not used: it maps the file, trusts each number in it, and so crashes
 * on a damaged or shortened one. The format (data version 1 of LMDB 0.9), with the numbers of the
 * machine that wrote it; a word has the size of size_t:
 *
 *	page		word: its number; 2 octets: 0; flags; lower; upper; then the content
 *	pages 0 and 1	the meta: magic, version, 2 words, two trees, 2 words; the last is the
 *			number of the transaction. The page with the higher one counts
 *	tree		page size (4 octets, in the first tree), flags, depth; words: branch
 *			pages, leaf pages, overflow pages, entries, root
 *	branch, leaf	up to lower: the offsets of the nodes, which are from upper on
 *	node		4 octets: length of the value; flags; length of the key; key; value, or the
 *			word of its first overflow page. In a branch length and flags are the
 *			number of a page
 *
 * The first tree has the free pages, the second one the keys. A writer never changes the pages of
 * the last transaction, so a copy of a file that is being written is whole; mta_table.c has more.
 */
#include "common/service/table_lmdb.h"

#include <stdint.h>
#include <string.h>

#define WORD sizeof(size_t)
#define PAGE_HEAD (WORD + 8)
#define PAGE_FLAGS_AT (WORD + 2)
#define LOWER_AT (WORD + 4)
#define UPPER_AT (WORD + 6)
#define PAGE_BYTES_MIN 256
#define PAGE_BYTES_MAX 32768
#define IS_BRANCH 1
#define IS_LEAF 2
#define IS_OVERFLOW 4
#define IS_META 8

#define MAGIC 0xbeefc0deu
#define VERSION 1
#define FREE_TREE_AT (8 + 2 * WORD)
#define TREE_BYTES (8 + 5 * WORD)
#define TREE_AT (FREE_TREE_AT + TREE_BYTES)
#define TRANSACTION_AT (TREE_AT + TREE_BYTES + WORD)
#define META_BYTES (TRANSACTION_AT + WORD)
#define TREE_FLAGS 0x7fff /* those of the file */
#define DEPTH_MAX 32      /* as LMDB itself */

#define NODE_HEAD 8
#define VALUE_IS_FAR 1

struct level {
	const unsigned char *page;
	size_t next, nodes;
};

struct walk {
	struct jm_span file;
	size_t page_bytes, pages;
	size_t depth, branches, leaves, entries, root; /* of the tree, as the file says */
	size_t branches_seen, leaves_seen, entries_seen;
	struct jm_span key; /* the last one */
	struct level level[DEPTH_MAX];
};

static int lmdb_fail(struct jm_err *err, const char *why)
{
	return jm_err_set(err, JM_E_CORRUPT, "%s", why);
}

static size_t get_word(const unsigned char *p)
{
	size_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t get_32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint16_t get_16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* ---- the meta pages ---- */

/* The meta of the page at offset at; NULL when it has no meta. */
static const unsigned char *meta_of(struct jm_span file, size_t at, size_t number)
{
	const unsigned char *page = file.p + at, *meta = page + PAGE_HEAD;

	if (file.len < at + PAGE_HEAD + META_BYTES || get_word(page) != number ||
	    get_16(page + PAGE_FLAGS_AT) != IS_META || get_32(meta) != MAGIC)
		return NULL;
	return meta;
}

/* The meta of the last transaction: each one is written over the older one, so their numbers are
 * neighbours, and an odd one is in the second page. A new file has 0 in both. NULL otherwise. */
static const unsigned char *meta_choose(const unsigned char *first, const unsigned char *second)
{
	size_t a = get_word(first + TRANSACTION_AT), b = get_word(second + TRANSACTION_AT);

	if (a == b + 1 && a % 2 == 0)
		return first;
	if (b == a + 1 && b % 2 == 1)
		return second;
	return a == 0 && b == 0 && memcmp(first + TREE_AT, second + TREE_AT, TREE_BYTES) == 0
	    ? first
	    : NULL;
}

static int meta_read(struct jm_span file, struct walk *w, struct jm_err *err)
{
	const unsigned char *meta = meta_of(file, 0, 0), *second;

	*w = (struct walk){ .file = file };
	if (!meta)
		return lmdb_fail(err, "it is no LMDB");
	if (get_32(meta + 4) != VERSION)
		return jm_err_set(err, JM_E_CORRUPT,
		    "its format has version %u, and only version 1 can be read", get_32(meta + 4));
	w->page_bytes = get_32(meta + FREE_TREE_AT);
	if (w->page_bytes < PAGE_BYTES_MIN || w->page_bytes > PAGE_BYTES_MAX ||
	    (w->page_bytes & (w->page_bytes - 1)) != 0)
		return lmdb_fail(err, "its page size is none of LMDB");
	second = meta_of(file, w->page_bytes, 1);
	if (!second || get_32(second + 4) != VERSION ||
	    get_32(second + FREE_TREE_AT) != w->page_bytes)
		return lmdb_fail(err, "its second meta page is damaged");
	meta = meta_choose(meta, second);
	if (!meta)
		return lmdb_fail(err, "its meta pages do not fit");
	meta += TREE_AT;
	w->pages = file.len / w->page_bytes;
	w->depth = get_16(meta + 6);
	w->branches = get_word(meta + 8);
	w->leaves = get_word(meta + 8 + WORD);
	w->entries = get_word(meta + 8 + 3 * WORD);
	w->root = get_word(meta + 8 + 4 * WORD);
	if (get_16(meta + 4) & TREE_FLAGS)
		return lmdb_fail(err, "its keys are not ordered as postmap orders them");
	if (w->depth > DEPTH_MAX || w->branches > w->pages || w->leaves > w->pages ||
	    (w->depth == 0 && w->entries != 0))
		return lmdb_fail(err, "its meta page is damaged");
	return 0;
}

/* ---- the pages of the tree ---- */

/* The page of that number and kind; NULL when there is no such page. */
static const unsigned char *page_of(const struct walk *w, size_t number, unsigned kind)
{
	const unsigned char *page;

	if (number < 2 || number >= w->pages)
		return NULL;
	page = w->file.p + number * w->page_bytes;
	return get_word(page) == number && get_16(page + PAGE_FLAGS_AT) == kind ? page : NULL;
}

static size_t node_at(const unsigned char *page, size_t i)
{
	return get_16(page + PAGE_HEAD + 2 * i);
}

static struct jm_span node_key(const unsigned char *page, size_t i)
{
	const unsigned char *node = page + node_at(page, i);

	return jm_span_of(node + NODE_HEAD, get_16(node + 6));
}

/* The page below the node of a branch. */
static size_t node_child(const unsigned char *page, size_t i)
{
	const unsigned char *node = page + node_at(page, i);

	return (size_t)(get_32(node) | (uint64_t)get_16(node + 4) << 32);
}

/* Is the value of a node outside its page, in whole pages of its own? */
static bool is_far_value(const struct walk *w, const unsigned char *at, size_t value_bytes)
{
	size_t first = get_word(at), n = (PAGE_HEAD - 1 + value_bytes) / w->page_bytes + 1;

	return page_of(w, first, IS_OVERFLOW) && n <= w->pages - first;
}

/* The octets that a node has in its page; 0 when it does not fit there. */
static size_t node_bytes(const struct walk *w, const unsigned char *page, size_t i, bool leaf)
{
	size_t at = node_at(page, i), n;
	const unsigned char *node = page + at;

	if (at < get_16(page + UPPER_AT) || at + NODE_HEAD > w->page_bytes)
		return 0;
	n = NODE_HEAD + get_16(node + 6);
	if (leaf && n == NODE_HEAD)
		return 0; /* an empty key */
	if (leaf && get_16(node + 4) == VALUE_IS_FAR) {
		if (at + n + WORD > w->page_bytes || !is_far_value(w, node + n, get_32(node)))
			return 0;
		n += WORD;
	} else if (leaf) {
		if (get_16(node + 4) != 0)
			return 0;
		n += get_32(node);
	}
	return at + n <= w->page_bytes ? n : 0;
}

/* Enter a page of the tree: all its nodes are inside it, and do not overlap as far as their sum
 * says. False when it is damaged. */
static bool page_enter(struct walk *w, struct level *l, size_t number, bool leaf)
{
	size_t lower, upper, used = 0;

	*l = (struct level){ .page = page_of(w, number, leaf ? IS_LEAF : IS_BRANCH) };
	if (!l->page ||
	    ++*(leaf ? &w->leaves_seen : &w->branches_seen) > (leaf ? w->leaves : w->branches))
		return false; /* more pages than the tree has: a circle, for instance */
	lower = get_16(l->page + LOWER_AT);
	upper = get_16(l->page + UPPER_AT);
	if (lower <= PAGE_HEAD || lower > upper || upper > w->page_bytes)
		return false;
	l->nodes = (lower - PAGE_HEAD) / 2;
	for (size_t i = 0; i < l->nodes; i++) {
		size_t n = node_bytes(w, l->page, i, leaf);

		if (n == 0 || (used += n) > w->page_bytes - upper)
			return false;
	}
	return l->nodes > 0;
}

static bool is_ascending(struct jm_span a, struct jm_span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c < 0 || (c == 0 && a.len < b.len);
}

/* Visit all keys, or only check them when visit is NULL. */
static int tree_walk(struct walk *w, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	size_t deep = 0; /* the number of levels that were entered */

	w->branches_seen = w->leaves_seen = w->entries_seen = 0;
	w->key = jm_span_of(NULL, 0);
	if (w->depth && !page_enter(w, &w->level[deep++], w->root, w->depth == 1))
		return lmdb_fail(err, "its root page is damaged");
	while (deep > 0) {
		struct level *l = &w->level[deep - 1];
		size_t i = l->next++;

		if (i == l->nodes) {
			deep--;
		} else if (deep < w->depth) {
			deep++;
			if (!page_enter(w, l + 1, node_child(l->page, i), deep == w->depth))
				return lmdb_fail(err, "one of its pages is damaged or missing");
		} else {
			struct jm_span key = node_key(l->page, i);

			if (w->entries_seen++ && !is_ascending(w->key, key))
				return lmdb_fail(err, "its keys are not in order");
			w->key = key;
			if (visit && visit(ctx, key, err) != 0)
				return -1;
		}
	}
	return 0;
}

int jm_table_lmdb_walk(
    struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	struct walk w;

	if (meta_read(file, &w, err) != 0 || tree_walk(&w, NULL, NULL, err) != 0)
		return -1;
	if (w.entries_seen != w.entries || w.leaves_seen != w.leaves ||
	    w.branches_seen != w.branches)
		return lmdb_fail(err, "it has more or fewer keys than it says");
	return tree_walk(&w, visit, ctx, err);
}
