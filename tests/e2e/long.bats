#!/usr/bin/env bats
# sanitizers: asan (unit test scroll shows ThreadSanitizer who counts at once)
# Files of any length: exact sizes, any way of reading, one moment per handle, and a daemon
# whose memory does not grow with them.
load common
load ../lib/records
setup() { start; }
teardown() { stop; }

@test "long lists are whole, in order, as of one moment, and not held in memory" {
	claims=$(few 20000 3000)
	python3 "$TOP/tests/lib/long.py" "$M" "$claims"
	unmount_store
	mount_store
	# KiB; what AddressSanitizer keeps is not the daemon's
	python3 "$TOP/tests/lib/long.py" "$M" "$claims" "$(few 40960 0)" "$(daemon_pid)"
}
