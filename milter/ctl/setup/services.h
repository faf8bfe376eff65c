/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the settings file that jmctl setup makes, and the firewall's commands. */
#ifndef JM_MILTER_CTL_SETUP_SERVICES_H
#define JM_MILTER_CTL_SETUP_SERVICES_H

#include "milter/ctl/setup/setup_plan.h"

#define JM_SETUP_PASSWORD_FILE JM_SYSCONFDIR "/journal-milter/mailbox.password"
#define JM_SETUP_SECRET_FILE JM_SYSCONFDIR "/journal-milter/mailbox.secret"
#define JM_SETUP_TOKEN_COMMAND "/usr/local/sbin/journal-milter-token"

/* Append the <domain> elements. */
int jm_setup_domains_xml(
    const struct jm_setup *s, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* Append the <journal-service> elements. */
int jm_setup_services_xml(
    const struct jm_setup *s, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* Append the folders that a drop-in of the systemd unit makes writable, with blanks between; and
 * the commands that make them. */
int jm_setup_writable(
    const struct jm_setup *s, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;
int jm_setup_folders(
    const struct jm_setup *s, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

/* Append commands for nftables, and for ufw, that let the ranges reach the MTA's port. */
int jm_setup_nft(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;
int jm_setup_ufw(const struct jm_setup *s, struct jm_buf *out, struct jm_err *err) JM_MUST_CHECK;

#endif
