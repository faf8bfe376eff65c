common_libjm_a_SOURCES += common/settings/settings.h 
