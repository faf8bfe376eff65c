common_libjm_a_SOURCES += common/control/answer.h common/control/frame.h 
