# SPDX-License-Identifier: BSD-2-Clause
SYSTEM_TESTS += t/style/banned.t t/style/layers.t t/style/sizes.t t/style/texts.t
EXTRA_DIST += t/style/banned.t t/style/layers.t t/style/sizes.t t/style/texts.t t/lib/source.py
