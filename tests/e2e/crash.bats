#!/usr/bin/env bats
# SIGKILL is harmless at every instant, and a log that lost its end mounts by itself. Each
# run takes a seed of its own and names it when it fails.
load common
load ../lib/records

@test "kill -9 under eight writers loses nothing that was acknowledged" {
	"$TOP/tests/crash/kill.py" --rounds "$(few 12 4)" --stemefs "$STEMEFS"
}

@test "a log that is cut anywhere in its last frames keeps the rest" {
	"$TOP/tests/crash/cut.py" --cuts "$(few 60 12)" --stemefs "$STEMEFS"
}
