#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# stemefs check: what is not as it must be is found and named, what can be put right is, and
# the exit status says which, as that of fsck(8) does. The scrub: the same while mounted.
load common
load ../lib/records

setup() {
	cd "$BATS_TEST_TMPDIR"
	S=$BATS_TEST_TMPDIR/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	"$STEMEFS" init "$S"
	mkdir "$M"
}
teardown() { cd / && stop; }

stemefs() {
	"$STEMEFS" "$@"
}

# exits STATUS COMMAND…: stdout is in $output, stderr in $stderr.
exits() {
	run --separate-stderr "${@:2}"
	[ "$status" -eq "$1" ] || {
		echo "exit status $status: $output $stderr"
		return 1
	}
}

fill() {
	claims "${1:-20}" | stemefs put "$S" inbox/a
}

# frame N: where the N-th frame starts (counted from 1; of the only segment), and its size.
frame() {
	python3 - "$S"/wal/*.wal "$1" <<-'END'
		import struct, sys
		log, at = open(sys.argv[1], "rb").read(), 128
		for _ in range(int(sys.argv[2])):
		    size = 72 + (struct.unpack_from("<I", log, at + 4)[0] + 7) // 8 * 8
		    at += size
		print(at - size, size)
	END
}

# flip FILE OFFSET: another bit there.
flip() {
	python3 - "$@" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    byte = f.read(1)[0]
		    f.seek(int(sys.argv[2]))
		    f.write(bytes([byte ^ 8]))
	END
}

# rot FILE OFFSET: the same, as a disk does it: the file looks as it did when the store was
# closed (store/clean.h).
rot() {
	sleep 0.1
	stemefs ls "$S" > /dev/null
	flip "$@"
	python3 - "$S" <<-'END'
		import os, sys
		store, lines = sys.argv[1], []
		for line in open(f"{store}/clean"):
		    name, mode, size, inode, *_ = line.split()
		    st = os.stat(f"{store}/{name if '/' in name else 'wal/' + name}")
		    lines.append(f"{name} {mode} {size} {inode} {st.st_mtime_ns} {st.st_ctime_ns}\n")
		open(f"{store}/clean", "w").writelines(lines)
	END
}

@test "a clean store: 0, one line, and nothing was changed or left behind" {
	local before
	fill
	before=$(b3sum "$S"/wal/* && find "$S" -not -name clean | sort)
	exits 0 stemefs check "$S"
	[[ $output == "clean: 21 records, 21 signatures, "*" rows, 20 pairs, 0 findings" ]]
	[ -z "$stderr" ]
	exits 0 stemefs check "$S" --repair
	[[ $output == "clean: "* ]]
	[ "$(b3sum "$S"/wal/* && find "$S" -not -name clean | sort)" = "$before" ]
}

@test "--json: one object with these keys" {
	fill
	exits 0 stemefs check "$S" --json
	[ "$(jq -r 'keys_unsorted | join(" ")' <<< "$output")" = \
		"result frames signatures rows pairs torn_bytes bad repaired findings omitted" ]
	jq -e '.result == "clean" and .frames == 21 and .signatures == 21 and .pairs == 20
		and .rows > 150 and .torn_bytes == 0 and .bad == 0 and .repaired == []
		and .findings == [] and .omitted == 0' <<< "$output"
	[ "$(wc -l <<< "$output")" -eq 1 ]
}

@test "a store that is mounted, missing or none: 8, and a sentence" {
	fill 1
	mount_store
	exits 8 stemefs check "$S"
	[[ $stderr == *"is mounted on $M; try stemefs umount"* ]]
	exits 8 stemefs check "$S" --repair --json
	unmount_store
	exits 8 stemefs check missing
	exits 8 stemefs check /etc
	[[ $stderr == *"is no stemefs store"* ]]
	exits 8 stemefs check
	exits 8 stemefs check "$S" --rapair
}

@test "an unfinished write: 1, its bytes are in quarantine, then 0" {
	local at size
	fill
	read -r at size <<< "$(frame 21)"
	# of the last record, and of the index that had applied it, a power cut leaves this
	rm -r "$S/index"
	truncate -s $((at + size - 20)) "$S"/wal/*.wal
	exits 1 stemefs check "$S"
	[[ $output == "repaired: $((size - 20)) bytes of an unfinished write were moved to quarantine"*"repaired: 20 records, "* ]]
	find "$S/quarantine" -name "*.torn" | grep -q .
	exits 0 stemefs check "$S" --json
	jq -e '.result == "clean" and .frames == 20' <<< "$output"
}

@test "a lost copy of the tag key: 1, and it is there again" {
	local copy
	fill 1
	for copy in a b; do
		rm "$S/tag.$copy"
		exits 1 stemefs check "$S" --json
		jq -e --arg copy "tag.$copy" '.result == "repaired" and .bad == 0
			and (.repaired | length) == 1 and (.repaired[0] | startswith($copy))' <<< "$output"
		cmp "$S/tag.a" "$S/tag.b"
		exits 0 stemefs check "$S"
	done
}

@test "a flipped bit in the log: 4, the stretch and the record that stood there" {
	local at size id
	fill
	id=$(stemefs cat "$S" events.jsonl | jq -r 'select(.seq == 10) | .id')
	read -r at size <<< "$(frame 10)"
	flip "$S"/wal/*.wal $((at + 90))
	exits 4 stemefs check "$S"
	# the start saw that the file is another, and made the index without what it lost
	[[ ${lines[0]} == "repaired: the index was built anew: "* ]]
	[[ ${lines[1]} == "log offsets $at to $((at + size)): "* ]]
	[[ ${lines[2]} == "lost: record 10, an assertion $id on s8/is counted, received "*", at log offset $at" ]]
	[ "${#lines[@]}" -eq 4 ]
	# the record is named still: the index that knew it was put aside
	exits 4 stemefs check "$S"
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[1]} == "lost: record 10, an assertion $id on s8/is counted, "* ]]
	[ "$(stemefs ls "$S" subjects | wc -l)" -eq 19 ]
}

@test "a bit of the log that rots: the index that still has the record is repaired when asked for" {
	local at size id log
	fill
	id=$(stemefs cat "$S" events.jsonl | jq -r 'select(.seq == 10) | .id')
	read -r at size <<< "$(frame 10)"
	rot "$S"/wal/*.wal $((at + 90))
	log=$(b3sum "$S"/wal/*)
	sleep 0.1
	exits 4 stemefs check "$S"
	[[ ${lines[0]} == "log offsets $at to $((at + size)): "* ]]
	[[ ${lines[1]} == "lost: record 10, an assertion $id on s8/is counted, received "*", at log offset $at" ]]
	[[ ${lines[2]} == "the index was made when log offsets $at to $((at + size)) were still readable: 1 records; stemefs check --repair"* ]]
	[ "${#lines[@]}" -eq 4 ]
	# nothing was changed by that
	exits 4 stemefs check "$S" --json
	jq -e --arg id "$id" --argjson at "$at" '.result == "damaged" and .bad == 3 and .frames == 20
		and .repaired == []
		and (.findings | map(.kind)) == ["damage", "lost", "stale"]
		and .findings[0].from == $at and .findings[1].from == $at
		and .findings[1].id == $id and .findings[1].seq == 10
		and .findings[1].subject == "s8" and .findings[1].predicate == "is counted"
		and .findings[2].in_index' <<< "$output"
	# repaired is what can be: the index. The damage stays, and the log is as it was.
	exits 4 stemefs check "$S" --repair --json
	jq -e '.result == "damaged" and .bad == 2 and (.repaired | length) == 1
		and (.findings | map(.kind)) == ["damage", "lost", "stale"]' <<< "$output"
	exits 4 stemefs check "$S" --json
	jq -e '(.findings | map(.kind)) == ["damage", "lost"]' <<< "$output"
	[ "$(b3sum "$S"/wal/*)" = "$log" ]
	[ "$(stemefs ls "$S" subjects | wc -l)" -eq 19 ]
	# a disk that comes to its senses
	rot "$S"/wal/*.wal $((at + 90))
	exits 4 stemefs check "$S"
	[[ $output == *"index: the event 10: is missing (log offset $at)"* ]]
	exits 1 stemefs check "$S" --repair
	exits 0 stemefs check "$S"
	[ "$(stemefs ls "$S" subjects | wc -l)" -eq 20 ]
}

@test "flipped bits in the file of the index: nothing is lost, and it is as it was" {
	local want i size repaired=0
	fill 40
	want=$(stemefs cat "$S" events.jsonl | b3sum)
	for i in $(seq "$(few 25 8)"); do
		size=$(stat -c %s "$S/index/data.mdb")
		rot "$S/index/data.mdb" $(((RANDOM * 32768 + RANDOM) % size))
		run stemefs check "$S" --json
		# where nobody reads that bit, it does not matter
		[ "$status" -eq 0 ] || [ "$status" -eq 1 ]
		repaired=$((repaired + status))
		jq -e '.bad == 0' <<< "$output"
		[ "$(stemefs cat "$S" events.jsonl | b3sum)" = "$want" ]
	done
	[ "$repaired" -ge 1 ]
}

@test "an index of another log: rows that the log does not give are found, named, and gone with --repair" {
	fill 12
	cp -r "$S" before
	claim later 7 | stemefs put "$S" inbox/b
	claim later 8 | stemefs put before inbox/b
	# the same store id, the same place of the last record, and other records
	rm -r "$S/index"
	cp -r before/index "$S/index"
	run stemefs check "$S" --repair
	[ "$status" -eq 1 ]
	exits 0 stemefs check "$S"
	[ "$(stemefs cat "$S" subjects/later/p/value/consensus)" = 7 ]
}

@test "rebuild: 0; 4 with what is left out" {
	local at size
	fill
	exits 0 stemefs rebuild "$S"
	read -r at size <<< "$(frame 5)"
	flip "$S"/wal/*.wal $((at + 90))
	exits 4 stemefs rebuild "$S"
	[[ $stderr == *"log offsets $at to $((at + size))"* ]]
}

# ---- the scrub ----

status() {
	jq -r ".$1" "$M/.stemefs/status"
}

# until_true SECONDS COMMAND…
until_true() {
	local i
	for ((i = 0; i < $1 * 10; i++)); do
		"${@:2}" && return 0
		sleep 0.1
	done
	return 1
}

passed() { [ "$(status scrub_passes)" -ge 1 ]; }
has_found() { [ "$(status scrub_found)" -ge 1 ]; }

# A log of N megabytes, so that the scrub takes as many seconds.
fill_log() {
	python3 -c "
import json
for i in range($1 * 33):
    print(json.dumps({'subject': f'large{i}', 'predicate': 'p', 'object': chr(97 + i % 26) * 32000}))
" | stemefs put "$S" inbox/large
}

@test "scrub: a pass over log and index, in status and metrics; none unless asked for" {
	fill
	mount_store
	[ "$(status scrub_mib)" = null ]
	run ! grep scrub "$M/.stemefs/metrics"
	unmount_store
	mount_store scrub=100
	until_true 20 passed
	[ "$(status scrub_found)" = 0 ]
	[ "$(status scrub_position)" = "$(status scrub_total)" ]
	[ "$(status scrub_bytes)" -gt "$(status scrub_total)" ]
	[ "$(status scrub_finished_at)" != null ]
	grep -q '^stemefs_scrub_passes_total 1$' "$M/.stemefs/metrics"
	grep -q '^stemefs_scrub_found_total 0$' "$M/.stemefs/metrics"
	unmount_store
	run -1 "$STEMEFS" "$S" "$M" -o scrub=0
	[[ $output == *"scrub=MIB, a number from 1"* ]]
}

@test "scrub: a flipped bit in the log of a live mount is found while reads and writes go on" {
	local at size total writers
	fill_log 3
	read -r at size <<< "$(frame 95)"
	mount_store scrub=1
	flip "$S"/wal/*.wal $((at + 900))
	total=$(status scrub_total)
	(
		for i in $(seq 200); do
			claim "w$i" > "$M/inbox/w$i" && cat "$M/subjects/w$i/p/consensus" > /dev/null || exit 1
		done
	) 3>&- &
	writers=$!
	until_true 60 has_found
	wait "$writers"
	[[ $(status scrub_finding) == "log offsets $at to $((at + size)): a frame's checksum does not hold" ]]
	[ "$(status scrub_total)" = "$total" ]
	until_true 60 passed
	[ "$(status scrub_found)" = 1 ]
	[ "$(ls "$M/subjects" | grep -c '^w')" -eq 200 ]
	# and the mount has doubts, which the next start settles
	[ "$(status doubt)" != null ]
	unmount_store
	"$STEMEFS" "$S" "$M" -o log="$BATS_TEST_TMPDIR/damagelog,scrub=1000"
	[[ $(status damage) == *"log offsets $at to"* ]]
	until_true 20 passed
	# what is known is no new doubt
	[ "$(status scrub_found)" = 1 ]
	[ "$(status doubt)" = null ]
	[ "$(ls "$M/subjects" | grep -c '^w')" -eq 200 ]
}

@test "scrub: at so many megabytes a second, and an unmount does not wait for it" {
	local before
	fill_log 4
	mount_store scrub=1
	before=$SECONDS
	unmount_store
	[ $((SECONDS - before)) -le 2 ]
	mount_store scrub=1
	before=$SECONDS
	until_true 60 passed
	[ $((SECONDS - before)) -ge 3 ]
}
