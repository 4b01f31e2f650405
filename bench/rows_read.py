"""Rows about reading."""
import json
import os
import shutil
import subprocess
import time

import claims
from figures import Row
from scene import Requests
from tools import pin, ratio, short, told, waited_for

WARM = 200  # different files that are read again and again


def on_disk(scene, body):
    """The same bytes as plain files on the disk of the store."""
    if "plain" not in scene.made:
        top = scene.path("plain")
        os.mkdir(top)
        for i in range(WARM):
            with open(os.path.join(top, "%d" % i), "wb") as f:
                f.write(body)
        scene.made["plain"] = [os.path.join(top, "%d" % i) for i in range(WARM)]
    return scene.made["plain"]


def subject_of_all(scene):
    """Small enough for the smallest store."""
    n = min(WARM, scene.size["small"], scene.size["block"])  # all read in the first round
    return scene.subjects(n, scene.size["small"])


# ---- what a machine without any difference shows ----

def noise(scene):
    floor = scene.floor()
    side = scene.lens_files(floor.mnt, subject_of_all(scene))
    a, b = scene.compare("read", [side, side])
    slow = scene.floor("floor that waits", "-w", "20000")
    c, d = scene.compare("read", [side, scene.lens_files(slow.mnt, subject_of_all(scene))])
    return [
        Row("noise: the floor beside itself", None, None, ratio(a, b),
            "the same reads of the same server as two sides: what differs from 1.00 is noise; "
            "load %.1f" % os.getloadavg()[0]),
        Row("noise: a floor that computes 20 us in OPEN", None, None, ratio(d, c),
            "beside the floor: has to be above 1; this harness sees what a server adds"),
    ]


# ---- warm ----

def counted(scene):
    """Requests for each thing that programs do, on a store of its own."""
    if "counted" in scene.made:
        return scene.made["counted"]
    m = scene.mounted("counting", "debug")
    m.put("fill", claims.each_its_own(0, 200))
    at = Requests(m)
    # what other rows take, once each: the way there, and a handle on inbox/
    cat(m.path("subjects", claims.subject(150), "p", "consensus"))
    at.since()
    out = {}

    def doing(what, n, op, side):
        scene.tools.client(op, [side], n)
        time.sleep(0.1)  # what nobody waits for comes later
        out[what] = (at.since(), n)

    some = [claims.subject(i) for i in range(100)]
    files = scene.lens_files(m.mnt, some)
    doing("cold", 100, "read", files)
    doing("warm", 100, "read", files)
    doing("stat", 100, "stat", files)
    doing("write", 100, "write", scene.sink(m.mnt, 100))
    doing("ls", 1, "list", scene.listed([m.path("subjects")]))
    scene.made["counted"] = out
    return out


def cat(path):
    with open(path, "rb") as f:
        return f.read()


def warm(scene):
    live, floor = scene.live(), scene.floor()
    some = subject_of_all(scene)
    body = cat(live.path("subjects", some[0], "p", "consensus"))
    sides = [scene.lens_files(live.mnt, some), scene.lens_files(floor.mnt, some),
             scene.listed(on_disk(scene, body))]
    (ours, low, disk), cpu = scene.compare_servers("read", [live, floor], sides)
    for server in live, floor:
        pin(server.pid(), 0)
    pinned, low_pinned = scene.compare("read", sides[:2], c=0)
    for server in live, floor:
        pin(server.pid(), None)
    s_ours, s_low, s_disk = scene.compare("stat", sides)
    counts, n = counted(scene)["warm"]
    return [
        Row("warm lens file: open+read+close", "<=", 1.10, ratio(ours, low),
            "beside a server that only answers, keep_cache; one processor: %s; CPU of the "
            "server: %s; %s x %s; stat %s x both" % (
                ratio(pinned, low_pinned), short(cpu[0] / cpu[1]),
                short(ratio(ours, disk).middle), disk_name(scene),
                "%s and %s" % (short(ratio(s_ours, s_low).middle),
                               short(ratio(s_ours, s_disk).middle)))),
        Row("warm lens file: requests", "<=", 1, waited_for(counts) / n,
            "a read: " + told(counts, n), unit="a read"),
        *cats(scene, live, floor, "warm lens file", 1.06),
    ]


def disk_name(scene):
    out = subprocess.run(["stat", "-f", "-c", "%T", scene.dir], stdout=subprocess.PIPE,
                         text=True, check=False).stdout.strip()
    return {"ext2/ext3": "ext4"}.get(out, out or "disk")


def commands(scene, mount, subject):
    """What somebody would type for the answer of one pair, by peer."""
    body = cat(mount.path("subjects", subject, "p", "consensus"))
    out = {"ours": "cat\t" + mount.path("subjects", subject, "p", "consensus"),
           "disk": "cat\t" + on_disk(scene, body)[0]}
    if scene.tools.has("sqlite") and shutil.which("sqlite3"):
        db = sqlite_db(scene)
        where = "WHERE subject = '%s' AND predicate = 'p'" % subject
        out["row"] = "sqlite3\t%s\tSELECT * FROM answers %s" % (db, where)
        out["sum"] = ("sqlite3\t%s\tSELECT object, sum(confidence) AS s FROM claims %s "
                      "GROUP BY object ORDER BY s DESC LIMIT 1" % (db, where))
    return out


def sqlite_db(scene, *journal):
    name = "-".join(["sqlite", *journal])
    if name not in scene.made:
        rows = scene.listed(claims.row(line) for line in claims.each_its_own(
            0, scene.size["claims"]).splitlines())
        db = scene.path(name + ".db")
        scene.tools.run("sqlite", "fill", db, rows, *journal)
        os.unlink(rows)
        scene.made[name] = db
    return scene.made[name]


def jq_command(scene):
    """The answer of one pair from a directory with a JSON file for each of 16 claims."""
    top = scene.path("json")
    os.makedirs(top, exist_ok=True)
    for i in range(16):
        with open(os.path.join(top, "%d.json" % i), "w") as f:
            f.write(claims.claim(i, claims.subject(0)))
    return "\t".join(["jq", "-s", "-c", "group_by(.object)|max_by(map(.confidence)|add)[0]",
                      *(os.path.join(top, "%d.json" % i) for i in range(16))])


def cats(scene, mount, floor, what, limit):
    """One command for one answer, from start to end."""
    subject = claims.subject(1)
    cmd = commands(scene, mount, subject)
    cmd["floor"] = "cat\t" + os.path.join(floor.mnt, "subjects", subject, "p", "consensus")
    names = list(cmd)
    blocks = dict(zip(names, scene.compare(
        "run", [scene.listed([cmd[k]]) for k in names],
        n=max(5, scene.size["block"] // 10), warm=3)))
    rows = [Row(what + ": cat", "<=", limit, ratio(blocks["ours"], blocks["disk"]),
                "beside cat of the same bytes on %s; of the floor: %s" % (
                    disk_name(scene), ratio(blocks["floor"], blocks["disk"])))]
    aim = (">=", 2) if "frozen" in what else (None, None)
    if "row" not in blocks:
        rows.append(Row.skip(what + ": cat and the sqlite3 CLI", *aim,
                             "no sqlite3: make deps-bench"))
        return rows
    rows.append(Row(what + ": cat and the sqlite3 CLI", *aim,
                    ratio(blocks["row"], blocks["ours"]),
                    "how many times as long sqlite3 takes for the row of the answer, of %d "
                    "claims; with the aggregate %s" % (
                        scene.size["claims"], ratio(blocks["sum"], blocks["ours"]))))
    return rows


def jq(scene):
    if not shutil.which("jq"):
        return [Row.skip("peer: jq over 16 JSON files", None, None, "no jq: make deps-bench")]
    live = scene.live()
    path = "cat\t" + live.path("subjects", claims.subject(1), "p", "consensus")
    a, b = scene.compare("run", [scene.listed([jq_command(scene)]), scene.listed([path])],
                         n=max(3, scene.size["block"] // 60), warm=1)
    return [Row("peer: jq over 16 JSON files", None, None, ratio(a, b),
                "how many times as long as cat of a lens file")]


# ---- a mount of one moment ----

FROZEN = [(": open+read+close", ("<=", 1.05)),
          (": open+read+close beside the disk", ("<=", 1.45)), (": requests", ("<=", 0)),
          (": cat", ("<=", 1.03)), (": cat and the sqlite3 CLI", (">=", 2))]


def frozen(scene):
    live = scene.live()
    where = scene.path("frozen")
    name = "frozen mount"
    os.makedirs(where)
    asked = [live.program, "mount", "-o", "ro,at=now", live.store, where]
    r = subprocess.run(asked, stderr=subprocess.PIPE, text=True, check=False)
    if r.returncode:
        why = "the program refuses -o ro,at=now: " + r.stderr.strip()
        return [Row.skip(name + what, *aim, why) for what, aim in FROZEN]
    try:
        return still_rows(scene, Frozen(where), name)
    finally:
        subprocess.run([live.program, "umount", where], check=False)


class Frozen:
    def __init__(self, mnt):
        self.mnt = mnt

    def path(self, *names):
        return os.path.join(self.mnt, *names)


def frozen_requests(scene, some):
    """On a frozen mount of its own, whose log says them."""
    live, where, log = scene.live(), scene.path("frozen-counting"), scene.path("frozen-log")
    os.makedirs(where)
    subprocess.run([live.program, "mount", "-o", "ro,at=now,debug,log=" + log, live.store,
                    where], check=True)
    try:
        files = scene.lens_files(where, some)
        scene.tools.client("read", [files], len(some))
        time.sleep(0.1)
        with open(log, "rb") as f:
            before = f.read().count(b", opcode: ")
        scene.tools.client("read", [files], len(some))
        time.sleep(0.1)
        with open(log, "rb") as f:
            return (f.read().count(b", opcode: ") - before) / len(some)
    finally:
        subprocess.run([live.program, "umount", where], check=False)


def still_rows(scene, still, name):
    floor = scene.floor("floor without open", "-o")
    some = subject_of_all(scene)
    body = cat(still.path("subjects", some[0], "p", "consensus"))
    ours, low, disk = scene.compare(
        "read", [scene.lens_files(still.mnt, some), scene.lens_files(floor.mnt, some),
                 scene.listed(on_disk(scene, body))])
    return [
        Row(name + ": open+read+close", "<=", 1.05, ratio(ours, low),
            "beside a server that answers OPEN with ENOSYS"),
        Row(name + ": open+read+close beside the disk", "<=", 1.45, ratio(ours, disk),
            "beside plain files on %s; the floor: %s" % (disk_name(scene), ratio(low, disk))),
        Row(name + ": requests", "<=", 0, frozen_requests(scene, some),
            "all that the log of the daemon shows while files are read again", unit="a read"),
        *cats(scene, still, floor, name, 1.03),
    ]


# ---- cold ----

def cold(scene):
    live = scene.live()
    counts, n = counted(scene)["cold"]
    live.remount()
    rounds = scene.size["rounds"] + 1
    block = min(scene.size["block"], scene.size["claims"] // (2 * rounds))
    some = scene.subjects(block * rounds)
    floor = scene.floor("floor never read")
    sides = [scene.lens_files(s.mnt, some) for s in (live, floor)]
    (ours, low), cpu = scene.compare_servers("read", [live, floor], sides, n=block, warm=0)
    seen = floor.requests()
    read = seen["OPEN"]
    odd = (seen["LOOKUP"], seen["READ"]) != (3 * read + 1, read)
    return [
        Row("cold lens file: open+read+close", "<=", 1.25, ratio(ours, low),
            "files that the kernel never saw, the first read after a mount; CPU of the server: "
            "%s; the floor server was asked %s a read%s" % (
                short(cpu[0] / cpu[1]), told(seen, read),
                ", which is not what it should be" if odd else "")),
        Row("cold lens file: requests", "<=", 6, waited_for(counts) / n,
            "a read: " + told(counts, n), unit="a read"),
    ]


# ---- while others write ----

def tail(scene):
    live, floor = scene.live(), scene.durable(2)
    some = subject_of_all(scene)
    busy = scene.size["busy"]
    rounds = 2 if scene.form == "tiny" else 3 if scene.form == "quick" else 9
    figures = {}
    attained = []
    for _ in range(rounds):
        for name, server in (("ours", live), ("floor", floor)):
            side = scene.lens_files(server.mnt, some)
            for state in "idle", "busy":
                writer = None
                if state == "busy":
                    writer = scene.tools.writer(
                        scene.sink(server.mnt, int(1000 * (busy + 0.4) * 2)), 1000, busy + 0.4)
                    time.sleep(0.2)
                ((block,),) = scene.tools.client("read", [side], 400000, warm=100, s=busy)
                figures.setdefault((name, state), []).append(block)
                if writer:
                    out = writer.communicate()[0]
                    if name == "ours":
                        w = json.loads(out)
                        attained.append(w["n"] / w["seconds"])
    ours = ratio(figures["ours", "busy"], figures["ours", "idle"], "p999")
    low = ratio(figures["floor", "busy"], figures["floor", "idle"], "p999")
    return [Row("reader p99.9 under 1,000 commits/s", "<=", 4, ours,
                "busy beside idle; %.0f files a second were written by 8 clients; the floor "
                "server, which syncs too: %s; medians busy beside idle: %s, floor %s" % (
                    sum(attained) / len(attained), low,
                    short(ratio(figures["ours", "busy"], figures["ours", "idle"]).middle),
                    short(ratio(figures["floor", "busy"], figures["floor", "idle"]).middle)))]


# ---- listing ----

def ls(scene):
    live = scene.live()
    n = scene.size["claims"]
    top = scene.path("names")
    os.mkdir(top)
    for i in range(n):
        os.close(os.open(os.path.join(top, claims.subject(i)), os.O_CREAT | os.O_WRONLY))
    sides = [scene.listed([live.path("subjects")]), scene.listed([top])]
    ours, disk = scene.compare("list", sides, n=1, warm=0, rounds=min(scene.size["rounds"], 7))
    wrong = [b for b in ours + disk if b["entries"] != n + 2]
    long = [scene.listed(["ls\t-l\t" + d]) for d in (live.path("subjects"), top)]
    lours, ldisk = scene.compare("run", long, n=1, warm=0, rounds=3)
    if wrong:
        raise SystemExit("bench: %d entries were listed, not %d" % (wrong[0]["entries"], n + 2))
    return [
        Row("ls of %s subjects: rate" % thousands(n), ">=", 1.5, ratio(disk, ours),
            "entries a second beside a directory of as many files on %s, both in cache; a listing "
            "of 200: %s" % (disk_name(scene), told(counted(scene)["ls"][0]))),
        Row("ls -l of %s subjects: rate" % thousands(n), ">=", 0.4, ratio(ldisk, lours),
            "the command ls -l, beside the same on %s" % disk_name(scene)),
    ]


def thousands(n):
    return "%d k" % (n // 1000) if n >= 1000 else str(n)


