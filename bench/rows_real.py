"""Rows about claims that were not made for this: bench/data."""
import json
import os
import re
import subprocess

from common import Agent, note
from figures import Row
from rows_store import on_disk, raw_bytes
from tools import Spread, ratio, short

PIECES = 2  # of each release
TINY = 4000  # claims, for a look at whether it works
SOURCE = re.compile(r'"source": "([^"]*)"')
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def fetched(scene):
    """The lines of all claims, or why there are none."""
    path = os.path.join(scene.tools.where, "browser-compat.jsonl")
    r = subprocess.run([os.path.join(os.path.dirname(os.path.realpath(__file__)), "data"), path],
                       stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
    if r.returncode:
        return None, r.stderr.strip().split("\n")[-1]
    with open(path) as f:
        lines = f.readlines()
    return (lines[::len(lines) // TINY] if scene.form == "tiny" else lines), None


def by_release(lines):
    releases = {}
    for line in lines:
        releases.setdefault(SOURCE.search(line).group(1), []).append(line)
    return releases


def ingest(scene, m, lines):
    """Shares of the verify rate, and how long the signed text was."""
    shares, size, done = [], 0, 0
    agents = [Agent(m, k) for k in range(8)]
    m.run("admit", m.store, *[a.key for a in agents])
    for agent, said in zip(agents, by_release(lines).values()):
        for k in range(PIECES):
            text = agent.sign_text("".join(
                said[k * len(said) // PIECES:(k + 1) * len(said) // PIECES]))
            before = scene.tools.engine("verify", os.cpu_count(), scene.size["slice"])[0]
            took = m.put(scene.fresh("piece"), text)
            after = scene.tools.engine("verify", os.cpu_count(), scene.size["slice"])[0]
            n = text.count("\n")
            shares.append(n / took / ((before + after) / 2))
            size, done = size + len(text.encode()), done + n
            note("  real data: %d of %d" % (done, len(lines)))
    return shares, size


def real(scene):
    lines, why = fetched(scene)
    if why:
        return [Row.skip("real data", None, None, why)]
    m = scene.mounted("real")
    shares, json_bytes = ingest(scene, m, lines)
    status, memory = m.status(), m.memory()
    raw, records = raw_bytes(m.store)
    disk = sum(on_disk(m.store).values())
    contested = sum(1 for _ in open(m.path("conflicts.jsonl")))
    return [
        Row("real data: bulk ingest, signed elsewhere", ">=", 0.85, Spread(shares),
            "%d claims of four releases of browser-compat-data on %d pairs, each release signed by "
            "an agent of its own, beside what all processors verify" % (
                len(lines), status["pairs"])),
        Row("real data: bytes on disk per claim, beside raw", "<=", 2.0, disk / raw,
            "all blocks at %d records; beside signed JSON lines %s" % (
                records, short(disk / json_bytes))),
        cold(scene, m, lines),
        Row("real data: contested pairs", None, None, contested,
            "lines of conflicts.jsonl", unit="pairs"),
        Row("real data: memory of the daemon", "<=", 64, memory, "RssAnon after all of it",
            unit="MiB"),
    ]


def cold(scene, m, lines):
    pairs = {(c["subject"], c["predicate"]) for c in map(json.loads, scene.rng.sample(
        lines, min(len(lines), 20000)))}
    some = sorted(p for p in pairs if all(PLAIN.fullmatch(name) for name in p))
    rounds = scene.size["rounds"] + 1
    block = min(scene.size["block"], len(some) // rounds)
    some = scene.rng.sample(some, block * rounds)
    m.remount()
    floor = scene.floor("floor for real data")
    ours, low = scene.compare("read", [
        scene.listed(m.path("subjects", s, p, "consensus") for s, p in some),
        scene.lens_files(floor.mnt, ["s%07d" % i for i in range(len(some))])],
        n=block, warm=0)
    return Row("real data: cold lens file", "<=", 1.25, ratio(ours, low),
               "pairs picked at random, each read for the first time since the mount")
