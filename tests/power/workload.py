"""What the writers of a round write: the same in the guest, which does it, and outside,
where it is compared with what is left.

    for write in writes("seed", 3, writer=5): ...

Every claim of a run has an object of its own, so what is there can be told by objects.
"""

import itertools
import json
import os
import random
from dataclasses import dataclass, field

WRITERS = 8
SUBJECTS = 6
ASSERTER, TRICKLER, RENAMER, SHARERS, VOTER = 0, 1, 2, (3, 4), 7
BATCHES = [1, 1, 1, 1, 1, 1, 2, 5, 40]
SOURCES = [None, None, "https://example.org/a", "https://example.org/b"]


@dataclass
class Write:
    n: int
    path: str  # in the mount
    data: bytes
    claims: list = field(default_factory=list)  # as they are written, in their order
    vote: tuple = None  # (object that is voted for, weight as in events.jsonl)


def claim(rng, number, writer, n, k):
    fields = {"subject": f"s{rng.randrange(SUBJECTS)}", "predicate": f"p{number}"}
    fields["object"] = f"r{number}.w{writer}.{n}.{k}"
    if rng.random() < 0.3:
        fields["confidence"] = rng.choice([0.25, 0.5, 0.8, 1])
    if source := rng.choice(SOURCES):
        fields["source"] = source
    if rng.random() < 0.1:
        fields["note"] = "n" * rng.choice([1, 300, 2000])  # some of four sectors
    return fields


def writes(seed, number, writer):
    """All writes of a writer in this round, without an end."""
    rng = random.Random(f"{seed}/{number}/{writer}")
    for n in itertools.count():
        if writer == VOTER and n % 2:
            yield vote(rng, number, last, n)
            continue
        count = 1 if writer in (ASSERTER, VOTER) else rng.choice(BATCHES)
        claims = [claim(rng, number, writer, n, k) for k in range(count)]
        last = claims[0]
        if writer == ASSERTER:
            yield bare(last, n)
            continue
        name = f"shared-{number}" if writer in SHARERS else f"r{number}-w{writer}-{n}"
        yield Write(n, f"inbox/{name}", "".join(json.dumps(c) + "\n" for c in claims).encode(), claims)


def bare(claim, n):
    """Only the value, to the pair itself."""
    said = {k: claim[k] for k in ("subject", "predicate", "object")}
    path = f"subjects/{said['subject']}/{said['predicate']}/assert"
    return Write(n, path, f"{said['object']}\n".encode(), [said])


def vote(rng, number, on, n):
    weight = rng.choice([-1, -0.5, 0.3, 1])
    path = f"subjects/{on['subject']}/{on['predicate']}/vote"
    return Write(n, path, f"={on['object']} {weight}\n".encode(), [], (on["object"], weight))


def put(mount, writer, write):
    """Do it; returns when the last write(2), or the rename, has succeeded."""
    path = f"{mount}/{write.path}"
    if writer == ASSERTER:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    if writer == RENAMER:
        folder, name = os.path.split(path)
        write_all(f"{folder}/.{name}", [write.data])
        os.rename(f"{folder}/.{name}", path)
        return
    size = 200 if writer == TRICKLER else len(write.data)  # as a small buffer does it
    write_all(path, [write.data[i : i + size] for i in range(0, len(write.data), size)])


def write_all(path, parts):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for data in parts:
            if os.write(fd, data) != len(data):
                raise RuntimeError(f"a short write to {path}")
    finally:
        os.close(fd)
