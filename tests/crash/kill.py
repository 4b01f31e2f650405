#!/usr/bin/python3 -B
"""Kill the daemon at random moments while many write; nothing acknowledged may be missing.

    tests/crash/kill.py [--rounds N] [--seed WORD] [--stemefs PROGRAM] [--keep]

Each round mounts the store (mostly over what the killed daemon left there; at times after
the start of the daemon was killed too, or without its index), lets 8 processes write
claims in several ways, each noting what was acknowledged, and kills the daemon with
SIGKILL. After the next mount:

- every acknowledged record is in events.jsonl, in the claims of its pair, and the newest
  is the consensus;
- of a write that was not acknowledged there is a first part, or nothing;
- every line of events.jsonl is whole, their seq has no gap, and what was there before is
  there byte by byte;
- the daemon has nothing to say but that it cut off a write nobody was told of.

In the end `stemefs check` finds the store clean.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness import LATE, Daemon, Failure, main, require

WRITERS = 8
SUBJECTS = 5
EXPECTED = (  # what a crash has to leave
    "bytes of a write that was never acknowledged were cut",
    "nobody waits for the mount any more",  # who started it was killed as well
    "starts did not come to their end",  # they were killed: the index is not trusted
)


# --- a writer, in a process of its own --------------------------------------------------


def subject_of(writer, n):
    return f"s{(writer + n) % SUBJECTS}"


def name_of(round_number, writer, n, k):
    """Every claim has an object of its own."""
    return f"r{round_number}.w{writer}.{n}.{k}"


def claim(round_number, writer, n, k):
    fields = {"subject": subject_of(writer, n), "predicate": f"p{round_number}"}
    return json.dumps(fields | {"object": name_of(round_number, writer, n, k)})


def write_all(path, parts):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for data in parts:
            require(os.write(fd, data) == len(data), "a short write to", path)
    finally:
        os.close(fd)


def write_one(mount, rng, round_number, writer, n):
    """Write some claims; how many. Raises OSError when the daemon has gone."""
    if writer == 0:  # bare values, one a write
        place = f"{mount}/subjects/{subject_of(writer, n)}/p{round_number}"
        os.makedirs(place, exist_ok=True)
        write_all(place + "/assert", [(name_of(round_number, writer, n, 0) + "\n").encode()])
        return 1
    count = rng.choice([1, 1, 2, 5, 40])
    data = "".join(claim(round_number, writer, n, k) + "\n" for k in range(count)).encode()
    parts = [data]
    if writer == 1:  # as a program with a small buffer does it
        parts = [data[i : i + 100] for i in range(0, len(data), 100)]
    name = f"w{writer}" if writer < 4 else f"w{writer}-{n}"
    write_all(f"{mount}/inbox/{name}", parts)
    return count


def write_until_killed(mount, notes, seed, round_number, writer):
    """Note a line before each write, "n", and after it, "n count"."""
    rng = random.Random(f"{seed}/{round_number}/{writer}")
    n = 0
    try:
        while True:
            os.write(notes, f"{n}\n".encode())
            count = write_one(mount, rng, round_number, writer, n)
            os.write(notes, f"{n} {count}\n".encode())
            n += 1
    except OSError:
        return


class Writers:
    def __init__(self, directory, mount, seed, round_number):
        self.round_number = round_number
        self.files = [Path(directory, f"notes-{w}") for w in range(WRITERS)]
        self.pids = []
        for w, file in enumerate(self.files):
            notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                code = 1
                try:
                    write_until_killed(mount, notes, seed, round_number, w)
                    code = 0
                finally:
                    os._exit(code)
            os.close(notes)
            self.pids.append(pid)

    def wait(self):
        end = time.monotonic() + LATE
        for pid in self.pids:
            while True:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    break
                if time.monotonic() > end:
                    for p in self.pids:
                        os.kill(p, signal.SIGKILL)
                    raise Failure("a writer hangs although the daemon is dead")
                time.sleep(0.005)
            require(status == 0, "a writer ended with status", status)

    def acknowledged(self):
        """[(writer, n, count)], count None for a write that nobody answered."""
        out = []
        for w, file in enumerate(self.files):
            done = {}
            for line in file.read_text().splitlines():
                n, *count = (int(word) for word in line.split())
                done[n] = count[0] if count else None
            out += [(w, n, count) for n, count in done.items()]
        return out


def start_and_kill(daemon, delay):
    starting = subprocess.Popen(daemon.command(), stderr=subprocess.DEVNULL)
    time.sleep(delay)
    daemon.kill()
    starting.wait()
    daemon.kill()  # what it started in the meantime


def complaints(daemon):
    return [line for line in daemon.said() if not any(e in line for e in EXPECTED)]


# --- what must hold ---------------------------------------------------------------------


class History:
    """events.jsonl as it was seen so far: it only grows."""

    def __init__(self, mount):
        self.path = f"{mount}/events.jsonl"
        self.seen = b""
        self.lines = 0
        self.objects = set()

    def extend(self):
        with open(self.path, "rb") as f:
            data = f.read()
        if not data.startswith(self.seen):
            at = next((i for i, (x, y) in enumerate(zip(data, self.seen)) if x != y), len(data))
            raise Failure(f"events.jsonl is not what it was, from byte {at} on")
        fresh = data[len(self.seen) :]
        require(not fresh or fresh.endswith(b"\n"), "the last line of events.jsonl is cut")
        for line in fresh.splitlines():
            event = json.loads(line)
            self.lines += 1
            require(event["seq"] == self.lines, "seq", event["seq"], "on line", self.lines)
            if event["kind"] == "assertion":
                self.objects.add(event["object"])
        self.seen = data


def check_writes(history, writes, round_number):
    """What was acknowledged is there; of the rest a first part, or nothing."""
    acknowledged = 0
    for writer, n, count in writes:
        there = [k for k in range(40) if name_of(round_number, writer, n, k) in history.objects]
        if count is None:
            require(there == list(range(len(there))), "of an unanswered write there is", there)
        else:
            require(there == list(range(count)), "round", round_number, "writer", writer, "write", n,
                    "of", count, "acknowledged records there is", there)  # fmt: skip
            acknowledged += count
    return acknowledged


def check_pairs(mount, history, round_number):
    """The claims of the round's pairs are those of events.jsonl, the newest wins."""
    found = set()
    for s in range(SUBJECTS):
        place = Path(mount, "subjects", f"s{s}", f"p{round_number}")
        if not place.exists():
            continue
        claims = [json.loads(x) for x in (place / "claims.jsonl").read_text().splitlines()]
        found |= {c["object"] for c in claims}
        # one agent without sources: its newest claim is all that it says
        answer = json.loads((place / "consensus").read_text())
        require(claims and answer["object"] == claims[-1]["object"], place, "is", answer)
        require(answer["candidates"] == len(claims), place, "counts", answer["candidates"])
    wanted = {o for o in history.objects if o.startswith(f"r{round_number}.")}
    require(found == wanted, "claims and events differ on", sorted(found ^ wanted)[:5])


def one_round(daemon, history, rng, directory, seed, number):
    writers = Writers(directory, daemon.mount, seed, number)
    try:
        time.sleep(rng.choice([0.02, 0.1, 0.5]) * rng.random())
        if rng.random() < 0.3:
            history.extend()  # what was seen is durable
    finally:
        killed = daemon.kill()
        writers.wait()
    require(killed == 1, killed, "daemons were there to kill")
    if rng.random() < 0.3:
        daemon.detach()
    if rng.random() < 0.1:
        shutil.rmtree(f"{daemon.store}/index", ignore_errors=True)
    while rng.random() < 0.25:
        start_and_kill(daemon, rng.random() * rng.choice([0.01, 0.05, 0.2]))
    daemon.start()
    history.extend()
    acknowledged = check_writes(history, writers.acknowledged(), number)
    check_pairs(daemon.mount, history, number)
    require(not complaints(daemon), "the daemon said:", *complaints(daemon))
    return acknowledged


def run(given, directory):
    rng = random.Random(given.seed)
    daemon = Daemon(given.stemefs, directory).init()
    history = History(daemon.mount)
    total = 0
    try:
        daemon.start()
        for number in range(given.rounds):
            total += one_round(daemon, history, rng, directory, given.seed, number)
        for number in range(given.rounds):
            check_pairs(daemon.mount, history, number)
        daemon.stop()
        status, said = daemon.check()
        require(status == 0, "check:", status, said)
        require(not complaints(daemon), "the daemon said:", *complaints(daemon))
    finally:
        daemon.end()
    print(f"{given.rounds} kills, {total} acknowledged records, {history.lines} events: all there")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    main(parser, run)
