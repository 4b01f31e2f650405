#!/usr/bin/python3
"""Write a bit of everything through a mount: claims, votes, retractions, supersessions,
new versions, epochs.

    mixed.py MOUNT NAME COUNT     about COUNT records, in batches; 0: a batch now and
                                  then, until killed

NAME is that of the inbox file, and seeds what is written."""
import json
import os
import random
import sys
import time

mount, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
dice = random.Random(name)
known = {}  # (subject, predicate): ids that may still be changed
written = 0


def post(records):
    """Write the records and return the ids that they have."""
    global written
    text = "".join(json.dumps(r) + "\n" for r in records)
    path = f"{mount}/inbox/{name}"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
    written += len(records)
    with open(f"{mount}/receipts/{name}") as lines:
        return [json.loads(line)["id"] for line in lines][-len(records):]


def claim(pair, **more):
    return {"subject": pair[0], "predicate": pair[1], "object": dice.randrange(5),
            "confidence": dice.randrange(11) / 10, "source": f"{name}/{dice.randrange(4)}", "note": str(dice.random()),
            "source_class": dice.choice(["clinical", "expert", "anecdotal"]), **more}


def take(pair):
    return known[pair].pop(dice.randrange(len(known[pair])))


post([{"epoch": f"{name} 0"}])
turn = 0
while count == 0 or written < count:
    turn += 1
    time.sleep(0 if count else 0.1)
    pairs = [(f"mixed{dice.randrange(5)}", f"p{dice.randrange(3)}") for _ in range(40 if count else 8)]
    epoch = {"epoch": f"{name} {turn - 1}"}
    ids = post([claim(p, **(epoch if dice.random() < 0.2 else {})) for p in pairs])
    for pair, record in zip(pairs, ids):
        known.setdefault(pair, []).append(record)
    words = []
    for pair in [p for p in known if len(known[p]) > 4][:8]:
        words.append({"vote": dice.choice(known[pair]), "weight": dice.randrange(-4, 5) / 4})
        words.append({"retract": take(pair), "reason": "mixed"})
        words.append({"supersede": take(pair), "by": known[pair][0], "reason": "mixed"})
        words.append(claim(pair, parent=take(pair), lifecycle="approved"))
    if turn % 10 == 0:
        words.append({"epoch": f"{name} {turn}", "supersedes": f"{name} {turn - 1}",
                      "supersession": "replace"})
    else:
        words.append({"epoch": f"{name} {turn}"})
    post(words)
