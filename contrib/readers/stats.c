/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Print all keys of a stats.db of journal-milter, or the value of one key. stats.db(5) explains
 * the keys.
 *
 *	cc -o stats stats.c -ldb-5.3 && ./stats /run/journal-milter-public/stats.db archive/items
 */
#include <db.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int complain(const char *path, int rc)
{
	fprintf(stderr, "%s: %s\n", path, db_strerror(rc));
	if (rc == ENOENT)
		fputs("A daemon built without stats.db has status.json only.\n", stderr);
	return 1;
}

static int print_one(DB *db, const char *key)
{
	DBT k = { .data = (void *)(unsigned long)key, .size = (u_int32_t)strlen(key) },
	    v = { .size = 0 };
	int rc = db->get(db, NULL, &k, &v, 0);

	if (rc == 0)
		printf("%.*s\n", (int)v.size, (char *)v.data);
	return rc;
}

static int print_all(DB *db)
{
	DBT k = { .size = 0 }, v = { .size = 0 };
	DBC *c = NULL;
	int rc = db->cursor(db, NULL, &c, 0);

	if (rc != 0)
		return rc;
	while ((rc = c->get(c, &k, &v, DB_NEXT)) == 0)
		printf("%.*s\t%.*s\n", (int)k.size, (char *)k.data, (int)v.size, (char *)v.data);
	c->close(c);
	return rc == DB_NOTFOUND ? 0 : rc;
}

int main(int argc, char **argv)
{
	DB *db;
	int rc;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: stats FILE [KEY]\n");
		return 64;
	}
	rc = db_create(&db, NULL, 0);
	if (rc == 0)
		rc = db->open(db, NULL, argv[1], NULL, DB_BTREE, DB_RDONLY, 0);
	if (rc == 0)
		rc = argc == 3 ? print_one(db, argv[2]) : print_all(db);
	if (rc != 0)
		return complain(argv[1], rc);
	return db->close(db, 0) == 0 ? 0 : 1;
}
