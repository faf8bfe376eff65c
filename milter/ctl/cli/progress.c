/* SPDX-License-Identifier: BSD-2-Clause */
/* The progress bar. See progress.h. */
#include "milter/ctl/cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "milter/ctl/cli/print.h"

#define BAR_COLUMNS 24
#define BAR_US 100000

void jm_progress_start(struct jm_progress *p, const char *what)
{
	const char *term = getenv("TERM");

	jm_progress_wipe(p);
	*p = (struct jm_progress){
		.shown = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0, .what = what
	};
}

void jm_progress_wipe(struct jm_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

static const char *progress_amount(uint64_t n, const char *unit, char text[JM_PRINT_BYTES_TEXT])
{
	if (!unit)
		return jm_print_bytes(n, text);
	snprintf(text, JM_PRINT_BYTES_TEXT, "%llu", (unsigned long long)n);
	return text;
}

/* Print rate and remaining time, once there is progress to measure. */
static void put_rate(
    const struct jm_progress *p, uint64_t done, uint64_t total, const char *unit, double seconds)
{
	double rate = seconds > 0 && done > p->first ? (double)(done - p->first) / seconds : 0;
	unsigned long left = rate > 0 ? (unsigned long)((double)(total - done) / rate + 0.5) : 0;
	char text[JM_PRINT_BYTES_TEXT];

	if (rate > 0)
		jm_print(stderr, ", %s/s, %lu:%02lu:%02lu left",
		    progress_amount((uint64_t)rate, unit, text), left / 3600, left / 60 % 60,
		    left % 60);
}

void jm_progress_draw(struct jm_progress *p, uint64_t done, uint64_t total, const char *unit)
{
	char done_text[JM_PRINT_BYTES_TEXT], total_text[JM_PRINT_BYTES_TEXT];
	int64_t now_us = jm_clock_mono_us();
	double part;
	int full;

	if (!p->shown || total == 0 || (p->last_us != 0 && now_us - p->last_us < BAR_US))
		return;
	if (done > total)
		done = total;
	if (!p->begun) {
		p->begun = true;
		p->first = done;
		p->first_us = now_us;
	}
	p->last_us = now_us;
	part = (double)done / (double)total;
	full = (int)(part * BAR_COLUMNS);
	jm_print(stderr, "\r\033[K%s%s%3.0f%% [%.*s%*s] %s of %s%s%s", p->what ? p->what : "",
	    p->what ? " " : "", part * 100, full, "########################", BAR_COLUMNS - full,
	    "", progress_amount(done, unit, done_text), progress_amount(total, unit, total_text),
	    unit ? " " : "", unit ? unit : "");
	put_rate(p, done, total, unit, (double)(now_us - p->first_us) / 1e6);
	fflush(stderr);
	p->drawn = true;
}
