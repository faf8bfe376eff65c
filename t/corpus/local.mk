# The messages and their results; journal/README.md holds the rules. A folder's new files come along by themselves.
EXTRA_DIST += t/corpus/journal t/corpus/real t/lib/oracle.py
SYSTEM_TESTS += t/system/unwrap-verb.t t/system/unwrap-odd.t
EXTRA_DIST += t/system/unwrap-verb.t t/system/unwrap-odd.t t/lib/odd.py
