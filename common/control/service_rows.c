/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of services in the answer to "status": what the archive has, completed from the daemon.
 * See service_rows.h. */
#include "common/control/service_rows.h"

#include "common/service/service_status.h"

/* Put the daemon's state of a service into the archive's row: the status, whose last words the
 * archive may not have; and how its mailbox is now. */
static int add_state(json_t *row, const json_t *service)
{
	json_t *is = json_object_get(service, "standing"),
	       *mailbox = json_object_get(service, "mailbox"),
	       *extract = json_object_get(service, "last_extract");
	int rc = is ? json_object_update(row, is) : 0;

	rc |= json_object_set(row, "description", json_object_get(service, "description"));
	rc |= json_object_set(row, "transport", json_object_get(service, "transport"));
	if (json_is_string(extract))
		rc |= json_object_set(row, "last_extract", extract);
	if (mailbox)
		rc |= json_object_set(row, "mailbox_queue", json_object_get(mailbox, "queue")) |
		    json_object_set(row, "mailbox_waiting", json_object_get(mailbox, "waiting")) |
		    json_object_set(
			row, "mailbox_unretrievable", json_object_get(mailbox, "unretrievable")) |
		    json_object_set(row, "mailbox_unretrievable_since",
			json_object_get(mailbox, "unretrievable_since"));
	return rc;
}

/* Add the words in which people read the status and the last extract. */
static int add_words(json_t *row)
{
	const char *status = json_string_value(json_object_get(row, "status")),
		   *extract = json_string_value(json_object_get(row, "last_extract"));
	json_int_t unretrievable = json_integer_value(
	    json_object_get(row, "mailbox_unretrievable"));
	char text[JM_STATUS_TEXT_BYTES];

	return (status ? json_object_set_new(row, "status_text",
			     json_string(jm_status_text(status, (uint64_t)unretrievable, text)))
		       : 0) |
	    json_object_set_new(row, "last_extract_text",
		json_string(extract ? extract : jm_status_name(JM_STATUS_AWAITING)));
}

int jm_service_rows_complete(const json_t *status, const json_t *daemon_state, struct jm_err *err)
{
	const json_t *rows = json_object_get(status, "services"),
		     *known = json_object_get(daemon_state, "services");
	json_t *row, *service;
	size_t i, k;
	int rc = 0;

	json_array_foreach(known, k, service) {
		const json_t *address = json_object_get(service, "email_address");

		json_array_foreach(rows, i, row)
			if (json_equal(json_object_get(row, "name"), address))
				rc |= add_state(row, service);
	}
	json_array_foreach(rows, i, row)
		rc |= add_words(row);
	return rc == 0 ? 0 : jm_err_set(err, JM_E_TEMP, "no memory for the status");
}
