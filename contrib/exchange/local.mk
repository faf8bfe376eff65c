# SPDX-License-Identifier: BSD-2-Clause
# Templates of jmctl setup: PowerShell scripts for Exchange.
dist_pkgdata_DATA += contrib/exchange/on-premises.ps1.in \
	contrib/exchange/on-premises-check.ps1.in contrib/exchange/on-premises-undo.ps1.in \
	contrib/exchange/online.ps1.in contrib/exchange/online-check.ps1.in \
	contrib/exchange/online-undo.ps1.in contrib/exchange/pop3.ps1.in \
	contrib/exchange/pop3-check.ps1.in contrib/exchange/pop3-undo.ps1.in \
	contrib/exchange/pop3-online.ps1.in contrib/exchange/pop3-online-check.ps1.in \
	contrib/exchange/pop3-online-undo.ps1.in
