# What every e2e test needs: a store and a real mount of its own in the test's temporary
# directory, waited for, always unmounted; a watchdog; and a daemon log with no surprises.
#
#	load common
#	setup() { start; }
#	teardown() { stop; }
#
# S: the store; M: the mount; STEMEFS: the program.

bats_require_minimum_version 1.5.0
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-240}
STEMEFS=${STEMEFS:-$BATS_TEST_DIRNAME/../../build/release/stemefs}
TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# start [mount options]: init and mount.
start() {
	S=$BATS_TEST_TMPDIR/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	[ -e "$S/format" ] || "$STEMEFS" init "$S"
	mkdir -p "$M"
	mount_store "$@"
}

mount_store() {
	"$STEMEFS" "$S" "$M" -o "log=$LOG${1:+,$1}"
}

unmount_store() {
	"$STEMEFS" umount "$M"
}

daemon_pid() {
	cat "$S/lock"
}

# kill -9, and leave nothing mounted.
kill_daemon() {
	local pid
	pid=$(daemon_pid)
	kill -9 "$pid"
	# gone, or a zombie that nobody reaps (a container without an init)
	while [ -e "/proc/$pid" ] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.01; done
	umount -l "$M" 2>/dev/null || fusermount3 -uz "$M"
}

stop() {
	if mountpoint -q "$M" 2>/dev/null || [ -e "$M/." ] 2>/dev/null; then
		"$STEMEFS" umount "$M" 2>/dev/null || umount -l "$M" 2>/dev/null || true
	fi
	umount -l "$M" 2>/dev/null || true
	# a sanitizer's report, or anything else that the daemon complained about
	if [ -s "${LOG:-}" ] && grep -v '^#' "$LOG" | grep -q .; then
		echo "the daemon said:" >&2
		cat "$LOG" >&2
		return 1
	fi
}

# The value of a consensus: value S P
value() {
	cat "$M/subjects/$1/$2/value/consensus"
}

# fails COMMAND…: it must not succeed; its output is in $output.
fails() {
	run "$@"
	[ "$status" -ne 0 ]
}
