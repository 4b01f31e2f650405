"""Look at pairs in every way in which a program can, again and again, from one process that
keeps what it has once opened; say whether all of it is what the store says now.

	ways.py MNT [--root PATH]... [--pair S/P=PATH]... [--file S/P/FILE=PATH]... S/P...

A line of input asks for a look; the answer is a line, `ok` or what was wrong. What is right is
read below at/seq-N/, N being the newest record: under names that nobody has looked at before.
A root is another way to the mount; a pair or a file one to that alone (bind mounts).
"""
import argparse
import mmap
import os
import sys

LENSES = "consensus recency confidence authority median skeptic epoch layered".split()
FILES = [d + n for d in ("", "value/", "why/") for n in LENSES] + ["claims.jsonl", "history.jsonl"]
SOME = ["consensus", "recency", "median", "value/skeptic", "why/consensus", "claims.jsonl", "history.jsonl"]
BY_DAY = {d + n for d in ("", "value/", "why/") for n in ("authority", "layered", "epoch")}  # their mtime


def content(path, at=None):
    """(bytes, size, mtime) of what is opened; None where there is nothing."""
    try:
        fd = os.open(path, os.O_RDONLY, dir_fd=at)
    except FileNotFoundError:
        return None
    try:
        st = os.fstat(fd)
        return b"".join(iter(lambda: os.read(fd, 1 << 16), b"")), st.st_size, st.st_mtime_ns
    finally:
        os.close(fd)


def status(path, at=None):
    try:
        st = os.stat(path, dir_fd=at)
    except FileNotFoundError:
        return None
    return st.st_size, st.st_mtime_ns


def names(path):
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return None


class Kept:
    """A file that stays open, and mapped."""

    def __init__(self, path):
        self.path = path
        self.fd = os.open(path, os.O_RDONLY)
        self.bytes = os.read(self.fd, 1 << 20)
        self.map = mmap.mmap(self.fd, 0, mmap.MAP_SHARED, mmap.PROT_READ) if self.bytes else b""

    def check(self):
        if os.pread(self.fd, 1 << 20, 0) != self.bytes or os.fstat(self.fd).st_size != len(self.bytes):
            yield f"{self.path}: what was open reads otherwise now"
        if self.map[:] != self.bytes:
            yield f"{self.path}: what was mapped is another now"


class Watcher:
    def __init__(self, given):
        self.given, self.kept, self.directories = given, [], {}
        self.mnt = given.mnt

    def moment(self):
        with open(f"{self.mnt}/events.jsonl", "rb") as f:
            return f"{self.mnt}/at/seq-{f.read().count(b'%c' % 10)}"

    def places(self, pair):
        """(name of the way, directory, descriptor that it is below)."""
        for root in [self.mnt, *self.given.root]:
            yield root, f"{root}/subjects/{pair}", None
        if pair not in self.directories and os.path.isdir(f"{self.mnt}/subjects/{pair}"):
            self.directories[pair] = os.open(f"{self.mnt}/subjects/{pair}", os.O_PATH | os.O_DIRECTORY)
        if pair in self.directories:
            fd = self.directories[pair]
            yield "a descriptor", ".", fd
            os.fchdir(fd)
            yield "the working directory", ".", None
            os.chdir("/")
        for bound, path in self.given.pair:
            if bound == pair:
                yield "a bind mount of the pair", path, None

    def look_file(self, way, path, at, right, times):
        there = os.access(path, os.R_OK, dir_fd=at)
        if there != (right is not None):
            yield f"access by {way}: {'there' if there else 'nothing'}"
        st, got = status(path, at), content(path, at)
        if (st is None) != (right is None) or (got is None) != (right is None):
            yield f"stat, open by {way}: {st}, {got}; right is {right}"
        elif right:
            if st[0] != right[1] or (times and st[1] != right[2]):
                yield f"stat by {way}: {st}; right is {right[1:]}"
            if got[0] != right[0]:
                yield f"open and read by {way}: {got[0]!r}; right is {right[0]!r}"
            if got[1] != right[1] or (times and got[2] != right[2]):
                yield f"fstat by {way}: {got[1:]}; right is {right[1:]}"

    def look_pair(self, pair, moment):
        right = {f: content(f"{moment}/subjects/{pair}/{f}") for f in FILES}
        for way, directory, fd in self.places(pair):
            for f in FILES if directory.startswith(self.mnt) else SOME:
                for what in self.look_file(way, f"{directory}/{f}", fd, right[f], f not in BY_DAY):
                    yield f"{pair}/{f}: {what}"
        for directory in (f"{root}/subjects/{pair}" for root in [self.mnt, *self.given.root]):
            for part in "", "/value", "/why":
                listed, expected = names(directory + part), names(f"{moment}/subjects/{pair}{part}")
                if not part and listed:
                    listed = [n for n in listed if n not in ("assert", "vote")]
                    expected = [n for n in expected or [] if n not in ("assert", "vote")]
                if listed != expected:
                    yield f"{pair}{part}: listed by {directory}: {listed}; right is {expected}"
        for bound, path in self.given.file:
            f = bound.removeprefix(f"{pair}/")
            if bound != f and right[f] and content(path)[0] != right[f][0]:
                yield f"{bound}: open and read by a bind mount of it: {content(path)[0]!r}; right is {right[f][0]!r}"

    def keep(self, pair):
        for f in "consensus", "value/recency", "history.jsonl":
            try:
                self.kept.append(Kept(f"{self.mnt}/subjects/{pair}/{f}"))
            except FileNotFoundError:
                pass

    def look(self):
        moment = self.moment()
        for root in [self.mnt, *self.given.root]:
            if names(f"{root}/subjects") != names(f"{moment}/subjects"):
                yield f"subjects: listed by {root}: {names(f'{root}/subjects')}"
        for pair in self.given.pairs:
            subject = pair.split("/")[0]
            listed, expected = names(f"{self.mnt}/subjects/{subject}"), names(f"{moment}/subjects/{subject}")
            if listed != expected:
                yield f"{subject}: listed: {listed}; right is {expected}"
            yield from self.look_pair(pair, moment)
        for k in self.kept:
            yield from k.check()
        for pair in self.given.pairs:
            self.keep(pair)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mnt")
    parser.add_argument("--root", action="append", default=[])
    parser.add_argument("--pair", action="append", default=[], type=lambda s: s.split("=", 1))
    parser.add_argument("--file", action="append", default=[], type=lambda s: s.split("=", 1))
    parser.add_argument("pairs", nargs="+")
    w = Watcher(parser.parse_args())
    for _ in sys.stdin:
        wrong = list(w.look())
        print(f"{len(wrong)} wrong: {wrong[0]:.1500}" if wrong else "ok", flush=True)


main()
