common_libjm_a_SOURCES += common/mail/domain.h 
