/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names by which a browser may ask for the page. A foreign page can have its own name resolve
 * to the address of this server (DNS rebinding) and would then read the answers; but its requests
 * have that name in the field Host. An IP address cannot be rebound.
 */
#ifndef JM_WEB_HOST_H
#define JM_WEB_HOST_H

#include <stdbool.h>

/*
 * May host, the value of the field Host with or without a port, ask? These may: "localhost", any
 * IPv4 address or IPv6 address in brackets, the name of this machine (own), and those in names,
 * separated by commas. Upper and lower case are equal. own and names may be NULL. Pure.
 */
bool jm_host_may_ask(const char *host, const char *own, const char *names);

#endif
