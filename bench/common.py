"""What the benchmarks share: a store that is mounted, agents, bulk, times and tables."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

CHUNK = 1 << 17  # the least that cp writes at once
PIECE = 1 << 16


class Mount:
    """A store of its own, mounted while the block runs."""

    def __init__(self, program, where=None, options=()):
        self.program = os.path.realpath(program)
        self.options = list(options)
        self.dir = where or tempfile.mkdtemp(prefix="stemefs-bench-")
        self.store = os.path.join(self.dir, "store")
        self.mnt = os.path.join(self.dir, "mnt")

    def __enter__(self):
        os.makedirs(self.mnt, exist_ok=True)
        if not os.path.exists(os.path.join(self.store, "format")):
            self.run("init", self.store)
        self.mount()
        return self

    def __exit__(self, *_):
        subprocess.run([self.program, "umount", self.mnt], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def mount(self, *options):
        """Seconds until it answers."""
        every = ["log=" + os.path.join(self.dir, "log"), *self.options, *options]
        begun = time.perf_counter()
        self.run(self.store, self.mnt, "-o", ",".join(every))
        return time.perf_counter() - begun

    def unmount(self):
        self.run("umount", self.mnt, "--wait")

    def remount(self, *options):
        self.unmount()
        return self.mount(*options)

    def pid(self):
        with open(os.path.join(self.store, "lock")) as f:
            return int(f.read())

    def run(self, *arguments, text=None):
        return subprocess.run([self.program, *arguments], input=text, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def path(self, *names):
        return os.path.join(self.mnt, *names)

    def status(self):
        return json.loads(whole(self.path(".stemefs/status")))

    def put(self, name, text):
        """Write to inbox/NAME; returns when all is durable, and says after how long."""
        data = text if isinstance(text, bytes) else text.encode()
        begun = time.perf_counter()
        fd = os.open(self.path("inbox", name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        whole_file = False
        try:
            piece = max(CHUNK, os.fstat(fd).st_blksize)  # as cp does
            for at in range(0, len(data), piece):
                os.write(fd, data[at:at + piece])
            whole_file = True
        except OSError:
            sys.exit(whole(self.path(".stemefs/last_error")).decode())
        finally:
            try:
                os.close(fd)
            except OSError:
                if whole_file:  # else it ends within a record, and why has been said
                    raise
        return time.perf_counter() - begun

    def cpu(self):
        """Seconds that the daemon has computed, to the nanosecond."""
        return cpu_of(self.pid())

    def memory(self):
        """MiB that are the daemon's own: neither shared nor pages of a file."""
        with open("/proc/%d/status" % self.pid()) as f:
            return next(int(line.split()[1]) for line in f
                        if line.startswith("RssAnon")) / 1024

    def ids(self, after=0):
        """Of the claims in the log, from a seq on, in its order."""
        with open(self.path("events.jsonl")) as f:
            events = (json.loads(line) for line in f)
            return [e["id"] for e in events
                    if e["kind"] == "assertion" and e["seq"] > after]


class Agent:
    """Signs by itself, outside the store's wallet."""

    def __init__(self, mount, number):
        self.mount = mount
        self.seed = "%064x" % (number + 1)
        probe = self.sign([{"profile": {"name": "agent %d" % number}}])
        self.key = json.loads(probe)["signatures"][0]["agent"]

    def sign(self, records):
        return self.sign_text(lines(records))

    def sign_text(self, text):
        return self.mount.run("sign", "--seed", self.seed, text=text)


def cpu_of(pid):
    """As clock_getcpuclockid() has it: all threads, those that are gone, too."""
    return time.clock_gettime(~pid << 3 | 2)


def lines(records):
    return "".join(json.dumps(r) + "\n" for r in records)


def shuffled(texts, random):
    """The lines of several signed texts, as if all had been written at once."""
    every = [line for text in texts for line in text.splitlines(True)]
    random.shuffle(every)
    return "".join(every)


def whole(path):
    with open(path, "rb") as f:
        return f.read()


def timed(path):
    """Microseconds for open, read and close; and how many bytes."""
    begun = time.perf_counter_ns()
    fd = os.open(path, os.O_RDONLY)
    n = got = len(os.read(fd, PIECE))
    while got == PIECE:
        got = len(os.read(fd, PIECE))
        n += got
    os.close(fd)
    return (time.perf_counter_ns() - begun) / 1000, n


def durable(path, data):
    """Seconds for write and fdatasync of a file on this disk: the floor of a durable write."""
    begun = time.perf_counter()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, data)
    os.fdatasync(fd)
    os.close(fd)
    return time.perf_counter() - begun


def median(values):
    return statistics.median(values)


def ms(values):
    """Median, 99th percentile and greatest of seconds, as text in milliseconds."""
    v = sorted(values)
    return "%8.2f %8.2f %8.2f" % tuple(
        1000 * x for x in (median(v), v[min(len(v) - 1, len(v) * 99 // 100)], v[-1]))


def end_on_sigterm():
    """As Ctrl-C does: what was mounted is unmounted on the way."""

    def end(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)


def load():
    return os.getloadavg()[0]


def note(text):
    print(text, file=sys.stderr, flush=True)
