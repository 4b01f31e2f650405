"""Read a claim over and over, in several processes, while this one rewrites it. Each read
is one whole version: what was read has the size that fstat(2) said, parses, agrees with
itself, and is never older than what the writer was told is stored, nor than the last read.

	watch.py MNT ROUNDS READERS
"""
import json
import multiprocessing
import os
import sys


def assertion(i):
    # of very different lengths, growing and shrinking
    return json.dumps({"subject": "watched", "predicate": "p",
                       "object": f"{i}:" + "x" * (i * 997 % 9000)}) + "\n"


def read_file(path, part):
    fd = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(fd).st_size
        parts = []
        while True:
            piece = os.read(fd, part)
            if not piece:
                break
            parts.append(piece)
        content = b"".join(parts)
        assert len(content) == size == os.fstat(fd).st_size, (len(content), size)
        return content
    finally:
        os.close(fd)


def number(text):
    head, tail = text.split(":")
    assert tail == "x" * (int(head) * 997 % 9000), f"version {head} is mixed up"
    return int(head)


def reader(pair, acknowledged, ended, rounds, n):
    files = ["consensus", "recency", "value/consensus", "why/consensus", "claims.jsonl"]
    seen = 0
    while not ended.value:
        name = files[rounds.value % len(files)]
        least = acknowledged.value
        content = read_file(f"{pair}/{name}", 512 if n % 2 else 1 << 20).decode()
        if name.startswith("value"):
            now = number(content.rstrip("\n"))
        elif name == "claims.jsonl":
            now = max(number(json.loads(line)["object"]) for line in content.splitlines())
        else:
            v = json.loads(content)
            now = number((v["winner"] if name.startswith("why") else v)["object"])
        assert now >= least, f"{name}: {now} was read after {least} had been stored"
        assert now >= seen, f"{name}: {now} was read after {seen}"
        seen = now
        with rounds.get_lock():
            rounds.value += 1


def main():
    mnt, rounds, readers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    pair = f"{mnt}/subjects/watched/p"
    acknowledged, ended, reads = (multiprocessing.Value("q", 0) for _ in range(3))
    inbox = os.open(f"{mnt}/inbox/watched", os.O_WRONLY | os.O_CREAT)
    os.write(inbox, assertion(1).encode())
    acknowledged.value = 1
    workers = [multiprocessing.Process(target=reader, args=(pair, acknowledged, ended, reads, n))
               for n in range(readers)]
    for w in workers:
        w.start()
    for i in range(2, rounds + 1):
        os.write(inbox, assertion(i).encode())
        acknowledged.value = i
        while reads.value < i * 2 and all(w.is_alive() for w in workers):
            pass  # so that there is something to see
    ended.value = 1
    for w in workers:
        w.join()
    sys.exit(any(w.exitcode for w in workers))


main()
