#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
make bench: journal-milter beside a program on libmilter that does nothing (noop) and beside a bare
append with one fdatasync a group, all in the same run, in interleaved rounds; medians of the
rounds. JM_TMPDIR chooses the disk. Options: BENCH_FLAGS="--json".
"""
import argparse
import base64
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import corpus
import mta
import run
import tap
from daemon import Daemon

TOKEN = "LOADUNIQUE000000"
CLIENT = "192.0.2.25"
# bytes, messages a round
SIZES = {"2k": (2048, 6000), "33k": (33 * 1024, 4000), "1m": (1024 * 1024, 320)}


def make_messages(folder, size):
    """
    Eight reports of this size with random content, as attachments are; milter-load makes each one
    sent unique.
    """
    os.makedirs(folder)
    chance = random.Random(size)
    for i in range(8):
        head = ("From: alice@example.com\r\nTo: bob@example.com\r\nSubject: Bench %d\r\n"
                "Message-ID: <%s@example.com>\r\n"
                "Date: Tue, 17 Jul 2029 12:13:27 +0000\r\n\r\n%s\r\n" % (i, TOKEN, TOKEN)).encode()
        room = max(0, size - len(head) - 700)
        inner = head + base64.encodebytes(chance.randbytes(room * 3 // 4 + 1)).replace(
            b"\n", b"\r\n")[:room] + b"\r\n"
        with open(os.path.join(folder, "%d.eml" % i), "wb") as f:
            f.write(corpus.report("bench%d" % i, message_id="<%s@example.com>" % TOKEN, inner=inner,
                                  recipients=["bob@example.com", "carol@example.com"]))


def load(socket, folder, connections, messages):
    r = subprocess.run([os.path.join(tap.BUILD, "t/bench/milter-load"), "-s", socket, "-c",
                        str(connections), "-n", str(messages), "-t", "120", "-u", "-J", "-d",
                        folder, "-f", "a@example.com", "-C", CLIENT, "-e", "discard"],
                       stdout=subprocess.PIPE, check=False)
    found = json.loads(r.stdout)
    if r.returncode != 0:
        sys.exit("bench: not every message was archived: %s" % found)
    return found


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        column = f.read().rsplit(")", 1)[1].split()
    return (int(column[11]) + int(column[12])) / os.sysconf("SC_CLK_TCK")


def written_bytes(pid):
    with open("/proc/%d/io" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("write_bytes:"))


def tree_bytes(folder):
    return sum(os.lstat(os.path.join(d, n)).st_size for d, _, names in os.walk(folder)
               for n in names)


def measure(pid, socket, folder, archive, connections, messages):
    """One round."""
    before = cpu_seconds(pid), written_bytes(pid), tree_bytes(os.path.join(archive, "volumes")) \
        if archive else 0
    found = load(socket, folder, connections, messages)
    time.sleep(0.3)	# what follows the answers belongs to the messages, too
    mail = found["mb_per_s"] * 1e6 * found["seconds"]
    return {"per_s": found["per_s"], "mb_per_s": found["mb_per_s"],
            "eom_p50_ms": found["eom_ms"]["p50"], "eom_p99_ms": found["eom_ms"]["p99"],
            "cpu_ms": (cpu_seconds(pid) - before[0]) * 1000 / messages,
            "written": (written_bytes(pid) - before[1]) / mail,
            "stored": (tree_bytes(os.path.join(archive, "volumes")) - before[2]) / mail if archive
            else 0}


def append(path, folder, group, messages):
    """The same bytes appended to a file, one fdatasync a group: what the disk allows."""
    texts = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            texts.append(f.read())
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    begun, total = time.monotonic(), 0
    for i in range(0, messages, group):
        pieces = [texts[k % len(texts)] for k in range(i, min(messages, i + group))]
        total += sum(map(len, pieces))
        if os.writev(fd, pieces) != sum(map(len, pieces)):
            sys.exit("bench: short write")
        os.fdatasync(fd)
    seconds = time.monotonic() - begun
    os.close(fd)
    os.unlink(path)
    return {"per_s": messages / seconds, "mb_per_s": total / seconds / 1e6}


def one_size(name, options):
    size, messages = SIZES[name]
    messages = max(options.connections * 4, int(messages * options.scale))
    folder = os.path.join(tap.folder(), name)
    make_messages(folder + "-mail", size)
    daemon = Daemon(folder, outbounds=(CLIENT,)).start()
    socket = "inet:%d@127.0.0.1" % run.port()
    noop = run.Program([os.path.join(tap.BUILD, "t/bench/noop-milter"), socket],
                       folder + "/noop.log").start()
    run.until(lambda: run.listening(int(socket[5:].split("@")[0])), "noop-milter listens")
    rounds = {"journal-milter": [], "noop": [], "append": []}
    for pid, where, archive in ((daemon.pid, daemon.socket, daemon.archive),
                                (noop.pid, socket, None)):
        # warm up
        measure(pid, where, folder + "-mail", archive, options.connections,
                max(options.connections, messages // 10))
    for _ in range(options.rounds):
        rounds["noop"].append(measure(noop.pid, socket, folder + "-mail", None, options.connections,
                                      messages))
        rounds["journal-milter"].append(measure(daemon.pid, daemon.socket, folder + "-mail",
                                                daemon.archive, options.connections, messages))
        rounds["append"].append(append(folder + "/append", folder + "-mail", options.connections,
                                       messages))
    noop.stop()
    daemon.stop()
    shutil.rmtree(folder)
    shutil.rmtree(folder + "-mail")
    return {who: {c: statistics.median(r[c] for r in found) for c in found[0]}
            for who, found in rounds.items()}


def table(results):
    print("%-5s %-15s %9s %8s %9s %9s %8s %8s %8s %8s" % ("size", "program", "msg/s", "MB/s",
                                                          "eom p50", "eom p99", "CPU ms", "written",
                                                          "/ noop", "/ append"))
    for name, found in results.items():
        for who, r in found.items():
            cells = ["%9.0f" % r["per_s"], "%8.1f" % r["mb_per_s"]]
            cells += ["%9.2f" % r["eom_p50_ms"], "%9.2f" % r["eom_p99_ms"],
                      "%8.3f" % r["cpu_ms"]] if who != "append" else [" " * 28]
            cells += ["%8.2f" % r["written"], "%8.2f" % (r["per_s"] / found["noop"]["per_s"]),
                      "%8.2f" % (r["per_s"] / found["append"]["per_s"])] \
                if who == "journal-milter" else []
            print(" ".join(["%-5s %-15s" % (name, who)] + cells).rstrip())
    print("eom: milliseconds from end of message to its answer; CPU ms: a message, all "
          "threads; written: bytes to disk per byte of mail;\n"
          "/ noop, / append: rate as a part of theirs. append: the same bytes, one "
          "fdatasync for each group of as many as connections.")


def through_postfix(options):
    folder = os.path.join(tap.folder(), "mta-mail")
    make_messages(folder, SIZES["33k"][0])
    found = mta.measure(folder, TOKEN, options)
    shutil.rmtree(folder)
    return found


def archive_bench(*args, **more):
    r = subprocess.run([os.path.join(tap.BUILD, "t/bench/archive_bench"), "--json", *args],
                       stdout=subprocess.PIPE, check=True, env=dict(os.environ, **more))
    return json.loads(r.stdout)


def archive(seconds, fill):
    """
    The archive alone: beside a bare append + group fdatasync, on this disk and on a slow one; a
    large message; a kill and a start.
    """
    folder = os.path.join(tap.folder(), "archive")
    shim = os.path.join(tap.folder(), "slow-sync.so")
    run.shim(shim, "slow-sync.c")
    os.makedirs(folder)
    args = "--seconds", str(seconds), "--dir", folder
    rounds = "--seconds", str(max(1, seconds // 2)), "--rounds", "5", "--dir", folder
    found = {"fast": archive_bench(*rounds),
             "slow": archive_bench(*rounds, LD_PRELOAD=shim, SLOW_SYNC_US="4000"),
             "large": archive_bench(*args, "--no-bare", "--large", "150000000")}
    shutil.rmtree(folder)
    os.makedirs(folder)
    with subprocess.Popen([os.path.join(tap.BUILD, "t/bench/archive_bench"), "--seconds", "3600",
                           "--size", "2000", "--no-bare", "--dir", folder],
                          stdout=subprocess.DEVNULL) as p:
        end = time.monotonic() + 4 * seconds
        while time.monotonic() < end if fill == 0 else tree_bytes(folder) < fill * 1e6:
            time.sleep(0.5)
        p.kill()
    found["start"] = archive_bench("--open", os.path.join(folder, os.listdir(folder)[0]))
    shutil.rmtree(folder)
    return found


def archive_table(found):
    for name, what in (("fast", "this disk"), ("slow", "fdatasync slowed by 4 ms")):
        r = found[name]
        print("archive, 33 KB, 16 threads, %s: %.0f msg/s, %.2f (%.2f to %.2f) of a bare "
              "append + group fdatasync; %.2f bytes written per stored "
              "byte (bare: %.2f); %.3f ms CPU a message, %.1f of %d processors busy; %.3f "
              "syncs a message; anonymous memory %.0f MB, later %.0f MB"
              % (what, r["archive"]["messages_per_s"], r["ratio"], r["ratio_lowest"],
                 r["ratio_highest"], r["archive"]["written_per_stored_byte"],
                 r["bare"]["written_per_stored_byte"], r["archive"]["cpu_ms_per_message"],
                 r["archive"]["messages_per_s"] * r["archive"]["cpu_ms_per_message"] / 1000,
                 os.cpu_count(), r["archive"]["syncs_per_message"], r["memory_first_mb"],
                 r["memory_last_mb"]))
    r = found["large"]
    print("small messages' p99 beside %d of 150 MB: %.1f ms, alone %.1f ms: %.1f times"
          % (r["larges"], r["p99_beside_ms"], r["p99_alone_ms"],
             r["p99_beside_ms"] / max(r["p99_alone_ms"], 0.001)))
    r = found["start"]
    print("start after kill -9 with %d records, %.0f MB: %.0f ms; look-ups (p99, ms): id "
          "%.2f, message-id %.2f, address %.2f, date %.2f, since a "
          "date %.2f" % (r["records"], r["volume_bytes"] / 1e6, r["open_ms"], r["id_ms"],
                         r["message_id_ms"], r["address_ms"], r["date_ms"], r["since_ms"]))


def matching(items):
    """The cost of finding a report's item among this many items."""
    folder = os.path.join(tap.folder(), "matching")
    text = run.output(os.path.join(tap.BUILD, "t/bench/match_bench"), folder, str(items),
                      timeout=1800)
    shutil.rmtree(folder)
    return text.splitlines()


def main():
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, help="more or fewer messages")
    parser.add_argument("--seconds", type=int, default=5,
                        help="of each run of the archive alone; 0: none")
    parser.add_argument(
        "--fill", type=int, default=0,
        help="kill and start an archive of so many MB (about 400 items each); 0: what comes in 4 "
        "times the seconds")
    parser.add_argument("--items", type=int, default=1000000,
                        help="match reports in an archive of so many items; 0: none")
    parser.add_argument("--mta", type=int, default=1,
                        help="0: not through a real Postfix (the rest needs no root)")
    parser.add_argument("--sizes", default=",".join(SIZES))
    options = parser.parse_args()
    results = {name: one_size(name, options) for name in options.sizes.split(",") if name}
    postfix = through_postfix(options) if options.mta else None
    alone = archive(options.seconds, options.fill) if options.seconds else None
    matched = matching(int(options.items * options.scale)) if options.items else []
    if options.json:
        print(json.dumps(dict(results, mta=postfix, archive=alone, matching=matched)))
        return
    if results:
        table(results)
    if postfix:
        print("through Postfix with the pieces of jmctl setup, %d reports of 33 KB over %d "
              "connections: %.0f msg/s, %.2f of Postfix alone to discard (%.0f msg/s)"
              % (postfix["messages"], postfix["connections"], postfix["per_s"], postfix["ratio"],
                 postfix["alone_per_s"]))
    if alone:
        archive_table(alone)
    for line in matched:
        print("matching, aim 1000 us: " + line)


main()
