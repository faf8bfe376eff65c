#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Print all keys of a stats.db of journal-milter, or the value of one key. stats.db(5) explains the
keys. Needs python3-bsddb3.

    stats.py /run/journal-milter-public/stats.db archive/items
"""
import sys

from bsddb3 import db

if len(sys.argv) not in (2, 3):
    sys.exit("usage: stats.py FILE [KEY]")
d = db.DB()
try:
    d.open(sys.argv[1], None, db.DB_BTREE, db.DB_RDONLY)
except db.DBNoSuchFileError as e:
    sys.exit("%s: %s\nA daemon built without stats.db has status.json only."
             % (sys.argv[1], e))
for key in [sys.argv[2].encode()] if len(sys.argv) == 3 else sorted(d.keys()):
    value = d.get(key)
    if value is None:
        sys.exit("no such key")
    print(value.decode() if len(sys.argv) == 3 else "%s\t%s" % (key.decode(), value.decode()))
d.close()
