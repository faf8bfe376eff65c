# SPDX-License-Identifier: BSD-2-Clause
# JSON Schema of what each verb prints with --json. t/system/verbs.t and json.t compare them with
# the program.
ctlschemadir = $(pkgdatadir)/jmctl
dist_ctlschema_DATA = \
	milter/ctl/schema/backup.json milter/ctl/schema/check.json \
	milter/ctl/schema/doctor.json milter/ctl/schema/domain.json \
	milter/ctl/schema/dump.json milter/ctl/schema/events.json \
	milter/ctl/schema/explain.json milter/ctl/schema/export.json \
	milter/ctl/schema/help.json milter/ctl/schema/import.json \
	milter/ctl/schema/list.json milter/ctl/schema/load.json \
	milter/ctl/schema/queue.json milter/ctl/schema/ranges.json \
	milter/ctl/schema/rebuild.json milter/ctl/schema/reload.json \
	milter/ctl/schema/restore.json \
	milter/ctl/schema/search.json milter/ctl/schema/set-aside.json \
	milter/ctl/schema/setup.json milter/ctl/schema/show.json \
	milter/ctl/schema/status.json milter/ctl/schema/test.json \
	milter/ctl/schema/top.json milter/ctl/schema/unwrap.json \
	milter/ctl/schema/upgrade.json milter/ctl/schema/verify.json \
	milter/ctl/schema/watch.json
