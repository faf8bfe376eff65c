/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking folders of mail. See tree.h. */
#include "milter/ctl/files/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/below.h"
#include "milter/ctl/files/folder.h"

#define DEPTH_MAX 100

/* How the files of a folder are to be taken. */
enum role {
	ROLE_ANY,
	ROLE_MESSAGES,   /* cur and new of a Maildir */
	ROLE_UNFINISHED, /* tmp of a Maildir */
};

struct walking {
	const struct jm_tree *w;
	char path[PATH_MAX];
	void *seen; /* folders, for tsearch(3) */
};

/* Where the walk is: what the folder at has under that name. */
struct place {
	int at;
	const char *name;
	enum role role;
	unsigned depth;
};

struct folder_id {
	dev_t dev;
	ino_t ino;
};

static int compare_ids(const void *a, const void *b)
{
	const struct folder_id *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino == y->ino ? 0 : x->ino < y->ino ? -1 : 1;
}

/* Note a folder. 1; 0: it was noted before; -1. */
static int note_folder(struct walking *k, const struct stat *st, struct jm_err *err)
{
	struct folder_id *id = malloc(sizeof *id), **found;

	if (!id)
		return jm_err_sys(err, JM_E_TEMP, "%s", k->path);
	*id = (struct folder_id){ st->st_dev, st->st_ino };
	found = tsearch(id, &k->seen, compare_ids);
	if (found && *found == id)
		return 1;
	free(id);
	return found ? 0 : jm_err_set(err, JM_E_TEMP, "out of memory");
}

static void leave_out(const struct walking *k, const char *reason)
{
	k->w->left_out(k->w->ctx, k->path, reason);
}

/* For the error in errno. */
static void leave_out_sys(const struct walking *k)
{
	struct jm_err err;

	(void)jm_err_sys(&err, JM_E_TEMP, "it cannot be read");
	leave_out(k, err.text);
}

/* Append "/name". False: the path is too long; it is as before. */
static bool descend(struct walking *k, const char *name, size_t *before_r)
{
	size_t n = strlen(k->path), more = strlen(name);

	*before_r = n;
	if (n + 1 + more >= sizeof k->path)
		return false;
	if (n > 0 && k->path[n - 1] != '/')
		k->path[n++] = '/';
	memcpy(k->path + n, name, more + 1);
	return true;
}

static bool has_folder(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int walk_one(struct walking *k, struct place *p, struct jm_err *err);

/* The role of an entry of a folder. */
static enum role role_of(bool maildir, const char *name)
{
	if (maildir && (strcmp(name, "cur") == 0 || strcmp(name, "new") == 0))
		return ROLE_MESSAGES;
	return maildir && strcmp(name, "tmp") == 0 ? ROLE_UNFINISHED : ROLE_ANY;
}

static int walk_folder(struct walking *k, const struct place *p, int fd, struct jm_err *err)
{
	bool cur = has_folder(fd, "cur"), new_ = has_folder(fd, "new"), tmp = has_folder(fd, "tmp"),
	     maildir = cur + new_ + tmp >= 2 && (cur || new_);
	struct dirent **list = NULL;
	int n = scandirat(fd, ".", &list, NULL, alphasort), rc = 0;
	size_t before;

	if (n < 0) {
		leave_out_sys(k);
		return 0;
	}
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		struct place one = { fd, name, maildir ? role_of(true, name) : p->role,
			p->depth + 1 };

		if (rc == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			if (!descend(k, name, &before))
				leave_out(k, "it has a file whose path is too long");
			else
				rc = walk_one(k, &one, err);
			k->path[before] = '\0';
		}
		free(list[i]);
	}
	free(list);
	return rc;
}

/* The flags for opening what p names: only the first path may be a link. */
static int flags_of(const struct place *p)
{
	return O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (p->depth > 0 ? O_NOFOLLOW : 0);
}

static int enter_folder(struct walking *k, const struct place *p, struct jm_err *err)
{
	struct stat st;
	int fd, rc;

	if (p->depth > DEPTH_MAX) {
		leave_out(k, "a folder that is too deep in others");
		return 0;
	}
	if (jm_folder_is_archive(k->path)) {
		leave_out(k, "an archive; export its messages, and import these");
		return 0;
	}
	fd = openat(p->at, p->name, flags_of(p) | O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		leave_out_sys(k);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	rc = note_folder(k, &st, err);
	if (rc == 0)
		leave_out(k, "a folder that is read under another name");
	if (rc == 1)
		rc = walk_folder(k, p, fd, err);
	close(fd);
	return rc;
}

static int enter_file(
    struct walking *k, const struct place *p, struct jm_tree_file *f, struct jm_err *err)
{
	int rc = 0;

	if (p->role == ROLE_UNFINISHED) {
		leave_out(k, "in tmp of a Maildir: a delivery that did not end");
		return 0;
	}
	if (k->w->open) {
		f->fd = openat(p->at, p->name, flags_of(p));
		if (f->fd < 0 || fstat(f->fd, &f->st) != 0)
			leave_out_sys(k);
		else if (!S_ISREG(f->st.st_mode))
			leave_out(k, "no plain file");
		else
			rc = k->w->file(k->w->ctx, f, err);
		if (f->fd >= 0)
			close(f->fd);
		return rc;
	}
	return k->w->file(k->w->ctx, f, err);
}

/* p->role: of the folder, or of the folder that has the file. */
static int walk_one(struct walking *k, struct place *p, struct jm_err *err)
{
	struct jm_tree_file f = { .path = k->path, .fd = -1, .message = p->role == ROLE_MESSAGES };
	char reason[60];

	/* Look first: opening a device may act on it. */
	if (fstatat(p->at, p->name, &f.st, p->depth > 0 ? AT_SYMLINK_NOFOLLOW : 0) != 0) {
		leave_out_sys(k);
		return 0;
	}
	if (S_ISDIR(f.st.st_mode))
		return enter_folder(k, p, err);
	if (S_ISREG(f.st.st_mode))
		return enter_file(k, p, &f, err);
	snprintf(reason, sizeof reason, "%s%s", jm_below_kind(f.st.st_mode),
	    S_ISLNK(f.st.st_mode) ? ", which is not followed" : "");
	leave_out(k, reason);
	return 0;
}

int jm_tree_walk(const struct jm_tree *w, const char *path, struct jm_err *err)
{
	struct walking k = { .w = w };
	struct place p = { AT_FDCWD, k.path, ROLE_ANY, 0 };
	int rc;

	if (strlen(path) >= sizeof k.path) {
		w->left_out(w->ctx, path, "its path is too long");
		return 0;
	}
	memcpy(k.path, path, strlen(path) + 1);
	rc = walk_one(&k, &p, err);
	tdestroy(k.seen, free);
	return rc;
}
