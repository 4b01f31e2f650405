# A tree with every kind of file in it, and questions about trees.
#
#	load ../lib/records
#	load ../lib/furnish

ONE_SEED=0101010101010101010101010101010101010101010101010101010101010101
TWO_SEED=0202020202020202020202020202020202020202020202020202020202020202

# One mount for all tests of a file, with every kind of file in it; in setup_file:
#	share_mount [mount options]
# and `stop` in teardown_file.
share_mount() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	start "$@"
	open_the_way
	furnish
	export S M LOG STEMEFS TOP
}

# signed SEED: sign what comes in.
signed() {
	"$STEMEFS" sign --seed "$1"
}

# Pairs of every status, objects of every kind, every kind of record; names, receipts and
# an error in the inbox. Two agents are admitted; a stranger is not.
furnish() {
	"$STEMEFS" admit "$S" "$(claim key | signed "$ONE_SEED" | jq -r '.signatures[0].agent')" \
		"$(claim key | signed "$TWO_SEED" | jq -r '.signatures[0].agent')"
	claims 3 > "$M/inbox/many.jsonl"
	cat > "$M/inbox/kinds.json" <<-END
		{"subject":"Tesla_Inc","predicate":"has_revenue","object":96.7,"confidence":0.9,
		 "timestamp":"2026-01-05T10:00:00Z","source":"10-K","source_class":"regulatory",
		 "lifecycle":"approved","epoch":"${ONE_SEED//01/ee}","note":"as reported"}
		{"subject":"Tesla_Inc","predicate":"ceo","object":{"ref":"Elon_Musk"}}
		{"subject":"Tesla_Inc","predicate":"is_public","object":true}
		{"subject":"Tesla_Inc","predicate":"motto","object":"two\\nlines\\tand a tab — ünï©ode \\\\ \\" quoted"}
		{"subject":"Tesla_Inc","predicate":"tags[]","object":"cars"}
		{"subject":"Tesla_Inc","predicate":"tags[]","object":"energy","source":"site"}
		{"subject":"Elon_Musk","predicate":"height","object":"1.88e2"}
		{"subject":"a/b %c","predicate":".hidden -_ ","object":-1.5e-30}
		{"subject":"Ελλάδα","predicate":"首都","object":"Αθήνα"}
	END
	jq -nc '{subject:"long", predicate:"text", object:("0123456789abcde\n" * 2048)}' > "$M/inbox/long"
	# contested: two members disagree, a stranger has a third opinion
	claim disputed 1 | signed "$ONE_SEED" > "$M/inbox/one"
	claim disputed 2 | signed "$TWO_SEED" > "$M/inbox/two"
	claim disputed 3 | signed "${ONE_SEED//0/7}" > "$M/inbox/stranger"
	# unanimous: two members agree
	claim agreed '"yes"' | signed "$ONE_SEED" > "$M/inbox/one"
	claim agreed '"yes"' | signed "$TWO_SEED" > "$M/inbox/two"
	# more clusters than a file shows
	jq -nc 'range(20) | {subject:"numbers", predicate:"p", object:., source:"s\(.)"}' > "$M/inbox/numbers"
	# nobody supports anything
	claim unsupported | jq -c '.confidence = 0' > "$M/inbox/unsupported"
	echo '=96.7 0.5' > "$M/subjects/Tesla_Inc/has_revenue/vote"
	# what the inbox keeps
	echo '{"not finished' > "$M/inbox/.draft"
	fails sh -c "echo nonsense > '$M/inbox/refused'"
	mkdir "$M/inbox/lane"
	claim in_lane > "$M/inbox/lane/x"
	mkdir -p "$M/subjects/nobody/yet"
}

# Every regular file below a directory, by its path from there.
files_of() {
	(cd "$1" && find . -type f | LC_ALL=C sort)
}

# One of every kind: what is outside subjects/, a pair, and the longest.
kinds_of() {
	files_of "$1" | grep -v '^./subjects/' # no pair
	(cd "$1" && find ./subjects/Tesla_Inc/has_revenue ./subjects/long/text/c* -type f)
}

# What every file below a directory holds: a line each.
contents_of() {
	(cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 b3sum --)
}

# The same without what is kept for the caller or changes with the daemon: the part of a
# tree that follows from the log alone. (Places that were only made are forgotten, too.)
graph_of() {
	(cd "$1" && find . \( -path ./inbox -o -path ./receipts -o -path ./.stemefs -o \
		-path ./subjects/nobody \) -prune -o \
		-type f -print0 | LC_ALL=C sort -z | xargs -0 b3sum -- .stemefs/head)
}

# says STATUS TEXT COMMAND…: it ends with this exit status, nothing on stdout, and this text
# on stderr.
says() {
	local expected=$1 text=$2
	shift 2
	run "-$expected" --separate-stderr "$@"
	# shellcheck disable=SC2154 # set by run
	if [[ $stderr != *"$text"* ]] || [ -n "$output" ]; then
		echo "$*: $output $stderr" >&2
		return 1
	fi
}

# quiet COMMAND…: it succeeds and says nothing on stderr; its stdout is in $output.
quiet() {
	run --separate-stderr "$@"
	# shellcheck disable=SC2154 # set by run
	if [ "$status" -ne 0 ] || [ -n "$stderr" ]; then
		echo "$*: exit $status: $stderr" >&2
		return 1
	fi
}
