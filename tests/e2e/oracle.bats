#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Random graphs through a real mount: every lens file, value file and claims.jsonl has the
# bytes that the slow reference (standing.py and lens.py in tests/oracle) makes of the same
# records. Tangles are small stores of everything that can be done to a claim, read live and
# under contexts; graphs are larger, and for the running sums.
#
#	GRAPH_SEED=7 GRAPH_COUNT=1000 BATS_TEST_TIMEOUT=3600 bats tests/e2e/oracle.bats
#
# Each run takes a seed of its own unless it is given one; a failure names it. A tangle that
# fails keeps its case where TANGLE_DIR says, for `tests/oracle/tangle.py shrink`.
load common

setup() {
	case ${STEMEFS_MODE:-release} in
	release) count=48 ;; # graphs of three pairs, for each test
	*) count=8 ;;
	esac
	count=${GRAPH_COUNT:-$count}
	seed=${GRAPH_SEED:-$RANDOM$RANDOM}
	echo "again: GRAPH_SEED=$seed GRAPH_COUNT=$count bats -f '$BATS_TEST_DESCRIPTION' tests/e2e/oracle.bats"
}
teardown() {
	local m
	[ -z "${M:-}" ] || stop
	# those of a tangle that was cut short
	for m in $(grep -o "$BATS_TEST_TMPDIR/[^ ]*" /proc/mounts); do umount -l "$m"; done
}

graph() { "$TOP/tests/oracle/graph.py" "$@"; }

make_plan() {
	plan=$BATS_TEST_TMPDIR/plan
	graph make "$plan" --seed "$seed $BATS_TEST_DESCRIPTION" --graphs "$count"
}

play() { graph play "$plan" "$STEMEFS" "$S" "$M" --order "$seed" "$@"; }

@test "the reference holds what docs/standing.md says" {
	"$TOP/tests/oracle/standing_cases.py"
}

@test "what stands agrees with the reference, live and in every context" {
	local stores=$((1 + count / 8))

	"$TOP/tests/oracle/tangle.py" play "$STEMEFS" "${TANGLE_DIR:-$BATS_TEST_TMPDIR/tangles}" \
		--seed "$seed" --stores "$stores"
}

@test "running sums on every pair agree with the reference" {
	make_plan
	start sums-from=1
	play --checks 3
}

@test "running sums on large pairs agree with the reference" {
	make_plan
	start
	play --checks 1
}

@test "pairs without running sums agree with the reference" {
	make_plan
	start sums-from=1000000000
	play --checks 1
}

@test "running sums that begin and stay behind agree with the reference" {
	make_plan
	start sums-from=1000000000
	play --to 0.4
	unmount_store
	mount_store sums-from=1
	play --from 0.4 --to 0.7 --checks 1
	unmount_store
	mount_store sums-from=40
	play --from 0.7
	# and from nothing but the log, without being told anew
	unmount_store
	rm -r "$S/index"
	mount_store sums-from=3
	graph check "$plan" "$M"
}
