check_PROGRAMS += t/unit/base_text.t t/unit/base_file.t t/unit/base_socket.t
UNIT_TESTS += t/unit/base_text.t t/unit/base_file.t t/unit/base_socket.t
t_unit_base_text_t_SOURCES = t/unit/base_text.c
t_unit_base_text_t_LDADD = $(UNIT_LIBS)
t_unit_base_file_t_SOURCES = t/unit/base_file.c
t_unit_base_file_t_LDADD = $(UNIT_LIBS)
t_unit_base_socket_t_SOURCES = t/unit/base_socket.c
t_unit_base_socket_t_LDADD = $(UNIT_LIBS)
