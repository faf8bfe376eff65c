# SPDX-License-Identifier: BSD-2-Clause
dist_man_MANS += config/journal-milter.xml.5 config/stats.db.5
dist_pkgdata_DATA += config/journal-milter.rng config/status.schema.json \
	config/microsoft365-ranges.json
# Templates of jmctl setup: the only copy of the pieces for Postfix and Sendmail.
dist_pkgdata_DATA += config/setup-steps.in config/settings-setup.xml.in \
	config/setup-steps-365.in config/setup-steps-archive.in config/setup-archive.conf.in \
	config/setup-steps-pop3.in config/setup-steps-local-pop3.in \
	config/setup-steps-online-pop3.in config/setup-steps-token.in \
	config/setup-steps-password.in config/pop3-token.in \
	config/postfix-main.cf.in config/postfix-master.cf.in config/postfix-apply.in \
	config/postfix-undo.in config/postfix-tls.in config/postfix-login.in \
	config/postfix-sasl.conf.in config/setup-steps-tls.in config/setup-steps-login.in \
	config/sendmail.mc.in config/sendmail-apply.in config/sendmail-undo.in
EXTRA_DIST += config/journal-milter.xml

# The settings file belongs to the administrator: never overwrite it, and remove it only if it was
# never changed.
settingsdir = $(sysconfdir)/journal-milter
install-settings:
	$(MKDIR_P) "$(DESTDIR)$(settingsdir)"
	@if test -e "$(DESTDIR)$(settingsdir)/journal-milter.xml"; then \
		echo "$(DESTDIR)$(settingsdir)/journal-milter.xml" \
			"is there already and stays as it is"; \
	else \
		echo "$(INSTALL_DATA) $(srcdir)/config/journal-milter.xml" \
			"$(DESTDIR)$(settingsdir)"; \
		$(INSTALL_DATA) "$(srcdir)/config/journal-milter.xml" \
			"$(DESTDIR)$(settingsdir)/journal-milter.xml"; \
	fi
uninstall-settings:
	@if cmp -s "$(srcdir)/config/journal-milter.xml" \
			"$(DESTDIR)$(settingsdir)/journal-milter.xml"; then \
		echo "rm -f $(DESTDIR)$(settingsdir)/journal-milter.xml"; \
		rm -f "$(DESTDIR)$(settingsdir)/journal-milter.xml"; \
		rmdir "$(DESTDIR)$(settingsdir)" 2>/dev/null || :; \
	elif test -e "$(DESTDIR)$(settingsdir)/journal-milter.xml"; then \
		echo "$(DESTDIR)$(settingsdir)/journal-milter.xml was changed and stays"; \
	fi
install-data-local: install-settings
uninstall-local: uninstall-settings
.PHONY: install-settings uninstall-settings
