check_PROGRAMS += t/unit/settings_load.t t/unit/settings_wrong.t t/unit/settings_value.t \
	t/unit/settings_difference.t t/unit/settings_sandbox.t
UNIT_TESTS += t/unit/settings_load.t t/unit/settings_wrong.t t/unit/settings_value.t \
	t/unit/settings_difference.t t/unit/settings_sandbox.t
t_unit_settings_difference_t_SOURCES = t/unit/settings_difference.c t/unit/settings_file.h
t_unit_settings_difference_t_LDADD = $(UNIT_LIBS)
t_unit_settings_load_t_SOURCES = t/unit/settings_load.c t/unit/settings_file.h
t_unit_settings_load_t_LDADD = $(UNIT_LIBS)
t_unit_settings_wrong_t_SOURCES = t/unit/settings_wrong.c t/unit/settings_file.h
t_unit_settings_wrong_t_LDADD = $(UNIT_LIBS)
t_unit_settings_value_t_SOURCES = t/unit/settings_value.c
t_unit_settings_value_t_LDADD = $(UNIT_LIBS)
t_unit_settings_sandbox_t_SOURCES = t/unit/settings_sandbox.c
t_unit_settings_sandbox_t_LDADD = $(UNIT_LIBS)
