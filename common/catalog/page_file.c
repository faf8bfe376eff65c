/* SPDX-License-Identifier: BSD-2-Clause */
/* The check of a page, and the list of guarded files. See page_file.h. */
#include "common/catalog/page_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/catalog/catalog.h"

#define NUMBER_AT 8 /* where a page has its own number; in all types of page */

struct guarded {
	bool used, recovering, had_zeros;
	dev_t dev;
	ino_t ino;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct guarded list[JM_PAGE_FILES]; /* guarded by lock */

int jm_page_file_guard(const char *path, bool recovering, unsigned *guard, struct jm_err *err)
{
	struct stat st;
	unsigned i = *guard;

	if (stat(path, &st) != 0)
		return jm_err_sys(err, errno == ENOENT ? JM_E_NOTFOUND : JM_E_TEMP, "%s", path);
	pthread_mutex_lock(&lock);
	for (unsigned k = 0; k < JM_PAGE_FILES && i == 0; k++)
		if (!list[k].used)
			i = k + 1;
	if (i > 0)
		list[i - 1] = (struct guarded){
			.used = true,
			.recovering = recovering,
			.dev = st.st_dev,
			.ino = st.st_ino,
		};
	pthread_mutex_unlock(&lock);
	if (i == 0)
		return jm_err_set(err, JM_E_TEMP, "%d catalogs are open", JM_PAGE_FILES);
	*guard = i;
	return 0;
}

void jm_page_file_release(unsigned *guard)
{
	if (*guard == 0)
		return;
	pthread_mutex_lock(&lock);
	list[*guard - 1].used = false;
	pthread_mutex_unlock(&lock);
	*guard = 0;
}

bool jm_page_file_had_zeros(unsigned guard)
{
	bool had;

	pthread_mutex_lock(&lock);
	had = guard > 0 && list[guard - 1].had_zeros;
	pthread_mutex_unlock(&lock);
	return had;
}

static bool is_zero(const unsigned char *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Is this page to be refused? fd: the file that it was read from; fits: it has its own number. */
static bool is_refused(int fd, bool fits, bool zero)
{
	bool refused = false;
	struct stat st;

	if (fits && !zero)
		return false;
	if (fstat(fd, &st) != 0)
		return true;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < JM_PAGE_FILES; i++) {
		struct guarded *g = &list[i];

		if (!g->used || g->dev != st.st_dev || g->ino != st.st_ino)
			continue;
		refused = !zero || !g->recovering;
		g->had_zeros |= zero;
	}
	pthread_mutex_unlock(&lock);
	return refused;
}

static ssize_t read_page(int fd, void *p, size_t n, off_t offset)
{
	ssize_t got = pread(fd, p, n, offset);
	uint32_t number;
	bool fits;

	if (got < (ssize_t)(NUMBER_AT + sizeof number) || offset % JM_CATALOG_PAGE_BYTES != 0)
		return got;
	memcpy(&number, (unsigned char *)p + NUMBER_AT, sizeof number); /* native order */
	fits = number == offset / JM_CATALOG_PAGE_BYTES;
	if (is_refused(fd, fits, is_zero(p, (size_t)got)))
		memset(p, 0xff, (size_t)got);
	return got;
}

/* The thread sanitizer does not see Berkeley DB open and close the file. */
#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#else
#define AnnotateIgnoreReadsBegin(file, line)
#define AnnotateIgnoreReadsEnd(file, line)
#endif

ssize_t jm_page_file_read(int fd, void *p, size_t n, off_t offset)
{
	ssize_t got;

	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	got = read_page(fd, p, n, offset);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	return got;
}
