#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Every message of the corpus that can come by SMTP, into the archive through a real Postfix, and out
again.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus_test
import tap

corpus_test.run("postfix")
sys.exit(tap.done())
