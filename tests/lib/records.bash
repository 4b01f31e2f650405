# Records to write, and questions about what became of them.
#
#	load ../lib/records

PATH=/usr/bin:/bin:$PATH # Debian's python3, which has PyNaCl, before any other
# shellcheck disable=SC2034 # for who loads this
CANON=$TOP/tests/oracle/canon.py

# few N M: N in a release build, M under a sanitizer, where everything takes longer.
few() {
	if [ "${STEMEFS_MODE:-release}" = release ]; then echo "$1"; else echo "$2"; fi
}

# A claim about a subject of its own: claim NAME [VALUE]
claim() {
	echo "{\"subject\":\"$1\",\"predicate\":\"p\",\"object\":${2:-1}}"
}

# N records as jq -c prints them, with timestamps of their own, so that their ids are
# the same in every store; record BAD, counted from 0, is good JSON with a bad value.
# The subjects are PREFIX0, PREFIX1, …
claims() { # N [BAD [PREFIX]]
	jq -nc --argjson n "$1" --argjson bad "${2:--1}" --arg prefix "${3:-s}" '
		range(0; $n) | {subject: "\($prefix)\(.)", predicate: "is counted", object: .,
			confidence: (if . == $bad then 1.5 else 0.9 end),
			timestamp: (1577836800 + . | todate), source: "r\(.)"}'
}

# How many records the log holds.
records() {
	wc -l < "$M/events.jsonl"
}

# The agent that signs for uid 0, or another.
agent_of() {
	"$STEMEFS" key list "$S" | awk -v uid="${1:-0}" '$1 == uid { print $2 }'
}

# why KEY: a field of the caller's last error. Plain values are read here, without the
# 20 ms that a jq 1.6 takes to start; no string can hold an unescaped `,"key":`.
why() {
	local line

	read -r line < "$M/.stemefs/last_error" || [ -n "$line" ]
	if [[ $line =~ [{,]\"$1\":(\"([^\"\\]*)\"|([0-9]+))[,}] ]]; then
		echo "${BASH_REMATCH[2]}${BASH_REMATCH[3]}"
	else
		jq -r ".$1" "$M/.stemefs/last_error"
	fi
}

# receipt NAME KEY: that field of every line of a receipt, in one line.
receipt() {
	jq -r ".$2" "$M/receipts/$1" | paste -sd' '
}

# Do something as another user. The mount needs allow_other.
as() { # UID COMMAND…
	local uid=$1
	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"
}

# bats keeps its directories to itself; others are to reach the mount in them.
open_the_way() {
	local dir=$BATS_TEST_TMPDIR

	while [ "$dir" != / ] && [ "$dir" != "${BATS_TMPDIR%/}" ]; do
		chmod a+x "$dir"
		dir=$(dirname "$dir")
	done
}

# eventually COMMAND…: it comes true within some seconds. Only for what no call waits for.
eventually() {
	local i

	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}

# refused ERRNO TEXT COMMAND…: the command fails, nothing is stored, and last_error has
# this errno and a message with this text.
refused() {
	local code=$1 text=$2 before
	shift 2
	before=$(records)
	fails "$@"
	[ "$(records)" -eq "$before" ]
	[ "$(why code)" = "$code" ]
	[[ $(why message) == *"$text"* ]]
}
