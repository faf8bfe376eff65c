check_PROGRAMS += t/unit/mail_structure.t t/unit/mail_text.t t/unit/mail_parties.t
UNIT_TESTS += t/unit/mail_structure.t t/unit/mail_text.t t/unit/mail_parties.t
t_unit_mail_structure_t_SOURCES = t/unit/mail_structure.c
t_unit_mail_structure_t_LDADD = $(UNIT_LIBS)
t_unit_mail_text_t_SOURCES = t/unit/mail_text.c
t_unit_mail_text_t_LDADD = $(UNIT_LIBS)
t_unit_mail_parties_t_SOURCES = t/unit/mail_parties.c
t_unit_mail_parties_t_LDADD = $(UNIT_LIBS)
