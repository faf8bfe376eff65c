/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading cdb. tinycdb is not used: its walk trusts the lengths of keys, and read beyond the file
 * when bits of it were flipped. All numbers of the file have 32 bits, the lowest octet first:
 *
 *	256 times	place and number of slots of a hash table
 *	records		length of the key, length of the value, key, value; one after the other
 *	hash tables	slots: hash of a key, place of its record (0: a free slot)
 *
 * The hash tables follow each other without a gap up to the end of the file, and have two slots a
 * record. So the slots and the records must have the same hashes and places in sum, which a changed
 * key, length or slot does not have.
 */
#include "common/service/table_cdb.h"

#include "common/base/num.h"

#define TABLES 256
#define PAIR_BYTES 8
#define HEAD_BYTES (TABLES * PAIR_BYTES)
#define HASH_START 5381u

/* Of the records, or of the slots. */
struct sums {
	uint64_t n, hashes, places;
};

static int cdb_fail(struct jm_err *err, const char *why)
{
	return jm_err_set(err, JM_E_CORRUPT, "%s", why);
}

/* A number of a pair. */
static uint32_t pair_number(struct jm_span file, size_t at, unsigned second)
{
	return jm_num_get_le32(file.p + at + (second ? 4 : 0));
}

static uint32_t key_hash(struct jm_span key)
{
	uint32_t h = HASH_START;

	for (size_t i = 0; i < key.len; i++)
		h = ((h << 5) + h) ^ key.p[i];
	return h;
}

/* Where do the records end? 0 when the hash tables are not where they should be. */
static size_t records_end(struct jm_span file)
{
	uint64_t at;

	if (file.len < HEAD_BYTES)
		return 0;
	at = pair_number(file, 0, 0);
	if (at < HEAD_BYTES)
		return 0;
	for (size_t i = 0; i < TABLES; i++) {
		if (pair_number(file, i * PAIR_BYTES, 0) != at)
			return 0;
		at += (uint64_t)PAIR_BYTES * pair_number(file, i * PAIR_BYTES, 1);
	}
	return at == file.len ? pair_number(file, 0, 0) : 0;
}

/* Cut the record at *at, which is moved to its end. False: it is not whole before end. */
static bool record_next(struct jm_span file, size_t end, size_t *at, struct jm_span *key_r)
{
	uint64_t key, value;

	if (end - *at < PAIR_BYTES)
		return false;
	key = pair_number(file, *at, 0);
	value = pair_number(file, *at, 1);
	*at += PAIR_BYTES;
	if (key + value > end - *at)
		return false;
	*key_r = jm_span_of(file.p + *at, (size_t)key);
	*at += (size_t)(key + value);
	return true;
}

static int records_check(struct jm_span file, size_t end, struct jm_err *err)
{
	struct sums records = { 0, 0, 0 }, slots = { 0, 0, 0 };
	size_t at = HEAD_BYTES;

	while (at < end) {
		size_t place = at;
		struct jm_span key;

		if (!record_next(file, end, &at, &key))
			return cdb_fail(err, "a record is not whole");
		records.n++;
		records.hashes += key_hash(key);
		records.places += place;
	}
	for (; at < file.len; at += PAIR_BYTES)
		if (pair_number(file, at, 1)) {
			slots.n++;
			slots.hashes += pair_number(file, at, 0);
			slots.places += pair_number(file, at, 1);
		}
	if (2 * records.n != (file.len - end) / PAIR_BYTES || slots.n != records.n ||
	    slots.hashes != records.hashes || slots.places != records.places)
		return cdb_fail(err, "its keys and its hash tables do not fit");
	return 0;
}

int jm_table_cdb_walk(struct jm_span file, jm_mta_table_visit *visit, void *ctx, struct jm_err *err)
{
	size_t end = records_end(file), at = HEAD_BYTES;
	struct jm_span key;

	if (end == 0)
		return cdb_fail(err, "it is no cdb, or not whole");
	if (records_check(file, end, err) != 0)
		return -1;
	while (at < end && record_next(file, end, &at, &key))
		if (visit(ctx, key, err) != 0)
			return -1;
	return 0;
}
