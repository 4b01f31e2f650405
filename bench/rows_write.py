"""Rows about writing: bulk, many small files, one durable word, many at once, votes."""
import os
import time

import claims
from common import Agent, lines
from figures import Row
from rows_read import counted, sqlite_db
from scene import bulk_share
from tools import Spread, rate_ratio, short, told, waited_for


def bulk(scene):
    scene.live()
    rows = []
    for kind, aim, what in (("verify", 0.85, "signed elsewhere"),
                            ("sign", 0.70, "signed by the wallet")):
        pieces = scene.bulk[kind][1:]
        rows.append(Row(
            "bulk ingest, " + what, ">=", aim, bulk_share(scene, kind),
            "claims a second beside what all %d processors %s in the same seconds; "
            "%d pieces of %d, written as cp does; CPU of the daemon per claim: %s x one %s" % (
                os.cpu_count(), kind, len(pieces), pieces[0]["n"],
                Spread([p["cpu"] for p in pieces]),
                {"verify": "verification", "sign": "signature"}[kind])))
    return rows


def files(scene):
    live = scene.live()
    servers = [live, scene.durable(2), scene.durable(1), scene.floor()]
    return at_once(scene, servers, 8, "one file per claim, 8 clients", 0.80)


def many(scene):
    live = scene.live()
    before = live.status()
    servers = [live, scene.durable(2), scene.durable(1), scene.floor()]
    rows = at_once(scene, servers, 64, "durable, 64 clients", 0.70)
    after = live.status()
    records = after["records"] - before["records"]
    rows.append(Row("durable, 64 clients: records per fsync", ">=", 10,
                    records / max(1, after["syncs"] - before["syncs"]),
                    "records and syncs of .stemefs/status; %d records" % records,
                    unit="a sync"))
    return rows


def at_once(scene, servers, threads, name, limit):
    """Verdict beside the server that gives the same promise with as little as possible."""
    each = max(4, scene.size["block"] * 4 // threads)
    rounds = scene.size["rounds"]
    warm = max(1, each // 5)
    total = (each + warm) * threads * (rounds + 1)
    sides = [scene.sink(s.mnt, total) for s in servers]
    (ours, both, log, none), cpu = scene.compare_servers(
        "write", servers, sides, n=each, warm=warm, t=threads)
    return [
        Row(name, ">=", limit, rate_ratio(ours, log),
            "create+write+close a second beside a server that shares one fdatasync among all who "
            "wait; beside one that syncs a log and then an index: %s; CPU of the server: %s" % (
                rate_ratio(ours, both), short(cpu[0] / cpu[2]))),
        Row(name + ", beside a server that forgets", None, None, rate_ratio(ours, none),
            "which syncs nothing: what durability costs; the syncing server: %s" %
            rate_ratio(log, none)),
    ]


def echo(scene):
    live, floor = scene.live(), scene.durable(2)
    n, rounds = scene.size["block"] // 2, scene.size["rounds"]
    warm = max(1, n // 10)
    counts, k = counted(scene)["write"]
    out = {"ours": [], "floor": [], "append": [], "journal": [], "wal": []}
    has = scene.tools.has("sqlite")
    dbs = {"journal": sqlite_db(scene), "wal": sqlite_db(scene, "wal")} if has else {}
    cpu = [0, 0]
    begun = time.monotonic()
    for r in range(rounds):
        if r > 2 and time.monotonic() - begun > 2 * scene.size["limit"]:
            break
        sides = [scene.sink(s.mnt, n + warm) for s in (live, floor)]
        (a, b), used = scene.compare_servers("write", [live, floor], sides, n=n, rounds=1,
                                             warm=warm, skip=0)
        cpu = [c + u for c, u in zip(cpu, used)]
        out["ours"] += a
        out["floor"] += b
        out["append"].append({"p50": scene.tools.append(scene.path("append"), n, 512)})
        for name, db in dbs.items():
            some = scene.listed(claims.row(line) for line in scene.records(n))
            out[name].append({"p50": float(
                scene.tools.run("sqlite", "insert", db, some, n))})
    return echo_rows(out, has, cpu[0] / cpu[1], told(counts, k), waited_for(counts) / k)


def echo_rows(out, has, cpu, requests, waited):
    def beside(a, b):
        return Spread([x["p50"] / y["p50"] for x, y in zip(out[a], out[b])])

    rows = [Row("one durable echo", "<=", 1.10, beside("ours", "floor"),
                "create+write+close beside a server that does the same, wakes one thread, and "
                "makes two writes and two fdatasyncs (log and index); CPU of the server: %s; the "
                "floor is %s x write + fdatasync of 512 bytes" % (
                    short(cpu), short(beside("floor", "append").middle))),
            Row("one durable echo: requests", None, None, waited,
                "a file: " + requests, unit="a file")]
    if not has:
        return rows + [Row.skip("one durable echo and SQLite", ">=", 1.5,
                                "not built without libsqlite3-dev: make deps-bench")]
    return rows + [
        Row("one durable echo and SQLite", ">=", 1.5, beside("journal", "ours"),
            "how many times as long a claim and its answer take there in one transaction of the C "
            "library, with no server between: synchronous=FULL and the journal that it has by "
            "default; of the floor: %s" % beside("journal", "floor")),
        Row("one durable echo and SQLite with WAL", None, None, beside("wal", "ours"),
            "the same with journal_mode=WAL, one fdatasync; of the floor, which makes two: %s" %
            beside("wal", "floor"))]


# ---- votes ----

def votes(scene):
    """CPU, since the sync is the same for both; bulk, and each in a write of its own."""
    m = scene.mounted("votes")
    agents = [Agent(m, k) for k in range(4)]
    sizes = {"few": 100, "many": scene.size["many"]}
    ids = {}
    for name, n in sizes.items():
        before = m.status()["seq"]
        m.put("claims-" + name, "".join(claims.claim(i, name) for i in range(n)))
        ids[name] = m.ids(before)
    per = 40 if scene.form == "tiny" else 300
    alone = 5 if scene.form == "tiny" else 60
    rounds = min(scene.size["rounds"], 6)
    bulk_cpu, one_cpu = ({"few": [], "many": []} for _ in range(2))
    begun = time.monotonic()
    for r in range(-1, rounds):
        if r > 2 and time.monotonic() - begun > 3 * scene.size["limit"]:
            break
        for name in sizes:
            text = claims.in_parts(agents, ballots(scene, ids[name], per, r))
            cpu = m.cpu()
            m.put(scene.fresh("votes"), text)
            took = (m.cpu() - cpu) / per
            side = m.path("inbox") + ":" + scene.listed(
                agents[r % 4].sign_text(ballots(scene, ids[name], alone, r + 100)).splitlines())
            cpu = m.cpu()
            scene.tools.client("write", [side], alone)
            if r >= 0:  # the round before is to warm up
                bulk_cpu[name].append({"p50": took})
                one_cpu[name].append({"p50": (m.cpu() - cpu) / alone})
    growth = [Spread([a["p50"] / b["p50"] for a, b in zip(of["many"], of["few"])])
              for of in (bulk_cpu, one_cpu)]
    worse = max(growth, key=lambda g: g.middle)
    return [Row("votes on a pair of %d claims" % sizes["many"], "<=", 1.3, worse,
                "CPU of the daemon per vote beside a pair of 100 claims; in bulk %s, each in a "
                "file of its own %s" % tuple(growth))]


def ballots(scene, ids, n, r):
    return lines({"vote": scene.rng.choice(ids), "weight": scene.rng.randrange(-9, 10) / 10,
                  "timestamp": claims.START + 2_000_000 + 1000 * (r + 2) + i} for i in range(n))
