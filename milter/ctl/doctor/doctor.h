/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the groups of checks of jmctl doctor share: the patient and the list of findings. A group is
 * a file doctor_GROUP.c with one entry function, called in turn by doctor.c. A check changes
 * nothing, and adds a finding with the line to change, or nothing.
 */
#ifndef JM_MILTER_CTL_DOCTOR_H
#define JM_MILTER_CTL_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settings/settings.h"

/* In the order of badness; also the exit codes. */
enum jm_doctor_level { JM_DOCTOR_OK, JM_DOCTOR_WARN, JM_DOCTOR_FAIL };

struct jm_doctor {
	const char *config;   /* the settings file */
	const char *postfix;  /* Postfix' configuration folder; NULL: do not look at Postfix */
	const char *sendmail; /* sendmail.cf; NULL: do not look at Sendmail */
	bool dns;
	const struct jm_settings *settings; /* NULL when they could not be loaded */
	json_t *findings;                   /* owned: {level, group, name, text, change} each */
	enum jm_doctor_level worst;
};

/* Add a finding. group: "postfix", ...; name: the trap, in kebab-case, for programs; change: the
 * line to change, or NULL; then what is wrong. */
void jm_doctor_add(struct jm_doctor *d, enum jm_doctor_level level, const char *group,
    const char *name, const char *change, const char *fmt, ...) JM_PRINTF(6, 7);

/* Run a program (argv[0] looked for in PATH and the sbin folders) and collect what it writes. Its
 * exit status, 127 when it is not there, -1 with err filled when it could not be run. complaint may
 * be NULL. Not killed: only for programs that end by themselves. */
int jm_doctor_run(
    const char *const *argv, struct jm_buf *out, struct jm_buf *complaint, struct jm_err *err);

/* How a socket of the settings is written for people and compared: "unix:/PATH", "inet:HOST:PORT".
 * Fills text, which is returned. */
char *jm_doctor_socket(const char *socket, char *text, size_t text_bytes);

/* May the user connect to the unix socket: 1 yes, 0 no (*what says which file or folder stands in
 * the way), -1 there is no such user. */
int jm_doctor_may_connect(const char *path, const char *user, char *what, size_t what_bytes);

/* A certificate file of the MTA: expired, or soon. group, setting: for the finding. */
void jm_doctor_certificate(
    struct jm_doctor *d, const char *group, const char *setting, const char *path);

/* The number of a port, written as one or as a name ("smtp"). 0, or -1 for an unknown name. */
int jm_doctor_port(struct jm_span name, uint64_t *port);

/* What the services that SMTP brings want of the MTA, any of them. */
struct jm_doctor_wants {
	bool tls, client_certificate, login;
};
struct jm_doctor_wants jm_doctor_wants(const struct jm_doctor *d);

/* An MTA as the findings name it. */
struct jm_doctor_mta {
	const char *group, *name, *start, *reload; /* the commands that start it, and that make it
						      read its settings */
};

/* Does it run, and somebody listen at the port; does the listener (as shown) belong to it? */
void jm_doctor_listener(struct jm_doctor *d, const struct jm_doctor_mta *mta, bool running,
    uint64_t port, const char *shown);

/* Is a listener's address ("127.0.0.1", "[::1]", "localhost") this machine's alone, while a service
 * lets others send? */
bool jm_doctor_unreachable(const struct jm_doctor *d, struct jm_span host);

/* The groups. */
void jm_doctor_settings(struct jm_doctor *d);
void jm_doctor_machine(struct jm_doctor *d);
void jm_doctor_dns(struct jm_doctor *d);
void jm_doctor_postfix(struct jm_doctor *d);
void jm_doctor_sendmail(struct jm_doctor *d);

#endif
