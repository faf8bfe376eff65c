/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: the machine: the archive's folder and its disk, the published state, the clock. */
#include "milter/ctl/doctor/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/io.h"
#include "common/base/num.h"
#include "common/settings/default.h"
#include "milter/ctl/cli/unit.h"
#include "milter/ctl/doctor/cure.h"

#define GIB (UINT64_C(1) << 30)
#define BUILT_MS INT64_C(1767225600000) /* 2026-01-01: an earlier time is wrong */
#define AHEAD_MS (5 * 60 * 1000)
#define FILES_LEAST 1000
#define FIRST_WEEKS_MS (28 * 24 * 3600 * INT64_C(1000))
#define CLOCK_CURE "apt-get install chrony && systemctl enable --now chrony && chronyc makestep"

/* The file systems that lose the archive, or that lack what it needs. */
static void check_file_system(struct jm_doctor *d, const char *folder)
{
	static const struct {
		long magic;
		enum jm_doctor_level level;
		const char *name, *harm;
	} kinds[] = {
		{ TMPFS_MAGIC, JM_DOCTOR_FAIL, "tmpfs, in memory",
		    "the archive is lost at the next boot" },
		{ RAMFS_MAGIC, JM_DOCTOR_FAIL, "ramfs, in memory",
		    "the archive is lost at the next boot" },
		{ OVERLAYFS_SUPER_MAGIC, JM_DOCTOR_NOTE, "overlay",
		    "in a container the archive is lost with the container; give it a volume" },
		{ NFS_SUPER_MAGIC, JM_DOCTOR_WARN, "NFS",
		    "locks and syncs depend on the server, and Berkeley DB does not support it" },
		{ SMB2_SUPER_MAGIC, JM_DOCTOR_WARN, "SMB",
		    "locks and syncs depend on the server, and Berkeley DB does not support it" },
		{ FUSE_SUPER_MAGIC, JM_DOCTOR_WARN, "FUSE",
		    "whether a sync makes data durable depends on its program" },
	};
	struct statfs fs;
	struct statvfs vfs;

	if (statfs(folder, &fs) != 0)
		return;
	jm_doctor_check(d, "archive-in-memory", "the archive's file system is on a disk");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if ((long)fs.f_type == kinds[i].magic)
			jm_doctor_add(d, kinds[i].level, "archive-in-memory",
			    "journal-milter.xml: a folder on a disk as <directory> in <archive>",
			    "the archive folder %s is on a file system of type %s: %s", folder,
			    kinds[i].name, kinds[i].harm);
	jm_doctor_check(d, "read-only", "the archive's file system can be written to");
	if (statvfs(folder, &vfs) == 0 && (vfs.f_flag & ST_RDONLY))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "read-only",
		    "dmesg: look for the cause; then mount -o remount,rw",
		    "the file system of the archive folder %s is read-only: every report gets a "
		    "451",
		    folder);
}

/* May the daemon's systemd unit write there? */
static void check_unit_folder(struct jm_doctor *d, const char *folder)
{
	struct jm_unit_verdict v;

	jm_doctor_check(
	    d, "unit-read-only", "the systemd unit lets the daemon write to %s", folder);
	jm_unit_judge(folder, &v);
	if (v.state != JM_SANDBOX_OPEN)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "unit-read-only", v.cure, "%s", v.text);
}

/* Check the archive's folder: its owner, and the rights of others. */
static void check_folder(struct jm_doctor *d, const struct stat *st)
{
	const char *folder = d->settings->archive_directory, *user = d->settings->user;
	const struct passwd *pw = user ? getpwnam(user) : NULL;
	char cure[JM_CURE_BYTES] = "chown -R ", mode[JM_CURE_BYTES] = "chmod o-rwx,g-w ";

	jm_doctor_check(d, "archive-owner", "the archive folder belongs to the daemon's user");
	if (pw && st->st_uid != pw->pw_uid) {
		jm_cure_quote(cure, user);
		jm_cure_more(cure, " ");
		jm_cure_quote(cure, folder);
		jm_doctor_add(d, JM_DOCTOR_FAIL, "archive-owner", cure,
		    "the archive folder %s does not belong to %s", folder, user);
	}
	jm_doctor_check(d, "archive-mode", "the archive folder is closed to others: mode %04o",
	    (unsigned)st->st_mode & 07777);
	jm_cure_quote(mode, folder);
	if (st->st_mode & 022)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "archive-mode", mode,
		    "the archive folder %s has mode %04o: others can remove or replace the "
		    "archive's files",
		    folder, (unsigned)st->st_mode & 07777);
	else if (st->st_mode & 05)
		jm_doctor_add(d, JM_DOCTOR_WARN, "archive-mode", mode,
		    "the archive folder %s has mode %04o: every local user can enter it", folder,
		    (unsigned)st->st_mode & 07777);
}

static void check_space(struct jm_doctor *d)
{
	const char *folder = d->settings->archive_directory;
	uint64_t left, whole;
	struct statvfs fs;

	if (statvfs(folder, &fs) != 0)
		return;
	left = (uint64_t)fs.f_bavail * fs.f_frsize;
	whole = (uint64_t)fs.f_blocks * fs.f_frsize;
	jm_doctor_check(d, "disk-full", "%s: %llu MB are left, and %llu files", folder,
	    (unsigned long long)(left >> 20), (unsigned long long)fs.f_favail);
	jm_doctor_check(d, "disk-low", "%s: %llu MB of %llu MB are left", folder,
	    (unsigned long long)(left >> 20), (unsigned long long)(whole >> 20));
	if (left < GIB || left < d->settings->disk_reserve_bytes ||
	    (fs.f_files > 0 && fs.f_favail < FILES_LEAST))
		jm_doctor_add(d, JM_DOCTOR_FAIL, "disk-full",
		    "a larger disk; more volumes stay readable on another one, see <archive>",
		    "%s: %llu MB and %llu file%s are left; below <disk-reserve>, %llu MB, every "
		    "report gets a 451",
		    folder, (unsigned long long)(left >> 20), (unsigned long long)fs.f_favail,
		    jm_num_s(fs.f_favail),
		    (unsigned long long)(d->settings->disk_reserve_bytes >> 20));
	else if (left < 5 * GIB || left < whole / 20)
		jm_doctor_add(d, JM_DOCTOR_WARN, "disk-low", "a larger disk",
		    "%s: %llu MB of %llu MB are left", folder, (unsigned long long)(left >> 20),
		    (unsigned long long)(whole >> 20));
}

static void check_archive(struct jm_doctor *d)
{
	const char *folder = d->settings->archive_directory, *user = d->settings->user;
	char cure[JM_CURE_BYTES] = "install -d -m 0750";
	struct stat st;

	jm_doctor_check(d, "no-archive", "the archive folder %s is there", folder);
	if (stat(folder, &st) == 0) {
		check_folder(d, &st);
		if (strcmp(d->config, JM_SETTINGS_DEFAULT_FILE) == 0)
			check_unit_folder(d, folder);
		check_file_system(d, folder);
		check_space(d);
		return;
	}
	if (errno == EACCES && geteuid() != 0) {
		jm_doctor_add(d, JM_DOCTOR_SKIP, "no-archive", NULL,
		    "the archive folder %s: only root and the daemon's user may look at it",
		    folder);
		return;
	}
	if (user) {
		jm_cure_more(cure, " -o ");
		jm_cure_quote(cure, user);
	}
	jm_cure_more(cure, " ");
	jm_cure_quote(cure, folder);
	jm_doctor_add(d, JM_DOCTOR_FAIL, "no-archive", cure,
	    "the archive folder %s cannot be looked at: %m", folder);
}

/* The status page and node_exporter run as other users. */
static void check_published(struct jm_doctor *d, const char *folder)
{
	char cure[JM_CURE_BYTES] = "chmod go+rx ", above[PATH_MAX];
	struct stat st;

	if (stat(folder, &st) != 0) {
		jm_doctor_add(d, JM_DOCTOR_WARN, "publish-folder",
		    "systemd-tmpfiles --create && systemctl restart journal-milter",
		    "the publish folder %s cannot be looked at: %m", folder);
	} else if ((st.st_mode & 05) != 05) {
		jm_cure_quote(cure, folder);
		jm_doctor_add(d, JM_DOCTOR_WARN, "publish-folder", cure,
		    "the publish folder %s is closed to others: "
		    "journal-milter-web and node_exporter cannot read the published state",
		    folder);
	} else if (jm_io_closed_above(folder, above)) {
		snprintf(cure, sizeof cure, "chmod o+x ");
		jm_cure_quote(cure, above);
		jm_doctor_add(d, JM_DOCTOR_WARN, "publish-folder", cure,
		    "the publish folder %s is in %s, which is closed to others: journal-milter-web "
		    "and node_exporter cannot read the published state",
		    folder, above);
	}
}

static void check_publish(struct jm_doctor *d)
{
	const struct jm_settings *s = d->settings;
	char path[4096];
	int64_t old_s;
	struct stat st;

	if (s->publish_interval_s == 0 || !s->publish_directory)
		return;
	jm_doctor_check(
	    d, "publish-folder", "the publish folder %s is open to others", s->publish_directory);
	check_published(d, s->publish_directory);
	snprintf(path, sizeof path, "%s/status.json", s->publish_directory);
	if (stat(path, &st) != 0)
		return;
	old_s = (jm_clock_now_ms() - (int64_t)st.st_mtime * 1000) / 1000;
	jm_doctor_check(d, "publish-old", "%s is of now", path);
	if (old_s > 60 + 3 * (int64_t)s->publish_interval_s)
		jm_doctor_add(d, JM_DOCTOR_WARN, "publish-old", "systemctl restart journal-milter",
		    "%s was written %lld s ago by this clock, and is due each %d s: the daemon "
		    "does not run or cannot write it, or the clock was set ahead",
		    path, (long long)old_s, s->publish_interval_s);
}

/* When the archive was last written to, by this machine's clock; 0: unknown. */
static int64_t last_written_ms(const char *folder)
{
	static const char *const names[] = { "volumes", "catalog", "lock" };
	int64_t last_ms = 0;
	char path[4096];
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		if (stat(path, &st) == 0 && (int64_t)st.st_mtime * 1000 > last_ms)
			last_ms = (int64_t)st.st_mtime * 1000;
	}
	return last_ms;
}

/* The time of the machine's battery clock; 0 without one. It is kept in UTC, or in local time:
 * whole quarters of an hour do not count. */
static int64_t battery_off_s(int64_t now_ms)
{
	unsigned char *p = NULL;
	size_t n = 0;
	uint64_t s = 0;
	int64_t off = 0;

	if (jm_io_read_file("/sys/class/rtc/rtc0/since_epoch", 64, &p, &n, NULL) == 0 &&
	    jm_num_u64(jm_span_trim(jm_span_of(p, n)), 1, INT64_MAX, &s) == 0)
		off = now_ms / 1000 - (int64_t)s;
	free(p);
	return off < 0 ? -off : off;
}

static void check_clock(struct jm_doctor *d)
{
	int64_t now = jm_clock_now_ms(), off_s = battery_off_s(now);
	struct timex t = { .modes = 0 };
	struct stat st;
	char text[JM_CLOCK_TEXT_BYTES];

	jm_clock_format(now, text);
	jm_doctor_check(d, "clock-wrong", "the clock says %s", text);
	if (now < BUILT_MS)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "clock-wrong", CLOCK_CURE,
		    "the clock says %s: no report of today would "
		    "pass the test of its age",
		    text);
	else if (stat(d->config, &st) == 0 && (int64_t)st.st_mtime * 1000 > now + AHEAD_MS)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "clock-wrong", CLOCK_CURE,
		    "the clock says %s, and %s was written "
		    "later: the clock is slow, or was ahead",
		    text, d->config);
	else if (last_written_ms(d->settings->archive_directory) > now + AHEAD_MS)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "clock-wrong", CLOCK_CURE,
		    "the clock says %s, and the archive was written "
		    "later: the clock is slow, or was ahead, and then reports were judged by a "
		    "wrong age",
		    text);
	jm_doctor_check(d, "clock-battery", "the clock agrees with the machine's battery clock");
	/* In local time it differs by whole quarters of an hour. */
	if (off_s * 1000 > AHEAD_MS && off_s % 900 > 60 && off_s % 900 < 840)
		jm_doctor_add(d, JM_DOCTOR_WARN, "clock-battery", CLOCK_CURE,
		    "the clock says %s, which is %lld s off the machine's battery clock: one of "
		    "them is wrong",
		    text, (long long)off_s);
	jm_doctor_check(d, "clock-free", "the clock is synchronised");
	if (adjtimex(&t) >= 0 && (t.status & STA_UNSYNC))
		jm_doctor_add(d, JM_DOCTOR_NOTE, "clock-free", CLOCK_CURE,
		    "nothing synchronises the clock; a machine whose host does it needs nothing");
}

bool jm_doctor_is_new(const struct jm_doctor *d)
{
	struct statx st;

	return d->settings &&
	    statx(AT_FDCWD, d->settings->archive_directory, 0, STATX_BTIME, &st) == 0 &&
	    (st.stx_mask & STATX_BTIME) &&
	    jm_clock_now_ms() - (int64_t)st.stx_btime.tv_sec * 1000 < FIRST_WEEKS_MS;
}

void jm_doctor_machine(struct jm_doctor *d)
{
	d->group = "machine";
	if (!d->settings)
		return;
	check_archive(d);
	check_publish(d);
	check_clock(d);
}
