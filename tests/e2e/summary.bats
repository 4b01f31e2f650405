#!/usr/bin/env bats
# A page about each subject that reads in `cat`, in an editor and by an agent.
# sanitizers: asan (the text of a page, rendered by one thread from one snapshot)
load common
load ../lib/records
load ../lib/agents
load ../lib/furnish

setup() {
	start
	PAGE=$M/subjects/s/_summary.md
}
teardown() { stop; }

# said PREDICATE OBJECT [JQ]: a claim on s, changed by a jq filter.
said() {
	jq -nc --arg p "$1" --arg o "$2" '{subject: "s", predicate: $p, object: $o} | '"${3:-.}"
}

# row PREDICATE [PAGE]: its row in the first table, without padding.
row() {
	grep -m 1 "^| $1 " "${2:-$PAGE}" | tr -s ' '
}

# Every line of a table is as wide as the others, on a terminal.
is_aligned() {
	python3 - "$1" <<-'END'
		import sys, unicodedata
		def width(s):
		    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
		table = None
		for line in open(sys.argv[1], encoding="utf-8").read().split("\n"):
		    if not line.startswith("|"):
		        table = None
		    elif table is None:
		        table = width(line)
		    elif table != width(line):
		        sys.exit("not aligned: " + line)
	END
}

@test "a table of what is said, readable as it is" {
	said ceo x '.object = {ref: "Elon_Musk"}' > "$M/inbox/a"
	said has_revenue x '.object = 96.7 | .confidence = 0.9' > "$M/inbox/b"
	said 首都 東京 > "$M/inbox/c"
	said 'tags[]' cars > "$M/inbox/d"
	said 'tags[]' energy '.source = "site"' > "$M/inbox/e"
	[ "$(head -n 1 "$PAGE")" = "# s" ]
	[ "$(sed -n 3p "$PAGE")" = "4 predicates with 5 claims; none is contested." ]
	[ "$(row ceo)" = "| ceo | → Elon_Musk | 0.33 | 1 | 1 | single | █ |" ]
	[ "$(row has_revenue)" = "| has_revenue | 96.7 | 0.47 | 1 | 1 | single | █ |" ]
	[[ $(grep -F '| tags[] ' "$PAGE") == *"cars"* ]]
	[[ $(grep -F '| tags[] ' "$PAGE") == *"energy"* ]]
	grep -q '| 首都 .*| 東京 ' "$PAGE"
	is_aligned "$PAGE"
	fails grep -q '^## ' "$PAGE"
}

@test "no text breaks out of its cell, draws on a terminal or grows without end" {
	said 'a|b`*_<i>' $'x | y\n# not a title\n| z |' > "$M/inbox/a"
	said link '[click](javascript:alert(1)) <script>x</script> &lt;' > "$M/inbox/b"
	said long "$(printf 'é%.0s' {1..3000})" > "$M/inbox/c"
	said marks "$(printf 'e\u0301%.0s' {1..3000})" > "$M/inbox/d"
	said bidi $'\u202eexe.txt\u200b' > "$M/inbox/e"
	said wide "$(printf '東%.0s' {1..300})" > "$M/inbox/f"
	[ "$(grep -c '^|' "$PAGE")" -eq 8 ]
	fails grep -q '^# not' "$PAGE"
	# as many columns everywhere: bars that are not escaped
	[ "$(grep '^|' "$PAGE" | sed 's/\\.//g' | tr -dc '|\n' | sort -u)" = "||||||||" ]
	grep -qF '\[click](javascript' "$PAGE"
	grep -qF '\<script>' "$PAGE"
	fails grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae|\xe2\x80\x8b' "$PAGE"
	[ "$(wc -L < "$PAGE")" -lt 200 ]
	[ "$(wc -c < "$PAGE")" -lt 6000 ]
	is_aligned "$PAGE"
	grep -q '…' "$PAGE"
}

@test "where people disagree, the values and their shares" {
	members ann bob eve
	said revenue 47 '.object = 47' | signs ann
	said revenue 62 '.object = 62' | signs bob
	said revenue 52 '.object = 52 | .confidence = 1' | signs eve
	said ceo x | signs ann
	[ "$(sed -n 3p "$PAGE")" = "2 predicates with 4 claims; 1 is contested." ]
	[[ $(row revenue) == "| revenue | 52 | 0.33 | 3 | 3 | contested |"* ]]
	[ "$(sed -n '/^## Contested/,$p' "$PAGE" | grep '^| revenue' | tr -s ' ')" = \
		"| revenue | 52 | 0.50 | 1 | 1 |
| revenue | 62 | 0.25 | 1 | 1 |
| revenue | 47 | 0.25 | 1 | 1 |" ]
	is_aligned "$PAGE"
}

@test "of many values the weaker ones are counted" {
	agents ann
	for i in {1..9}; do
		agents "a$i"
		said p "v$i" | signs "a$i"
	done
	[ "$(sed -n '/^## Contested/,$p' "$PAGE" | grep -c '^| p ')" -eq 6 ]
	grep -q '^| p .*| 4 weaker ' "$PAGE"
}

@test "rules stand below, and a conflict is told" {
	said forbidden:http requests > "$M/inbox/a"
	said must_use:http requests '.note = "it works"' > "$M/inbox/b"
	[ "$(sed -n '/^## Rules/,$p' "$PAGE" | tail -n 2 | tr -s ' ')" = \
		"| forbidden | http | requests | 0.33 | 1 | yes | |
| must_use | http | requests | 0.33 | 1 | yes | it works |" ]
}

@test "support over time: eight moments from the oldest claim to the newest" {
	local i
	for i in 0 1 2 3 4 5 6 7; do
		agents "a$i"
		said p it ".timestamp = \"2026-01-0$((i + 1))T00:00:00Z\"" | signs "a$i"
	done
	[[ $(row p) == *"| ▁▂▃▄▅▆▇█ |" ]]
	# as the reader sees it: under asof/ the fourth is the last
	[[ $(row p "$M/asof/2026-01-04/subjects/s/_summary.md") == *" 4 | 4 | unanimous | "*"█ |" ]]
	[[ $(row p "$M/asof/2026-01-01/subjects/s/_summary.md") == *" 1 | 1 | single | █ |" ]]
	# what was said against it counts from its time on
	said q it '.timestamp = "2026-01-01T00:00:00Z"' | signs a0
	said q it '.timestamp = "2026-01-08T00:00:00Z"' | signs a1
	jq -c 'select(.timestamp < "2026-01-02") | {vote: .id, weight: -0.25, timestamp: "2026-01-04T12:00:00Z"}' \
		"$M/subjects/s/q/claims.jsonl" | signs a2
	[[ $(row q) == *"| ▅▅▅▅▃▃▃█ |" ]]
}

@test "a write is seen at once, with its size and its time" {
	said p 1 > "$M/inbox/a"
	[[ $(row p) == "| p | 1 |"* ]]
	touch "$BATS_TEST_TMPDIR/before"
	sleep 0.01
	said p 2 '.confidence = 1' > "$M/inbox/b"
	[[ $(row p) == "| p | 2 |"* ]]
	[ "$(stat -c %s "$PAGE")" -eq "$(cat "$PAGE" | wc -c)" ]
	[ "$PAGE" -nt "$BATS_TEST_TMPDIR/before" ]
	[ "$(stat -c %.Y "$PAGE")" = "$(stat -c %.Y "$M/subjects/s/p/consensus")" ]
	# what is said of others does not touch it
	before=$(stat -c '%.Y %i' "$PAGE")
	claim other > "$M/inbox/c"
	[ "$(stat -c '%.Y %i' "$PAGE")" = "$before" ]
	# a vote, and an admission, do
	agents ann
	said p 3 | signs ann
	[[ $(row p) == "| p | 2 |"* ]]
	revoke_all=$(agent_of)
	admit ann
	echo "$revoke_all" | xargs "$STEMEFS" admit "$S" --revoke
	[[ $(row p) == "| p | 3 |"* ]]
}

@test "contexts have pages of their own; a moment's never changes" {
	said p then '.timestamp = "2026-01-05T00:00:00Z" | .lifecycle = "approved"' > "$M/inbox/a"
	seq=$(records)
	page=$(cat "$M/at/seq-$seq/subjects/s/_summary.md")
	said p now '.confidence = 1' > "$M/inbox/b"
	said q more > "$M/inbox/c"
	[ "$(cat "$M/at/seq-$seq/subjects/s/_summary.md")" = "$page" ]
	[[ $(row p "$M/stage/approved/subjects/s/_summary.md") == "| p | then |"* ]]
	[[ $(row p "$M/asof/2026-01-31/subjects/s/_summary.md") == "| p | then |"* ]]
	[ "$(sed -n 3p "$M/stage/approved/subjects/s/_summary.md")" = "1 predicate with 1 claim; none is contested." ]
	[ "$(sed -n 3p "$PAGE")" = "2 predicates with 3 claims; none is contested." ]
	# what comes to be in a context is on its page
	said q good '.lifecycle = "approved"' > "$M/inbox/d"
	grep -q '^| q ' "$M/stage/approved/subjects/s/_summary.md"
}

@test "of very many predicates the first two hundred, and how many more" {
	jq -nc 'range(350) | {subject: "s", predicate: "p\(1000 + .)", object: .}' > "$M/inbox/all"
	[ "$(sed -n 3p "$PAGE")" = "350 predicates; the first 200 are shown, with 200 claims; none is contested." ]
	[ "$(grep -c '^| p' "$PAGE")" -eq 201 ]
	grep -qx '150 more: `ls` lists them all.' "$PAGE"
	[ "$(ls "$M/subjects/s" | wc -l)" -eq 351 ]
	[ "$(ls "$M/subjects/s" | sort -u | wc -l)" -eq 351 ]
	# rules are found behind them, too
	said zz 1 > "$M/inbox/b"
	said prefer:x y > "$M/inbox/c"
	grep -q '^| prefer ' "$PAGE"
}

@test "a pair with very many claims is told without its past" {
	jq -nc --argjson n "$(few 2500 2100)" 'range($n) | {subject: "s", predicate: "p", object: (. % 3), source: "r\(.)"}' > "$M/inbox/all"
	[[ $(row p) == *"|" ]]
	[[ $(row p) != *[▁▂▃▄▅▆▇█]* ]]
}

@test "every subject has one, a place that was only made has none" {
	furnish
	for d in "$M"/subjects/*/; do
		[ "$d" = "$M/subjects/nobody/" ] || is_aligned "${d}_summary.md"
	done
	[ ! -e "$M/subjects/nobody/_summary.md" ]
	[ "$(ls "$M/subjects/nobody")" = yet ]
	[ "$(head -n 1 "$M/subjects/a%2Fb %25c/_summary.md")" = "# a/b %c" ]
	[ "$(grep -rl 'Elon_Musk' "$M/subjects/Tesla_Inc" | grep -c _summary.md)" -eq 1 ]
	fails sh -c "echo x > '$M/subjects/Tesla_Inc/_summary.md'"
	fails rm -f "$M/subjects/Tesla_Inc/_summary.md"
	# a claim can have no such name
	said _summary.md x > "$M/inbox/x"
	[ "$(ls "$M/subjects/s" | paste -sd' ')" = "%5Fsummary.md _summary.md" ]
}

@test "the same pages after a rebuild" {
	furnish
	cat "$M"/subjects/*/_summary.md > "$BATS_TEST_TMPDIR/before"
	unmount_store
	rm -r "$S/index"
	mount_store
	cat "$M"/subjects/*/_summary.md | diff - "$BATS_TEST_TMPDIR/before"
}
