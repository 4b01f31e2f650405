#!/usr/bin/python3
"""Canonical bytes, ids and signatures of records, by the rules of docs/format.md.

A second implementation to compare the first one with: it shares nothing with core/, not
even BLAKE3. It expects sound records and does not check limits. Importable:

    canonical(record) -> bytes      record_id(record) -> bytes
    sign(seed, record) -> dict      the record with "signatures" (and "timestamp")
    loads(text) -> dict             JSON with the exact text of its numbers

and a program, which reads one JSON record a line:

    canon.py sign --seed HEX [--seed HEX ...] [--at TIME]   prints the signed records
    canon.py id | bytes                                     prints ids, canonical bytes
    canon.py vectors                                        prints the vectors of format.md
"""
import argparse
import hashlib
import json
import re
import struct
import sys
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal, ROUND_HALF_EVEN, localcontext

KINDS = {"assertion": 1, "cosignature": 2, "vote": 3, "epoch": 4, "supersession": 5,
         "profile": 9, "setting": 11}
LIFECYCLES = ["proposed", "under_review", "approved", "deprecated", "rejected"]
CLASSES = ["regulatory", "clinical", "observational", "expert", "community", "anecdotal"]
SUPERSESSIONS = [None, "replace", "refine", "invalidate"]
TEXT, NUMBER, BOOL, REF = 1, 2, 3, 4


class Number(str):
    """The text of a JSON number."""


def loads(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def dumps(value):
    """JSON with the text of numbers as it was."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dumps(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumps(v) for v in value) + "]"
    return json.dumps(value)


# BLAKE3, after the pseudocode of its paper ------------------------------------------

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
      0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
MIXES = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def compress(cv, block, length, counter, flags):
    def rotate(x, n):
        return (x >> n | x << (32 - n)) & 0xFFFFFFFF

    m = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = cv + IV[:4] + [counter & 0xFFFFFFFF, counter >> 32, length, flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(MIXES):
            v[a] = (v[a] + v[b] + m[2 * i]) & 0xFFFFFFFF
            v[d] = rotate(v[d] ^ v[a], 16)
            v[c] = (v[c] + v[d]) & 0xFFFFFFFF
            v[b] = rotate(v[b] ^ v[c], 12)
            v[a] = (v[a] + v[b] + m[2 * i + 1]) & 0xFFFFFFFF
            v[d] = rotate(v[d] ^ v[a], 8)
            v[c] = (v[c] + v[d]) & 0xFFFFFFFF
            v[b] = rotate(v[b] ^ v[c], 7)
        m = [m[p] for p in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def subtree(data, counter, flags):
    """The chaining value of some whole chunks."""
    if len(data) > 1024:
        left = 1 << (len(data) - 1).bit_length() - 1
        block = struct.pack("<16I", *subtree(data[:left], counter, 0),
                            *subtree(data[left:], counter + left // 1024, 0))
        return compress(IV, block, 64, 0, flags | PARENT)
    cv = IV
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    for i, block in enumerate(blocks):
        at = (CHUNK_START if i == 0 else 0)
        if i == len(blocks) - 1:
            at |= CHUNK_END | flags
        cv = compress(cv, block, len(block), counter, at)
    return cv


def blake3(data):
    return struct.pack("<8I", *subtree(data, 0, ROOT))


# Ed25519, after RFC 8032, for machines without PyNaCl ---------------------------------

def ed25519(seed, message):
    """(public key, signature)"""
    try:
        from nacl.signing import SigningKey
        key = SigningKey(seed)
        return bytes(key.verify_key), key.sign(message).signature
    except ImportError:
        return ed25519_slow(seed, message)


def ed25519_slow(seed, message):
    p = 2**255 - 19
    order = 2**252 + 27742317777372353535851937790883648493
    d = -121665 * pow(121666, -1, p) % p

    def add(a, b):
        x1, y1, x2, y2 = *a, *b
        k = d * x1 * x2 * y1 * y2
        return ((x1 * y2 + x2 * y1) * pow(1 + k, -1, p) % p,
                (y1 * y2 + x1 * x2) * pow(1 - k, -1, p) % p)

    def times(n, point):
        result = (0, 1)
        while n:
            if n & 1:
                result = add(result, point)
            point = add(point, point)
            n >>= 1
        return result

    def pack(point):
        return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")

    base = (15112221349535400772501151409588531511454012693041857206046113283949847762202,
            46316835694926478169428394003475163141307993866256225615783033603165251855960)
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    key = pack(times(a, base))
    r = int.from_bytes(hashlib.sha512(h[32:] + message).digest(), "little") % order
    big_r = pack(times(r, base))
    k = int.from_bytes(hashlib.sha512(big_r + key + message).digest(), "little") % order
    return key, big_r + ((r + k * a) % order).to_bytes(32, "little")


# Numbers and times ------------------------------------------------------------------

NUMBER_GRAMMAR = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")


def exact(number):
    """(sign, digits without zeros at either end, exponent of the first digit)"""
    text = str(number)
    if not NUMBER_GRAMMAR.match(text):
        raise ValueError("not a number: " + text)
    mantissa, _, power = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = whole + fraction
    exponent = len(whole) - 1 + int(power or 0)
    stripped = digits.lstrip("0")
    exponent -= len(digits) - len(stripped)
    stripped = stripped.rstrip("0")
    if not stripped:
        return "", "0", 0
    return "-" if text.startswith("-") else "", stripped, exponent


def decimal(number):
    """The canonical text of a JSON number."""
    sign, digits, exponent = exact(number)
    if len(digits) > 34 or abs(exponent) > 999:
        raise ValueError("out of range: " + str(number))
    if not -7 <= exponent <= 20:
        fraction = "." + digits[1:] if len(digits) > 1 else ""
        return "%s%s%se%d" % (sign, digits[0], fraction, exponent)
    if exponent < 0:
        return sign + "0." + "0" * (-exponent - 1) + digits
    digits = digits.ljust(exponent + 1, "0")
    fraction = digits[exponent + 1:]
    return sign + digits[:exponent + 1] + ("." + fraction if fraction else "")


def millionths(number):
    """A JSON number in -1..1, as an integer, half to even."""
    sign, digits, exponent = exact(number)
    if exponent > 0 or (exponent == 0 and digits not in ("0", "1")):
        raise ValueError("outside -1..1: " + str(number))
    if exponent < -20:
        return 0
    with localcontext() as context:
        context.prec = len(digits) + 40
        value = Decimal(sign + digits[0] + "." + digits[1:]).scaleb(exponent + 6)
        return int(value.to_integral_value(ROUND_HALF_EVEN))


TIME_GRAMMAR = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?"
                          r"(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def nanoseconds(when):
    """RFC 3339, or seconds as a JSON number."""
    if isinstance(when, str) and not isinstance(when, Number):
        match = TIME_GRAMMAR.match(when)
        if not match:
            raise ValueError("not a time: " + when)
        date, clock, fraction, east, hours, minutes = match.groups()
        t = datetime.strptime(date + clock, "%Y-%m-%d%H:%M:%S").replace(tzinfo=timezone.utc)
        if clock.endswith(":60") or clock.endswith(":61"):
            raise ValueError("leap second: " + when)
        seconds = (t - EPOCH) // timedelta(seconds=1)
        if east:
            if int(hours) > 23 or int(minutes) > 59:
                raise ValueError("zone: " + when)
            offset = int(hours) * 3600 + int(minutes) * 60
            seconds += offset if east == "-" else -offset
        if seconds < 0:
            raise ValueError("before 1970: " + when)
        value = seconds * 10**9 + int((fraction or "0").ljust(9, "0"))
    else:
        sign, digits, exponent = exact(when)
        places = exponent + 10 - len(digits)
        if digits == "0":
            places = 0
        if sign or exponent > 12 or places < 0:
            raise ValueError("not a time: " + str(when))
        value = int(digits) * 10**places
    if value >= 2**64:
        raise ValueError("after 2554: " + str(when))
    return value


def rfc3339(ns):
    t = EPOCH + timedelta(seconds=ns // 10**9)
    fraction = ("%09d" % (ns % 10**9)).rstrip("0")
    return t.strftime("%Y-%m-%dT%H:%M:%S") + ("." + fraction if fraction else "") + "Z"


# Records ----------------------------------------------------------------------------

def hexed(text, size=32):
    value = bytes.fromhex(text)
    if len(value) != size or len(text) != 2 * size:
        raise ValueError("not %d hex digits: %s" % (2 * size, text))
    return value


def field(value):
    """A variable field: length, zero, bytes, zeros to a multiple of 8."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    return struct.pack("<II", len(value), 0) + value + b"\0" * (-len(value) % 8)


def number_text(value):
    """Python's own numbers, in case a caller has no JSON text."""
    return Number(repr(value)) if isinstance(value, (int, float)) else value


def object_of(value):
    value = number_text(value) if not isinstance(value, bool) else value
    if isinstance(value, bool):
        return BOOL, "true" if value else "false"
    if isinstance(value, Number):
        return NUMBER, decimal(value)
    if isinstance(value, dict):
        (name,) = value.items()
        if name[0] != "ref":
            raise ValueError("unknown key " + name[0])
        return REF, name[1]
    return TEXT, value


def float32(number):
    """Little endian; by way of a double, and never -0."""
    return struct.pack("<f", float(str(number)) + 0.0) if float(str(number)) else b"\0" * 4


def assertion(r):
    parts = {
        "confidence": (0, None), "source": (1, field), "source_hash": (2, None),
        "source_class": (3, None), "parent": (4, None), "epoch": (5, None),
        "visual_hash": (6, None), "vector": (7, None), "because": (8, None),
        "note": (9, field)}
    has = sum(1 << bit for key, (bit, _) in parts.items() if key in r)
    kind, text = object_of(r["object"])
    body = struct.pack(
        "<QIBBBB", nanoseconds(number_text(r["timestamp"])),
        millionths(number_text(r["confidence"])) if "confidence" in r else 0, kind,
        LIFECYCLES.index(r.get("lifecycle", "proposed")),
        CLASSES.index(r["source_class"]) if "source_class" in r else 0, 0)
    for key in ("source_hash", "parent", "epoch"):
        if key in r:
            body += hexed(r[key])
    if "visual_hash" in r:
        body += hexed(r["visual_hash"], 8)[::-1]
    body += field(r["subject"]) + field(r["predicate"]) + field(text)
    if "source" in r:
        body += field(r["source"])
    if "vector" in r:
        body += field(b"".join(float32(number_text(x)) for x in r["vector"]))
    if "because" in r:
        body += field(b"".join(hexed(x) for x in r["because"]))
    if "note" in r:
        body += field(r["note"])
    return has, body


def vote(r):
    weight = millionths(number_text(r["weight"]))
    return 0, hexed(r["vote"]) + struct.pack("<IB3x", abs(weight), weight < 0)


def epoch(r):
    has = 1 if "supersedes" in r else 0
    if has != ("supersession" in r):
        raise ValueError("supersedes and supersession go together")
    body = struct.pack("<B7x", SUPERSESSIONS.index(r.get("supersession")))
    return has, body + (hexed(r["supersedes"]) if has else b"") + field(r["epoch"])


def supersession(r):
    target = hexed(r.get("supersede") or r["retract"])
    by = hexed(r["by"]) if "by" in r else b""
    return 1 if by else 0, target + by + field(r["reason"])


def setting(r):
    value = r.get("value", True if r["setting"] in ("admit", "steward") else None)
    _, text = object_of(value)
    agent = hexed(r["agent"]) if "agent" in r else b""
    return (1 if agent else 0) | 2, agent + field(r["setting"]) + field(text)


def kind_of(r):
    if {"subject", "predicate", "object"} & set(r):
        return "assertion"
    for key, kind in (("vote", "vote"), ("supersede", "supersession"),
                      ("retract", "supersession"), ("cosign", "cosignature"),
                      ("profile", "profile"), ("setting", "setting"), ("epoch", "epoch")):
        if key in r:
            return kind
    raise ValueError("no record")


def canonical(r):
    """The bytes that are hashed."""
    kind = kind_of(r)
    when = b""
    if kind not in ("assertion", "cosignature"):
        when = struct.pack("<Q", nanoseconds(number_text(r["timestamp"])))
    if kind == "cosignature":
        has, body = 0, hexed(r["cosign"])
    elif kind == "profile":
        has, body = 0, field(r["profile"]["name"])
    else:
        has, body = {"assertion": assertion, "vote": vote, "epoch": epoch,
                     "supersession": supersession, "setting": setting}[kind](r)
    body = when + body
    return b"STM1" + struct.pack("<BBHII", KINDS[kind], 1, has, len(body), 0) + body


def record_id(r):
    return blake3(canonical(r))


def sign(seed, r, at=None):
    """The record with one more signature, made `at` (nanoseconds; else its timestamp)."""
    r = dict(r)
    if kind_of(r) == "cosignature":
        target = hexed(r["cosign"]) # the same message as an original signer's
    else:
        r.setdefault("timestamp", rfc3339(time.time_ns()))
        target = record_id(r)
        at = nanoseconds(number_text(r["timestamp"])) if at is None else at
    at = time.time_ns() if at is None else at
    message = b"stemefs/sign/v1\0" + target + struct.pack("<Q", at)
    agent, signature = ed25519(seed, message)
    r["signatures"] = r.get("signatures", []) + [
        {"agent": agent.hex(), "signature": signature.hex(), "signed_at": rfc3339(at)}]
    return r


# The vectors of docs/format.md -------------------------------------------------------

A, B = "a1" * 32, "b2" * 32
WHEN = "2026-03-01T21:00:00Z"
VECTORS = [
    '{"subject":"Tesla_Inc","predicate":"has_revenue","object":96.70,"timestamp":"%s"}' % WHEN,
    '{"subject":"auth/jwt","predicate":"algorithm","object":"RS256","confidence":0.9,'
    '"timestamp":"2026-03-01T22:00:00.25+01:00","source":"https://example.org/adr/7",'
    '"source_class":"expert","lifecycle":"approved","note":"agreed in review"}',
    '{"subject":"München","predicate":"country","object":{"ref":"Germany"},'
    '"timestamp":1772398800.5,"source_hash":"%s","parent":"%s","epoch":"%s",'
    '"visual_hash":"00ff00ff12345678","vector":[0.1,-2,-0.0,1e10],"because":["%s","%s"]}'
    % (A, B, A, A, B),
    '{"subject":"s","predicate":"p","object":true,"confidence":0,"timestamp":0}',
    '{"subject":"s","predicate":"p","object":"","timestamp":"1970-01-01T00:00:00Z"}',
    '{"subject":"s","predicate":"p","object":-1.50e-9,"source_class":"regulatory",'
    '"confidence":0.0000005,"timestamp":"2554-07-21T23:34:33.709551615Z"}',
    '{"cosign":"%s"}' % A,
    '{"vote":"%s","weight":0.8,"timestamp":"%s"}' % (A, WHEN),
    '{"vote":"%s","weight":-1,"timestamp":"%s"}' % (A, WHEN),
    '{"vote":"%s","weight":-0.0000005,"timestamp":"%s"}' % (A, WHEN),
    '{"epoch":"GAAP 2025","timestamp":"%s"}' % WHEN,
    '{"epoch":"IFRS","supersedes":"%s","supersession":"replace","timestamp":"%s"}' % (A, WHEN),
    '{"supersede":"%s","by":"%s","reason":"a typo","timestamp":"%s"}' % (A, B, WHEN),
    '{"retract":"%s","reason":"no longer true","timestamp":"%s"}' % (A, WHEN),
    '{"profile":{"name":"Ada"},"timestamp":"%s"}' % WHEN,
    '{"setting":"admit","agent":"%s","timestamp":"%s"}' % (A, WHEN),
    '{"setting":"grant","agent":"%s","value":"clinical","timestamp":"%s"}' % (A, WHEN),
    '{"setting":"min_trust","value":0.30,"timestamp":"%s"}' % WHEN,
]
SEED = bytes(range(32))


def print_vectors():
    for line in VECTORS:
        r = loads(line)
        signed = sign(SEED, r, nanoseconds(WHEN))["signatures"][0]
        print("json " + line)
        print("bytes " + canonical(r).hex())
        print("id " + record_id(r).hex())
        print("agent " + signed["agent"])
        print("signed_at " + signed["signed_at"])
        print("signature " + signed["signature"])
        print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["sign", "id", "bytes", "vectors"])
    parser.add_argument("--seed", action="append", default=[], help="64 hex digits")
    parser.add_argument("--at", help="signed_at; the record's timestamp if not given")
    options = parser.parse_args()
    if options.command == "vectors":
        print_vectors()
        return
    if options.command == "sign" and not options.seed:
        parser.error("sign needs --seed")
    for line in sys.stdin:
        if not line.strip():
            continue
        r = loads(line)
        if options.command == "sign":
            for seed in options.seed:
                r = sign(hexed(seed), r, nanoseconds(options.at) if options.at else None)
            print(dumps(r))
        elif options.command == "id":
            print(record_id(r).hex())
        else:
            print(canonical(r).hex())


if __name__ == "__main__":
    main()
