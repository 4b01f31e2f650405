#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Who is admitted counts as a member: at once, for what was said before and after, and only
# by the word of the store's own key.
load common
load ../lib/records
load ../lib/agents
load ../lib/furnish

setup() {
	sums=1000000000
	[[ $BATS_TEST_DESCRIPTION != *"(running sums)" ]] || sums=1
	start "sums-from=$sums"
}
teardown() { stop; }

# setting JSON [SIGNER]: by the store's key, or another agent's
setting() {
	local key=$S/wallet/store.key

	[ $# -eq 1 ] || key=$BATS_TEST_TMPDIR/$2.key
	echo "$1" | "$STEMEFS" sign --key "$key" > "$BATS_TEST_TMPDIR/setting"
	cat "$BATS_TEST_TMPDIR/setting" > "$M/inbox/setting"
}

# After another start, and after one without an index, every file is what it was.
nothing_changes_when_rebuilt() {
	graph_of "$M" > "$BATS_TEST_TMPDIR/before"
	unmount_store
	mount_store "sums-from=$sums"
	graph_of "$M" | diff - "$BATS_TEST_TMPDIR/before"
	unmount_store
	rm -r "$S/index"
	mount_store "sums-from=$sums"
	graph_of "$M" | diff - "$BATS_TEST_TMPDIR/before"
}

admitted_before_and_after() {
	agents ann bob
	admit ann
	what s early | signs ann
	[ "$(of s '.object, .confidence')" = "early 0.333333" ]
	what s late | signs bob
	[ "$(of s '.object, .share, .agents')" = "early 1 2" ]
	# bob's word counts from the moment that admit returns
	admit bob
	[ "$(of s '.object, .share, .confidence')" = "late 0.5 0.25" ] # the newer of two equal ones
	[ "$(of s .status)" = contested ]
	# and no longer when it is taken back
	revoke bob
	[ "$(of s '.object, .share, .status')" = "early 1 agreed" ]
	# a vote counts in the same way
	on s late 1 | signs bob
	[ "$(of s '.object, .share')" = "early 1" ]
	admit bob
	[ "$(of s '.object, .share')" = "late 0.666666" ]
	# strangers alone: in hundredths
	revoke ann bob
	[ "$(of s '.object, .confidence')" = "late 0.019417" ]
	# twice is once
	admit ann ann
	admit ann
	[ "$(of s '.object, .confidence, .share')" = "early 0.333333 1" ]
	nothing_changes_when_rebuilt
}

@test "admission counts at once, for what was said before and after" {
	admitted_before_and_after
}

@test "admission counts at once, for what was said before and after (running sums)" {
	admitted_before_and_after
}

what_makes_a_member() {
	local many
	many=60
	members ann
	what s one | signs ann
	what s many '.timestamp = "2026-01-01T00:00:00Z"' | signs_each "$many"
	[ "$(of s '.object, .share')" = "one 1" ]
	# above everybody's trust nobody is a member: 60 hundredths against 50
	setting '{"setting":"min_trust","value":0.6}'
	[ "$(of s '.object, .share, .confidence')" = "many 0.545454 0.285714" ]
	setting '{"setting":"min_trust","value":0.5}'
	[ "$(of s '.object, .share')" = "one 1" ]
	# below everybody's, everybody is
	setting '{"setting":"min_trust","value":0.01}'
	[ "$(of s '.object, .share')" = "many 0.545454" ]
	setting '{"setting":"min_trust","value":0}'
	[ "$(of s '.object, .share')" = "many 0.545454" ]
	# it holds for what comes later, too
	what new one | signs ann
	what new two '.timestamp = "2026-01-01T00:00:00Z"' | signs_each 2
	[ "$(of new '.object, .share')" = "one 0.961538" ]
	setting '{"setting":"min_trust","value":0.010001}'
	[ "$(of new '.object, .share')" = "one 1" ]
	[ "$(of s '.object, .share')" = "one 1" ]
	# the newest one stands, whenever it comes in
	setting '{"setting":"min_trust","value":0.6,"timestamp":"2025-01-01T00:00:00Z"}'
	[ "$(of s '.object, .share')" = "one 1" ]
	nothing_changes_when_rebuilt
}

@test "min_trust signs who is a member" {
	what_makes_a_member
}

@test "min_trust signs who is a member (running sums)" {
	what_makes_a_member
}

@test "the newest word about an agent stands, whenever it comes in" {
	local key
	agents ann
	what s A | signs ann
	key=$(keys_of ann)
	revoke ann
	setting "{\"setting\":\"admit\",\"agent\":\"$key\",\"timestamp\":\"2025-01-01T00:00:00Z\"}"
	[ "$(of s .confidence)" = 0.0099 ]
	admit ann
	cp "$BATS_TEST_TMPDIR/setting" "$BATS_TEST_TMPDIR/old"
	cat "$BATS_TEST_TMPDIR/old" > "$M/inbox/again"
	[ "$(receipt again status)" = duplicate ]
	[ "$(of s .confidence)" = 0.333333 ]
	# an agent that has said nothing yet
	agents bob
	admit bob
	what s B | signs bob
	[ "$(of s .share)" = 0.5 ]
}

@test "a setting is refused unless the store's key alone has signed it" {
	local admit_ann
	agents ann bob
	what s A | signs ann
	admit_ann="{\"setting\":\"admit\",\"agent\":\"$(keys_of ann)\"}"
	post() { cat "$BATS_TEST_TMPDIR/setting" > "$M/inbox/setting"; }
	by() { echo "$1" | "$STEMEFS" sign "${@:2}" > "$BATS_TEST_TMPDIR/setting"; }

	echo "$admit_ann" > "$BATS_TEST_TMPDIR/setting" # for the caller to sign
	refused EPERM "store's own key" post
	by "$admit_ann" --key "$BATS_TEST_TMPDIR/ann.key"
	refused EPERM "store's own key" post
	by '{"setting":"min_trust","value":0.001}' --key "$BATS_TEST_TMPDIR/bob.key"
	refused EPERM "store's own key" post
	# together with the store's key is not by it alone
	by "$admit_ann" --key "$S/wallet/store.key"
	"$STEMEFS" sign --key "$BATS_TEST_TMPDIR/ann.key" < "$BATS_TEST_TMPDIR/setting" > "$BATS_TEST_TMPDIR/both"
	cp "$BATS_TEST_TMPDIR/both" "$BATS_TEST_TMPDIR/setting"
	refused EPERM "store's own key" post
	# its signature under something else
	by "$admit_ann" --key "$S/wallet/store.key"
	sed -i "s/$(keys_of ann)/$(keys_of bob)/" "$BATS_TEST_TMPDIR/setting"
	refused EACCES "does not verify" post
	# another store's key
	"$STEMEFS" init "$BATS_TEST_TMPDIR/other"
	by "$admit_ann" --key "$BATS_TEST_TMPDIR/other/wallet/store.key"
	refused EPERM "store's own key" post
	# what nobody knows, or is out of range
	fails by "{\"setting\":\"admin\",\"agent\":\"$(keys_of ann)\"}" --key "$S/wallet/store.key"
	[ ! -s "$BATS_TEST_TMPDIR/setting" ]
	[ "$(of s .confidence)" = 0.0099 ]
	by "$admit_ann" --key "$S/wallet/store.key"
	post
	[ "$(of s .confidence)" = 0.333333 ]
}

# How many pairs have which confidence: "60 0.333333"
tally_all() {
	cat "$M"/subjects/*/p/consensus | jq -r .confidence | sort | uniq -c | sed 's/^ *//' | paste -sd' '
}

many_pairs() {
	local n
	n=$(few 2000 200)
	agents ann
	jq -nc "range($n) | {subject: \"s\\(.)\", predicate: \"p\", object: .}" | signs ann
	[ "$(tally_all)" = "$n 0.0099" ]
	for _ in 1 2; do
		admit ann
		[ "$(of "s$((n - 1))" .confidence)" = 0.333333 ]
		[ "$(tally_all)" = "$n 0.333333" ]
		revoke ann
		[ "$(of "s$((n - 1))" .confidence)" = 0.0099 ]
		[ "$(tally_all)" = "$n 0.0099" ]
	done
	# the daemon is killed while there may be something left to do
	admit ann
	kill_daemon
	mount_store "sums-from=$sums"
	[ "$(tally_all)" = "$n 0.333333" ]
	revoke ann
	admit ann
	unmount_store
	"$STEMEFS" check "$S"
	rm -r "$S/index"
	mount_store "sums-from=$sums"
	[ "$(tally_all)" = "$n 0.333333" ]
}

@test "no answer is stale, on however many pairs an agent has spoken" {
	many_pairs
}

@test "no answer is stale, on however many pairs an agent has spoken (running sums)" {
	many_pairs
}

@test "an open reader keeps its answer, the next one has the new" {
	members ann
	agents bob
	what s A | signs ann
	what s B | signs bob
	exec 8< "$M/subjects/s/p/consensus"
	head -c 20 <&8 > /dev/null
	stat -c %Y.%y "$M/subjects/s/p/consensus" > "$BATS_TEST_TMPDIR/time"
	admit bob
	[[ $(cat <&8) == *'"status":"agreed"'* ]]
	exec 8<&-
	[ "$(of s .status)" = contested ]
	[ "$(getfattr --only-values -n user.stemefs.status "$M/subjects/s/p/consensus")" = contested ]
	# what changes a file changes its time
	fails cmp -s "$BATS_TEST_TMPDIR/time" <(stat -c %Y.%y "$M/subjects/s/p/consensus")
}
