include milter/daemon/local.mk
include milter/ctl/local.mk
include milter/web/local.mk
