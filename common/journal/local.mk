common_libjm_a_SOURCES += common/journal/key.h common/journal/unwrap.h 
