#!/usr/bin/python3
"""Change a signed record in every place that matters and see that each forgery is refused.

    forge.py FILE STEP < RECORD

FILE is a name in an inbox. Every STEP-th bit of signature, agent and signed_at is flipped,
one at a time, and every field of the record gets other values. Each write has to fail with
EACCES. Prints how many forgeries there were.
"""
import errno
import json
import os
import sys


def flips(data, step):
    for bit in range(0, 8 * len(data), step):
        other = bytearray(data)
        other[bit // 8] ^= 1 << bit % 8
        yield bytes(other)


def of_entry(record, step):
    """The signature entry, bit by bit."""
    entry = record["signatures"][0]
    for key in "signature", "agent":
        for other in flips(bytes.fromhex(entry[key]), step):
            yield dict(record, signatures=[dict(entry, **{key: other.hex()})])
    # seconds with nine places hold a time exactly, which a double does not
    for bit in range(0, 60, step):
        ns = entry["signed_at"] ^ 1 << bit
        yield dict(record, signatures=[dict(entry, signed_at=ns)])


def of_text(record, key):
    """Every bit of every letter, where that makes another letter."""
    for at, letter in enumerate(record[key]):
        for bit in range(7):
            other = chr(ord(letter) ^ 1 << bit)
            if other.isalnum():
                yield dict(record, **{key: record[key][:at] + other + record[key][at + 1:]})


def of_hex(record, key):
    for other in flips(bytes.fromhex(record[key]), 1):
        yield dict(record, **{key: other.hex()})


def of_fields(record):
    for key, value in record.items():
        if key in ("lifecycle", "source_class", "signatures"):
            continue
        elif key == "because":
            for i in range(0, 256, 17):
                other = int(value[0], 16) ^ 1 << i
                yield dict(record, because=["%064x" % other] + value[1:])
            yield dict(record, because=value[::-1])
            yield dict(record, because=value[1:])
        elif key in ("parent", "epoch", "source_hash", "visual_hash"):
            yield from of_hex(record, key)
        elif isinstance(value, str):
            yield from of_text(record, key)
        elif key == "vector":
            yield dict(record, vector=value + [0])
            yield dict(record, vector=value[::-1])
        elif key == "confidence":
            yield from (dict(record, confidence=value + d) for d in (1e-6, -1e-6, 0.1))
        elif key == "timestamp":
            yield from (dict(record, timestamp=value ^ 1 << bit) for bit in range(60))
    for key in record:
        if key not in ("subject", "predicate", "object", "timestamp", "signatures"):
            yield {k: v for k, v in record.items() if k != key} # left out
    for word in "proposed", "under_review", "deprecated", "rejected":
        yield dict(record, lifecycle=word)
    for word in "regulatory", "clinical", "observational", "community", "anecdotal":
        yield dict(record, source_class=word)
    for value in 1, True, False, {"ref": record["object"]}, record["object"] + " ":
        yield dict(record, object=value)


def seconds(ns):
    return "%d.%09d" % divmod(ns, 10**9)


def text(record):
    """JSON, with times as exact decimals."""
    record = json.loads(json.dumps(record))
    times = [record["timestamp"], record["signatures"][0]["signed_at"]]
    record["timestamp"] = record["signatures"][0]["signed_at"] = "@"
    out = json.dumps(record)
    keys = list(record)
    if keys.index("signatures") < keys.index("timestamp"):
        times.reverse()
    for time in times:
        out = out.replace('"@"', seconds(time), 1)
    return out.encode()


def write(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)


def nanoseconds(decimal):
    whole, _, fraction = decimal.partition(".")
    return int(whole) * 10**9 + int(fraction.ljust(9, "0"))


def main():
    path, step = sys.argv[1], int(sys.argv[2])
    # Times stand there as decimals; as integers of nanoseconds they can be flipped.
    record = json.loads(sys.stdin.read(), parse_int=str, parse_float=str)
    for key in "confidence",:
        record[key] = float(record[key])
    record["vector"] = [float(x) for x in record["vector"]]
    record["timestamp"] = nanoseconds(record["timestamp"])
    entry = record["signatures"][0]
    entry["signed_at"] = nanoseconds(entry["signed_at"])
    count = 0
    for forged in [*of_entry(record, step), *of_fields(record)]:
        try:
            write(path, text(forged))
        except OSError as e:
            if e.errno != errno.EACCES:
                sys.exit("%s: %s" % (e, text(forged).decode()))
        else:
            sys.exit("taken: " + text(forged).decode())
        count += 1
    write(path, text(record)) # it is good otherwise
    print(count)


if __name__ == "__main__":
    main()
