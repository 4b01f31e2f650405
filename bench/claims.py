"""The claims that are written: the same for every run, in every form that a peer wants."""
import json
import random

START = 1700000000


def subject(i):
    return "s%07d" % i


def claim(i, about):
    """About 90 bytes of JSON."""
    return '{"subject":"%s","predicate":"p","object":%d,"confidence":0.%d,"timestamp":%d}\n' % (
        about, i * 7919 % 1000, 1 + i % 9, START + i)


def each_its_own(first, n):
    """A subject for each claim."""
    return "".join(claim(i, subject(i)) for i in range(first, first + n))


def growing(first, n):
    """Every second claim is about a new subject, the others are about any older one: as many
    claims as twice the subjects, and whatever comes touches old pages of the index."""
    rng = random.Random(first)
    out = []
    for i in range(first, first + n):
        about = i // 2 if i % 2 == 0 else rng.randrange(i // 2 + 1)
        out.append(claim(i, subject(about)))
    return "".join(out)


def row(line):
    """A claim as a line for bench/sqlite."""
    r = json.loads(line)
    return "%s\t%s\t%s\t%s\t%s\n" % (r["subject"], r["predicate"], r["object"],
                                      r["confidence"], line.strip())


def in_parts(signers, text):
    """Signed by several agents in turn, as records that come from elsewhere are."""
    every = text.splitlines(True)
    n = len(signers)
    return "".join(s.sign_text("".join(every[k::n])) for k, s in enumerate(signers))
