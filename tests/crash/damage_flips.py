"""One flipped bit, anywhere in a store: flip:FILE:BYTE.BIT[:INDEX[:STORE]], with another index
than the one that was there, in the store of many segments. The byte is chosen by what stands
there: every field of a frame, every part of every kind of page of the index comes up as often
as any other."""

import struct
import subprocess
from pathlib import Path

from damaged import Case
from harness import SEGMENT_HEADER, text_of, timestamp
from original import AFTER

PAGE = 4096
HEADER = 16  # of a page
BRANCH, LEAF, OVERFLOW = 1, 2, 4
NO_PAGE = (1 << 64) - 1
SMALL = ("format", "lock", "tag.a", "tag.b")


# --- where: {region: [(file, from, to)]} --------------------------------------------------


def log_regions(original, store):
    """Of the log of one of the stores."""
    out, log = {}, original.logs[store]
    header = {"magic": (0, 4), "version": (4, 8), "base": (8, 16), "store id": (16, 32),
              "store key": (32, 64), "chain": (64, 96), "hash": (96, SEGMENT_HEADER)}  # fmt: skip
    for base in log.bases:
        for field, (a, b) in header.items():
            out.setdefault(f"segment header: {field}", []).append((f"wal/{base:016x}.wal", a, b))
    for f in log.frames:
        base = max(b for b in log.bases if b <= f.offset)
        for field, (a, b) in f.fields().items():
            if b > a:
                place = (f"wal/{base:016x}.wal", f.offset - base + a, f.offset - base + b)
                out.setdefault(f"frame: {field}", []).append(place)
    base = log.bases[-1]
    name, end, size = f"wal/{base:016x}.wal", log.end - base, len(log.content[base])
    if size > end + 4096:  # space that was preallocated
        out["behind the end"] = [(name, end, end + 72), (name, end + 72, end + 4096), (name, end, size)]
    return out


def tree_pages(data, root, found, values):
    """The pages below this one, by kind."""
    if root == NO_PAGE:
        return
    at = root * PAGE
    flags, lower, upper = struct.unpack_from("<HHH", data, at + 10)
    kind = "branch" if flags == BRANCH else values
    found.setdefault(f"{kind}: header", []).append((at, at + HEADER))
    found.setdefault(f"{kind}: where its nodes are", []).append((at + HEADER, at + lower))
    found.setdefault(f"{kind}: nodes", []).append((at + upper, at + PAGE))
    found.setdefault(f"{kind}: unused", []).append((at + lower, at + upper))
    found.setdefault("pages", []).append(root)
    for i in range((lower - HEADER) // 2):
        node = at + struct.unpack_from("<H", data, at + HEADER + 2 * i)[0]
        low, high, more, key = struct.unpack_from("<HHHH", data, node)
        if flags == BRANCH:
            tree_pages(data, low | high << 16 | more << 32, found, values)
        elif more == 1:  # the value stands on pages of its own
            page, size = struct.unpack_from("<Q", data, node + 8 + key)[0], low | high << 16
            a, count = page * PAGE, (HEADER - 1 + size) // PAGE + 1
            found.setdefault("overflow: header", []).append((a, a + HEADER))
            found.setdefault("overflow: value", []).append((a + HEADER, a + HEADER + size))
            found.setdefault("overflow: unused", []).append((a + HEADER + size, a + count * PAGE))
            found["pages"].extend(range(page, page + count))


def index_regions(data):
    """Of a data.mdb, as LMDB 0.9 lays it out."""
    metas = [struct.unpack_from("<Q", data, n * PAGE + HEADER + 128)[0] for n in (0, 1)]
    newest = metas.index(max(metas))
    found = {"newest meta": [(newest * PAGE, newest * PAGE + HEADER + 136)],
             "other meta": [((1 - newest) * PAGE, (1 - newest) * PAGE + HEADER + 136)],
             "behind a meta": [(n * PAGE + HEADER + 136, (n + 1) * PAGE) for n in (0, 1)]}  # fmt: skip
    for at, kind in ((24, "free list"), (72, "leaf")):
        root = struct.unpack_from("<Q", data, newest * PAGE + HEADER + at + 40)[0]
        tree_pages(data, root, found, kind)
    used = set(found.pop("pages"))
    found["unused page"] = [(p * PAGE, (p + 1) * PAGE) for p in range(2, len(data) // PAGE) if p not in used]
    return {f"index: {k}": [("index/data.mdb", a, b) for a, b in v if b > a]
            for k, v in found.items() if any(b > a for a, b in v)}  # fmt: skip


def other_regions(store):
    names = list(SMALL) + [str(p.relative_to(store)) for p in sorted(store.glob("wallet/*"))]
    names.append("index/lock.mdb")
    return {n: [(n, 0, (store / n).stat().st_size)] for n in names}


def pick(rng, regions, count):
    """So many bits, every region as often as any other: FILE:BYTE.BIT."""
    keys = sorted(regions)
    for n in range(count):
        file, a, b = rng.choice(regions[keys[n % len(keys)]])
        yield f"{file}:{rng.randrange(a, b)}.{rng.randrange(8)}"


def names(original, rng, count):
    """Two in five in the log, as many in the index, the rest elsewhere; in any order."""
    out = list(places(original, rng, count))
    rng.shuffle(out)
    return out


def places(original, rng, count):
    index = index_regions((original.place / "stopped/index/data.mdb").read_bytes())
    for store, share in (("stopped", 4 * count // 15), ("segmented", 2 * count // 15)):
        for place in pick(rng, log_regions(original, store), share):
            known = ["present", "present", "absent"] + ["older", "oldest"] * (store == "stopped")
            yield f"flip:{place}:{rng.choice(known)}:{store}"
    for place in pick(rng, index, 2 * count // 5):
        yield f"flip:{place}"
    for place in pick(rng, other_regions(original.place / "stopped"), count - 4 * count // 5):
        yield f"flip:{place}"


# --- what ---------------------------------------------------------------------------------


def region_of(original, store, file, at):
    """How the statistics call that byte."""
    if file.startswith("wal/"):
        regions = log_regions(original, store)
    elif file == "index/data.mdb":
        regions = index_regions((original.place / store / file).read_bytes())
    else:
        return file
    return next(r for r, places in regions.items() if any(n == file and a <= at < b for n, a, b in places))


def flip_in(path, at, bit):
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def store_key_is_refused(e):
    """A damaged key of the store signs nothing, or what it signs is signed with the right one."""
    key = f"{e.daemon.store}/wallet/store.key"
    rule = text_of([{"setting": "min_trust", "value": 0.1, "timestamp": timestamp(1)}])
    done = subprocess.run([e.original.program, "sign", "--key", key], input=rule, capture_output=True)
    right = e.status().get("store_key", "?")
    if done.returncode == 0 and right.encode() not in done.stdout:
        e.wrong("wrong key", "signs:", done.stdout)
    e.count["key refused"] += done.returncode != 0


def writer_is_the_same(e):
    """Who writes is who wrote before, or nobody does."""
    if e.wrote and e.original.agent.encode() not in e.daemon.read("subjects/after/p/claims.jsonl"):
        e.wrong("wrong key", AFTER, "is not by", e.original.agent)
    e.count["key refused"] += not e.wrote


def copy_is_mended(e, file):
    """The key that tags frames stands there twice, and again does."""
    whole = (e.original.place / "stopped" / file).read_bytes()
    if Path(e.daemon.store, file).read_bytes() != whole:
        e.wrong("not mended", file, "is still damaged")


def case(original, name):
    """flip:FILE:BYTE.BIT[:INDEX[:STORE]]"""
    _, file, place, *more = name.split(":")
    index, store = (more + ["present", "stopped"][len(more) :])[:2]
    at, bit = (int(n) for n in place.split("."))
    made = Case(name, lambda directory: flip_in(directory / file, at, bit), index=index, store=store)
    made.kind = f"flip: {region_of(original, store, file, at)}"
    if file == "format":
        made.refused = ("the file format in it is damaged", "is a store of version")
    elif "behind the end" in made.kind:
        made.odd = True
    elif "segment header" in made.kind:
        made.named = [int(Path(file).stem, 16)]
        made.refused = ("no segment of the log has a header",) if len(original.logs[store].bases) == 1 else ()
    elif file.startswith("tag."):
        made.then = lambda e: copy_is_mended(e, file)
    elif file.startswith("wallet/"):
        made.writes, made.aside = False, {"agents/me"}  # who has no key is nobody
        made.then = store_key_is_refused if file.endswith("store.key") else writer_is_the_same
    return made
