"""What the rows are measured on: floors and stores, each made when the first row asks for it."""
import contextlib
import os
import random

import claims
from common import Agent, Mount, note
from tools import Floor, Spread, durable_floor, logged_requests

# claims: in the main store. rounds: of a comparison. block: operations of a side in a round.
# many: candidates of the pair that is voted on. limit: seconds after which a comparison ends,
# whatever rounds are left, so that a busy machine does not take for ever.
SIZES = {
    "tiny": dict(claims=600, small=100, rounds=2, block=10, slice=0.05, many=300, busy=0.2,
                 limit=60),
    "quick": dict(claims=100000, small=10000, rounds=9, block=300, slice=0.3, many=100000,
                  busy=1.0, limit=4),
    "full": dict(claims=1000000, small=10000, rounds=25, block=600, slice=1.0, many=100000,
                 busy=3.0, limit=120),
}
PIECES = 6  # of each kind; the first of them is to warm up


class Scene:
    def __init__(self, program, tools, form, where):
        self.program, self.tools, self.dir = program, tools, where
        self.form = form
        self.size = SIZES[form]
        self.stack = contextlib.ExitStack()
        self.made = {}
        self.rng = random.Random(7)
        self.bulk = {"verify": [], "sign": []}
        self.number = 0
        self.peak = 0.0  # MiB that the daemon of the main store has had
        self.written = 20000000  # numbers of claims that come after all others

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def once(self, name, make):
        if name not in self.made:
            note("  making: " + name)
            self.made[name] = self.stack.enter_context(make())
        return self.made[name]

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def fresh(self, prefix):
        """A name that nothing has yet."""
        self.number += 1
        return "%s-%d" % (prefix, self.number)

    def listed(self, lines):
        """A file with these lines, for the client."""
        path = self.path(self.fresh("list"))
        with open(path, "w") as f:
            f.write("".join(line.rstrip("\n") + "\n" for line in lines))
        return path

    def compare(self, op, sides, n=None, rounds=None, warm=None, skip=1, **more):
        """Blocks by side, as many as this form takes; the first round is to warm up."""
        n = n or self.size["block"]
        warm = max(1, n // 5) if warm is None else warm
        more.setdefault("l", self.size["limit"])
        return self.tools.client(op, sides, n, rounds or self.size["rounds"], warm, skip, **more)

    def compare_servers(self, op, servers, sides, **more):
        """Blocks by side, and the CPU time that each of these servers took for its side."""
        before = [s.cpu() for s in servers]
        blocks = self.compare(op, sides, **more)
        self.look_at_memory()
        return blocks, [s.cpu() - b for s, b in zip(servers, before)]

    # ---- floors ----

    def floor(self, name="floor", *options):
        return self.once(name, lambda: Floor(self.tools, self.path(name), *options))

    def durable(self, syncs):
        name = "floor that syncs %d" % syncs
        return self.once(name, lambda: durable_floor(
            self.tools, self.path("durable-%d" % syncs), syncs))

    # ---- stores ----

    def mounted(self, name, *options):
        return self.once(name, lambda: Mount(self.program, self.path(name), options))

    def live(self):
        """The main store: a subject for each claim, filled in bulk while that is measured."""
        first = "live" not in self.made
        m = self.mounted("live")
        if first:
            fill(self, m)
        return m

    def look_at_memory(self):
        if "live" in self.made:
            self.peak = max(self.peak, self.made["live"].memory())
        return self.peak

    def small(self):
        first = "small" not in self.made
        m = self.mounted("small")
        if first:
            m.put("fill", claims.each_its_own(0, self.size["small"]))
        return m

    def subjects(self, n, of=None):
        """Names of so many different subjects."""
        return [claims.subject(i) for i in
                self.rng.sample(range(of or self.size["claims"]), n)]

    def lens_files(self, root, subjects, lens="consensus"):
        return self.listed(os.path.join(root, "subjects", s, "p", lens) for s in subjects)

    def records(self, n, of=None):
        """Lines of claims that nobody has made yet, about subjects that are there."""
        base, self.written = self.written, self.written + n
        return [claims.claim(base + i, claims.subject(self.rng.randrange(of or self.size["small"])))
                for i in range(n)]

    def sink(self, root, n, of=None):
        """A side for the client's write."""
        return os.path.join(root, "inbox") + ":" + self.listed(self.records(n, of))


def fill(scene, m):
    """Bulk in pieces, signed elsewhere and by the wallet in turn, each between two slices of
    the engine that is its floor."""
    n = scene.size["claims"] // (2 * PIECES)
    agents = [Agent(m, k) for k in range(4)]
    cores = os.cpu_count()

    def engine(kind):
        return scene.tools.engine(kind, cores, scene.size["slice"])

    for piece in range(2 * PIECES):
        kind = ("verify", "sign")[piece % 2]
        last = 2 * PIECES - 1
        many = scene.size["claims"] - last * n if piece == last else n
        text = claims.each_its_own(piece * n, many)
        if kind == "verify":
            text = claims.in_parts(agents, text)
            scene.signed_bytes = len(text) / many
        before = engine(kind)
        cpu = m.cpu()
        took = m.put("piece-%d" % piece, text)
        cpu = m.cpu() - cpu
        scene.look_at_memory()
        after = engine(kind)
        scene.bulk[kind].append({"share": many / took / ((before[0] + after[0]) / 2), "n": many,
                                 "cpu": 2e6 * cpu / many / (before[1] + after[1])})


def bulk_share(scene, kind):
    """Of what the engine does on all processors; without the piece that warmed up."""
    return Spread([p["share"] for p in scene.bulk[kind][1:]])


class Requests:
    """Counts the requests of a mount of its own, which logs each. Counting slows, so nothing
    is timed there."""

    def __init__(self, mount):
        self.log = os.path.join(mount.dir, "log")
        self.at = os.path.getsize(self.log)

    def since(self):
        """Those since the last call."""
        counts, self.at = logged_requests(self.log, self.at)
        return counts


