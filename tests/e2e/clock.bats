#!/usr/bin/env bats
# A clock that jumps does not reach the log: received_at never goes back, and what was known
# at a moment stays what was known then. A start with a clock that is far behind the log is
# refused, unless somebody says that it is right.
# sanitizers: asan (what one clock says, to one writer at a time)
load common
load ../lib/records
load ../lib/furnish
load ../lib/clock

YEAR=31557600 DAY=86400

setup() {
	S=$BATS_TEST_TMPDIR/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	mkdir "$M"
	"$STEMEFS" init "$S"
	build_clock
}
teardown() { stop; }

@test "the clock is set while the daemon runs" {
	local begun frozen moment jump n=0 now
	begun=$(date +%s)
	mount_at 0
	claim a 1 > "$M/inbox/a"
	moment=$(jq -r .received_at "$M/events.jsonl" | tail -1)
	frozen=$(cat "$M/at/seq-2/subjects/a/p/claims.jsonl")
	for jump in $((10 * YEAR)) -$DAY $((-30 * YEAR)) 7 0 $((5 * YEAR)); do
		set_clock "$jump"
		claim "s$((++n))" "$n" > "$M/inbox/s"
		echo "$n" > "$M/subjects/a/p/assert"
		[ "$(value a p)" = "$n" ] # the newest, by its timestamp
		in_order
		# what was known stays what was known
		[ "$(cat "$M/at/seq-2/subjects/a/p/claims.jsonl")" = "$frozen" ]
		[ "$(cat "$M/at/$moment/subjects/a/p/value/consensus")" = 1 ]
		[ "$(cat "$M/at/now/subjects/a/p/value/consensus")" = "$n" ]
		[ ! -e "$M/at/$moment/subjects/s$n" ]
		fails ls "$M/at/$(date -u -d '1 hour' +%Y-%m-%dT%H:%M)"
	done
	# all of it at the time that it really was
	between received_at "$begun" "$(date +%s.%N)"
	between timestamp "$begun" "$(date +%s.%N)"
	# who says when it was is held to the same clock: it is five years ahead now
	now=$(date +%s)
	echo "{\"subject\":\"x\",\"predicate\":\"p\",\"object\":1,\"timestamp\":$((now - 2))}" > "$M/inbox/x"
	refused EINVAL "timestamp" sh -c "echo '{\"subject\":\"y\",\"predicate\":\"p\",\"object\":1,\"timestamp\":$((now + 5 * YEAR))}' > '$M/inbox/y'"
	unmount_store
	"$STEMEFS" check "$S"
	mount_store
	in_order
}

@test "the clock jumps at random under writers" {
	local seed=$RANDOM jumper writer writers=() k w
	echo "seed $seed"
	RANDOM=$seed
	mount_at 0
	(
		for ((k = 0; k < $(few 300 60); k++)); do
			set_clock $(((RANDOM - 16384) * 100000))
			sleep 0.005
		done
	) 3>&- &
	jumper=$!
	for w in 1 2 3; do
		(for ((k = 0; k < $(few 60 15); k++)); do claim "w$w" "$k" > "$M/inbox/w$w"; done) 3>&- &
		writers+=($!)
	done
	for writer in "${writers[@]}"; do wait "$writer"; done
	wait "$jumper"
	in_order
	[ "$(records)" -eq $((3 * $(few 60 15) + 1)) ]
	for w in 1 2 3; do # by its timestamp the last is the newest
		[ "$(value "w$w" p)" = $(($(few 60 15) - 1)) ]
	done
}

@test "a start with the clock behind the log: minutes are fine, more is refused" {
	local last before
	mount_at 0
	claim a 1 > "$M/inbox/a"
	unmount_store
	mount_at -240
	claim b 2 > "$M/inbox/b"
	in_order
	[ "$(cat "$M/at/now/subjects/b/p/value/consensus")" = 2 ]
	[ -z "$(jq -r '.clock // empty' "$M/.stemefs/status")" ]
	unmount_store
	before=$(b3sum "$S"/wal/* "$S/format" "$S"/tag.*)
	for jump in -360 -$YEAR; do
		set_clock "$jump"
		says 32 " s behind the last record in the log; try setting the clock; or mounting with -o clock=accept" \
			env LD_PRELOAD="$CLOCK" "$STEMEFS" "$S" "$M"
		# shellcheck disable=SC2154 # set by run
		last=$(grep -o '[0-9]* s behind' <<< "$stderr")
		[ "${last% s behind}" -ge $((-jump - 2)) ]
		[ "${last% s behind}" -le $((-jump + 2)) ]
	done
	[ "$(b3sum "$S"/wal/* "$S/format" "$S"/tag.*)" = "$before" ]
	LOG=$BATS_TEST_TMPDIR/said mount_at -$YEAR clock=accept
	[[ $(jq -r .clock "$M/.stemefs/status") == *"behind the last record"* ]]
	claim c 3 > "$M/inbox/c"
	in_order
	kill_daemon
	# with the right clock all is well again
	mount_at 0
	[ "$(value c p)" = 3 ]
	in_order
}

@test "a start with the clock ahead of the log" {
	mount_at 0
	claim a 1 > "$M/inbox/a"
	unmount_store
	mount_at $((300 * DAY))
	[ -z "$(jq -r '.clock // empty' "$M/.stemefs/status")" ]
	claim b 2 > "$M/inbox/b"
	unmount_store
	LOG=$BATS_TEST_TMPDIR/said mount_at $((300 * DAY + 2 * YEAR))
	[[ $(jq -r .clock "$M/.stemefs/status") == "the clock is 730 days ahead of the last record" ]]
	grep -q "the clock is 730 days ahead" "$BATS_TEST_TMPDIR/said"
	claim c 3 > "$M/inbox/c"
	in_order
	between received_at $(($(date +%s) + 300 * DAY + 2 * YEAR - 60)) $(($(date +%s) + 300 * DAY + 2 * YEAR + 60)) 1
}

@test "a store that a wrong clock wrote in the future, under the right one" {
	local later before k
	later=$(($(date +%s) + 10 * YEAR))
	mount_at $((10 * YEAR))
	claim a 1 > "$M/inbox/a"
	unmount_store
	says 32 "behind the last record" "$STEMEFS" "$S" "$M"
	for ((k = 2; k < 4; k++)); do
		LOG=$BATS_TEST_TMPDIR/said mount_at 0 clock=accept
		claim "b$k" "$k" > "$M/inbox/b"
		[ "$(value "b$k" p)" = "$k" ]
		echo "$k" > "$M/subjects/a/p/assert"
		[ "$(value a p)" = "$k" ]
		[ "$(cat "$M/at/now/subjects/b$k/p/value/consensus")" = "$k" ]
		[ "$(cat "$M/at/seq-2/subjects/a/p/value/consensus")" = 1 ]
		[ ! -e "$M/at/seq-2/subjects/b$k" ]
		in_order
		between received_at "$later" $((later + 60)) 2
		between timestamp "$later" $((later + 60)) 2
		# a moment of the right clock is long before all of it
		[ -z "$(ls "$M/at/$(date -u +%Y)-01/subjects")" ]
		echo "{\"subject\":\"said\",\"predicate\":\"p\",\"object\":$k,\"timestamp\":$(($(date +%s) + k))}" > "$M/inbox/said"
		[ "$(value said p)" = "$k" ]
		in_order
		before=$(graph_of "$M")
		if ((k == 2)); then kill_daemon; else unmount_store; fi
	done
	rm -r "$S/index"
	LOG=$BATS_TEST_TMPDIR/said mount_at 0 clock=accept
	[ "$(graph_of "$M")" = "$before" ]
}
