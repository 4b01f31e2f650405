"""What a trace of system calls must show: the order in which things reach the disk.

Nothing here knows the code. A name that was made in a store (create, link, rename, mkdir) is
on disk when its directory has been fsynced after it, and bytes are when their file has been.
At each acknowledgement, which is a good answer to a FUSE WRITE, a mount that reports that it
answers, or a command that ends with 0, everything must be, but for EXEMPT.
"""

import codecs
import os
import re
import struct
import time
from collections import Counter

from harness import LATE, require

CALLS = "open,openat,write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,sync_file_range,msync,rename,renameat," \
        "renameat2,ftruncate,truncate,fallocate,mkdir,mkdirat,link,linkat,unlink,unlinkat,rmdir,read,copy_file_range," \
        "sendfile,splice"  # fmt: skip

# What need not be on disk when something is acknowledged, and why.
EXEMPT = {
    "lock": "holds a process number, which nobody needs after that process",
    "index/lock.mdb": "LMDB's table of readers: made anew by the first who opens",
    "index/data.mdb": "follows from the log: lost or behind, it is made anew from it",
    "clean": "a stop leaves it where its last write is older than a tick: lost, the next start looks at the index",
}

KINDS = {"pwrite64": "pwrite", "renameat": "rename", "renameat2": "rename", "linkat": "link", "unlinkat": "unlink",
         "mkdirat": "mkdir", "openat": "create", "open": "create", "rmdir": "unlink"}  # fmt: skip
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "fallocate", "ftruncate"}
FUSE_WRITE = 16
REPORT = 16  # a report of the daemon to the mount command is longer


def strace(file):
    """The command under which a program is traced; its children, too."""
    return ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-s", "64", "-A", "-o", str(file), "-e", f"trace={CALLS}"]


class Call:
    """One call: begun on line `start` of the trace, answered on line `end`."""

    def __init__(self, start, name, text):
        self.start, self.end, self.name, self.text = start, start, name, text

    def finish(self, end, text):
        self.end, self.text = end, self.text + text
        answer = re.search(r"\) += (-?\d+)", self.text)
        self.rc = int(answer[1]) if answer else -1
        return self

    def file(self):
        """The path of the descriptor that it is about."""
        found = re.match(r"\d+<(.*?)>", self.text)
        return found[1] if found else ""

    def names(self):
        """The paths that it names."""
        out = []
        for base, name in re.findall(r'(?:(?:AT_FDCWD|\d+)<(.*?)>, )?"((?:[^"\\]|\\.)*)"', self.text):
            out.append(os.path.normpath(os.path.join(base, name)))
        return out

    def data(self):
        """The first bytes that it reads or writes."""
        found = re.search(r'"((?:[^"\\]|\\.)*)"', self.text)
        return codecs.escape_decode(found[1])[0] if found else b""


def parse(lines):
    """The calls, in the order in which they were answered."""
    open_calls, out = {}, []
    for at, line in enumerate(lines):
        begun = re.match(r"(\d+) +(\w+)\((.*)$", line)
        resumed = re.match(r"(\d+) +<\.\.\. \w+ resumed>(.*)$", line)
        if begun and begun[3].endswith("<unfinished ...>"):
            open_calls[begun[1]] = Call(at, begun[2], begun[3].removesuffix("<unfinished ...>"))
        elif begun:
            out.append(Call(at, begun[2], begun[3]).finish(at, ""))
        elif resumed and resumed[1] in open_calls:
            out.append(open_calls.pop(resumed[1]).finish(at, resumed[2]))
    return out


def wait_for_end(file):
    """The lines of a trace, once all that was traced has ended."""
    end = time.monotonic() + LATE
    while True:
        lines = file.read_text(errors="surrogateescape").splitlines()
        pids = {line.split()[0] for line in lines}
        gone = {line.split()[0] for line in lines if "+++ " in line}
        if lines and pids == gone:
            return lines
        require(time.monotonic() < end, "strace does not end:", pids - gone)
        time.sleep(0.01)


class Disk:
    """What was done to a store and may not be on disk yet."""

    def __init__(self, store, existing):
        self.store, self.existing = store, set(existing)
        self.names, self.bytes = {}, {}  # path: the line that made it, or wrote last
        self.kinds = Counter()

    def inside(self, path):
        return path == self.store or path.startswith(self.store + "/")

    def count(self, call, path):
        self.kinds[KINDS.get(call.name, call.name), os.path.relpath(path, self.store)] += 1

    def make(self, path, call):
        self.names[path] = call.end
        self.existing.add(path)

    def see(self, call):
        if call.name in ("open", "openat"):
            self.opened(call)
        elif call.name in WRITES and self.inside(call.file()):
            self.count(call, call.file())
            if call.rc >= 0:
                self.bytes[call.file()] = call.end
        elif call.name in ("fsync", "fdatasync"):
            self.synced(call)
        elif call.name.startswith(("link", "rename", "mkdir", "unlink", "rmdir")):
            self.named(call)
        elif call.name not in ("read", "write", "writev", "sync_file_range"):  # that promises nothing
            require(not any(self.inside(p) for p in [call.file(), *call.names()]), "not thought of:", call.name)

    def opened(self, call):
        (path,) = call.names()[:1] or [""]
        if not self.inside(path) or not re.search(r"O_CREAT|O_TRUNC", call.text):
            return
        if path not in self.existing or "O_TRUNC" in call.text:
            self.count(call, path)
        if call.rc >= 0 and path not in self.existing:
            self.make(path, call)

    def synced(self, call):
        path = call.file()
        if self.inside(path):
            self.count(call, path)
        if call.rc != 0:
            return
        for made in [p for p, line in self.names.items() if os.path.dirname(p) == path and line < call.start]:
            del self.names[made]
        if self.bytes.get(path, call.start) < call.start:
            del self.bytes[path]

    def named(self, call):
        paths = call.names()
        if not any(self.inside(p) for p in paths):
            return
        self.count(call, paths[-1])
        if call.rc != 0:
            return
        old, new = paths[0], paths[-1]
        if call.name.startswith(("link", "rename")) and old in self.bytes:
            self.bytes[new] = self.bytes[old]
        if not call.name.startswith(("link", "mkdir")):
            for what in (self.names, self.bytes):
                what.pop(old, None)
            self.existing.discard(old)
            below = {p for p in self.existing if p.startswith(old + "/")}
            self.existing -= below
            if call.name.startswith("rename"):
                self.existing |= {new + p.removeprefix(old) for p in below}
        if not call.name.startswith(("unlink", "rmdir")):
            self.make(new, call)

    def owed(self):
        """What is not on disk and should be."""
        out = [("the name", p) for p in self.names] + [("bytes of", p) for p in self.bytes]
        out = [(what, os.path.relpath(path, self.store)) for what, path in out]
        return [f"{what} {path}" for what, path in out if path not in EXEMPT]


def check_record(calls, store, request, reply):
    """Between a request and its answer: log written, log synced, index synced and committed."""
    log, index = store + "/wal/", store + "/index/data.mdb"
    steps = [
        ("no write to the log", lambda c: c.name == "pwrite64" and c.file().startswith(log)),
        ("no fdatasync of the log after it", lambda c: c.name == "fdatasync" and c.file().startswith(log)),
        ("no fdatasync of the index after that", lambda c: c.name == "fdatasync" and c.file() == index),
        ("no commit of the index after that", lambda c: c.name == "pwrite64" and c.file() == index),
    ]
    after = request
    for missing, fits in steps:
        found = [c.end for c in calls if c.start > after and c.end < reply and c.rc >= 0 and fits(c)]
        require(found, "line", reply + 1, "acknowledges a record, and there is", missing)
        after = found[0]
    last = max(c.end for c in calls if c.end < reply and c.name == "pwrite64" and c.file().startswith(log))
    synced = [c for c in calls if c.start > last and c.end < reply and c.rc == 0 and steps[1][1](c)]
    require(synced, "line", reply + 1, "acknowledges a record whose log is not synced")


def check(lines, store, existing):
    """(how many acknowledgements, of which so many were of records, what was called)."""
    calls = parse(lines)
    disk, requests = Disk(store, existing), {}
    acknowledged = records = 0
    # an answer counts from its first line, everything else from its last
    for call in sorted(calls, key=lambda c: c.start if "</dev/fuse>" in c.text and c.name == "writev" else c.end):
        data = call.data() if call.file() == "/dev/fuse" else b""
        if call.name == "read" and len(data) >= 16:
            opcode, unique = struct.unpack_from("<IQ", data, 4)
            if opcode == FUSE_WRITE:
                requests[unique] = call.end
        elif call.name == "writev" and len(data) >= 16:
            error, unique = struct.unpack_from("<iQ", data, 4)
            if unique in requests and error == 0:
                check_record(calls, store, requests[unique], call.start)
                records += 1
            acknowledged += unique in requests
            require(unique not in requests or error or not disk.owed(), "line", call.start + 1, "acknowledges, and",
                    disk.owed(), "is not on disk")  # fmt: skip
        elif call.name == "write" and call.file().startswith("pipe:") and call.rc > REPORT:
            acknowledged += 1
            require(not disk.owed(), "the mount reports, and", disk.owed(), "is not on disk")
        else:
            disk.see(call)
    require(not disk.owed(), "at the end", disk.owed(), "is not on disk")
    return acknowledged + 1, records, disk.kinds
