common_libjm_a_SOURCES += common/service/admit.h 
