#!/usr/bin/python3
"""Writers that go on until the disk is full, and what must be true of what they were told.

    full.py fill MOUNT NOTES [--writers N] [--seed WORD]
    full.py surprise MOUNT NOTES --ballast FILE [--times N] [--writers N] [--seed WORD]
    full.py check MOUNT NOTES

`fill` writes records of all sizes until not even the smallest has room. `surprise` lets
another file take all the room at a random moment, and removes it again, several times.

- A write that has no room fails with ENOSPC, from write(2) itself, and last_error says so;
- what was there can be read all the time;
- what was begun after the other file had gone is accepted.

What became of each record is added to NOTES. `check` holds a mount against all of them:

- every acknowledged record is in events.jsonl, once, and is the answer of its pair;
- no refused record is, but for a first part of a write that held several;
- every line is whole, and their seq has no gap.
"""

import argparse
import errno
import hashlib
import json
import os
import random
import sys
import threading
import time
from pathlib import Path

SIZES = [30000, 4000, 300, 0]  # of the padding of an object; 0: the smallest record
ENOUGH = 3  # refusals of the smallest record, or in a surprise
LATE = 60


class Failure(Exception):
    pass


def require(holds, *words):
    if not holds:
        raise Failure(" ".join(str(w) for w in words))


def last_error(mount):
    return json.loads(Path(mount, ".stemefs/last_error").read_text())


def claim(name, size):
    subject = hashlib.sha256(name.encode()).hexdigest()[:12]
    return {"subject": subject, "predicate": "p", "object": name + " " + "x" * size}


def write(mount, file, claims):
    """True when all were accepted, False when there was no room for them."""
    data = "".join(json.dumps(c) + "\n" for c in claims).encode()
    fd = os.open(f"{mount}/inbox/{file}", os.O_WRONLY | os.O_CREAT)
    try:
        done = os.write(fd, data)
        require(done == len(data), "a short write:", done, "of", len(data))
        return True
    except OSError as e:
        require(e.errno == errno.ENOSPC, "not ENOSPC but", e, last_error(mount))
        return False
    finally:
        os.close(fd)


class Writer(threading.Thread):
    def __init__(self, given, number, round_name, told):
        super().__init__(daemon=True)
        self.mount = given.mount
        self.name = f"{round_name}.w{number}"
        self.rng = random.Random(f"{given.seed}/{self.name}")
        self.notes = []
        self.refusals = 0
        self.accepted = 0
        self.room = threading.Event()  # set while there has to be room
        self.work = self.until_told if told else self.until_full
        self.stopping = False
        self.failure = None

    def one(self, n, size):
        """Write one to five records of this size; True when they were accepted."""
        count = self.rng.choice([1, 1, 1, 5])
        names = [f"{self.name}.{n}.{k}" for k in range(count)]
        sure = self.room.is_set()
        accepted = write(self.mount, self.name, [claim(x, size) for x in names])
        self.notes.append({"accepted": accepted, "size": size, "names": names})
        if accepted:
            self.accepted += 1
            return True
        require(not sure or not self.room.is_set(), "refused although there is room:", last_error(self.mount))
        self.refusals += 1
        value = Path(self.mount, "subjects/before/p/value/consensus").read_text()
        require(value == "1\n", "while the disk is full, before/p reads", value)
        return False

    def until_full(self):
        sizes, n, small = list(SIZES), 0, 0
        while small < ENOUGH:
            if not self.one(n, self.rng.choice(sizes)):
                small += sizes == [0]
                sizes = sizes[1:] or [0]
            n += 1

    def until_told(self):
        n = 0
        while not self.stopping:
            self.one(n, self.rng.choice([0, 0, 300]))
            n += 1
            time.sleep(0.004)  # or the records themselves would fill the disk

    def run(self):
        try:
            self.work()
        except (Failure, OSError, ValueError) as e:
            self.failure = e


def join(writers):
    end = time.monotonic() + LATE
    for w in writers:
        w.join(max(0, end - time.monotonic()))
        require(not w.is_alive(), "a writer hangs")
        require(w.failure is None, w.failure)


def start(given, round_name, told):
    writers = [Writer(given, k, round_name, told) for k in range(given.writers)]
    for w in writers:
        w.start()
    return writers


def note(given, writers):
    with open(given.notes, "a", encoding="utf-8") as f:
        for w in writers:
            f.writelines(json.dumps(n) + "\n" for n in w.notes)


def rounds_so_far(given):
    try:
        return Path(given.notes).read_text().count("\n")
    except FileNotFoundError:
        return 0


def fill(given):
    writers = start(given, f"f{rounds_so_far(given)}", False)
    try:
        join(writers)
    finally:
        note(given, writers)
    said = last_error(given.mount)
    require(said["code"] == "ENOSPC" and "No space left" in said["message"], "last_error is", said)
    print(f"{sum(w.accepted for w in writers)} writes accepted, then full")


def take_all(path):
    """Make a file that leaves no block to anybody else."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for piece in (1 << 20, 1 << 16, 1 << 12):
            while True:
                try:
                    os.posix_fallocate(fd, os.fstat(fd).st_size, piece)
                except OSError as e:
                    require(e.errno == errno.ENOSPC, e)
                    break
    finally:
        os.close(fd)


def wait_for(writers, what):
    end = time.monotonic() + LATE
    while not all(what(w) for w in writers):
        join([w for w in writers if w.failure])
        require(time.monotonic() < end, "the writers do not get there")
        time.sleep(0.002)


def surprise(given):
    rng = random.Random(given.seed)
    writers = start(given, f"s{rounds_so_far(given)}", True)
    try:
        for _ in range(given.times):
            time.sleep(rng.random() * 0.1)
            before = {w: w.refusals for w in writers}
            take_all(given.ballast)
            wait_for(writers, lambda w: w.refusals >= before[w] + ENOUGH)
            os.unlink(given.ballast)
            for w in writers:
                w.room.set()
            before = {w: w.accepted for w in writers}
            wait_for(writers, lambda w: w.accepted >= before[w] + ENOUGH)
            for w in writers:
                w.room.clear()
    finally:
        for w in writers:
            w.stopping = True
        try:
            join(writers)
        finally:
            note(given, writers)
    print(f"{given.times} times full, {sum(w.accepted for w in writers)} writes accepted, "
          f"{sum(w.refusals for w in writers)} refused")  # fmt: skip


def read_events(mount):
    """How often each name stands in events.jsonl."""
    data = Path(mount, "events.jsonl").read_text()
    require(not data or data.endswith("\n"), "the last line of events.jsonl is cut")
    found = {}
    for number, line in enumerate(data.splitlines(), 1):
        event = json.loads(line)
        require(event["seq"] == number, "seq", event["seq"], "on line", number)
        if event["kind"] == "assertion":
            name = str(event["object"]).split(" ")[0]
            found[name] = found.get(name, 0) + 1
    return found


def check(given):
    found = read_events(given.mount)
    accepted = refused = 0
    for line in Path(given.notes).read_text().splitlines():
        said = json.loads(line)
        there = [found.get(name, 0) for name in said["names"]]
        if said["accepted"]:
            accepted += len(there)
            require(there == [1] * len(there), "of", said["names"], "there is", there)
            c = claim(said["names"][-1], said["size"])
            value = Path(given.mount, "subjects", c["subject"], "p/value/consensus").read_text()
            require(value.rstrip("\n") == c["object"], said["names"][-1], "reads", value[:40])
        else:
            refused += len(there)
            first = sum(there) if len(there) > 1 else 0
            require(there == [1] * first + [0] * (len(there) - first), "refused, but there:", said["names"], there)
    require(accepted and refused, accepted, "accepted and", refused, "refused prove nothing")
    print(f"{accepted} acknowledged records are there, {refused} refused ones are not")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["fill", "surprise", "check"])
    parser.add_argument("mount")
    parser.add_argument("notes")
    parser.add_argument("--ballast")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", default=hashlib.sha256(os.urandom(16)).hexdigest()[:8])
    given = parser.parse_args()
    print(f"again: --seed {given.seed}", flush=True)
    try:
        {"fill": fill, "surprise": surprise, "check": check}[given.what](given)
    except Failure as e:
        sys.exit(f"full.py {given.what}: {e}")


if __name__ == "__main__":
    main()
