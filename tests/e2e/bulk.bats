#!/usr/bin/env bats
# One big write has the outcome of the same records written one after another: the same
# receipts, the same log, the same error at the same place; also where records refer to
# those before them, and one of them is bad. `BULK_ROUNDS=50 BULK_SEED=…` for more of it.
# sanitizers: asan (the unit tests of sinks show ThreadSanitizer the same threads)
load common
load ../lib/records

setup() {
	seed=${BULK_SEED:-$RANDOM$RANDOM}
	rounds=${BULK_ROUNDS:-1}
	echo "again: BULK_SEED=$seed BULK_ROUNDS=$rounds bats tests/e2e/bulk.bats"
	all=$BATS_TEST_TMPDIR/out
	mkdir "$all"
}
teardown() { stop; }

# In a store of its own: what COMMAND… writes to inbox/f, and what is there then.
outcome() { # NAME COMMAND…
	local name=$1
	shift
	BATS_TEST_TMPDIR=${all%/out}/$name
	rm -rf "$BATS_TEST_TMPDIR"
	mkdir "$BATS_TEST_TMPDIR"
	start
	"$@" || true
	cp "$M/receipts/f" "$all/$name.receipts"
	jq -c 'if .kind == "setting" then .id = "our key" else . end | [.seq, .kind, .id]' "$M/events.jsonl" > "$all/$name.log"
	jq -c 'del(.time, .pid)' "$M/.stemefs/last_error" > "$all/$name.error"
	stop
	BATS_TEST_TMPDIR=${all%/out}
}

at_once() { dd if="$1" of="$M/inbox/f" bs=1M status=none 2> /dev/null; }

# The same bytes through one open file, a record at a time.
one_by_one() {
	python3 -c '
import os, sys
fd = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o600)
for line in open(sys.argv[1], "rb"):
    os.write(fd, line)' "$1" "$M/inbox/f" 2> /dev/null
}

# N records of which one is bad, and which refer to those before them. Ids of claims are
# those in the receipts of a store that has them already.
mixture() { # N SEED IDS
	python3 - "$@" <<-'END'
		import json, random, sys
		n, seed, ids = int(sys.argv[1]), sys.argv[2], open(sys.argv[3]).read().split()
		r = random.Random(seed)
		when = lambda i: 1600000000 + i
		good = []
		claims = iter(open(sys.argv[3] + ".claims").read().splitlines())
		seen, epochs, gone = 0, [], set()
		while len(good) < n - 1:
		    i, kind = len(good), r.random()
		    if kind < 0.6 or seen < 2:
		        good.append(next(claims)); seen += 1; continue
		    target = ids[r.randrange(seen)]
		    if kind < 0.62:
		        e = {"epoch": "era %d" % i, "timestamp": when(i)}
		        if epochs and r.random() < 0.5:
		            e.update(supersedes=r.choice(epochs), supersession="refine")
		        epochs.append("era %d" % i); good.append(json.dumps(e)); continue
		    if kind < 0.8 and epochs:
		        good.append(json.dumps({"subject": "s%d" % r.randrange(n), "predicate": "in", "object": i,
		            "timestamp": when(i), "epoch": r.choice(epochs)})); continue
		    if kind < 0.84 and target not in gone:
		        gone.add(target)
		        good.append(json.dumps({"retract": target, "reason": "r%d" % i, "timestamp": when(i)})); continue
		    if kind < 0.88 and target not in gone:
		        good.append(json.dumps({"cosign": target})); continue
		    if kind < 0.92:
		        good.append(json.dumps({"subject": "s%d" % r.randrange(n), "predicate": "again", "object": i,
		            "timestamp": when(i), "parent": target, "because": [target]})); continue
		    good.append(json.dumps({"vote": target, "weight": r.choice([1, -0.5, 0]), "timestamp": when(i)}))
		place = r.randrange(n)
		bad = r.choice([
		    '{"subject":"x","predicate":"p","object":1,"confidence":1.5}',
		    '{"subject":"x","predicate":"p","object":nothing}',
		    '{"subject":"x","predicate":"p"',
		    '{"subject":"x","predicate":"p","object":1,"epoch":"era %d"}' % n,
		    json.dumps({"vote": "%064x" % 7, "weight": 1}),
		    json.dumps({"subject": "x", "predicate": "p", "object": 1, "timestamp": 1, "signatures": [
		        {"agent": "%064x" % 9, "signature": "%0128x" % 9, "signed_at": 1}]}),
		    # its name is given further on
		    '{"subject":"x","predicate":"p","object":1,"epoch":"later"}',
		])
		good.insert(place, bad)
		if "later" in bad:
		    good.insert(place + 1, '{"epoch":"later"}')
		print("\n".join(good))
	END
}

@test "a big write is what its records are one by one, with a bad one among them" {
	local n i file=$all/records
	n=$(few 3000 300)
	claims "$n" -1 > "$all/ids.claims"
	outcome ids at_once "$all/ids.claims"
	jq -r .id "$all/ids.receipts" > "$all/ids"
	for ((i = 0; i < rounds; i++)); do
		mixture "$n" "$seed/$i" "$all/ids" > "$file"
		outcome one at_once "$file"
		outcome many one_by_one "$file"
		for what in receipts log error; do
			cmp "$all/one.$what" "$all/many.$what" || { echo "round $i"; diff "$all/one.$what" "$all/many.$what" | head -5; false; }
		done
		[ "$(grep -c refused "$all/one.receipts")" -eq 1 ]
		[ -s "$all/one.error" ]
	done
}
