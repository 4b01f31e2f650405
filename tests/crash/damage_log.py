"""Damage to the log in pieces: a cut at any byte, sectors of a batch that never came, whole
segments.

    cut:BYTE:STORE:INDEX             what is left of the last segment
    torn:MASK:INDEX                  sectors of the last batch, counted from its first, are zero
    sector:NUMBER:WITH:INDEX         one sector holds zeros, ones, noise or what the next one has
    behind:BYTE.BIT:INDEX            a flip in what the index has not applied
    segment:WHAT:NUMBER:INDEX        to that segment of many
"""

import os
import random
import shutil
import socket

from damage_flips import flip_in
from damaged import Case
from harness import SEGMENT_HEADER

SECTOR = 512


# --- cut ----------------------------------------------------------------------------------


def cut_names(original, rng, count):
    """Every byte of the last two frames, and every frame boundary of both stores."""
    frames = original.log.frames
    places = [(f.offset, store) for f in frames for store in ("stopped", "killed")]
    last = range(frames[-2].offset + 1, frames[-1].end + 1)
    places += [(at, rng.choice(["stopped", "killed"])) for at in last]
    every = [f"cut:{at}:{store}:{index}" for at, store in places for index in ("present", "absent")]
    return every if count >= len(every) else rng.sample(every, count)


def cut_case(original, name):
    _, at, store, index = name.split(":")
    at, log = int(at), original.logs[store]

    def act(directory):
        os.truncate(directory / f"wal/{log.bases[-1]:016x}.wal", at)

    gone = [f.seq for f in log.frames if f.end > at]
    return Case(name, act, store=store, index=index, lost=gone, silent=index == "absent")


# --- torn ---------------------------------------------------------------------------------


def sectors(original):
    """[(from, to)] of the part of each sector that the last batch has."""
    first, end = original.batch[0].offset, original.batch[-1].end
    edges = [first, *range(first - first % SECTOR + SECTOR, end, SECTOR), end]
    return list(zip(edges, edges[1:]))


def torn_names(original, rng, count):
    n = len(sectors(original))
    masks = [1 << i for i in range(n)] + [(1 << n) - (1 << i) for i in range(n)]
    masks += [(1 << i) - 1 for i in range(1, n)]
    masks += [sum(1 << i for i in range(n) if rng.random() < p) or 1
              for p in (0.03, 0.1, 0.3, 0.5, 0.7, 0.9) for _ in range(max(1, count // 8))]  # fmt: skip
    every = [f"torn:{m:x}:{index}" for m in masks for index in ("older", "present")]
    return every if count >= len(every) else rng.sample(every, count)


def overwrite(original, parts, content):
    """An act that puts content(a, b) in the place of these parts of the log."""

    def act(directory):
        path = directory / f"wal/{original.log.bases[-1]:016x}.wal"
        now = bytearray(path.read_bytes())
        for a, b in parts:
            now[a:b] = content(a, b)
        path.write_bytes(now)

    return act


def unfinished(made, original, parts):
    """These parts are zero, and the index had not come so far. If the first frame that misses
    something is of the last batch, it is a write that did not finish: what is whole before that
    frame stays, and all from there on is cut."""
    was = original.log.content[original.log.bases[-1]]
    changed = [i for a, b in parts for i in range(a, b) if was[i]]
    first = next((f for f in original.log.frames if any(f.offset <= i < f.end for i in changed)), None)
    if first and first in original.batch:
        made.torn = True
        made.lost = [f.seq for f in original.batch if f.seq >= first.seq]


def torn_case(original, name):
    _, mask, index = name.split(":")
    parts = [p for i, p in enumerate(sectors(original)) if int(mask, 16) >> i & 1]
    made = Case(name, overwrite(original, parts, lambda a, b: bytes(b - a)), index=index)
    made.kind = "torn, applied" if index == "present" else "torn, not applied"
    if index != "present":
        unfinished(made, original, parts)
    return made


# --- one sector ---------------------------------------------------------------------------


def sector_names(original, rng, count):
    every = [f"sector:{n}:{what}:{index}" for n in range(-(-original.log.end // SECTOR))
             for what in ("zeros", "ones", "noise", "next")
             for index in ("present", "absent", "oldest")]  # fmt: skip
    return every if count >= len(every) else rng.sample(every, count)


def sector_case(original, name):
    """Of a disk that forgets: only the last batch can be one that did not finish."""
    _, n, what, index = name.split(":")
    a, b = int(n) * SECTOR, int(n) * SECTOR + SECTOR
    was = original.log.content[original.log.bases[-1]]
    content = {"zeros": bytes(SECTOR), "ones": b"\xff" * SECTOR, "noise": random.Random(n).randbytes(SECTOR),
               "next": was[b : b + SECTOR]}[what]  # fmt: skip
    act = overwrite(original, [(a, b)], lambda *_: content)
    made = Case(name, act, index=index, odd=b > original.log.end)
    made.kind = f"sector: {what}"
    if index != "present" and not content.strip(b"\0"):
        unfinished(made, original, [(a, b)])
    if a == 0:
        made.refused = ("no segment of the log has a header",)
    return made


# --- behind what the index knows ----------------------------------------------------------


def behind_names(original, rng, count):
    for _ in range(count):
        index = rng.choice(["older", "oldest"])
        frames = original.batch if index == "older" else original.log.frames[8:]
        f = rng.choice(frames)
        yield f"behind:{rng.randrange(f.offset, f.end)}.{rng.randrange(8)}:{index}"


def behind_case(original, name):
    _, place, index = name.split(":")
    at, bit = (int(n) for n in place.split("."))
    file = f"wal/{original.log.bases[-1]:016x}.wal"
    return Case(name, lambda store: flip_in(store / file, at, bit), index=index)


# --- segments -----------------------------------------------------------------------------


def path_of(store, base):
    return store / f"wal/{base:016x}.wal"


def replace(path, make):
    path.unlink()
    make(path)


def bind(path):
    """A socket; a long path has no room in its name."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def swap(a, b):
    other = a.with_name("other")
    a.rename(other)
    b.rename(a)
    other.rename(b)


def symlink(path):
    real = path.with_name("elsewhere")
    path.rename(real)
    path.symlink_to(real.name)


def deeds(original, n):
    """{what: (act(store), offsets that have to be named)} of segment n of the segmented store."""
    bases = original.logs["segmented"].bases
    base, log = bases[n], original.logs["segmented"]
    size = (bases + [log.end])[n + 1] - base
    other = bases[n - 1 if n else 1]
    middle = max(f.offset for f in log.frames if f.offset - base <= size // 2)
    foreign = original.place / "stranger/store/wal" / f"{0:016x}.wal"
    def link_to(where):
        return lambda s: replace(path_of(s, base), lambda p: p.symlink_to(where or p.name))

    def copy_to(where):
        return lambda s: shutil.copy(path_of(s, base), path_of(s, where)), [where]

    out = {
        "removed": (lambda s: path_of(s, base).unlink(), [base]),
        "emptied": (lambda s: os.truncate(path_of(s, base), 0), [base]),
        "zeroed": (lambda s: path_of(s, base).write_bytes(bytes(size)), [base]),
        "filled": (lambda s: path_of(s, base).write_bytes(b"\xff" * size), [base]),
        "cut in its header": (lambda s: os.truncate(path_of(s, base), 77), [base]),
        "cut to its header": (lambda s: os.truncate(path_of(s, base), SEGMENT_HEADER), []),
        "cut at a frame": (lambda s: os.truncate(path_of(s, base), middle - base), []),
        "cut in a frame": (lambda s: os.truncate(path_of(s, base), middle - base + 100), []),
        "swapped": (lambda s: swap(path_of(s, base), path_of(s, other)), [base, other]),
        "copied over another": (lambda s: shutil.copy(path_of(s, other), path_of(s, base)), [base]),
        "foreign": (lambda s: shutil.copy(foreign, path_of(s, base)), [base]),
        "a directory": (lambda s: replace(path_of(s, base), os.mkdir), [base]),
        "a pipe": (lambda s: replace(path_of(s, base), os.mkfifo), [base]),
        "a socket": (lambda s: replace(path_of(s, base), bind), [base]),
        "a link to nothing": (link_to("nothing"), [base]),
        "a link to itself": (link_to(None), [base]),
        "a link to a device": (link_to("/dev/zero"), [base]),
        "a link to what it was": (lambda s: symlink(path_of(s, base)), [base]),
        "copied into its middle": copy_to(base + 256),
        "copied to an odd name": copy_to(base + 259),
        "copied far behind": copy_to(1 << 30),
        "copied beyond all": copy_to(1 << 63),
        "a copy in capitals": (lambda s: shutil.copy(path_of(s, base), s / "wal/000000000000BEEF.wal"), []),
        "a copy beside it": (lambda s: shutil.copy(path_of(s, base), s / "wal/copy.wal"), []),
        "only its header": (lambda s: flip_in(path_of(s, base), 70, 3), [base]),
        "a foreign one behind": (lambda s: shutil.copy(foreign, path_of(s, log.end + -log.end % 8)), []),
        "all others removed": (lambda s: [path_of(s, b).unlink() for b in bases if b != base], []),
        "all others' headers": (lambda s: [flip_in(path_of(s, b), 40, 1) for b in bases if b != base], []),
    }
    if n == 0:
        out["all headers"] = (lambda s: [flip_in(path_of(s, b), 40, 1) for b in bases], [])
        out["all removed"] = (lambda s: [path_of(s, b).unlink() for b in bases], [])
        out["all foreign"] = (lambda s: [shutil.copy(foreign, path_of(s, b)) for b in bases], [])
        out["the directory removed"] = (lambda s: shutil.rmtree(s / "wal"), [])
        out["the directory a file"] = (lambda s: (shutil.rmtree(s / "wal"), (s / "wal").touch()), [])
    return out


# Of the last segment, when there is no index: nothing is left that tells of it.
UNTOLD = ("removed", "emptied", "zeroed", "cut in its header")


def segment_names(original, rng, count):
    n = len(original.logs["segmented"].bases)
    every = [f"segment:{what}:{i}:{index}" for i in range(n) for what in deeds(original, i)
             for index in ("present", "absent")]  # fmt: skip
    return every if count >= len(every) else rng.sample(every, count)


def segment_case(original, name):
    _, what, n, index = name.split(":")
    n = int(n)
    act, named = deeds(original, n)[what]
    if n == len(original.logs["segmented"].bases) - 1 and index == "absent" and what in UNTOLD:
        named = []
    made = Case(name, act, store="segmented", index=index, named=named, odd=True)
    made.kind = f"segment: {what}"
    if what.startswith(("all headers", "all removed", "all foreign", "the directory")):
        made.refused = ("wal",)
        if what != "all headers":
            made.then = lambda e: e.wrong("mounted", "a store that has nothing of its log")
    return made
