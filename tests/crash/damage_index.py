"""The whole index at once: index:WHAT. The log is whole, so whatever stands in the place of the
index, every file has its bytes."""

import os
import random
import shutil

from damaged import Case
from harness import require

PAGE = 4096


def put(original, name):
    """Another index in its place."""

    def act(store):
        shutil.rmtree(store / "index")
        shutil.copytree(original.place / name, store / "index")

    return act


def on_data(change):
    def act(store):
        path = store / "index/data.mdb"
        path.write_bytes(change(path.read_bytes()))

    return act


def in_its_place(make):
    """What was no directory, or another one."""

    def act(store):
        shutil.rmtree(store / "index")
        make(store / "index")

    return act


def data_as(make):
    def act(store):
        (store / "index/data.mdb").unlink()
        make(store / "index/data.mdb")

    return act


def linked(store):
    (store / "index").rename(store / "elsewhere")
    (store / "index").symlink_to("elsewhere")


def aside(make):
    """The place where a bad index goes is taken."""

    def act(store):
        on_data(lambda d: bytes(len(d)))(store)
        make(store / "index.aside")

    return act


def full_directory(path):
    path.mkdir()
    (path / "somebody's").touch()
    (path / "data.mdb").mkdir()


def noise(seed, n):
    return random.Random(seed).randbytes(n)


def deeds(original):
    size = (original.place / "stopped/index/data.mdb").stat().st_size
    half = size // 2 // PAGE * PAGE
    out = {
        "removed": lambda s: shutil.rmtree(s / "index"),
        "older": put(original, "older"),
        "oldest": put(original, "oldest"),
        "of another store": put(original, "other"),
        "of a copy that went its own way": put(original, "fork"),
        "an empty directory": in_its_place(os.mkdir),
        "an empty file": in_its_place(lambda p: p.touch()),
        "a link to nothing": in_its_place(lambda p: p.symlink_to("nothing")),
        "a link to itself": linked,
        "a pipe": in_its_place(os.mkfifo),
        "data zeros": on_data(lambda d: bytes(len(d))),
        "data noise": on_data(lambda d: noise(1, len(d))),
        "data ones": on_data(lambda d: b"\xff" * len(d)),
        "data empty": on_data(lambda d: b""),
        "data one byte": on_data(lambda d: d[:1]),
        "data without meta 0": on_data(lambda d: bytes(PAGE) + d[PAGE:]),
        "data without meta 1": on_data(lambda d: d[:PAGE] + bytes(PAGE) + d[2 * PAGE :]),
        "data metas swapped": on_data(lambda d: d[PAGE : 2 * PAGE] + d[:PAGE] + d[2 * PAGE :]),
        "data and a tail of noise": on_data(lambda d: d[:half] + noise(2, len(d) - half)),
        "data and a tail of zeros": on_data(lambda d: d[:half] + bytes(len(d) - half)),
        "data longer by noise": on_data(lambda d: d + noise(3, 3 * PAGE + 11)),
        "data with the metas of an older one": on_data(
            lambda d: (original.place / "older/data.mdb").read_bytes()[: 2 * PAGE] + d[2 * PAGE :]),
        "data older, with these metas": on_data(
            lambda d: d[: 2 * PAGE] + (original.place / "older/data.mdb").read_bytes()[2 * PAGE :]),
        "data a directory": data_as(os.mkdir),
        "data a link to nothing": data_as(lambda p: p.symlink_to("nothing")),
        "data a link to noise": data_as(lambda p: p.symlink_to("/dev/urandom")),
        "data a pipe": data_as(os.mkfifo),
        "lock noise": lambda s: (s / "index/lock.mdb").write_bytes(noise(4, 16512)),
        "lock ones": lambda s: (s / "index/lock.mdb").write_bytes(b"\xff" * 16512),
        "lock empty": lambda s: (s / "index/lock.mdb").write_bytes(b""),
        "lock long": lambda s: (s / "index/lock.mdb").write_bytes(noise(5, 1 << 20)),
        "lock removed": lambda s: (s / "index/lock.mdb").unlink(),
        "lock a directory": lambda s: ((s / "index/lock.mdb").unlink(), (s / "index/lock.mdb").mkdir()),
        "bad, aside is a file": aside(lambda p: p.touch()),
        "bad, aside is full": aside(full_directory),
        "bad, aside is a link": aside(lambda p: p.symlink_to("nothing")),
        "starts noted as noise": lambda s: (s / "starting").write_bytes(noise(6, 300)),
        "doubt noted as noise": lambda s: (s / "doubt").write_bytes(noise(7, 300)),
        "doubt a directory": lambda s: (s / "doubt").mkdir(),
        "start a directory": lambda s: (s / "starting").mkdir(),
    }  # fmt: skip
    for page in range(1, size // PAGE):
        out[f"data cut at page {page}"] = on_data(lambda d, n=page: d[: n * PAGE])
        out[f"data cut in page {page}"] = on_data(lambda d, n=page: d[: n * PAGE + 1000])
    return out


def names(original, rng, count):
    """When not all of them, few of those that cut the file: they are most."""
    every = [f"index:{what}" for what in deeds(original)]
    if count >= len(every):
        return every
    cuts = [n for n in every if "data cut" in n]
    others = [n for n in every if n not in cuts]
    some = rng.sample(others, min(len(others), count - count // 4))
    return some + rng.sample(cuts, min(len(cuts), count - len(some)))


def case(original, name):
    what = name.split(":", 1)[1]
    made = deeds(original).get(what)
    require(made, "there is no case", name)
    # a copy that went its own way had come further than this log, for all one can tell
    made = Case(name, made, odd="its own way" in what)
    made.kind = "index: cut" if "data cut" in what else name
    return made
