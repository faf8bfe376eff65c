check_PROGRAMS += t/unit/base_text.t t/unit/base_file.t t/unit/base_socket.t t/unit/base_program.t \
	t/unit/base_peer.t t/unit/base_visible.t t/unit/base_secret.t t/unit/base_step.t
UNIT_TESTS += t/unit/base_text.t t/unit/base_file.t t/unit/base_socket.t t/unit/base_program.t \
	t/unit/base_peer.t t/unit/base_visible.t t/unit/base_secret.t t/unit/base_step.t
t_unit_base_text_t_SOURCES = t/unit/base_text.c
t_unit_base_text_t_LDADD = $(UNIT_LIBS)
t_unit_base_file_t_SOURCES = t/unit/base_file.c t/lib/hooks.c
t_unit_base_file_t_LDADD = $(UNIT_LIBS)
t_unit_base_socket_t_SOURCES = t/unit/base_socket.c
t_unit_base_socket_t_LDADD = $(UNIT_LIBS)
t_unit_base_program_t_SOURCES = t/unit/base_program.c
t_unit_base_program_t_LDADD = $(UNIT_LIBS)
t_unit_base_peer_t_SOURCES = t/unit/base_peer.c
t_unit_base_peer_t_LDADD = $(UNIT_LIBS)
t_unit_base_visible_t_SOURCES = t/unit/base_visible.c
t_unit_base_visible_t_LDADD = $(UNIT_LIBS)
t_unit_base_secret_t_SOURCES = t/unit/base_secret.c
t_unit_base_secret_t_LDADD = $(UNIT_LIBS)
t_unit_base_step_t_SOURCES = t/unit/base_step.c
t_unit_base_step_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/base_below.t
UNIT_TESTS += t/unit/base_below.t
t_unit_base_below_t_SOURCES = t/unit/base_below.c t/lib/open.h
t_unit_base_below_t_LDADD = $(UNIT_LIBS)
