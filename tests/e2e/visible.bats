#!/usr/bin/env bats
# When a write has returned, every later look of every other process shows it, in every file
# that it can change, by whatever way that process came there.
#
# VISIBLE_PAIRS: how many pairs of a write and a look there are under load (1000000 takes an
# hour or less); VISIBLE_SEED: another run.
load common
load ../lib/records
load ../lib/agents

VISIBLE=$(dirname "$STEMEFS")/tests/visible/visible

setup() {
	T=$BATS_TEST_TMPDIR
	start
}
teardown() {
	[ -z "${WAYS_PID:-}" ] || { eval "exec ${WAYS[1]}>&-"; wait "$WAYS_PID" || true; }
	local place
	for place in root pair file; do
		if [ -e "$T/$place" ]; then umount -l "$T/$place" 2> /dev/null || true; fi
	done
	stop
}

# load OPTION…: none of so many pairs is stale.
load_of() {
	[ -x "$VISIBLE" ] # make built-tests
	# shellcheck disable=SC2086
	timeout "$(( ${VISIBLE_PAIRS:-0} / 100 + 200 ))" \
		"$VISIBLE" -s "${VISIBLE_SEED:-1}" "$@" 3>&-
}

@test "under load: writes and looks of other processes, and none is stale" {
	load_of -n "${VISIBLE_PAIRS:-$(few 2500 300)}" -l 5 -r 2 "$M"
}

@test "under load, while the kernel forgets names and pages, through other ways to the mount" {
	local drops=0
	[ "$(id -u)" -ne 0 ] || drops=$(few 6 2)
	mkdir "$T/root"
	if unshare -m mount --bind "$M" "$T/root" 2> /dev/null; then
		# shellcheck disable=SC2016 # the other shell's
		load_of() { unshare -m bash -c 'mount --bind "$1" "$2" && exec "${@:3}" "$1" "$2"' - "$M" "$T/root" \
			timeout "$(( ${VISIBLE_PAIRS:-0} / 100 + 200 ))" "$VISIBLE" "$@" 3>&-; }
		load_of -s "${VISIBLE_SEED:-2}" -n "${VISIBLE_PAIRS:-$(few 1500 200)}" -l 3 -r 2 -d "$drops"
	else
		load_of -n "${VISIBLE_PAIRS:-$(few 1500 200)}" -l 3 -r 2 -d "$drops" "$M"
	fi
}

# watch_pairs OPTION… S/P…: one process that looks at them all the time.
watch_pairs() {
	coproc WAYS { exec python3 "$TOP/tests/lib/ways.py" "$M" "$@" 3>&-; }
	all_right
}

# What it sees is right.
all_right() {
	local answer
	echo look >&"${WAYS[1]}"
	read -r -t 100 answer <&"${WAYS[0]}"
	[ "$answer" = ok ] || { echo "$answer"; return 1; }
}

# now COMMAND…: it returns, and all is right in every file at once.
now() {
	"$@"
	all_right
}

put() { # TEXT [NAME]
	printf '%s\n' "$1" > "$M/inbox/${2:-put}"
}

renamed() { # TEXT
	printf '%s\n' "$1" > "$M/inbox/.put.tmp"
	mv "$M/inbox/.put.tmp" "$M/inbox/renamed"
}

into() { # FILE TEXT
	printf '%s\n' "$2" > "$M/$1"
}

# claim_id SUBJECT OBJECT: of the newest claim with this object
claim_id() {
	jq -r --arg o "$2" 'select((.object | tostring) == $o).id' "$M/subjects/$1/p/claims.jsonl" | tail -n 1
}

setting() { # JSON
	echo "$1" | "$STEMEFS" sign --key "$S/wallet/store.key" > "$T/setting"
	cat "$T/setting" > "$M/inbox/setting"
}

few_threads() {
	[ "${STEMEFS_MODE:-}" != tsan ] || skip "it is under load that threads meet"
}

# Ways that only root has.
bound() {
	ways=()
	mkdir -p "$T/root" "$T/pair"
	: > "$T/file"
	mount --bind "$M" "$T/root" 2> /dev/null || return 0
	mount --bind "$M/subjects/s/p" "$T/pair"
	mount --bind "$M/subjects/s/p/recency" "$T/file"
	ways=(--root "$T/root" --pair "s/p=$T/pair" --file "s/p/recency=$T/file")
}

@test "claims, votes and what withdraws them are seen in every file, in every way" {
	local ways long
	few_threads
	long=$(printf '%5000s' '' | tr ' ' z)
	members ann bob
	put "$(claim s 1)"
	bound
	watch_pairs "${ways[@]}" s/p new/p other/p numbers/p
	now put "$(claim other '"a"')"
	now put "$(claim s 2)"
	now put "$(claim s "\"$long\"")"
	now renamed "$(claim s 3)"
	now into subjects/s/p/assert 4
	now into subjects/s/p/vote '=2 1'
	now put "$(claim new '"a name that nobody had heard of"')" # it was asked for before
	mkdir -p "$M/subjects/numbers/p"
	now into subjects/numbers/p/assert 10
	now into subjects/numbers/p/assert 30
	now into subjects/numbers/p/vote '=30 -1'
	# values come and go
	[ -e "$M/subjects/s/p/value/skeptic" ]
	now signs ann < <(what s "of ann's")
	now signs bob < <(what s "of bob's")
	[ ! -e "$M/subjects/s/p/value/skeptic" ]
	[ ! -e "$M/subjects/s/p/value/median" ]
	now signs bob < <(on s "of ann's" 1)
	now signs bob < <(on s "of ann's" 0)
	now into "assertions/$(claim_id new "a name that nobody had heard of")/retract" 'a typo'
	[ ! -e "$M/subjects/new/p/value/consensus" ]
	now put "{\"retract\":\"$(claim_id s 4)\",\"reason\":\"a typo\"}"
	now put "{\"supersede\":\"$(claim_id s 3)\",\"by\":\"$(claim_id s 2)\",\"reason\":\"corrected\"}"
	now put "{\"cosign\":\"$(claim_id s "of ann's")\"}"
	now into "assertions/$(claim_id s "of bob's")/cosign" yes
	now put '{"epoch":"old"}'
	now put "$(claim other '"b"' | jq -c '.epoch = "old"')"
	now put '{"epoch":"new","supersedes":"old","supersession":"replace"}'
	# many at once
	now into inbox/many "$(jq -nc 'range(30) | {subject: ("s", "other", "new"), predicate: "p", object: ., source: "r\(.)"}')"
}

@test "settings are seen in every file of every pair, in every way" {
	local ways name
	few_threads
	agents ann bob eve
	put "$(claim s 1)"
	for name in ann bob eve; do signs "$name" < <(what s "of $name's"; what other "of $name's"); done
	bound
	watch_pairs "${ways[@]}" s/p other/p
	now admit ann
	now admit bob
	now signs eve < <(on s "of bob's" 1)
	now revoke ann
	now "$STEMEFS" admit "$S" --steward "$(keys_of bob)"
	now "$STEMEFS" admit "$S" --grant clinical "$(keys_of ann)"
	now setting "$(jq -nc --arg a "$(keys_of eve)" '{setting: "admit", agent: $a, value: true}')"
	now setting '{"setting":"min_trust","value":0.6}'
	now "$STEMEFS" set "$S" min_trust 0.3
	now signs bob < <(claim_id s "of eve's" | jq -Rc '{retract: ., reason: "no"}')
}
