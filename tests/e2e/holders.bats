#!/usr/bin/env bats
# One daemon holds a store, by whatever name it was reached and whatever became of the lock
# file: who comes second is told by whom it is held, or waits for its turn, and changes nothing.
# sanitizers: asan (who may hold a store is for the kernel to say, before there are threads)
load common
load ../lib/records
load ../lib/furnish

setup() {
	start
	claim a 7 > "$M/inbox/a"
	M2=$BATS_TEST_TMPDIR/second
	mkdir "$M2"
}
teardown() { stop; }

# Where the mount cannot be seen, and only the lock says that somebody has the store.
unseen() {
	unshare -m true 2> /dev/null || skip "cannot make a mount namespace here"
	# shellcheck disable=SC2016 # the other shell's
	unshare -m bash -c 'umount -l "$0" && exec "$@"' "$M" "$@"
}

# The holder goes on as if nothing had been.
undisturbed() {
	claim "later$((++N))" > "$M/inbox/later"
	[ "$(value "later$N" p)" = 1 ]
	[ "$(value a p)" = 7 ]
	[ "$(jq -s 'map(.seq) == [range(1; length + 1)]' "$M/events.jsonl")" = true ]
}

# Nothing was lost in the end.
whole() {
	local before
	before=$(b3sum < "$M/events.jsonl")
	unmount_store
	"$STEMEFS" check "$S"
	mount_store
	[ "$(b3sum < "$M/events.jsonl")" = "$before" ]
}

@test "the second mount is refused, by any name of the store" {
	local pid
	pid=$(daemon_pid)
	says 32 "is mounted already, on $M" "$STEMEFS" "$S" "$M2"
	ln -s store "$BATS_TEST_TMPDIR/link"
	says 32 "mounted already, on $M" "$STEMEFS" "$BATS_TEST_TMPDIR/link" "$M2"
	mkdir "$BATS_TEST_TMPDIR/bound"
	mount --bind "$S" "$BATS_TEST_TMPDIR/bound" || skip "cannot bind mount here"
	says 32 "in use by process $pid" "$STEMEFS" "$BATS_TEST_TMPDIR/bound" "$M2"
	umount "$BATS_TEST_TMPDIR/bound"
	says 32 "in use by process $pid" unseen "$STEMEFS" "$S" "$M2"
	[ "$(daemon_pid)" = "$pid" ]
	! mountpoint -q "$M2"
	undisturbed
	whole
}

@test "while it is mounted commands go through the mount, or are refused" {
	claim b 5 | "$STEMEFS" put "$S" inbox/b
	[ "$(value b p)" = 5 ]
	[ "$("$STEMEFS" cat "$S" subjects/a/p/value/consensus)" = 7 ]
	quiet "$STEMEFS" ls "$S" subjects
	[[ $output == *b* ]]
	quiet "$STEMEFS" status "$S"
	[[ $output == *"mounted"*"$M"* ]]
	quiet "$STEMEFS" admit "$S" "$(claim x | signed "$ONE_SEED" | jq -r '.signatures[0].agent')"
	says 8 "is mounted on $M; try stemefs umount $M" "$STEMEFS" check "$S"
	says 1 "is mounted on $M; try stemefs umount $M" "$STEMEFS" rebuild "$S"
	fails "$STEMEFS" init "$S"
	undisturbed
	whole
}

@test "where the mount cannot be seen every command is refused" {
	local pid before
	pid=$(daemon_pid)
	before=$(b3sum < "$M/events.jsonl")
	claim b > "$BATS_TEST_TMPDIR/b"
	says 1 "in use by process $pid" unseen "$STEMEFS" put "$S" inbox/b < "$BATS_TEST_TMPDIR/b"
	says 1 "in use by process $pid" unseen "$STEMEFS" status "$S"
	says 8 "in use by process $pid" unseen "$STEMEFS" check "$S"
	says 1 "in use by process $pid" unseen "$STEMEFS" rebuild "$S"
	[ ! -e "$S/index.aside" ]
	[ "$(b3sum < "$M/events.jsonl")" = "$before" ]
	undisturbed
	whole
}

@test "the lock file is removed, emptied or replaced: the store is still held" {
	local how
	# shellcheck disable=SC2016 # for eval
	for how in 'rm "$S/lock"' ': > "$S/lock"' 'cp "$S/lock" "$S/new" && mv "$S/new" "$S/lock"'; do
		eval "$how"
		says 32 "in use by" unseen "$STEMEFS" "$S" "$M2"
		undisturbed
	done
	says 8 "in use by another process" unseen "$STEMEFS" check "$S"
	whole
}

@test "the store is renamed while it is mounted: it is held under its new name" {
	local moved=$BATS_TEST_TMPDIR/moved
	mv "$S" "$moved"
	says 32 "in use by process $(cat "$moved/lock")" "$STEMEFS" "$moved" "$M2"
	# and another store in its old place is another store
	"$STEMEFS" init "$S"
	claim other | unseen "$STEMEFS" put "$S" inbox/other
	rm -r "$S"
	mv "$moved" "$S"
	undisturbed
	whole
}

@test "kill -9 leaves no lock" {
	local k pid
	for ((k = 0; k < $(few 5 2); k++)); do
		pid=$(daemon_pid)
		kill_daemon
		[ "$(cat "$S/lock")" = "$pid" ] # what is written there means nothing
		mount_store
		[ "$(daemon_pid)" != "$pid" ]
		undisturbed
	done
	kill_daemon
	"$STEMEFS" check "$S"
	mount_store
	whole
}

# Two starts of one store, which a killed daemon left unclean: race N
race() {
	local at=$BATS_TEST_TMPDIR/race$1 one two won=0 first=0 second=0
	"$STEMEFS" "$at/store" "$at/1" 2> "$at/said1" 3>&- &
	one=$!
	"$STEMEFS" "$at/store" "$at/2" 2> "$at/said2" 3>&- &
	two=$!
	wait "$one" || first=$?
	wait "$two" || second=$?
	echo "$first $second" > "$at/result"
}

# The lock is waited for some seconds, so all races are run at once. (`run` changes i.)
@test "two starts at the same time: one wins, every time, and nothing is lost" {
	local i k at winner loser races=() count
	count=$(few 20 4)
	for ((k = 0; k < count; k++)); do
		at=$BATS_TEST_TMPDIR/race$k
		mkdir -p "$at"/{1,2}
		"$STEMEFS" init "$at/store"
		"$STEMEFS" "$at/store" "$at/1"
		claim a "$k" > "$at/1/inbox/a"
		kill -9 "$(cat "$at/store/lock")"
		umount -l "$at/1"
	done
	for ((k = 0; k < count; k++)); do
		race "$k" 3>&- &
		races+=($!)
	done
	for i in "${races[@]}"; do wait "$i"; done
	for ((k = 0; k < count; k++)); do
		at=$BATS_TEST_TMPDIR/race$k
		case $(cat "$at/result") in
		"0 32") winner=$at/1 loser=2 ;;
		"32 0") winner=$at/2 loser=1 ;;
		*) cat "$at/result" "$at"/said* >&2; return 1 ;;
		esac
		grep -q "in use by process\|mounted already" "$at/said$loser"
		! mountpoint -q "$at/$loser"
		[ "$(cat "$winner/subjects/a/p/value/consensus")" = "$k" ]
		claim b > "$winner/inbox/b"
		"$STEMEFS" umount --wait "$winner"
		run "$STEMEFS" check "$at/store"
		[[ $output == *"clean: 3 records"* ]] # and that which admitted the key
	done
}

@test "commands that meet on a store that nobody has mounted take turns" {
	local i k puts=() count
	count=$(few 12 4)
	unmount_store
	for ((k = 0; k < count; k++)); do
		claim "turn$k" | "$STEMEFS" put "$S" inbox/x 3>&- &
		puts+=($!)
	done
	for i in "${puts[@]}"; do wait "$i"; done
	mount_store
	[ "$(records)" -eq $((count + 2)) ]
	[ "$(value "turn$((count - 1))" p)" = 1 ]
	whole
}

@test "two that make a store in one place: one does, and it is whole" {
	local k one two first second
	for ((k = 0; k < $(few 20 5); k++)); do
		mkdir "$BATS_TEST_TMPDIR/new"
		first=0 second=0
		"$STEMEFS" init "$BATS_TEST_TMPDIR/new" 2> /dev/null 3>&- &
		one=$!
		"$STEMEFS" init "$BATS_TEST_TMPDIR/new" 2> /dev/null 3>&- &
		two=$!
		wait "$one" || first=$?
		wait "$two" || second=$?
		[ $((first == 0)) -ne $((second == 0)) ]
		"$STEMEFS" check "$BATS_TEST_TMPDIR/new"
		rm -r "$BATS_TEST_TMPDIR/new"
	done
}
