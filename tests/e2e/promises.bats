#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Promises that nothing else notices when they are broken; tests/mutants breaks them.
load common
load ../lib/records
teardown() { stop; }

# flip HEX: change a bit of these bytes wherever they stand in the file of the index, under
# the daemon that has it mapped. Again, and it is as it was.
flip() {
	python3 - "$S/index/data.mdb" "$1" <<-'END'
		import sys
		word = bytes.fromhex(sys.argv[2])
		flipped = bytes([word[0] ^ 1]) + word[1:]
		with open(sys.argv[1], "r+b") as f:
		    data = f.read()
		    if word not in data:
		        word, flipped = flipped, word
		    assert word in data
		    at = data.find(word)
		    while at >= 0:
		        f.seek(at)
		        f.write(flipped)
		        at = data.find(word, at + 1)
	END
}

# said TEXT: the daemon has said that, and only that, since it was asked last.
said() {
	[[ $(cat "$LOG") == *"$1"* ]]
	[ "$(wc -l < "$LOG")" -eq 1 ]
	: > "$LOG"
}

@test "an index that gave a wrong row once is made anew, also where the disk gives the right one again" {
	local before key
	start
	claim a > "$M/inbox/f"
	before=$(cat "$M/subjects/a/p/authority")
	key=$(cat "$S/wallet/$(id -u).agent") # a row of its own, which says who has number 0
	unmount_store
	mount_store
	flip "$key"
	# right or refused, but never wrong
	! cat "$M/subjects/a/p/authority" > "$BATS_TEST_TMPDIR/seen" ||
		[ "$(cat "$BATS_TEST_TMPDIR/seen")" = "$before" ]
	flip "$key"
	unmount_store
	mount_store
	said "the index was built anew"
	[ "$(cat "$M/subjects/a/p/authority")" = "$before" ]
	unmount_store
	mount_store # once is enough
	[ ! -s "$LOG" ]
}

@test "what the index had applied is missed, and not taken for torn, when the index is made anew" {
	local segment size
	start
	claim a > "$M/inbox/f"
	unmount_store
	mount_store
	claim b > "$M/inbox/f"
	unmount_store
	# the log loses the end of its last frame, as it does when the power goes during a write
	segment=$(ls "$S"/wal/*.wal)
	size=$(python3 -c 'import sys; print(len(open(sys.argv[1], "rb").read().rstrip(b"\0")) - 40)' "$segment")
	truncate -s "$size" "$segment"
	run "$STEMEFS" rebuild "$S"
	[ "$status" -eq 4 ]
	[ "$(stat -c %s "$segment")" -ge "$size" ]
	fails ls "$S"/quarantine/*.torn
	mount_store
	said "damage"
	[ "$(jq .damaged "$M/.stemefs/status")" = 1 ]
	[ "$(value a p)" = 1 ]
	[ ! -e "$M/subjects/b" ]
	# and its place is not given to another
	claim c > "$M/inbox/f"
	[ "$(jq -r 'select(.subject == "c").seq' "$M/events.jsonl")" -gt 3 ]
}
