# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += t/unit/publish_memory.t
UNIT_TESTS += t/unit/publish_memory.t
t_unit_publish_memory_t_SOURCES = t/unit/publish_memory.c t/lib/memory.h
t_unit_publish_memory_t_LDADD = $(UNIT_LIBS)
