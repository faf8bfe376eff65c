#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Every message of the corpus that can come by SMTP, through a real Sendmail into the archive and out
again.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus_test
import tap

corpus_test.run("sendmail")
sys.exit(tap.done())
