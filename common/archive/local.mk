common_libjm_a_SOURCES += common/archive/archive.h 
