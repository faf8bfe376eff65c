/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks are in the order of their weight, so the first one that finds something gives the line
 * its look. See verdict.h. */
#include "milter/web/verdict.h"

#include <stdint.h>
#include <string.h>

#include "common/base/clock.h"

#define ITEMS 4 /* said in full; of more, only the number */

struct verdict {
	struct jm_html *h;
	const struct jm_look *worst;
	size_t items;
};

/* Begin an item. False when there are too many: then it is counted only. */
static bool begin_item(struct verdict *v, int look)
{
	if (v->items++ == 0) {
		v->worst = &jm_looks[look];
		jm_html_put(v->h, "<p class=\"verdict %s\">", v->worst->class);
		jm_look_put(v->h, v->worst);
		jm_html_put(v->h, "<strong>%s",
		    look == JM_LOOK_ERROR      ? "Error: "
			: look == JM_LOOK_WAIT ? "Attention: "
					       : "");
		return true;
	}
	if (v->items <= ITEMS)
		jm_html_put(v->h, v->items == 2 ? "</strong><span>Also: " : "; ");
	return v->items <= ITEMS;
}

static void end_items(struct verdict *v)
{
	if (v->items > ITEMS)
		jm_html_put(v->h, "; and %zu more", v->items - ITEMS);
	jm_html_put(v->h, v->items > 1 ? "</span></p>\n" : "</strong></p>\n");
}

static void say_trouble(struct verdict *v, const struct jm_published *s)
{
	begin_item(v, JM_LOOK_ERROR);
	if (s->stale) {
		jm_html_put(v->h, "no new state for ");
		jm_html_duration(v->h, s->age_s);
		jm_html_put(v->h,
		    ": journal-milter does not run, or cannot publish. What follows is the state "
		    "at that time");
	} else {
		jm_html_words(v->h, s->trouble);
	}
}

static void say_archive(struct verdict *v, const json_t *a)
{
	const char *problem = jm_look_text(a, "problem"), *state = jm_look_text(a, "state");

	if (strcmp(state, "ok") != 0 && begin_item(v, JM_LOOK_ERROR)) {
		jm_html_put(v->h, "the archive has a problem: ");
		jm_html_words(v->h, *problem ? problem : *state ? state : "its state is not known");
	}
}

static void say_service_errors(struct verdict *v, const json_t *services)
{
	const char *address;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s) {
		if (jm_look_of(s) != &jm_looks[JM_LOOK_ERROR] || !begin_item(v, JM_LOOK_ERROR))
			continue;
		jm_html_address(v->h, address);
		if (*jm_look_text(s, "why")) {
			jm_html_put(v->h, ": ");
			jm_html_words(v->h, jm_look_text(s, "why"));
		}
	}
}

static void say_upkeep(struct verdict *v, const json_t *a)
{
	const json_t *left = json_object_get(a, "disk_left_seconds"),
		     *balance = json_object_get(a, "balance");

	if (strcmp(jm_look_text(a, "verify_failed"), jm_look_text(a, "verified")) > 0 &&
	    begin_item(v, JM_LOOK_ERROR))
		jm_html_put(v->h, "the last verification found problems");
	if (json_is_integer(balance) && json_integer_value(balance) == 0 &&
	    begin_item(v, JM_LOOK_ERROR))
		jm_html_put(v->h, "the counters do not balance");
	if (json_is_integer(left) && json_integer_value(left) < JM_DISK_S &&
	    begin_item(v, JM_LOOK_WAIT)) {
		jm_html_put(v->h, "at this rate the disk is full in ");
		jm_html_duration(v->h, json_integer_value(left));
	}
}

static void say_certificates(struct verdict *v, const json_t *services)
{
	const char *address;
	int64_t ms;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s) {
		if (jm_look_of(s) == &jm_looks[JM_LOOK_ERROR] || /* said already */
		    jm_clock_parse(jm_look_text(s, "certificate_until"), &ms) != 0 ||
		    ms - v->h->now_ms >= JM_CERTIFICATE_MS || !begin_item(v, JM_LOOK_WAIT))
			continue;
		jm_html_address(v->h, address);
		jm_html_put(v->h, ": the certificate of its server ");
		if (ms < v->h->now_ms) {
			jm_html_put(v->h, "has expired");
		} else {
			jm_html_put(v->h, "ends in ");
			jm_html_duration(v->h, (ms - v->h->now_ms) / 1000);
		}
	}
}

static void say_unretrievable(struct verdict *v, const json_t *services)
{
	const char *address;
	json_int_t n;
	json_t *s;

	json_object_foreach((json_t *)(uintptr_t)services, address, s) {
		n = jm_look_unretrievable(s);
		if (jm_look_of(s) != &jm_looks[JM_LOOK_PARTLY] || !begin_item(v, JM_LOOK_WAIT))
			continue;
		jm_html_address(v->h, address);
		jm_html_put(v->h, ": OK, %lld not retrievable", (long long)n);
	}
}

/* "1 of 4 services", or "the only service". */
static void put_part(struct jm_html *h, size_t n, size_t of)
{
	if (of == 1)
		jm_html_put(h, "the only service");
	else
		jm_html_put(h, "%zu of %zu services", n, of);
}

static void say_waiting(struct verdict *v, const json_t *services)
{
	size_t of = json_object_size(services),
	       other = jm_look_count(services, &jm_looks[JM_LOOK_OTHER]),
	       waiting = jm_look_count(services, &jm_looks[JM_LOOK_WAIT]),
	       off = jm_look_count(services, &jm_looks[JM_LOOK_OFF]);

	if (of == 0 && begin_item(v, JM_LOOK_WAIT))
		jm_html_put(v->h, "no journal service is defined");
	if (of > 0 && off == of && begin_item(v, JM_LOOK_WAIT))
		jm_html_put(v->h, "all services are disabled");
	if (other > 0 && begin_item(v, JM_LOOK_WAIT)) {
		put_part(v->h, other, of);
		jm_html_put(v->h, ": state unknown");
	}
	if (waiting > 0 && begin_item(v, JM_LOOK_WAIT)) {
		put_part(v->h, waiting, of);
		jm_html_put(v->h, ": Awaiting Initial Run");
	}
}

static void say_well(struct verdict *v, const json_t *services)
{
	size_t off = jm_look_count(services, &jm_looks[JM_LOOK_OFF]),
	       ok = jm_look_count(services, &jm_looks[JM_LOOK_OK]);

	begin_item(v, JM_LOOK_OK);
	jm_html_put(v->h, "All is well: %zu service%s OK", ok, ok == 1 ? "" : "s");
	if (off > 0)
		jm_html_put(v->h, ", %zu disabled", off);
}

const struct jm_look *jm_verdict_put(struct jm_html *h, const struct jm_published *s)
{
	const json_t *a = json_object_get(s->document, "archive"),
		     *services = json_object_get(s->document, "services");
	json_int_t aside = json_integer_value(json_object_get(a, "set_aside"));
	struct verdict v = { .h = h };

	if (*s->trouble) {
		say_trouble(&v, s);
	} else {
		say_archive(&v, a);
		say_service_errors(&v, services);
		say_upkeep(&v, a);
		say_certificates(&v, services);
		say_unretrievable(&v, services);
		say_waiting(&v, services);
		if (v.items == 0)
			say_well(&v, services);
		if (aside > 0 && begin_item(&v, JM_LOOK_OK)) {
			jm_html_number(h, aside);
			jm_html_put(
			    h, aside == 1 ? " message is set aside" : " messages are set aside");
		}
	}
	end_items(&v);
	return v.worst;
}
