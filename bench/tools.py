"""The programs in C that measure, and what is made of their output."""
import json
import os
import signal
import statistics
import struct
import subprocess
import time

from common import cpu_of

OPCODES = {1: "LOOKUP", 2: "FORGET", 3: "GETATTR", 14: "OPEN", 15: "READ", 16: "WRITE",
           18: "RELEASE", 25: "FLUSH", 35: "CREATE", 42: "BATCH_FORGET"}
# Nobody waits for these.
LATER = ("RELEASE", "RELEASEDIR", "FORGET", "BATCH_FORGET", "INTERRUPT")


class Tools:
    """The directory that `make bench-tools` filled."""

    def __init__(self, where):
        self.where = where
        if not self.has("client"):
            raise SystemExit("bench: no %s: run make bench-tools" % self.path("client"))

    def path(self, name):
        return os.path.join(self.where, name)

    def has(self, name):
        return os.access(self.path(name), os.X_OK)

    def run(self, name, *arguments):
        r = subprocess.run([self.path(name), *map(str, arguments)], text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode:
            raise OSError("%s: %s" % (name, r.stderr.strip() or "status %d" % r.returncode))
        return r.stdout

    def client(self, op, sides, n, rounds=1, warm=0, skip=0, **more):
        """By side, its blocks in the order of rounds. skip: so many rounds before those that
        count; more: other options of one letter."""
        options = {"n": n, "r": rounds + skip, "w": warm, **more}
        words = [x for k, v in options.items() for x in ("-" + k, v)]
        out = [[] for _ in sides]
        for line in self.run("client", *words, op, *sides).splitlines():
            block = json.loads(line)
            if block["round"] >= skip:
                out[block["side"]].append(block)
        return out

    def writer(self, side, rate, seconds, threads=8):
        """A client in the background that writes so many files a second."""
        return subprocess.Popen(
            [self.path("client"), "-n", str(int(rate * seconds * 2)), "-t", str(threads),
             "-f", str(rate), "-s", str(seconds), "write", side], stdout=subprocess.PIPE)

    def engine(self, what, threads, seconds):
        """Signatures or verifications a second, and the CPU time of one in microseconds."""
        return [float(x) for x in self.run("engines", what, threads, seconds).split()]

    def append(self, path, n, size):
        """Microseconds for write + fdatasync."""
        return float(self.run("engines", "append", path, n, size))


class Floor:
    """A floor server, mounted while the block runs."""

    def __init__(self, tools, where, *options):
        self.where, self.mnt = where, os.path.join(where, "mnt")
        self.counts = os.path.join(where, "counts")
        os.makedirs(self.mnt)
        self.command = [tools.path("floor"), "-c", self.counts, *options, self.mnt]

    def __enter__(self):
        self.server = subprocess.Popen(self.command)
        for _ in range(500):
            if os.path.ismount(self.mnt):
                return self
            time.sleep(0.01)
        self.server.kill()
        raise SystemExit("bench: the floor server did not mount on " + self.mnt)

    def __exit__(self, *_):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait()

    def pid(self):
        return self.server.pid

    def cpu(self):
        return cpu_of(self.server.pid)

    def requests(self):
        with open(self.counts, "rb") as f:
            numbers = struct.unpack("64Q", f.read(512))
        return {OPCODES[i]: n for i, n in enumerate(numbers) if n}


def durable_floor(tools, where, syncs):
    """One that makes writes durable in a log, and after that in an index, too."""
    log, index = os.path.join(where, "log"), os.path.join(where, "index")
    os.makedirs(where)
    return Floor(tools, os.path.join(where, "floor"), "-d", log,
                 *(["-i", index] if syncs > 1 else []))


def logged_requests(path, skip=0):
    """Requests by name in the log of a mount with -o debug, and its length in bytes."""
    counts = {}
    with open(path, "rb") as f:
        f.seek(skip)
        text = f.read()
    for line in text.split(b"\n"):
        if b", opcode: " in line:
            name = line.split(b", opcode: ")[1].split(b" ")[0].decode()
            counts[name] = counts.get(name, 0) + 1
    return counts, skip + len(text)


def difference(after, before):
    return {k: n - before.get(k, 0) for k, n in after.items() if n - before.get(k, 0)}


def waited_for(counts):
    return sum(n for name, n in counts.items() if name not in LATER)


def told(counts, n=1):
    """As text: '3 LOOKUP, 1 OPEN'; those that nobody waits for in brackets."""
    parts = []
    for name, k in sorted(counts.items(), key=lambda c: (c[0] in LATER, -c[1])):
        text = "%s %s" % (("%.2f" % (k / n)).rstrip("0").rstrip("."), name)
        parts.append("(%s)" % text if name in LATER else text)
    return ", ".join(parts) or "none"


def pin(pid, cpu):
    """All threads of a process to one processor, or with None to all."""
    cpus = {cpu} if cpu is not None else range(os.cpu_count())
    for thread in os.listdir("/proc/%d/task" % pid):
        try:
            os.sched_setaffinity(int(thread), cpus)
        except ProcessLookupError:
            pass


class Spread:
    """A figure from several rounds: its median, and the quartiles as a measure of noise."""

    def __init__(self, values):
        v = sorted(values)
        self.middle = statistics.median(v)
        if len(v) < 2:
            self.low, self.high = v[0], v[-1]
        else:
            self.low, _, self.high = statistics.quantiles(v, n=4, method="inclusive")

    def __str__(self):
        return "%s (%s to %s)" % (short(self.middle), short(self.low), short(self.high))


def short(x):
    return "%.2f" % x if x < 100 else "%.0f" % x


def ratio(a, b, key="p50"):
    """Round by round, so that what slows the machine for a while slows both."""
    return Spread([x[key] / y[key] for x, y in zip(a, b)])


def rates(blocks):
    return [b["n"] / b["seconds"] for b in blocks]


def rate_ratio(a, b):
    return Spread([x / y for x, y in zip(rates(a), rates(b))])


def middle(blocks, key="p50"):
    return statistics.median(b[key] for b in blocks)
