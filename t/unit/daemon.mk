check_PROGRAMS += t/unit/daemon_packets.t
UNIT_TESTS += t/unit/daemon_packets.t
t_unit_daemon_packets_t_SOURCES = t/unit/daemon_packets.c milter/daemon/packets.c
t_unit_daemon_packets_t_LDADD = $(UNIT_LIBS)
