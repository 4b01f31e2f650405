#!/usr/bin/python3 -B
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
import json
import os
import random
import shutil
from contextlib import contextmanager
from pathlib import Path

from harness import FRAME_HEADER, Daemon, Failure, frames_of, main, require, write_to

LAST_FRAMES = 6


@contextmanager
def mounted(daemon):
    daemon.start()
    yield daemon
    daemon.stop()


def write(daemon, text):
    write_to(f"{daemon.mount}/inbox/x", text.encode())


def claim(n, size=0):
    fields = {"subject": f"s{n % 3}", "predicate": "p", "object": f"claim {n}"}
    return json.dumps(fields | ({"note": "x" * size} if size else {})) + "\n"


def make_store(daemon, rng):
    """Its events.jsonl: batches of one record and of many, small ones and large ones."""
    n = 0
    with mounted(daemon.init()):
        for count in (1, 7, 1, 1, 3, 1, 4):
            write(daemon, "".join(claim(n + i, rng.choice([0, 0, 300, 2000])) for i in range(count)))
            n += count
        return daemon.read("events.jsonl")


def places(rng, frames, count):
    """Where to cut: the ends of the last frames, around them, and anywhere within."""
    last = frames[-LAST_FRAMES:]
    out = [p for start, end in last for p in (start, start + 1, start + FRAME_HEADER, end - 1)]
    rng.shuffle(out)
    del out[count // 2 :]
    return out + [rng.randrange(last[0][0], last[-1][1]) for _ in range(count - len(out))]


def check_torn(daemon, torn, base, start):
    """The rest of the cut frame is in quarantine, and nowhere else."""
    files = sorted(Path(daemon.store).glob("quarantine/*"))
    if not torn:
        require(not files and not daemon.said(), "nothing was torn, but", files, daemon.said())
        return
    require(len(files) == 1 and files[0].name == f"{base + start:016x}.torn", "quarantine has", files)
    require(files[0].read_bytes().rstrip(b"\0") == torn.rstrip(b"\0"), "quarantine has other bytes")
    said = daemon.said()
    require(len(said) == 1 and "were cut off the log" in said[0], "the daemon said", said)


def check_damage(daemon, segment, kept):
    """Nothing is moved, and the damage has a name."""
    status = daemon.status()
    require(status["damaged"] > 0, "status knows of no damage:", status)
    said = [line for line in daemon.said() if "built anew: it did not belong to this log" not in line]
    require(len(said) == 1 and "the log is damaged" in said[0], "the daemon said", daemon.said())
    require(segment.read_bytes()[: len(kept)] == kept, "bytes of the log were changed")


def check_after(daemon, events, expected, indexed):
    """A new record is taken: events.jsonl with it."""
    write(daemon, claim(1_000_000))
    after = daemon.read("events.jsonl")
    require(after.startswith(expected), "events.jsonl was rewritten")
    fresh = [json.loads(line) for line in after[len(expected) :].splitlines()]
    require([e.get("object") for e in fresh] == ["claim 1000000"], "after a write there is", fresh)
    if indexed:
        require(fresh[0]["seq"] > events.count(b"\n"), "seq", fresh[0]["seq"], "is given twice")
    return after


def cut(daemon, events, at, indexed):
    (segment,) = Path(daemon.store).glob("wal/*.wal")
    base, content = int(segment.stem, 16), segment.read_bytes()
    whole = [f for f in frames_of(content) if f[1] <= at]
    start = whole[-1][1]
    os.truncate(segment, at)
    if not indexed:
        shutil.rmtree(f"{daemon.store}/index")
    expected = b"".join(events.splitlines(keepends=True)[: len(whole)])
    lost = events.count(b"\n") - len(whole)
    with mounted(daemon):
        require(daemon.read("events.jsonl") == expected, "events.jsonl is not what it was up to the cut")
        if indexed and lost:
            check_damage(daemon, segment, content[:at])
        else:
            check_torn(daemon, content[start:at], base, start)
        after = check_after(daemon, events, expected, indexed)
    with mounted(daemon):
        require(daemon.read("events.jsonl") == after, "events.jsonl is another after a remount")
        require(daemon.read("subjects/s1/p/value/consensus") == b"claim 1000000\n", "the new record is gone")
    status, said = daemon.check()
    require(status == (4 if indexed and lost else 0), "check:", status, said)


def run(given, directory):
    rng = random.Random(given.seed)
    original = Daemon(given.stemefs, directory / "original")
    try:
        events = make_store(original, rng)
    finally:
        original.end()
    (segment,) = Path(original.store).glob("wal/*.wal")
    frames = frames_of(segment.read_bytes())
    require(len(frames) == events.count(b"\n"), len(frames), "frames,", events.count(b"\n"), "events")
    for number, at in enumerate(places(rng, frames, given.cuts)):
        indexed = rng.random() < 0.5
        daemon = Daemon(given.stemefs, directory / f"cut-{number}")
        shutil.copytree(original.store, daemon.store)
        try:
            cut(daemon, events, at, indexed)
        except Failure as e:
            how = "with its index" if indexed else "without its index"
            raise Failure(f"cut at byte {at} of {segment.name}, {how}: {e}") from e
        finally:
            daemon.end()
        shutil.rmtree(daemon.directory)
    print(f"{given.cuts} cuts in the last {LAST_FRAMES} of {len(frames)} frames")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=60)
    main(parser, run)
