"""Long files, read in every way while records come in.

    long.py MOUNT CLAIMS
    long.py MOUNT CLAIMS LIMIT PID

The first writes CLAIMS claims, a third of them on one pair. The second, after another mount,
compares what the lists of them say with what was written: parsed, in the order of (timestamp, id), and with the answers about single
claims. Then all of them are read at once, from handles that were opened before, in random
ranges past the page cache, while claims come, go and replace each other. LIMIT: KiB of
anonymous memory that the daemon PID may have at any time meanwhile (0: any).
"""

import json
import mmap
import os
import random
import subprocess
import sys
import threading

MOUNT, CLAIMS = sys.argv[1], int(sys.argv[2])
LIMIT, PID = (int(sys.argv[3]), sys.argv[4]) if len(sys.argv) > 3 else (0, None)
FIRST = 1500000000
NOTE = "as it stands in the book, page after page " * 4


def put(name, records):
    with open(f"{MOUNT}/inbox/{name}", "w") as f:
        f.write("".join(json.dumps(r) + "\n" for r in records))


def read(path):
    with open(f"{MOUNT}/{path}", "rb") as f:
        return f.read()


def anonymous():
    with open(f"/proc/{PID}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def check_memory():
    assert not LIMIT or anonymous() <= LIMIT, f"{anonymous()} kB"


def claim(i, time):
    return {"subject": "Big" if i % 3 == 0 else f"S{i % 500}", "predicate": "p", "object": i,
            "timestamp": time, "source": "book", "epoch": "E", "note": NOTE,
            "source_class": "expert" if i % 2 else "community"}


def check_list(path, expected):
    """Lines of exactly these claims, in order; every one as its own file has it."""
    content = read(path)
    assert os.stat(f"{MOUNT}/{path}").st_size == len(content), path
    lines = [json.loads(line) for line in content.splitlines()]
    assert len(lines) == len(expected), (path, len(lines), len(expected))
    assert [(x["timestamp"], x["id"]) for x in lines] == sorted((x["timestamp"], x["id"]) for x in lines), path
    assert sorted(x["object"] for x in lines) == sorted(x["object"] for x in expected), path
    for line in random.sample(lines, min(40, len(lines))):
        whole = json.loads(read(f"assertions/{line['id']}/claim.json"))
        assert whole.pop("state") == line.pop("state", "stands"), path
        whole.pop("replaced_by", None)
        assert whole == line, path
    return content


def check_ways(path, content):
    """Other programs, a mapping, and the file from its end."""
    full = f"{MOUNT}/{path}"
    lines = content.splitlines(keepends=True)
    run = lambda *a: subprocess.run(a, check=True, stdout=subprocess.PIPE).stdout
    assert run("tail", "-n", "3", full) == b"".join(lines[-3:])
    assert run("head", "-n", "3", full) == b"".join(lines[:3])
    assert run("tac", full) == b"".join(reversed(lines))
    assert run("wc", "-c", full).split()[0] == str(len(content)).encode()
    with open(full, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
        for _ in range(50):
            at = random.randrange(len(content))
            assert m[at:at + 3000] == content[at:at + 3000]


def write_along(ids, done):
    """Claims that come at both ends and in between, and go."""
    for n in range(24):
        put("along", [claim(CLAIMS + n, FIRST + 7 * n * n + n % 2 * CLAIMS)])
        with open(f"{MOUNT}/assertions/{ids[n * 37]}/retract", "w") as f:
            f.write("typo\n")
        if n % 8 == 0:
            put("by", [{"supersede": ids[n * 42 + 3], "by": ids[n * 42 + 6], "reason": "newer"}])
    done.set()


def read_along(path, fd, content, done, errors):
    rounds = 0
    while not done.is_set() or rounds < 8:
        rounds += 1
        at, n = random.randrange(len(content)), random.choice([1, 5000, 200000])
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        if os.pread(fd, n, at) != content[at:at + n] or os.fstat(fd).st_size != len(content):
            errors.append(path)
            return
        if rounds % 8 == 0 and not read(path).endswith(b"}\n"):
            errors.append(path)  # whatever it says now, it says in whole lines
        check_memory()


def write_all(claims):
    put("epoch", [{"epoch": "E"}])
    put("all", random.sample(claims, CLAIMS))


def read_all(claims):
    me = os.path.basename(os.readlink(f"{MOUNT}/agents/me"))
    big = [c for c in claims if c["subject"] == "Big"]
    half = FIRST + CLAIMS // 2
    lists = {f"agents/{me}/claims.jsonl": claims, "sources/book/claims.jsonl": claims,
             "epochs/E/claims.jsonl": claims, "subjects/Big/p/claims.jsonl": big}
    cut = {f"asof/@{half}/sources/book/claims.jsonl": [c for c in claims if c["timestamp"] <= half],
           "tier/expert/subjects/Big/p/claims.jsonl": [c for c in big if c["source_class"] == "expert"],
           "in-epoch/E/subjects/Big/p/claims.jsonl": big}
    before = {path: check_list(path, expected) for path, expected in lists.items()}
    for path, expected in cut.items():
        check_list(path, expected)
    for path, content in before.items():
        check_ways(path, content)
    history = "subjects/Big/p/history.jsonl"
    before[history] = read(history)
    events = [json.loads(line) for line in read("events.jsonl").splitlines()]
    assert ([json.loads(line) for line in before[history].splitlines()] ==
            [e for e in events if e.get("subject") == "Big"])
    check_memory()

    ids = [json.loads(line)["id"] for line in before["sources/book/claims.jsonl"].splitlines()]
    done, errors = threading.Event(), []
    handles = {path: os.open(f"{MOUNT}/{path}", os.O_RDONLY) for path in before}
    threads = [threading.Thread(target=read_along, args=(path, fd, before[path], done, errors))
               for path, fd in handles.items()]
    for t in threads:
        t.start()
    try:
        write_along(ids, done)
    finally:
        done.set()
        for t in threads:
            t.join()
    assert not errors, errors
    now = json.loads(read("events.jsonl").splitlines()[-1])["seq"]
    for path, fd in handles.items():
        content = read(path)  # counted from what it was, where it has changed
        assert content != before[path], path
        assert content == read(f"at/seq-{now}/{path}"), path  # counted as a whole
        assert os.stat(f"{MOUNT}/{path}").st_size == len(content), path
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        assert os.pread(fd, len(content) * 2, 0) == before[path], path
        os.close(fd)
    new = claims + [claim(CLAIMS + n, FIRST + 7 * n * n + n % 2 * CLAIMS) for n in range(24)]
    check_list("sources/book/claims.jsonl", new)
    check_memory()


random.seed(CLAIMS)
every = [claim(i, FIRST + i) for i in range(CLAIMS)]
if PID:
    read_all(every)
else:
    write_all(every)
