/* SPDX-License-Identifier: BSD-2-Clause */
#include "milter/ctl/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "milter/ctl/print.h"

#define BAR_COLUMNS 24
#define BAR_US 100000

void jm_progress_start(struct jm_progress *p, const char *what)
{
	const char *term = getenv("TERM");

	jm_progress_wipe(p);
	*p = (struct jm_progress){ .shown = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0, .started_us = jm_clock_mono_us(), .what = what };
}

void jm_progress_wipe(struct jm_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

static const char *amount(uint64_t n, const char *unit, char text[JM_PRINT_BYTES_TEXT])
{
	if (!unit)
		return jm_print_bytes(n, text);
	snprintf(text, JM_PRINT_BYTES_TEXT, "%llu", (unsigned long long)n);
	return text;
}

void jm_progress_draw(struct jm_progress *p, uint64_t done, uint64_t total, const char *unit)
{
	char done_text[JM_PRINT_BYTES_TEXT], total_text[JM_PRINT_BYTES_TEXT], rate_text[JM_PRINT_BYTES_TEXT];
	int64_t now_us = jm_clock_mono_us();
	double seconds, rate, part;
	unsigned long left;
	int full;

	if (!p->shown || total == 0 || (p->last_us != 0 && now_us - p->last_us < BAR_US))
		return;
	if (done > total)
		done = total;
	if (!p->begun) {
		p->begun = true;
		p->first = done;
	}
	p->last_us = now_us;
	part = (double)done / (double)total;
	seconds = (double)(now_us - p->started_us) / 1e6;
	rate = seconds > 0 ? (double)(done - (p->first < done ? p->first : 0)) / seconds : 0;
	left = rate > 0 ? (unsigned long)((double)(total - done) / rate + 0.5) : 0;
	full = (int)(part * BAR_COLUMNS);
	fprintf(stderr, "\r\033[K%s%s%3.0f%% [%.*s%*s] %s of %s%s%s, %s/s, %lu:%02lu:%02lu left", p->what ? p->what : "", p->what ? " " : "", part * 100, full,
	    "########################", BAR_COLUMNS - full, "", amount(done, unit, done_text), amount(total, unit, total_text), unit ? " " : "",
	    unit ? unit : "", amount((uint64_t)rate, unit, rate_text), left / 3600, left / 60 % 60, left % 60);
	fflush(stderr);
	p->drawn = true;
}
