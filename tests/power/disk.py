"""A disk with a cache that forgets: what was written since the last flush may be lost.

    disk = Disk("disk.img", 64 << 20)
    disk.write(4096, data)     # in the cache; reads see it
    disk.flush()               # now in disk.img
    disk.write(8192, data)
    disk.lose(rng, "half")     # the power goes: of the cache, this much reaches disk.img

disk.img holds what is durable and nothing else. A flush covers the writes that had been
answered when it was asked for (settled()); a write that was still under way may be lost
although a flush came after it. What a real disk may do to the rest at a power cut, lose()
does: any subset of it arrives, in any order, and of one write any of its 512-byte sectors.
"""

import mmap
import os

SECTOR = 512
WHOLE = 4096  # a write below this is whole or not there: ext4 relies on it for its superblock

# How much of the cache survives, from a cut to the next.
LOSSES = {
    "all": "nothing that was not flushed arrives",
    "half": "each write arrives or not",
    "sectors": "each sector of each write arrives or not",
    "newest": "the newest write arrives, and nothing before it",
    "hole": "one write is lost, and all others arrive",
    "none": "everything arrives that the guest had handed over",
}


class Disk:
    def __init__(self, path, size):
        self.file = os.open(path, os.O_RDWR)
        self.size = size
        self.now = mmap.mmap(-1, size)  # what a reader sees: durable and cached
        self.now[:] = os.pread(self.file, size, 0).ljust(size, b"\0")
        self.cache = []  # (offset, data), in the order of their arrival
        self.answered = 0  # of these, how many the guest has been told of
        self.lies = False  # answers a flush and does nothing
        self.writes = self.flushes = self.lost = 0

    def close(self):
        os.close(self.file)
        self.now.close()

    def read(self, offset, length):
        return self.now[offset : offset + length]

    def write(self, offset, data):
        self.now[offset : offset + len(data)] = data
        self.cache.append((offset, data))
        self.writes += 1

    def settled(self):
        """All writes so far have been answered."""
        self.answered = len(self.cache)

    def flush(self):
        self.flushes += 1
        if self.lies:
            return
        self.keep(self.cache[: self.answered])
        del self.cache[: self.answered]
        self.answered = 0

    def keep(self, writes):
        for offset, data in writes:
            os.pwrite(self.file, data, offset)

    def lose(self, rng, how):
        """The power goes; how: one of LOSSES. Nothing may be asked of the disk afterwards."""
        sectors = self.survivors(rng, how)
        self.lost = sum(len(d) // SECTOR for _, d in self.cache) - sum(len(d) // SECTOR for _, d in sectors)
        self.keep(sectors)
        self.cache = []

    def survivors(self, rng, how):
        cache = self.cache
        if how == "all":
            return []
        if how == "half":
            return [w for w in cache if rng.random() < 0.5]
        if how == "sectors":
            rate = rng.choice([0.1, 0.5, 0.9])
            return [s for w in cache for s in split(w) if rng.random() < rate]
        if how == "newest":
            return cache[-1:]
        if how == "hole":
            hole = rng.randrange(len(cache) + 1)
            return cache[:hole] + cache[hole + 1 :]
        return cache


def split(write):
    offset, data = write
    if offset < WHOLE:
        return [write]
    return [(offset + i, data[i : i + SECTOR]) for i in range(0, len(data), SECTOR)]
