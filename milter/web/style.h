/* SPDX-License-Identifier: BSD-2-Clause */
/* The style sheet of the status page, served as /style.css. */
#ifndef JM_WEB_STYLE_H
#define JM_WEB_STYLE_H

/* CSS, ended by a NUL. */
extern const char jm_style[];

#endif
