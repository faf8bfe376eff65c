/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A milter that does nothing with a message but discard it: the yardstick of the bench. It asks for
 * the same protocol flags as journal-milter, so that the MTA's side sends and waits exactly as
 * much. usage: noop-milter SOCKET
 */
#include <libmilter/mfapi.h>
#include <stdio.h>

#define FLAGS \
	(SMFIP_HDR_LEADSPC | SMFIP_SKIP | SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_HELO | \
	    SMFIP_NR_MAIL | SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY)

static sfsistat noop_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
    unsigned long f3, unsigned long *pf0, unsigned long *pf1, unsigned long *pf2,
    unsigned long *pf3)
{
	static char connect[] = "{client_addr} {client_port}",
		    helo[] = "{tls_version} {cert_subject}", mail[] = "i {auth_authen}",
		    eom[] = "i";

	(void)f2;
	(void)f3;
	*pf0 = f0 & (SMFIF_DELRCPT | SMFIF_SETSYMLIST);
	*pf1 = f1 & FLAGS;
	*pf2 = *pf3 = 0;
	(void)smfi_setsymlist(ctx, SMFIM_CONNECT, connect);
	(void)smfi_setsymlist(ctx, SMFIM_HELO, helo);
	(void)smfi_setsymlist(ctx, SMFIM_ENVFROM, mail);
	(void)smfi_setsymlist(ctx, SMFIM_EOM, eom);
	return SMFIS_CONTINUE;
}

static sfsistat noop_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address)
{
	(void)ctx;
	(void)host;
	(void)address;
	return SMFIS_NOREPLY;
}

static sfsistat noop_helo(SMFICTX *ctx, char *name)
{
	(void)ctx;
	(void)name;
	return SMFIS_NOREPLY;
}

static sfsistat noop_mail(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return SMFIS_NOREPLY;
}

static sfsistat noop_rcpt(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return SMFIS_CONTINUE;
}

static sfsistat noop_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_NOREPLY;
}

static sfsistat noop_event(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_NOREPLY;
}

static sfsistat noop_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return SMFIS_NOREPLY;
}

static sfsistat noop_eom(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_DISCARD;
}

int main(int argc, char **argv)
{
	static char name[] = "noop";
	struct smfiDesc description = { .xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_DELRCPT | SMFIF_SETSYMLIST,
		.xxfi_connect = noop_connect,
		.xxfi_helo = noop_helo,
		.xxfi_envfrom = noop_mail,
		.xxfi_envrcpt = noop_rcpt,
		.xxfi_header = noop_header,
		.xxfi_eoh = noop_event,
		.xxfi_body = noop_body,
		.xxfi_eom = noop_eom,
		.xxfi_data = noop_event,
		.xxfi_negotiate = noop_negotiate };

	if (argc != 2 || smfi_register(description) != MI_SUCCESS ||
	    smfi_setconn(argv[1]) != MI_SUCCESS) {
		fputs("usage: noop-milter SOCKET\n", stderr);
		return 2;
	}
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
