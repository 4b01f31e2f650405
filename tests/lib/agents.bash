# Agents with keys of their own, and what they say.
#
#	load ../lib/records
#	load ../lib/agents

# agents NAME…: make their keys. They are strangers.
agents() {
	local name

	for name in "$@"; do
		"$STEMEFS" key new "$BATS_TEST_TMPDIR/$name.key" > "$BATS_TEST_TMPDIR/$name.public"
	done
}

# members NAME…: agents that are admitted.
members() {
	agents "$@"
	admit "$@"
}

# The public keys of agents, one a line.
keys_of() {
	local name

	for name in "$@"; do cat "$BATS_TEST_TMPDIR/$name.public"; done
}

admit() {
	keys_of "$@" | xargs "$STEMEFS" admit "$S"
}

revoke() {
	keys_of "$@" | xargs "$STEMEFS" admit "$S" --revoke
}

# signs NAME: the records that come in are signed by that agent and posted.
signs() {
	"$STEMEFS" sign --key "$BATS_TEST_TMPDIR/$1.key" > "$BATS_TEST_TMPDIR/signed"
	cat "$BATS_TEST_TMPDIR/signed" > "$M/inbox/$1"
}

# signs_each N: every record that comes in is signed by N strangers and posted N times.
signs_each() {
	python3 - "$1" "$TOP/tests/oracle" > "$BATS_TEST_TMPDIR/signed" 3<&0 <<-'END'
		import os, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, sys.argv[2])
		import canon
		for line in os.fdopen(3):
		    for i in range(int(sys.argv[1])):
		        print(canon.dumps(canon.sign((1000 + i).to_bytes(32, "big"), canon.loads(line))))
	END
	cat "$BATS_TEST_TMPDIR/signed" > "$M/inbox/strangers"
}

# what SUBJECT OBJECT [JQ]: a claim on SUBJECT/p, changed by a jq filter.
what() {
	jq -nc --arg s "$1" --arg o "$2" '{subject: $s, predicate: "p", object: $o} | '"${3:-.}"
}

# on SUBJECT OBJECT WEIGHT: a vote on each claim of SUBJECT/p that has this object.
on() {
	jq -c --arg o "$2" --argjson w "$3" 'select(.object == $o) | {vote: .id, weight: $w}' \
		"$M/subjects/$1/p/claims.jsonl"
}

# of SUBJECT FILTER [LENS]: that of an answer, in one line; "absent" for what is left out.
of() {
	jq -rc "$2 | if . == null then \"absent\" else . end" "$M/subjects/$1/p/${3:-consensus}" | paste -sd' '
}
