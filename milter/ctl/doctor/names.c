/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doctor: names in the DNS. Exchange needs only the name of its smart host, which need not be the
 * journal domain. See names.h.
 */
#include "milter/ctl/doctor/names.h"

#include <unistd.h>

#include "milter/ctl/cli/dns.h"

/* One name: 1 it has an address; 0 none; -1 it could not be asked for, which is a finding. */
static int look_up(struct jm_doctor *d, const char *name, const char *finding)
{
	struct jm_err err;
	int rc = jm_dns_address(name, d->name_server, &err);

	if (rc < 0)
		jm_doctor_add(d, JM_DOCTOR_SKIP, finding, NULL, "%s could not be asked for: %s",
		    name, err.text);
	return rc;
}

/* A name that Exchange uses as smart host. */
static void check_smart_host(struct jm_doctor *d, const char *name)
{
	jm_doctor_check(d, "smart-host", "the smart host %s has an address", name);
	if (look_up(d, name, "smart-host") == 0)
		jm_doctor_add(d, JM_DOCTOR_FAIL, "smart-host",
		    "an A or AAAA record that leads to this machine",
		    "the smart host %s has neither an address nor an MX record: Exchange cannot "
		    "hand in reports",
		    name);
}

/* Does a name by which Exchange may know this machine have an address? */
static bool has_other_name(const struct jm_doctor *d)
{
	struct jm_err err;
	char name[256] = "";

	if (d->host && jm_dns_address(d->host, d->name_server, &err) == 1)
		return true;
	return gethostname(name, sizeof name - 1) == 0 && strchr(name, '.') &&
	    jm_dns_address(name, d->name_server, &err) == 1;
}

void jm_doctor_dns(struct jm_doctor *d)
{
	d->group = "dns";
	for (size_t i = 0; i < d->smart_hosts.n; i++)
		check_smart_host(d, d->smart_hosts.v[i]);
	if (!d->settings || d->smart_hosts.n)
		return;
	for (size_t i = 0; d->settings->journal_domains[i]; i++) {
		const char *name = d->settings->journal_domains[i];
		int rc;

		jm_doctor_check(d, "no-address",
		    "%s, or another name of this machine, has an "
		    "address",
		    name);
		rc = look_up(d, name, "no-address");
		if (rc < 0)
			return; /* the others would take as long */
		if (rc == 0 && !has_other_name(d))
			jm_doctor_add(d, JM_DOCTOR_WARN, "no-address",
			    "an A or AAAA record, or jmctl doctor --smart-host NAME with the name "
			    "that Exchange uses",
			    "neither %s nor %s has an address or an MX record: by which name does "
			    "Exchange find this machine?",
			    name, d->host ? d->host : "the name of this machine");
	}
}
