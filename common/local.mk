noinst_LIBRARIES += common/libjm.a
common_libjm_a_SOURCES =
include common/base/local.mk
include common/json/local.mk
include common/mail/local.mk
include common/view/local.mk
include common/journal/local.mk
include common/settings/local.mk
include common/volume/local.mk
include common/catalog/local.mk
include common/archive/local.mk
include common/query/local.mk
include common/upkeep/local.mk
include common/service/local.mk
include common/publish/local.mk
include common/control/local.mk
include common/pop3/local.mk
