"""Rows about size: bytes on disk, memory, and what grows with the number of claims."""
import os
import struct

import claims
from figures import Row
from rows_read import cat
from tools import ratio, short

SEGMENT_HEADER, FRAME_HEADER, PREFIX = 128, 72, 24  # docs/log-format.md


def raw_bytes(store):
    """Of the records themselves, canonical bytes and signature entries, as the log has them:
    payloads without the 24 bytes before them. Returns bytes and records."""
    total = n = 0
    wal = os.path.join(store, "wal")
    for name in sorted(os.listdir(wal)):
        if not name.endswith(".wal"):
            continue
        segment = cat(os.path.join(wal, name))
        at = SEGMENT_HEADER
        while at + FRAME_HEADER <= len(segment):
            magic, length = struct.unpack_from("<II", segment, at)
            if magic != 0x4D524653:
                break
            total += length - PREFIX
            n += 1
            at += FRAME_HEADER + length + -length % 8
    return total, n


def on_disk(store):
    """Bytes that the disk has given to everything in a store, by its top directories."""
    sizes = {}
    for top, _, names in os.walk(store):
        part = os.path.relpath(top, store).split(os.sep)[0]
        sizes[part] = sizes.get(part, 0) + sum(
            os.lstat(os.path.join(top, name)).st_blocks * 512 for name in names)
    return sizes


def size(scene):
    live = scene.live()
    live.remount()  # what is written when the store is closed is part of it
    disk = on_disk(live.store)
    raw, n = raw_bytes(live.store)
    total = sum(disk.values())
    if n < scene.size["claims"]:
        raise SystemExit("bench: %d records in the log, not %d: has its format changed?" % (
            n, scene.size["claims"]))
    return [Row("bytes on disk per claim, beside raw", "<=", 2.0, total / raw,
                "all blocks of the store at %d records, beside their canonical bytes and "
                "signatures; log %s, index %s; beside signed JSON lines %s" % (
                    n, short(disk.get("wal", 0) / raw), short(disk.get("index", 0) / raw),
                    short(total / n / scene.signed_bytes)))]


def memory(scene):
    live = scene.live()
    cat(live.path("subjects", claims.subject(0), "p", "claims.jsonl"))
    os.listdir(live.path("subjects"))
    return [Row("memory of the daemon", "<=", 64, scene.look_at_memory(),
                "RssAnon, that is without the mapped pages of the index: the most that was seen "
                "after each piece of bulk, after each comparison, and after a listing of all %d "
                "subjects" % scene.size["claims"], unit="MiB")]


# ---- growth ----

class Growth:
    """The same reads and writes on two stores, round by round."""

    def __init__(self, scene, small, large, of_small, of_large):
        self.scene, self.mounts, self.of = scene, [small, large], [of_small, of_large]

    def reads(self):
        """By store: blocks of cold reads, and CPU of the daemon for each read."""
        scene = self.scene
        rounds = scene.size["rounds"] + 1
        block = min(scene.size["block"], min(self.of) // (2 * rounds))
        sides = []
        for m, n in zip(self.mounts, self.of):
            m.remount()
            cat(m.path(".stemefs", "version"))
            sides.append(scene.lens_files(m.mnt, scene.subjects(block * rounds, n)))
        cpu = [-m.cpu() for m in self.mounts]
        blocks = scene.compare("read", sides, n=block, warm=0)
        return blocks, [(c + m.cpu()) / (block * rounds) for c, m in zip(cpu, self.mounts)]

    def writes(self):
        scene = self.scene
        n, rounds = max(5, scene.size["block"] // 3), scene.size["rounds"] + 1
        sides = [scene.sink(m.mnt, n * rounds, of) for m, of in zip(self.mounts, self.of)]
        cpu = [-m.cpu() for m in self.mounts]
        blocks = scene.compare("write", sides, n=n, warm=0)
        return blocks, [(c + m.cpu()) / (n * rounds) for c, m in zip(cpu, self.mounts)]


def growth(scene):
    small, live = scene.small(), scene.live()
    g = Growth(scene, small, live, scene.size["small"], scene.size["claims"])
    rows = []
    for what, measure in (("read", g.reads), ("write", g.writes)):
        (a, b), cpu = measure()
        rows.append(Row("growth: cost per %s" % what, "<=", 1.3, ratio(b, a),
                        "%s at %d claims beside %d, in turn; CPU of the daemon: %s. To 10^7: "
                        "bench/grow" % ({"read": "cold open+read+close",
                                         "write": "durable create+write+close"}[what],
                                        scene.size["claims"], scene.size["small"],
                                        short(cpu[1] / cpu[0]))))
    return rows
