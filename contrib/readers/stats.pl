#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Print all keys of a stats.db of journal-milter, or the value of one key. stats.db(5) explains the
# keys. DB_File comes with Perl.
#
#    stats.pl /run/journal-milter-public/stats.db archive/items
use strict;
use warnings;
use DB_File;
use Fcntl;

die "usage: stats.pl FILE [KEY]\n" unless @ARGV == 1 || @ARGV == 2;
tie(my %stats, 'DB_File', $ARGV[0], O_RDONLY, 0, $DB_BTREE)
	or die "$ARGV[0]: $!\n",
		$!{ENOENT} ? "A daemon built without stats.db has status.json only.\n" : '';
if (@ARGV == 2) {
	defined $stats{$ARGV[1]} or die "no such key\n";
	print "$stats{$ARGV[1]}\n";
} else {
	print "$_\t$stats{$_}\n" for keys %stats;
}
untie %stats;
