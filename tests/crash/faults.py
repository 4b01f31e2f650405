"""tests/crash/faults.c from Python: what it is told, and what it has seen."""

import errno
import mmap
import os
import struct
from pathlib import Path

from harness import require

CALLS, LINE = 8192, 128  # as in faults.c
KINDS_AT, COUNT_AT, LINES_AT = 16, 80, 88
HOW = ["pass", "kill", "within", "after", "fail", "short", "full"]
CHANGES, READS = 1, 2


class Faults:
    """The calls of all processes that are started with environment()."""

    def __init__(self, library, file):
        require(Path(library).exists(), library, "is not there: make built-tests")
        self.library, self.file = str(library), str(file)
        with open(file, "w+b") as f:
            f.truncate(LINES_AT + CALLS * LINE)
            self.shared = mmap.mmap(f.fileno(), 0)
        self.rest()

    def environment(self, store):
        """Calls on files of this store are counted; the program may be a sanitizer's."""
        return os.environ | {
            "LD_PRELOAD": self.library,
            "FAULTS_BELOW": os.path.realpath(store),
            "FAULTS_SHARED": self.file,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
        }

    def arm(self, at, how, code="", kinds="", classes=CHANGES):
        """From here on, what happens to the at-th call (0: to none) and to calls of these
        kinds after it."""
        number = getattr(errno, code) if code else 0
        self.shared[:LINES_AT] = struct.pack(
            "<IIII64sII", classes, at, HOW.index(how), number, kinds.encode(), 0, 0)  # fmt: skip

    def rest(self, classes=CHANGES):
        """Count on from 1, and let everything pass."""
        self.arm(0, "pass", classes=classes)

    def heal(self):
        """Let everything pass from here on, and go on counting."""
        self.shared[4:8] = bytes(4)

    def count(self):
        return struct.unpack_from("<I", self.shared, COUNT_AT)[0]

    def fired(self):
        return struct.unpack_from("<I", self.shared, COUNT_AT + 4)[0]

    def calls(self):
        """["pwrite wal/0000000000000000.wal", …]: what was counted."""
        require(self.count() <= CALLS, "more calls than lines for them")
        lines = [self.shared[LINES_AT + i * LINE : LINES_AT + (i + 1) * LINE] for i in range(self.count())]
        return [line.split(b"\0")[0].decode() for line in lines]
