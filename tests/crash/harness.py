"""What the crash tests share: a store with its daemon, a fixed workload, and the tree that it
must give.

A test takes a *golden run*: the workload on a store of its own, step by step, with the tree of
files after each step. Every faulty run starts from a copy of the same store (so the keys, and
with explicit timestamps the ids, are the same) and is compared with it: whatever happened, the
tree is that of k or k+1 steps, when k writes were acknowledged.
"""

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LATE = 60  # seconds; a sanitizer on a busy machine is slow
FRAME_HEADER = 72  # docs/log-format.md
SEGMENT_HEADER = 128
TOP = Path(__file__).resolve().parent.parent.parent


class Failure(Exception):
    pass


def require(holds, *words):
    if not holds:
        raise Failure(" ".join(str(w) for w in words))


# --- a store and its daemon -------------------------------------------------------------


class Daemon:
    """A store in DIRECTORY/store, its mount point DIRECTORY/mnt and the daemon's log."""

    def __init__(self, program, directory, options=""):
        self.program, self.directory = program, Path(directory)
        self.store, self.mount = str(self.directory / "store"), str(self.directory / "mnt")
        self.log = self.directory / "log"
        self.options = options
        self.environment = None  # of what is started; None: ours
        self.before = ()  # the command under which it is started
        os.makedirs(self.mount, exist_ok=True)

    def call(self, *words, data=b""):
        """(exit status, what it printed) of a command of the program."""
        before = () if words[0] == "umount" else self.before
        done = subprocess.run([*before, self.program, *words], input=data, stdout=subprocess.PIPE, timeout=4 * LATE,
                              stderr=subprocess.STDOUT, env=self.environment)  # fmt: skip
        return done.returncode, done.stdout.decode()

    def init(self):
        status, said = self.call("init", self.store)
        require(status == 0, "init failed:", status, said)
        return self

    def command(self):
        more = f",{self.options}" if self.options else ""
        return [self.program, self.store, self.mount, "-o", f"log={self.log}{more}"]

    def try_start(self, before=()):
        """Mount, under the command `before`; (exit status, what it said)."""
        with tempfile.TemporaryFile() as said:  # no pipe: strace would keep it open
            done = subprocess.run([*self.before, *before, *self.command()], stderr=said,
                                  timeout=4 * LATE, env=self.environment)  # fmt: skip
            said.seek(0)
            return done.returncode, said.read().decode()

    def start(self, before=()):
        status, said = self.try_start(before)
        require(status == 0, "the mount failed:", status, said)

    def pids(self):
        """By their command line: a number in a file may be somebody else's by now."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().decode().split("\0")
            except (OSError, UnicodeDecodeError):
                continue
            if entry.isdigit() and words[:2] == [self.program, self.store]:
                found.append(int(entry))
        return found

    def kill(self):
        pids = self.pids()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        end = time.monotonic() + LATE
        while self.pids():
            require(time.monotonic() < end, "the daemon outlives SIGKILL")
            time.sleep(0.002)
        return len(pids)

    def detach(self):
        subprocess.run([self.program, "umount", "-l", self.mount], stderr=subprocess.DEVNULL)

    def stop(self):
        subprocess.run([self.program, "umount", self.mount, "--wait"], check=True)

    def end(self):
        """However it is by now: nothing runs, nothing is mounted."""
        self.kill()
        self.detach()

    def status(self):
        return json.loads(self.read(".stemefs/status"))

    def read(self, path):
        with open(f"{self.mount}/{path}", "rb") as f:
            return f.read()

    def said(self):
        """The lines of the daemon's log."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def check(self, *options):
        """(exit status, what it printed) of `stemefs check`."""
        return self.call("check", self.store, *options)


def write_to(path, data):
    """One write(2); OSError when it is refused."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        require(os.write(fd, data) == len(data), "a short write to", path)
    finally:
        os.close(fd)


# --- the tree ---------------------------------------------------------------------------

CHANGING = {"inbox", ".stemefs", "receipts", "README.md", "AGENTS.md", ".ignore", ".rgignore"}


def tree(mount, skip=()):
    """{path: bytes, or the name of the error} of every file that depends on nothing but the
    records; of a link where it leads. What is listed only: contexts are not."""
    out = {}

    def complain(e):
        out[os.path.relpath(e.filename, mount)] = errno.errorcode[e.errno]

    for folder, folders, names in os.walk(mount, onerror=complain):
        if folder == mount:
            folders[:] = [f for f in folders if f not in CHANGING]
            names = [n for n in names if n not in CHANGING]
        for name in sorted(names + [f for f in folders if os.path.islink(f"{folder}/{f}")]):
            path = os.path.relpath(f"{folder}/{name}", mount)
            if any(word in path for word in skip):
                continue
            try:
                if os.path.islink(f"{folder}/{name}"):
                    out[path] = os.readlink(f"{folder}/{name}").encode()
                else:
                    with open(f"{folder}/{name}", "rb") as f:
                        out[path] = f.read()
            except OSError as e:
                out[path] = errno.errorcode[e.errno]
    return out


def difference(a, b):
    """In words, where two trees differ; "" when they do not."""
    for path in sorted(a.keys() | b.keys()):
        if a.get(path) != b.get(path):
            return f"{path} is {a.get(path, 'missing')!r:.300}, and {b.get(path, 'missing')!r:.300}"
    return ""


# What tells when a record was received, which differs from run to run.
WITH_TIMES = ("events.jsonl", "history.jsonl", "_summary.md", "changed.jsonl")


# --- the workload -----------------------------------------------------------------------


def timestamp(n):
    return 1_700_000_000 + n


class Workload:
    """Steps, each the bytes of one write to one file of the inbox: claims, several in a
    write, votes, a retraction, a supersession, an epoch; the same for the same seed."""

    def __init__(self, seed, steps=12):
        self.rng = random.Random(f"workload {seed}")
        self.count, self.records = steps, 0
        self.ids = []  # of the claims, by the golden run
        self.gone = set()

    def claim(self):
        n = self.records
        fields = {"subject": f"s{n % 3}", "predicate": "p" if n % 4 else "q", "object": f"claim {n}",
                  "timestamp": timestamp(n), "confidence": 0.9}  # fmt: skip
        if n % 5 == 4:
            fields["note"] = "x" * self.rng.choice([100, 700, 2000])
        self.records += 1
        return fields

    def word(self):
        n, target = self.records, self.rng.choice(self.ids)
        self.records += 1
        if n % 4 == 3:
            self.gone.add(target)  # what is retracted takes no more words
            return {"retract": target, "reason": f"word {n}", "timestamp": timestamp(n)}
        return {"vote": target, "weight": self.rng.choice([-0.5, 0.25, 1]), "timestamp": timestamp(n)}

    def step(self, number):
        """The records of a step; of the golden run, which knows the ids."""
        if number % 3 == 2 and self.ids:
            return [self.word()]
        return [self.claim() for _ in range(self.rng.choice([1, 1, 2, 6]))]


def text_of(records):
    return "".join(json.dumps(r) + "\n" for r in records).encode()


class Golden:
    """A run without faults: .template (a store that has its keys, and nothing in it),
    .writes (the bytes of each step), .trees (the tree after 0, 1, … steps, without what has
    times in it), .events (ids by seq, after each step)."""

    def __init__(self, program, directory, seed, steps=12, rules=False):
        """With rules, two of the steps are settings."""
        self.directory = Path(directory)
        self.template = self.directory / "template"
        self.program = program
        work = Workload(seed, steps)
        daemon = Daemon(program, self.directory / "golden")
        daemon.init().start()
        try:
            # the first write makes the key of who writes, so that all copies have it
            write_to(f"{daemon.mount}/inbox/first", text_of([{"subject": "first", "predicate": "p",
                     "object": 0, "timestamp": timestamp(0)}]))  # fmt: skip
            daemon.stop()
            shutil.copytree(daemon.store, self.template)
            daemon.start()
            self.writes, self.trees, self.events = [], [], []
            self.note(daemon)
            for number in range(steps):
                self.writes.append(self.setting(number) if rules and number % 6 == 4
                                   else text_of(work.step(number)))  # fmt: skip
                try:
                    write_to(f"{daemon.mount}/inbox/step{number}", self.writes[-1])
                except OSError:
                    raise Failure(f"step {number}: {daemon.read('.stemefs/last_error')}") from None
                self.note(daemon)
                lines = [json.loads(x) for x in daemon.read("events.jsonl").splitlines()]
                work.ids = [e["id"] for e in lines if e["kind"] == "assertion" and e["id"] not in work.gone]
            daemon.stop()
        finally:
            daemon.end()
        require(not daemon.said(), "the golden run said:", daemon.said())

    def setting(self, number):
        """A rule of the store, signed with its own key: index rows change that have nothing
        to do with the record's place, in a transaction of their own."""
        rule = {"setting": "min_trust", "value": number / 100, "timestamp": timestamp(number)}
        key = f"{self.template}/wallet/store.key"
        done = subprocess.run([self.program, "sign", "--key", key, "--at", str(timestamp(number))],
                              input=text_of([rule]), stdout=subprocess.PIPE, check=True)  # fmt: skip
        return done.stdout

    def note(self, daemon):
        self.trees.append(tree(daemon.mount, WITH_TIMES))
        self.events.append([json.loads(x)["id"] for x in daemon.read("events.jsonl").splitlines()])

    def copy(self, name, options=""):
        """A daemon (not started) on a copy of the template."""
        daemon = Daemon(self.program, self.directory / name, options)
        shutil.copytree(self.template, daemon.store)
        return daemon

    def full(self, name, options=""):
        """The same on a copy of the store that holds all steps, which was stopped cleanly."""
        daemon = Daemon(self.program, self.directory / name, options)
        shutil.copytree(self.directory / "golden" / "store", daemon.store)
        return daemon

    def write(self, daemon, first=0):
        """Write the steps from `first` on until one is refused: (how many are acknowledged,
        the error or None)."""
        for number in range(first, len(self.writes)):
            try:
                write_to(f"{daemon.mount}/inbox/step{number}", self.writes[number])
            except OSError as e:
                return number, e
        return len(self.writes), None

    def steps_of(self, daemon):
        """After how many steps is this mount? By its events; a part of a step is a Failure."""
        there = [json.loads(x)["id"] for x in daemon.read("events.jsonl").splitlines()]
        require(there in self.events, "the events are those of no step:", len(there), "of", len(self.events[-1]))
        return self.events.index(there)

    def verify(self, daemon, acknowledged, unanswered=1):
        """The mount shows what was acknowledged, and of what was not answered at most so many
        steps; byte for byte the files of that step. Returns the number of steps."""
        steps = self.steps_of(daemon)
        require(acknowledged <= steps <= acknowledged + unanswered,
                acknowledged, "steps were acknowledged, and there are", steps)  # fmt: skip
        found = difference(tree(daemon.mount, WITH_TIMES), self.trees[steps])
        require(not found, "after", steps, "steps:", found)
        return steps


# --- the log as bytes -------------------------------------------------------------------


def frames_of(segment):
    """[(start, end)] of the whole frames of a segment's bytes."""
    out, at = [], SEGMENT_HEADER
    while at + FRAME_HEADER <= len(segment):
        magic, length = struct.unpack_from("<II", segment, at)
        if magic == 0:
            break
        size = FRAME_HEADER + length + -length % 8
        out.append((at, at + size))
        at += size
    return out


# --- a command line ---------------------------------------------------------------------


def some_seed():
    return hashlib.sha256(os.urandom(16)).hexdigest()[:8]


def main(parser, run):
    """Parse, say how to run it again, run(given, directory) in a directory that goes away, and
    turn a Failure into one sentence. The parser may have options of its own."""
    name = Path(sys.argv[0]).name
    parser.add_argument("--seed", default=some_seed())
    parser.add_argument("--stemefs", default=str(TOP / "build/release/stemefs"))
    parser.add_argument("--keep", action="store_true", help="keep the store of a failure")
    given = parser.parse_args()
    given.stemefs = os.path.realpath(given.stemefs)
    words = [w for i, w in enumerate(sys.argv[1:]) if w != "--keep"]
    if "--seed" not in words:
        words += ["--seed", given.seed]
    again = f"tests/crash/{name} {' '.join(words)}"
    print(f"again: {again}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and nothing stays mounted
    directory = Path(tempfile.mkdtemp(prefix=f"{name.removesuffix('.py')}."))
    kept = ""
    try:
        run(given, directory)
    except Failure as e:
        kept = f"\nkept in {directory}" if given.keep else ""
        sys.exit(f"{name}: {e}\nagain: {again}{kept}")
    finally:
        if not kept:
            subprocess.run(["rm", "-rf", "--one-file-system", str(directory)])
