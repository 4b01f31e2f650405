#!/usr/bin/env bats
# echo a claim, cat the consensus.
load common
setup() { start; }
teardown() { stop; }

@test "echo a claim, cat the consensus" {
	echo '{"subject":"Tesla_Inc","predicate":"has_revenue","object":96.7}' > "$M/inbox/a.json"
	[ "$(value Tesla_Inc has_revenue)" = 96.7 ]
	run cat "$M/subjects/Tesla_Inc/has_revenue/consensus"
	[ "$(jq -r .status <<< "$output")" = single ]
	[ "$(jq -r .confidence <<< "$output")" = 0.333333 ]
}

@test "a claim that contradicts it lives beside it, and survives a remount" {
	echo '{"subject":"a","predicate":"b","object":1}' > "$M/inbox/x"
	echo '{"subject":"a","predicate":"b","object":2,"source":"s"}' > "$M/inbox/x"
	[ "$(wc -l < "$M/subjects/a/b/claims.jsonl")" -eq 2 ]
	cp "$M/subjects/a/b/consensus" "$BATS_TEST_TMPDIR/before"
	unmount_store
	mount_store
	cmp "$M/subjects/a/b/consensus" "$BATS_TEST_TMPDIR/before"
	[ "$(wc -l < "$M/subjects/a/b/claims.jsonl")" -eq 2 ]
}
