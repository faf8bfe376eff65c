check_PROGRAMS += t/unit/control_frame.t t/unit/control_answer.t t/unit/control_socket.t
UNIT_TESTS += t/unit/control_frame.t t/unit/control_answer.t t/unit/control_socket.t
t_unit_control_frame_t_SOURCES = t/unit/control_frame.c
t_unit_control_frame_t_LDADD = $(UNIT_LIBS)
# Both use a fake archive, so that the test sees each call and can make each call fail.
t_unit_control_answer_t_SOURCES = t/unit/control_answer.c t/lib/memory.h \
	t/unit/control_archive.c t/unit/control_archive.h
t_unit_control_answer_t_LDADD = $(UNIT_LIBS)
t_unit_control_socket_t_SOURCES = t/unit/control_socket.c t/unit/control_archive.c \
	t/unit/control_archive.h milter/daemon/control.c milter/daemon/control.h
t_unit_control_socket_t_LDADD = $(UNIT_LIBS)
check_PROGRAMS += t/unit/control_rows.t
UNIT_TESTS += t/unit/control_rows.t
t_unit_control_rows_t_SOURCES = t/unit/control_rows.c t/unit/control_archive.c \
	t/unit/control_archive.h milter/ctl/cli/item.c milter/ctl/cli/item.h
t_unit_control_rows_t_LDADD = $(UNIT_LIBS)
