#!/usr/bin/env bats
# What the documents promise works as they print it.
#
# Every block of README.md that is fenced as ```sh runs, one after the other in one shell,
# with $M a mount and $S its store. Blocks fenced otherwise (```console, transcripts of a
# terminal) do not.
# sanitizers: asan (what the documents say; each command is one that other files run)
load common
load ../lib/records
load ../lib/agents

setup() {
	start
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$STEMEFS" "$BATS_TEST_TMPDIR/bin/stemefs"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	export S M
}
teardown() { stop; }

# blocks FENCE FILE: the lines between ```FENCE and ```.
blocks() {
	awk -v fence="\`\`\`$1" '$0 == "```" { inside = 0 } inside; $0 == fence { inside = 1 }' "$2"
}

# The options that a command's help explains: "  -l, --long   mode, owner…".
options_of() {
	stemefs "$1" --help | grep -o '^  -[^ ]*\(, --[a-z]*\)\?' | grep -o -- '-\+[a-zA-Z]\+'
}

# Records on stdin for the caller to sign.
post() {
	cat > "$M/inbox/post"
}

# A manual page (mdoc(7)) with its flags as they are typed.
page() {
	sed 's/\bFl \(-\?[a-zA-Z]\)/-\1/g' "$TOP/man/$1"
}

@test "README.md: every command runs, in any shell" {
	local shell n=0
	stop
	blocks sh "$TOP/README.md" > "$BATS_TEST_TMPDIR/readme.sh"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/readme.sh")" -gt 10 ]
	for shell in "bash -e" "dash -e" "zsh -e" "busybox sh -e"; do
		S=$BATS_TEST_TMPDIR/store$n M=$BATS_TEST_TMPDIR/mnt$n
		mkdir "$M" "$BATS_TEST_TMPDIR/work$n"
		stemefs init "$S"
		stemefs "$S" "$M" -o "log=$LOG"
		cd "$BATS_TEST_TMPDIR/work$n"
		run --separate-stderr $shell "$BATS_TEST_TMPDIR/readme.sh"
		cd /
		stemefs umount "$M"
		echo "$shell: exit $status: $output $stderr"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ $output == *'"subject":"Tesla_Inc"'* ]]
		n=$((n + 1))
	done
}

@test "README.md: the paths of the tree are there" {
	local name
	cd "$BATS_TEST_TMPDIR"
	blocks sh "$TOP/README.md" | bash -e > "$BATS_TEST_TMPDIR/out"
	# the drawing of the tree: names and what is in a pair
	for name in README.md inbox/ events.jsonl receipts/ .stemefs/; do
		grep -q "^      $name" "$TOP/README.md"
		[ -e "$M/$name" ]
	done
	while read -r name; do
		[ -e "$M/subjects/Water/boils_at_celsius/${name/<lens>/consensus}" ]
	done < <(sed -n 's,^        \([a-z][^ ]*\)  .*,\1,p' "$TOP/README.md")
}

@test "README.md: documents and commands that it names exist" {
	local name
	while read -r name; do
		[ -e "$TOP/$name" ]
	done < <(grep -o '](\([^)#]*\))' "$TOP/README.md" | tr -d '()]' | grep -v '^https\?:' | sort -u)
	for name in $(sed -n 's/.*`stemefs --help` lists the rest: `\([^`]*\)`.*/\1/p' "$TOP/README.md"); do
		stemefs "$name" --help > "$BATS_TEST_TMPDIR/out"
	done
	[ -n "$name" ]
}

@test "the README.md of a mount: its commands work, on what it talks about" {
	sed -n 's/^    //p' "$M/README.md" > "$BATS_TEST_TMPDIR/all"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/all")" -gt 8 ]
	# writing first: reading comes first in the text, for who finds a mount full of claims
	cd "$M"
	grep -A1 'inbox/\|inbox\|"object":96.7,$\|^mkdir\|assert' "$BATS_TEST_TMPDIR/all" | grep -v '^--\|vote$\|^cat\|^v=' > "$BATS_TEST_TMPDIR/writing"
	bash -e "$BATS_TEST_TMPDIR/writing"
	[ "$(value Tesla_Inc has_revenue)" = 96.7 ]
	[ "$(value Tesla_Inc ceo)" = Elon_Musk ]
	[ "$(value Tesla_Inc city)" = Austin ]
	local id
	id=$(jq -r .id subjects/Tesla_Inc/has_revenue/consensus)
	sed -n "s/3f9a01c2/${id:0:8}/; /vote\$/p" "$BATS_TEST_TMPDIR/all" > "$BATS_TEST_TMPDIR/voting"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/voting")" -eq 2 ]
	bash -e "$BATS_TEST_TMPDIR/voting"
	grep '^cat\|^v=' "$BATS_TEST_TMPDIR/all" > "$BATS_TEST_TMPDIR/reading"
	run bash -e "$BATS_TEST_TMPDIR/reading"
	[ "$status" -eq 0 ]
	[[ $output == *'"object":96.7'* ]]
	cd /
	[ "$(jq -s 'map(select(.kind == "vote")) | length' "$M/events.jsonl")" -eq 2 ]
}

@test "the README.md of a mount: paths, lenses and files that it names exist" {
	local lens id
	claim a > "$M/inbox/a"
	while read -r lens; do
		[ -e "$M/subjects/a/p/$lens" ]
	done < <(sed -n '/^Lenses:/,/^`status`/s/^| `\([a-z]*\)`.*/\1/p' "$M/README.md")
	[ -n "$(sed -n '/^Lenses:/,/^`status`/s/^| `\([a-z]*\)`.*/\1/p' "$M/README.md")" ]
	# and no lens is forgotten
	for lens in "$M"/subjects/a/p/why/*; do
		grep -q "^| \`${lens##*/}\`" "$M/README.md"
	done
	for lens in claims.jsonl history.jsonl assert vote events.jsonl receipts .stemefs/last_receipt \
		.stemefs/last_error .stemefs/errors.jsonl .stemefs/status limits version head metrics; do
		grep -q "${lens//./\\.}" "$M/README.md"
	done
	# what is in the tables of paths and prefixes, of a claim that all of them show
	echo '{"epoch":"then"}' > "$M/inbox/epoch"
	echo '{"profile":{"name":"Ada"}}' > "$M/inbox/profile"
	echo '{"subject":"b","predicate":"p","object":{"ref":"a"},"epoch":"then","source":"book",
	 "source_class":"expert"}' > "$M/inbox/b"
	echo '{"subject":"b","predicate":"forbidden:x","object":1}' > "$M/inbox/rule"
	id=$(jq -r .id "$M/subjects/b/p/consensus")
	for lens in subjects/b/p/target subjects/b/_constraints subjects/a/_in/p/b subjects/b/_summary.md \
		"assertions/${id:0:8}"/{claim.json,record,signatures.json,votes.jsonl,used-by.jsonl,retract,vote,cosign,supersede} \
		sources/book/claims.jsonl agents/me/{profile.json,claims.jsonl} agents/by-name/Ada \
		epochs/then/{epoch.json,claims.jsonl} conflicts conflicts.jsonl since/-24h/{events,changed}.jsonl \
		{at/now,at/seq-5,stage/proposed,tier/expert,in-epoch/then}/subjects/b/p/consensus asof/2020/subjects; do
		[ -e "$M/$lens" ] || { echo "$lens is missing"; return 1; }
	done
	for lens in /target _constraints _in/ _summary.md assertions/ claim.json record signatures.json votes.jsonl \
		used-by.jsonl sources/ agents/ epochs/ conflicts/ conflicts.jsonl at/ asof/ stage/ tier/ in-epoch/ since/; do
		grep -q "[\`/ ]${lens#/}" "$M/README.md" || { echo "$lens is not named"; return 1; }
	done
	[ "$(wc -l < "$M/README.md")" -le 150 ]
	for f in last_error last_receipt errors.jsonl status limits version head metrics; do
		[ -e "$M/.stemefs/$f" ]
	done
}

@test "the limits that the README.md of a mount names are those of .stemefs/limits" {
	local text
	text=$(tr '\n' ' ' < "$M/README.md")
	limit() { jq ".$1" "$M/.stemefs/limits"; }
	[[ $text == *"Subjects $(limit subject_bytes) bytes, predicates $(limit predicate_bytes), text objects $(($(limit text_bytes) / 1024)) KiB, records $(($(limit record_bytes) / 1024)) KiB, numbers $(limit number_digits) digits"* ]]
	[[ $text == *"$(limit timestamp_ahead_seconds) seconds ahead"* ]]
}

@test "docs/records.md: what is refused because of others, and with which errno" {
	local mine sideways other nobody epoch
	members ann bob
	agents steward
	claim mine | post
	claim mine | jq -c '.predicate = "q"' | post
	claim others | signs ann
	echo '{"epoch":"E"}' | signs ann
	mine=$(jq -r .id "$M/subjects/mine/p/consensus") sideways=$(jq -r .id "$M/subjects/mine/q/consensus")
	other=$(jq -r .id "$M/subjects/others/p/consensus") nobody=${mine//[0-9a-f]/0}
	epoch=$(jq -r .id "$M/epochs/E/epoch.json")
	says() { refused "$1" "$2" post <<< "$3"; }

	says EPERM "only who signed $other" "{\"retract\":\"$other\",\"reason\":\"x\"}"
	says EPERM "only who signed $other" "{\"supersede\":\"$other\",\"by\":\"$mine\",\"reason\":\"x\"}"
	says EINVAL "cannot take the place" "{\"supersede\":\"$mine\",\"by\":\"$sideways\",\"reason\":\"x\"}"
	says EINVAL '"reason": empty' "{\"retract\":\"$mine\",\"reason\":\"\"}"
	says EINVAL 'needs "reason"' "{\"retract\":\"$mine\"}"
	says EINVAL "$nobody" "{\"retract\":\"$nobody\",\"reason\":\"x\"}"
	says EINVAL "$nobody" "{\"supersede\":\"$mine\",\"by\":\"$nobody\",\"reason\":\"x\"}"
	says EINVAL "$nobody" "{\"vote\":\"$nobody\",\"weight\":1}"
	says EINVAL "$nobody" "{\"cosign\":\"$nobody\"}"
	says EPERM "$epoch" '{"epoch":"E"}'
	says EPERM "$epoch" '{"epoch":"F","supersedes":"E","supersession":"replace"}'
	says EINVAL "not known" '{"epoch":"F","supersedes":"G","supersession":"replace"}'
	says EINVAL "not known" "$(claim mine | jq -c '.epoch = "G"')"
	# signed by somebody else, the same name is taken, and means two from now on
	echo '{"epoch":"E"}' | signs bob
	says EINVAL "$epoch" "$(claim mine | jq -c '.epoch = "E"')"
	says EPERM "store's own key" '{"setting":"min_trust","value":0}'
	# stages are everybody's until there is a steward
	claim staged | jq -c '.lifecycle = "approved"' | post
	keys_of steward | xargs stemefs admit "$S" --steward
	says EPERM "only a steward" "$(claim staged 2 | jq -c '.lifecycle = "under_review"')"
	claim staged 2 | jq -c '.lifecycle = "rejected"' | post
}

@test "stemefs(1): every command, and every option of its help" {
	local c o
	for c in $(stemefs --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p'); do
		page stemefs.1 | grep -q "\b$c\b" || { echo "$c is missing"; return 1; }
		for o in $(options_of "$c"); do
			page stemefs.1 | grep -q -- "$o\b" || { echo "$c $o is missing"; return 1; }
		done
	done
	if command -v man > /dev/null; then
		[ -z "$(man --warnings -E UTF-8 -l -Tutf8 -Z "$TOP/man/stemefs.1" 2>&1 > /dev/null)" ]
	fi
}

@test "stemefs(1): every mount option; mount.stemefs(8): every flag of the helper" {
	local o
	for o in $(stemefs mount --help | sed -n '/^Options:/,/^Accepted/s/^  \([a-z_-]*\).*/\1/p'); do
		page stemefs.1 | grep -q "^\.It Cm .*\b$o\b" || { echo "$o is missing"; return 1; }
	done
	for o in f n N o s t v; do
		page mount.stemefs.8 | grep -q "^\.It -$o\b" || { echo "-$o is missing"; return 1; }
	done
}
