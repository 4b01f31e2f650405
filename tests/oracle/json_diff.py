#!/usr/bin/python3
"""Compare our reading of JSON, numbers, times and records with Python's.

    json_diff.py DRIVER [COUNT] [SEED]

DRIVER is tests/oracle/driver.c, built (make first, then
cc -I. -D_GNU_SOURCE -o /tmp/driver tests/oracle/driver.c build/release/libcore.a
build/release/libblake3.a -lcjson -lsodium); COUNT inputs of each sort are made up or mutated
from good ones. Exit 0 when every answer is the same, else 1 with the inputs that differ.
"""
import json
import random
import struct
import subprocess
import sys
from fractions import Fraction

import canon

JSON_DEPTH = 8
REFUSED = object() # null is an answer


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op, data):
        self.process.stdin.write(op.encode() + struct.pack("<I", len(data)) + data)
        self.process.stdin.flush()
        (length,) = struct.unpack("<I", self.process.stdout.read(4))
        answer = self.process.stdout.read(length).decode()
        return REFUSED if answer == "!" else answer


# What the answer should be; REFUSED or an exception where there is none -------------------

def no_constant(name):
    raise ValueError(name)


def no_repeats(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise ValueError("repeated key")
    return dict(pairs)


def check_tree(value, depth):
    if isinstance(value, (dict, list)):
        if depth == JSON_DEPTH:
            raise ValueError("too deep")
        for child in value.values() if isinstance(value, dict) else value:
            check_tree(child, depth + 1)
        for key in value if isinstance(value, dict) else ():
            check_tree(key, depth)
    elif isinstance(value, str):
        value.encode("utf-8") # refuses surrogates
        if "\0" in value:
            raise ValueError("NUL")


def strict(text):
    value = json.loads(text, parse_int=canon.Number, parse_float=canon.Number,
                       parse_constant=no_constant, object_pairs_hook=no_repeats)
    check_tree(value, 0)
    return value


def python_json(data):
    return strict(data.decode("utf-8"))


def python_decimal(data):
    """By another way than canon.decimal: the value as a fraction, then digits."""
    text = data.decode("ascii")
    if not canon.NUMBER_GRAMMAR.match(text):
        return REFUSED
    mantissa, _, power = text.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    if int(whole + fraction) == 0:
        return "0"
    if abs(int(power or 0)) > 5000:
        return canon.decimal(text)
    value = Fraction(int(whole + fraction)) * Fraction(10) ** (int(power or 0) - len(fraction))
    exponent = 0
    while abs(value) >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while abs(value) < Fraction(10) ** exponent:
        exponent -= 1
    scaled = abs(value) / Fraction(10) ** (exponent - 33)
    if scaled.denominator != 1 or abs(exponent) > 999:
        return REFUSED
    digits = str(scaled.numerator).rstrip("0")
    sign = "-" if value < 0 else ""
    if exponent < -7 or exponent > 20:
        tail = "." + digits[1:] if len(digits) > 1 else ""
        return "%s%s%se%d" % (sign, digits[0], tail, exponent)
    if exponent < 0:
        return sign + "0." + "0" * (-exponent - 1) + digits
    digits = digits.ljust(exponent + 1, "0")
    tail = digits[exponent + 1:]
    return sign + digits[:exponent + 1] + ("." + tail if tail else "")


def python_millionths(data):
    return str(canon.millionths(data.decode("ascii")))


def python_time(data):
    return str(canon.nanoseconds(data.decode("utf-8")))


def python_seconds(data):
    return str(canon.nanoseconds(canon.Number(data.decode("ascii"))))


def python_record(data):
    return canon.canonical(canon.loads(data.decode("utf-8"))).hex()


# Inputs ---------------------------------------------------------------------------------

def random_text(r, n=12):
    return "".join(r.choice('ab/%."\\_- é€\U0001F600\u200b\n\t09') for _ in range(r.randrange(n)))


def random_number(r):
    digits = "".join(r.choice("0123456789059") for _ in range(r.choice((1, 2, 5, 9, 20, 40))))
    text = r.choice(("", "", "-")) + r.choice((digits.lstrip("0") or "0", "0", "1"))
    if r.random() < 0.6:
        text += "." + "".join(r.choice("00005999123") for _ in range(r.randrange(1, 12)))
    if r.random() < 0.4:
        text += r.choice("eE") + r.choice(("", "+", "-")) + str(r.choice(
            (r.randrange(12), r.randrange(40), r.randrange(1100))))
    return text


def random_value(r, depth=0):
    kind = r.randrange(7 if depth < 9 else 5)
    if kind < 2:
        return json.dumps(random_text(r), ensure_ascii=r.random() < 0.5)
    if kind == 2:
        return random_number(r)
    if kind < 5:
        return r.choice(("true", "false", "null", "[]", "{}", '"\\u00e9\\ud83d\\ude00"'))
    space = r.choice(("", "", " ", "\n "))
    items = [random_value(r, depth + 1) for _ in range(r.choice((1, 1, 2, 3)))]
    if kind == 5:
        return "[" + space + ("," + space).join(items) + space + "]"
    keys = r.sample(("a", "b", "c", "", "\\u0061", "é"), len(items))
    return "{" + ",".join('"%s"%s:%s' % (k, space, v) for k, v in zip(keys, items)) + "}"


def mutate(r, data):
    data = bytearray(data)
    for _ in range(r.choice((0, 0, 1, 1, 2, 4))):
        at = r.randrange(len(data) + 1)
        what = r.randrange(4)
        if what == 0 and at < len(data):
            del data[at]
        elif what == 1 and at < len(data):
            data[at] = r.choice((r.randrange(256), r.choice(b'{}[]",:\\u0-+.eE tfn')))
        elif what == 2:
            data[at:at] = bytes([r.choice(b'{}[]",:\\/ud80-+.eE \n\x00\xff\xc3\xed\xa0')])
        elif at < len(data):
            data[at:at] = data[at:at + r.randrange(8)]
    return bytes(data)


def random_time(r):
    return "%s-%02d-%02d%s%02d:%02d:%02d%s%s" % (
        r.choice(("1970", "2000", "2026", "2100", "2400", "2554", "1969", "%04d" % r.randrange(3000))),
        r.randrange(14), r.randrange(33), r.choice("TTTt "), r.randrange(25), r.randrange(61),
        r.randrange(61), r.choice(("", "", ".5", ".123456789", ".1234567890", ".")),
        r.choice(("Z", "z", "+02:00", "-11:30", "+24:00", "-00:00", "", "+0200")))


def random_record(r):
    def hexes(n=64):
        return "".join(r.choice("0123456789abcdefABCDEF") for _ in range(n))

    def name():
        return r.choice("abcXYZé€") + random_text(r).replace("\n", "").replace("\t", "")

    when = json.dumps(canon.rfc3339(r.randrange(2**64))) if r.random() < 0.5 else \
        "%d.%d" % (r.randrange(2**34), r.randrange(10**9))
    kind = r.randrange(6)
    if kind == 0:
        parts = {"vote": '"%s"' % hexes(), "weight": "%.8f" % r.uniform(-1, 1)}
    elif kind == 1:
        parts = {"epoch": json.dumps(name())}
        if r.random() < 0.5:
            parts.update(supersedes='"%s"' % hexes(),
                         supersession='"%s"' % r.choice(canon.SUPERSESSIONS[1:]))
    elif kind == 2:
        parts = {r.choice(("retract", "supersede")): '"%s"' % hexes(),
                 "reason": json.dumps("r" + random_text(r))}
        if "supersede" in parts:
            parts["by"] = '"%s"' % hexes()
    else:
        parts = {"subject": json.dumps(name()), "predicate": json.dumps(name()),
                 "object": r.choice((json.dumps(random_text(r)), "true", "false", "%d.%d" % (
                     r.randrange(-999, 999), r.randrange(10**6)),
                     "%de%d" % (r.randrange(10**9), r.randrange(-200, 200)),
                     '{"ref":%s}' % json.dumps(name())))}
        options = {
            "confidence": "%.8f" % r.random(), "source": json.dumps(name()),
            "source_hash": '"%s"' % hexes(), "parent": '"%s"' % hexes(),
            "source_class": '"%s"' % r.choice(canon.CLASSES), "epoch": '"%s"' % hexes(),
            "lifecycle": '"%s"' % r.choice(canon.LIFECYCLES),
            "visual_hash": '"%s"' % hexes(16), "note": json.dumps("n" + random_text(r)),
            "vector": json.dumps([r.choice((0.1, -0.0, r.uniform(-1, 1), r.gauss(0, 1e20),
                                            r.gauss(0, 1e-40))) for _ in range(3)]),
            "because": json.dumps([hexes() for _ in range(r.randrange(1, 4))])}
        parts.update(r.sample(sorted(options.items()), r.randrange(len(options))))
    parts["timestamp"] = when
    items = list(parts.items())
    r.shuffle(items)
    return "{" + ",".join('"%s":%s' % item for item in items) + "}"


SORTS = [
    ("j", python_json, lambda r: mutate(r, random_value(r).encode())),
    ("d", python_decimal, lambda r: mutate(r, random_number(r).encode()) if r.random() < 0.2
     else random_number(r).encode()),
    ("m", python_millionths, lambda r: r.choice((
        random_number(r), "%s0.%07d5" % (r.choice(("", "-")), r.randrange(10**7)),
        "%.9f" % r.uniform(-1.1, 1.1), "%.3e" % r.uniform(-1.1, 1.1))).encode()),
    ("t", python_time, lambda r: mutate(r, random_time(r).encode())),
    ("s", python_seconds, lambda r: r.choice((random_number(r), "%.9f" % r.uniform(-1, 3e10),
                                              "%d.%d" % (r.randrange(2**36), r.randrange(10**10)))).encode()),
    ("r", python_record, lambda r: random_record(r).encode()),
]


def same(op, got, want):
    if op == "j" and got is not REFUSED and want is not REFUSED:
        return strict(got) == want
    return got == want


def main():
    driver = Driver(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    r = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    bad = 0
    for op, expect, make in SORTS:
        accepted = 0
        for _ in range(count):
            data = make(r)
            got = driver.ask(op, data)
            try:
                want = expect(data)
            except (ValueError, RecursionError):
                want = REFUSED
            accepted += want is not REFUSED
            if not same(op, got, want):
                bad += 1
                print("differs: %s %r\n  ours   %s\n  python %s" % (op, data, got, want))
        print("%s: %d inputs, %d accepted" % (op, count, accepted))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
