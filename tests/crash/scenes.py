"""The scenes of tests/crash/inject.py: a store, what is done with it, and what must hold."""

import json
import os
import shutil
import threading
from pathlib import Path

from faults import Faults
from harness import LATE, Daemon, Failure, Golden, frames_of, require, text_of, timestamp

STEPS = 12
HALF = 6  # so many are there before the scenes that do not begin with an empty store


class Scene:
    """A store (`base`: how many steps it holds; `spoil` does something to it first), and what
    is done: without `command`, it is mounted and the steps that are left are written."""

    def __init__(self, theatre, golden, base, spoil=None, command=None):
        self.theatre, self.golden, self.base = theatre, golden, base
        self.spoil, self.command = spoil, command
        self.total = len(golden.writes)

    def prepare(self):
        """A daemon, not started, on a store of its own."""
        daemon = Daemon(self.golden.program, self.theatre.fresh())
        shutil.copytree(self.golden.stores[self.base], daemon.store)
        if self.spoil:
            self.spoil(self, daemon)
        daemon.environment = self.theatre.faults.environment(daemon.store)
        return daemon

    def play(self, daemon):
        """Until it is through or the process is gone: how many steps are acknowledged."""
        if self.command:
            status, said = self.run_command(daemon)
            require(status <= 0 or said, self.command, "failed without a word")
            return self.base + (status == 0 and self.adds())
        status, _ = daemon.try_start()
        if status != 0:
            return self.base
        acknowledged, _ = self.write(daemon, self.base)
        if acknowledged == self.total:
            daemon.call("umount", daemon.mount, "--wait")
        return acknowledged

    def adds(self):
        """How many steps the command writes."""
        return int(self.command[0] == "put")

    def run_command(self, daemon):
        words = [w.format(store=daemon.store) for w in self.command]
        return daemon.call(*words, data=self.golden.writes[self.base] if self.adds() else b"")

    # what must hold in the end

    def settle(self, daemon, acknowledged, unanswered=1, torn=False):
        """Starts without faults: by itself, without the index, and with what is left to write.
        Of a write that was torn, the first records may be there."""
        daemon.start()
        there = self.verify(daemon, acknowledged, unanswered, torn)
        if self.spoil == tear:  # kept where it was found, or in quarantine
            kept = [f.read_bytes().rstrip(b"\0") for f in Path(daemon.store, "quarantine").glob("*")]
            require(daemon.torn.rstrip(b"\0") in kept, "the torn end of the log is gone")
        daemon.stop()
        shutil.rmtree(f"{daemon.store}/index")
        daemon.start()
        again = self.verify(daemon, acknowledged, unanswered, torn)
        require(again == there, "without the index there are", again, "events, and with it", there)
        # the first of them is there already, perhaps, or a part of it: said twice, known once
        written, error = self.write(daemon, acknowledged)
        require(error is None, "after it, step", written, "is refused:", error)
        self.verify(daemon, self.total, 0)
        daemon.stop()
        status, said = daemon.check()
        require(status == 0, "check in the end:", status, said)

    def write(self, daemon, step):
        return self.golden.write(daemon, step)

    def verify(self, daemon, acknowledged, unanswered, torn=False):
        """How many events there are, all of them as they must be."""
        golden = self.golden
        if not torn:
            return len(golden.events[golden.verify(daemon, acknowledged, unanswered)])
        there = [json.loads(x)["id"] for x in daemon.read("events.jsonl").splitlines()]
        least, most = len(golden.events[acknowledged]), len(golden.events[acknowledged + 1])
        require(least <= len(there) <= most and there == golden.events[-1][: len(there)],
                acknowledged, "steps were acknowledged, and there are these events:", *there)  # fmt: skip
        return len(there)


class Init(Scene):
    """Make a store. One that is not whole does not mount, and says so."""

    def prepare(self):
        daemon = Daemon(self.golden.program, self.theatre.fresh())
        daemon.environment = self.theatre.faults.environment(daemon.store)
        return daemon

    def adds(self):
        return 1

    def run_command(self, daemon):
        return daemon.call("init", daemon.store)

    def settle(self, daemon, acknowledged, unanswered=1, torn=False):
        status, said = daemon.call("init", daemon.store)
        require(status == 0 or daemon.store in said, "init again:", status, said)
        again = status == 0
        require(not (acknowledged and again), "a store was made where one was")
        status, said = daemon.try_start()
        if status != 0:
            require(not acknowledged and not again, "made, but it does not mount:", said)
            require("stemefs:" in said, "no sentence:", said)
            status, said = daemon.check()
            require(status == 8 and said, "check of half a store:", status, said)
            return
        write_objects(daemon, 0, 2)
        require(objects(daemon) == [0, 1], "the store holds", objects(daemon))
        daemon.stop()
        status, said = daemon.check()
        require(status == 0, "check:", status, said)


def write_objects(daemon, first, end):
    """Claims with these objects, one a write: (how many are acknowledged, the error)."""
    for n in range(first, end):
        try:
            with open(f"{daemon.mount}/inbox/{n}", "wb", buffering=0) as f:
                f.write(text_of([{"subject": "s", "predicate": "p", "object": n, "timestamp": timestamp(n)}]))
        except OSError as e:
            return n, e
    return end, None


def objects(daemon):
    events = [json.loads(x) for x in daemon.read("events.jsonl").splitlines()]
    return [int(e["object"]) for e in events if e["kind"] == "assertion"]


class Key(Scene):
    """The first write of an agent, which makes its key; keys differ, so objects are counted."""

    def prepare(self):
        self.total = 3
        daemon = Daemon(self.golden.program, self.theatre.fresh())
        daemon.init()
        daemon.environment = self.theatre.faults.environment(daemon.store)
        return daemon

    def write(self, daemon, step):
        return write_objects(daemon, step, self.total)

    def verify(self, daemon, acknowledged, unanswered, torn=False):
        there = objects(daemon)
        require(there == list(range(len(there))), "the objects are", there)
        require(acknowledged <= len(there) <= acknowledged + unanswered, acknowledged,
                "writes were acknowledged, and there are", there)  # fmt: skip
        return len(there)


def tear(scene, daemon):
    """The next write of the golden run, cut in the middle of its first frame."""
    segment = max(Path(daemon.store, "wal").glob("*.wal"))
    whole = frames_of(segment.read_bytes())
    frames = frames_of((scene.golden.stores[scene.total] / "wal" / segment.name).read_bytes())
    start, end = frames[len(whole)]
    torn = (scene.golden.stores[scene.total] / "wal" / segment.name).read_bytes()[start : (start + end) // 2]
    with open(segment, "r+b") as f:
        f.truncate(start)
        f.seek(start)
        f.write(torn)
    daemon.torn = torn


def lose_index(_, daemon):
    shutil.rmtree(f"{daemon.store}/index")


def damage_index(_, daemon):
    """Both meta pages: LMDB does not open it."""
    with open(f"{daemon.store}/index/data.mdb", "r+b") as f:
        f.write(b"\xff" * 8192)


def put_aside_before(scene, daemon):
    """And there is one that was put aside before."""
    shutil.copytree(f"{daemon.store}/index", f"{daemon.store}/index.aside")
    damage_index(scene, daemon)


def lose_tag(_, daemon):
    os.unlink(f"{daemon.store}/tag.b")


class Theatre:
    """All scenes, on two golden runs: of the program, and of the one with small segments."""

    def __init__(self, given, directory):
        built = Path(given.stemefs).parent / "tests" / "crash"
        self.directory, self.number, self.called = directory, 0, {}
        self.faults = Faults(built / "faults.so", directory / "faults")
        golden = self.golden(given.stemefs, directory / "large", given.seed)
        small = self.golden(str(built / "stemefs-small"), directory / "small", given.seed)
        self.scenes = {
            "init": Init(self, golden, 0, command=["init", "{store}"]),
            "key": Key(self, golden, 0),
            "work": Scene(self, golden, 0),
            "roll": Scene(self, small, 0),
            "torn": Scene(self, golden, HALF, tear),
            "lost": Scene(self, golden, HALF, lose_index),
            "aside": Scene(self, golden, HALF, put_aside_before),
            "tag": Scene(self, golden, HALF, lose_tag),
            "rebuild": Scene(self, small, HALF, command=["rebuild", "{store}"]),
            "put": Scene(self, small, HALF, command=["put", "{store}", "inbox/x"]),
            "check": Scene(self, golden, HALF, tear, ["check", "{store}"]),
        }

    def golden(self, program, directory, seed):
        require(Path(program).exists(), program, "is not there: make built-tests")
        golden = Golden(program, directory, seed, STEPS, rules=True)
        half = golden.copy("half")
        golden.stores = {0: golden.template, HALF: Path(half.store), STEPS: golden.directory / "golden/store"}
        half.start()
        writes, golden.writes = golden.writes, golden.writes[:HALF]
        _, error = golden.write(half)
        golden.writes = writes
        require(error is None, "half of the golden run:", error)
        half.stop()
        return golden

    def fresh(self):
        """A directory for a case."""
        self.number += 1
        return self.directory / f"case{self.number}"

    def calls(self, scene, classes):
        """The calls of the scene when nothing happens to it."""
        daemon = scene.prepare()
        self.faults.rest(classes)
        with Watch(daemon):
            acknowledged = scene.play(daemon)
            calls = self.faults.calls()
            self.faults.rest()
            scene.settle(daemon, acknowledged, 0)
        return calls


def waits(pid):
    """Where in the kernel the threads of a process are."""
    found = []
    for task in sorted(Path("/proc", str(pid), "task").glob("*")):
        try:
            stack = [line.split()[-1].split("+")[0] for line in (task / "stack").read_text().splitlines()]
            found.append(f"{task.name}: {' < '.join(stack[:8])}")
        except OSError:
            continue
    return f"{pid}: {', '.join(found)}"


class Watch:
    """A daemon that hangs is killed, and that is a failure; in the end nothing is mounted, and
    the store of a case that held goes away."""

    def __init__(self, daemon):
        self.daemon, self.late = daemon, ""
        self.timer = threading.Timer(LATE, self.bark)

    def bark(self):
        self.late = "it hangs; " + "; ".join(waits(pid) for pid in self.daemon.pids())
        self.daemon.kill()

    def __enter__(self):
        self.timer.start()

    def __exit__(self, kind, error, _):
        self.timer.cancel()
        self.daemon.end()
        if self.late:
            raise Failure(self.late)
        if kind is None:
            shutil.rmtree(self.daemon.directory)
