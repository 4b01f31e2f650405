#!/usr/bin/env bats
# The same set of records gives the same bytes: in whatever order, batches and repetitions
# they come, however the sums are kept, and when the index is made anew from the log.
load common
load ../lib/records
load ../lib/furnish

setup() {
	seed=${GRAPH_SEED:-$RANDOM$RANDOM}
	echo "again: GRAPH_SEED=$seed bats tests/e2e/order.bats"
}
teardown() { stop; }

graph() { "$TOP/tests/oracle/graph.py" "$@"; }

# What every replica must have: all but the order in which things came.
same_everywhere() {
	(cd "$M/subjects" && find . -type f ! -name history.jsonl ! -name vote ! -name assert -print0 |
		LC_ALL=C sort -z | xargs -0 b3sum --)
	# the key of the store is its own; who came first, and when, differs
	(cd "$M" && find sources epochs conflicts.jsonl agents/*/claims.jsonl -type f -print0 |
		LC_ALL=C sort -z | xargs -0 b3sum -- | grep -v "$("$STEMEFS" status "$S" --json | jq -r .store_key)")
	(cd "$M" && find subjects conflicts agents/by-name -type l -printf '%p -> %l\n' | LC_ALL=C sort)
}

# same A B: two lists are one, or here are the first differences.
same() {
	diff "$1" "$2" > "$BATS_TEST_TMPDIR/differences" && return
	head -20 "$BATS_TEST_TMPDIR/differences"
	return 1
}

# one_store ORDER OPTIONS: a fresh store with all of the plan's records, unmounted in the end
one_store() {
	BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$1
	mkdir "$BATS_TEST_TMPDIR"
	start "$2"
	graph play "$plan" "$STEMEFS" "$S" "$M" --order "$seed/$1" --writers "$1" --no-compare
	same_everywhere > "$BATS_TEST_TMPDIR/same"
	grep -q '  sources/' "$BATS_TEST_TMPDIR/same"
	grep -q '  agents/' "$BATS_TEST_TMPDIR/same"
	graph_of "$M" > "$BATS_TEST_TMPDIR/graph"
	unmount_store
	rm -r "$S/index"
	mount_store "$2"
	graph_of "$M" > "$BATS_TEST_TMPDIR/rebuilt"
	same "$BATS_TEST_TMPDIR/graph" "$BATS_TEST_TMPDIR/rebuilt"
	unmount_store
	BATS_TEST_TMPDIR=${BATS_TEST_TMPDIR%/*}
}

@test "the same records in three orders give the same files, and so does a new index" {
	plan=$BATS_TEST_TMPDIR/plan
	# some 45 records on a pair
	graph make "$plan" --seed "$seed" --graphs "$(few 75 15)"
	one_store 1 sums-from=1
	one_store 2 sums-from=64
	one_store 4 sums-from=1000000000
	[ "$(wc -l < "$BATS_TEST_TMPDIR/1/same")" -gt "$(few 1500 200)" ]
	same "$BATS_TEST_TMPDIR/1/same" "$BATS_TEST_TMPDIR/2/same"
	same "$BATS_TEST_TMPDIR/1/same" "$BATS_TEST_TMPDIR/4/same"
}
