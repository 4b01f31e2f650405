#!/usr/bin/env bats
# What is past never changes: at/ holds the same bytes, attributes and names while others
# write, after a rebuild of the index, and after kill -9.
load common
load ../lib/records
load ../lib/furnish

setup() {
	start
	furnish
	claim disputed 4 > "$M/inbox/last" # so that the newest record is not of the newest subject
	SEQ=$(readlink "$M/at/now")
}

teardown() {
	[ -z "${WRITER:-}" ] || kill "$WRITER" 2> /dev/null || true
	stop
}

# What tar makes of a directory: names, modes, owners, times, sizes and bytes, in its order;
# and the times to the nanosecond, which tar leaves out.
tarred() {
	tar -C "$1" -cf - . | b3sum
	(cd "$1" && find . -printf '%P %T@ %i\n' | b3sum)
}

# Go on changing old pairs and making new ones, until killed.
write_on() {
	local i
	for ((i = 1; ; i++)); do
		claims 20 -1 "w$i-" | jq -c '.source = "w"'
		claim disputed "$i" | jq -c ".source = \"w$i\""
		claim "s$((i % 3))" "$i" | jq -c '.predicate = "is counted" | .confidence = 1'
	done > "$M/inbox/writer" 2> /dev/null 3>&-
}

@test "cd -P mnt/at/now: tar twice gives the same bytes while writers run" {
	local i first
	write_on &
	WRITER=$!
	eventually [ -e "$M/subjects/w3-0" ]
	cd -P "$M/at/now"
	[[ $PWD == "$M"/at/seq-* ]]
	first=$(tarred .)
	for ((i = 0; i < $(few 4 2); i++)); do
		sleep 0.2
		[ "$(tarred .)" = "$first" ]
	done
	[ "$(readlink "$M/at/now")" != "${PWD##*/}" ]
	cd /
}

@test "what is past reads the same after more records, a rebuild, and kill -9" {
	local before
	all() {
		tarred "$M/at/$SEQ"
		tarred "$M/tier/regulatory/at/$SEQ/stage/approved"
		tarred "$M/asof/2026-01-06/at/$SEQ"
	}
	is_same() {
		[ "$(all)" = "$before" ]
	}
	before=$(all)
	claims 50 -1 later > "$M/inbox/later"
	claim disputed 3 > "$M/inbox/later"
	echo '=2 1' > "$M/subjects/disputed/p/vote"
	is_same
	# who is trusted is part of what was known
	"$STEMEFS" admit "$S" "$(claim key | signed "$ONE_SEED" | jq -r '.signatures[0].agent')" --revoke
	is_same
	unmount_store
	mount_store
	is_same
	unmount_store
	rm -r "$S/index"
	mount_store
	is_same
	kill_daemon
	mount_store
	is_same
}

# FROZEN_MORE: how many records come after the trees were taken; 100000 takes minutes.
@test "trees taken while eight writers run are the same ever after" {
	local i seqs=() more=${FROZEN_MORE:-$(few 2000 200)}
	writers=()
	for i in {1..8}; do
		"$TOP/tests/lib/mixed.py" "$M" "w$i" 0 3>&- > "$BATS_TEST_TMPDIR/w$i" 2>&1 &
		writers+=($!)
	done
	eventually [ -d "$M/subjects/mixed4/p2" ]
	for ((i = 0; i < $(few 3 1); i++)); do
		sleep 0.2
		seqs+=("$(readlink "$M/at/now")")
		tarred "$M/at/${seqs[-1]}" >> "$BATS_TEST_TMPDIR/taken"
		tarred "$M/at/${seqs[-1]}/stage/approved" >> "$BATS_TEST_TMPDIR/taken"
	done
	for i in "${writers[@]}"; do kill "$i"; done # fails for one that gave up before
	wait "${writers[@]}" 2> /dev/null || true
	[ "$(cat "$BATS_TEST_TMPDIR"/w[1-8] | grep -c Error)" -eq 0 ]
	again() {
		local seq
		for seq in "${seqs[@]}"; do
			tarred "$M/at/$seq"
			tarred "$M/at/$seq/stage/approved"
		done | cmp - "$BATS_TEST_TMPDIR/taken"
	}
	again
	writers=()
	for i in {1..4}; do
		"$TOP/tests/lib/mixed.py" "$M" "more$i" $((more / 4)) 3>&- &
		writers+=($!)
	done
	for i in "${writers[@]}"; do wait "$i"; done
	again
	unmount_store
	rm -r "$S/index"
	mount_store
	again
	kill_daemon
	mount_store
	again
}

@test "a file of the past that is open is the one that is opened again" {
	write_on &
	WRITER=$!
	python3 - "$M" "$SEQ" <<-'END'
		import os, sys, time
		m, seq = sys.argv[1:]
		paths = [f"{m}/at/{seq}/subjects/disputed/p/{f}" for f in
		         ("consensus", "skeptic", "why/consensus", "claims.jsonl", "history.jsonl", "value/recency")]
		first = {p: (open(p, "rb").read(), os.stat(p)) for p in paths}
		for _ in range(20):
		    for p, (data, st) in first.items():
		        assert open(p, "rb").read() == data, p
		        now = os.stat(p)
		        assert (now.st_size, now.st_mtime_ns, now.st_ino) == (st.st_size, st.st_mtime_ns, st.st_ino), p
		        assert st.st_size == len(data), p
		    time.sleep(0.05)
	END
}

@test "a moment that is looked at as soon as it is past already has all that arrived by then" {
	write_on &
	WRITER=$!
	python3 - "$M" "$WRITER" <<-'END'
		import datetime, os, signal, sys, time
		m, writer = sys.argv[1], int(sys.argv[2])
		def size(moment):
		    return os.stat(f"{m}/at/{moment}/events.jsonl").st_size
		seen, until = {}, time.time() + 60
		while len(seen) < 100 or len(set(seen.values())) < 10:
		    assert time.time() < until, "nobody wrote"
		    t = time.time_ns()
		    moment = f"@{t // 10**9}.{t % 10**9:09d}"
		    while not os.path.exists(f"{m}/at/{moment}"):
		        pass
		    seen[t] = size(moment)
		os.kill(writer, signal.SIGTERM)
		for t, then in seen.items():
		    # another spelling, so that the name is looked up anew
		    day = datetime.datetime.fromtimestamp(t // 10**9, datetime.timezone.utc)
		    assert size(f"{day:%Y-%m-%dT%H%M%S}.{t % 10**9:09d}") == then
	END
}
