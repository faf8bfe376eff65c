#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: journal-milter beside a libmilter program that does nothing, in the same run."""
