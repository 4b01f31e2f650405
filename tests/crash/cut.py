#!/usr/bin/python3
"""Cut the log in its last frames and mount what is left.

    tests/crash/cut.py [--cuts N] [--seed WORD] [--stemefs PROGRAM]

Makes a store through a mount, stops it, and then, for each of N places in its last
frames (any byte, some of them where a frame ends), copies it and cuts the last segment
there. Half of the copies also lose their index. The mount comes up by itself, and:

- every record whose frame is whole is there, events.jsonl byte by byte as it was;
- without an index nobody can tell that what is gone was acknowledged: the rest of the cut
  frame is moved to quarantine, and the daemon says so;
- with an index, it was: what is left of the frame stays where it is, and `status` and the
  daemon name the damage;
- a new record is taken, gets a number that was never given, and is there after another
  mount.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = 72  # of a frame; docs/log-format.md
SEGMENT_HEADER = 128
LAST_FRAMES = 6


class Failure(Exception):
    pass


def require(holds, *words):
    if not holds:
        raise Failure(" ".join(str(w) for w in words))


def frames_of(segment):
    """[(start, end)] of the whole frames of a segment."""
    out, at = [], SEGMENT_HEADER
    while at + HEADER <= len(segment):
        magic, length = struct.unpack_from("<II", segment, at)
        if magic == 0:
            break
        size = HEADER + length + -length % 8
        out.append((at, at + size))
        at += size
    return out


class Mount:
    """A mounted store, unmounted at the end."""

    def __init__(self, given, store):
        self.given, self.store = given, str(store)
        self.mount = Path(str(store) + ".mnt")
        self.log = Path(str(store) + ".log")

    def __enter__(self):
        self.mount.mkdir(exist_ok=True)
        command = [self.given.stemefs, self.store, str(self.mount), "-o", f"log={self.log}"]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        require(done.returncode == 0, "the mount failed:", done.stderr)
        return self

    def __exit__(self, *_):
        subprocess.run([self.given.stemefs, "umount", str(self.mount), "--wait"], check=True)

    def write(self, text):
        (self.mount / "inbox" / "x").write_text(text)

    def read(self, path):
        return (self.mount / path).read_bytes()

    def complaints(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


def claim(n, size=0):
    fields = {"subject": f"s{n % 3}", "predicate": "p", "object": f"claim {n}"}
    return json.dumps(fields | ({"note": "x" * size} if size else {})) + "\n"


def make_store(given, store, rng):
    """Its events.jsonl: batches of one record and of many, small ones and large ones."""
    subprocess.run([given.stemefs, "init", str(store)], check=True, stdout=subprocess.DEVNULL)
    n = 0
    with Mount(given, store) as m:
        for count in (1, 7, 1, 1, 3, 1, 4):
            m.write("".join(claim(n + i, rng.choice([0, 0, 300, 2000])) for i in range(count)))
            n += count
        return m.read("events.jsonl")


def places(rng, frames, count):
    """Where to cut: the ends of the last frames, around them, and anywhere within."""
    last = frames[-LAST_FRAMES:]
    out = [p for start, end in last for p in (start, start + 1, start + HEADER, end - 1)]
    rng.shuffle(out)
    del out[count // 2 :]
    return out + [rng.randrange(last[0][0], last[-1][1]) for _ in range(count - len(out))]


def check_torn(m, store, torn, base, start):
    """The rest of the cut frame is in quarantine, and nowhere else."""
    files = sorted(store.glob("quarantine/*"))
    if not torn:
        require(not files and not m.complaints(), "nothing was torn, but", files, m.complaints())
        return
    require(len(files) == 1 and files[0].name == f"{base + start:016x}.torn", "quarantine has", files)
    require(files[0].read_bytes().rstrip(b"\0") == torn.rstrip(b"\0"), "quarantine has other bytes")
    said = m.complaints()
    require(len(said) == 1 and "were cut off the log" in said[0], "the daemon said", said)


def check_damage(m, segment, kept):
    """Nothing is moved, and the damage has a name."""
    status = json.loads(m.read(".stemefs/status"))
    require(status["damaged"] > 0, "status knows of no damage:", status)
    said = m.complaints()
    require(len(said) == 1 and "the log is damaged" in said[0], "the daemon said", said)
    require(segment.read_bytes()[: len(kept)] == kept, "bytes of the log were changed")


def cut(given, directory, number, original, events, at, indexed):
    store = directory / f"cut-{number}"
    shutil.copytree(original, store)
    (segment,) = store.glob("wal/*.wal")
    base, content = int(segment.stem, 16), segment.read_bytes()
    whole = [f for f in frames_of(content) if f[1] <= at]
    start = whole[-1][1]
    os.truncate(segment, at)
    if not indexed:
        shutil.rmtree(store / "index")
    expected = b"".join(events.splitlines(keepends=True)[: len(whole)])
    lost = events.count(b"\n") - len(whole)
    with Mount(given, store) as m:
        require(m.read("events.jsonl") == expected, "events.jsonl is not what it was up to the cut")
        if indexed and lost:
            check_damage(m, segment, content[:at])
        else:
            check_torn(m, store, content[start:at], base, start)
        m.write(claim(1_000_000))
        after = m.read("events.jsonl")
    require(after.startswith(expected), "events.jsonl was rewritten")
    fresh = [json.loads(line) for line in after[len(expected) :].splitlines()]
    require([e.get("object") for e in fresh] == ["claim 1000000"], "after a write there is", fresh)
    if indexed:
        require(fresh[0]["seq"] > events.count(b"\n"), "seq", fresh[0]["seq"], "is given twice")
    with Mount(given, store) as m:
        require(m.read("events.jsonl") == after, "events.jsonl is another after a remount")
        require(m.read("subjects/s1/p/value/consensus") == b"claim 1000000\n", "the new record is gone")
    check = subprocess.run([given.stemefs, "check", str(store)], stdout=subprocess.PIPE, text=True)
    require(check.returncode == (4 if indexed and lost else 0), "check:", check.returncode, check.stdout)
    shutil.rmtree(store)


def run(given, directory):
    rng = random.Random(given.seed)
    original = directory / "store"
    events = make_store(given, original, rng)
    (segment,) = original.glob("wal/*.wal")
    frames = frames_of(segment.read_bytes())
    require(len(frames) == events.count(b"\n"), len(frames), "frames,", events.count(b"\n"), "events")
    for number, at in enumerate(places(rng, frames, given.cuts)):
        indexed = rng.random() < 0.5
        try:
            cut(given, directory, number, original, events, at, indexed)
        except Failure as e:
            how = "with its index" if indexed else "without its index"
            raise Failure(f"cut at byte {at} of {segment.name}, {how}: {e}") from e
    print(f"{given.cuts} cuts in the last {LAST_FRAMES} of {len(frames)} frames")


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=60)
    parser.add_argument("--seed", default=hashlib.sha256(os.urandom(16)).hexdigest()[:8])
    parser.add_argument("--stemefs", default=str(here.parent.parent / "build/release/stemefs"))
    given = parser.parse_args()
    given.stemefs = os.path.realpath(given.stemefs)
    print(f"again: tests/crash/cut.py --cuts {given.cuts} --seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cut.") as name:
        try:
            run(given, Path(name))
        except Failure as e:
            sys.exit(f"cut.py: {e}")


if __name__ == "__main__":
    main()
