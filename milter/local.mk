include milter/daemon/local.mk
include milter/ctl/local.mk
include milter/web/local.mk
include milter/ctl/setup.mk
include milter/ctl/schema.mk
