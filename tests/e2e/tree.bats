#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# What the tree looks like: what is listed, what files say, their sizes, times and numbers.
load common
load ../lib/records
load ../lib/furnish

setup_file() { share_mount allow_other,autokey=all; }
teardown_file() { stop; }

LENSES=$(cd "$TOP/core" && printf '%s\n' lens_*.c | sed 's/lens_//; s/\.c$//' | sort)

# entries DIR: its names, in one line.
entries() {
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '
}

# In nanoseconds: changed FILE, and the same of a time in JSON.
changed() {
	date -d "@$(stat -c %.9Y "$1")" +%s%N
}
moment() {
	date -d "$1" +%s%N
}

@test "the root" {
	[ "$(entries "$M")" = ".stemefs AGENTS.md README.md agents assertions conflicts conflicts.jsonl epochs events.jsonl inbox receipts sources subjects" ]
	[ "$(readlink "$M/AGENTS.md")" = README.md ]
	[ "$(readlink "$M/receipts")" = ".stemefs/uid/$(id -u)/receipts" ]
	[ "$(stat -c %i "$M")" -eq 1 ]
	[ "$(stat -c %a "$M/inbox")" = 1777 ]
	grep -q 'inbox/' "$M/README.md"
}

@test "the directory of a pair" {
	local dir=$M/subjects/disputed/p expected f
	expected=$(printf '%s\n' "$LENSES" assert claims.jsonl history.jsonl value vote why | LC_ALL=C sort | paste -sd' ')
	[ "$(entries "$dir")" = "$expected" ]
	[ "$(entries "$dir/why")" = "$(paste -sd' ' <<< "$LENSES")" ]
	for f in $LENSES claims.jsonl history.jsonl why/consensus value/recency; do
		[ "$(stat -c '%F %a %h' "$dir/$f")" = 'regular file 444 1' ]
	done
	for f in assert vote; do
		[ "$(stat -c '%F %a %s' "$dir/$f")" = 'regular empty file 666 0' ]
		[ -z "$(cat "$dir/$f")" ]
	done
	[ "$(stat -c '%F %a' "$dir")" = 'directory 555' ]
}

@test "value/<lens> is the bare object, and absent where the lens has no winner" {
	local s=$M/subjects
	[ "$(cat "$s/Tesla_Inc/has_revenue/value/consensus")" = 96.7 ]
	[ "$(cat "$s/Tesla_Inc/ceo/value/recency")" = Elon_Musk ]
	[ "$(cat "$s/Tesla_Inc/is_public/value/skeptic")" = true ]
	[ "$(cat "$s/Elon_Musk/height/value/confidence")" = 1.88e2 ]
	printf 'two\nlines\tand a tab — ünï©ode \\ " quoted\n' | cmp - "$s/Tesla_Inc/motto/value/consensus"
	# contested: the skeptic has no answer
	[ -e "$s/disputed/p/value/consensus" ]
	[ ! -e "$s/disputed/p/value/skeptic" ]
	[[ " $(entries "$s/disputed/p/value") " != *" skeptic "* ]]
	fails cat "$s/disputed/p/value/skeptic"
	[[ $output == *"No such file or directory"* ]]
	[ "$(v=$(cat "$s/disputed/p/value/skeptic" 2> "$BATS_TEST_TMPDIR/err") || echo ask)" = ask ]
	# nobody supports it
	[ "$(jq -r .status "$s/unsupported/p/consensus")" = none ]
	[ ! -e "$s/unsupported/p/value/consensus" ]
	[ -d "$s/unsupported/p/value" ]
}

@test "value/ has a file as soon as there is a winner, and no longer than that" {
	local dir=$M/subjects/turning/p id
	# what the second agent says of its own claim
	vote() { echo "{\"vote\":\"$id\",\"weight\":$1}" | signed "$TWO_SEED" > "$M/inbox/turning"; }
	claim turning 1 | signed "$ONE_SEED" > "$M/inbox/turning"
	[ "$(cat "$dir/value/skeptic")" = 1 ]
	claim turning 2 | signed "$TWO_SEED" > "$M/inbox/turning"
	id=$(jq -r .id "$M/receipts/turning")
	[ ! -e "$dir/value/skeptic" ]
	vote -1
	[ "$(cat "$dir/value/skeptic")" = 1 ]
	[ -n "$(find "$dir/value" -name skeptic)" ]
	vote 1
	[ ! -e "$dir/value/skeptic" ]
	[ -z "$(find "$dir/value" -name skeptic)" ]
}

@test "only what can be opened is listed" {
	local uid
	for uid in 0 1000; do
		as "$uid" python3 - "$M" "$uid" <<-'END'
			import os, stat, sys
			top, n = sys.argv[1], 0
			def fail(e): raise e
			for folder, dirs, files in os.walk(top, onerror=fail):
			    for name in files:
			        path = os.path.join(folder, name)
			        if stat.S_ISLNK(os.lstat(path).st_mode):
			            os.stat(path)
			        else:
			            with open(path, "rb") as f: f.read()
			        n += 1
			assert n > 200, n
		END
	done
}

@test "the inbox and .stemefs/uid list what is the caller's own" {
	claim a > "$M/inbox/mine"
	claim b | as 1000 dd of="$M/inbox/theirs" status=none
	[[ " $(entries "$M/inbox") " == *" mine "* ]]
	[[ " $(entries "$M/inbox") " != *" theirs "* ]]
	[ "$(as 1000 ls "$M/inbox")" = theirs ]
	[ "$(ls "$M/.stemefs/uid")" = 0 ]
	[ "$(as 1000 ls "$M/.stemefs/uid")" = 1000 ]
	[ "$(as 1000 ls "$M/receipts/")" = theirs ]
	fails as 1000 ls "$M/.stemefs/uid/0"
	[[ $output == *"Permission denied"* ]]
	fails as 1000 cat "$M/inbox/mine"
	[[ $output == *"Permission denied"* ]]
}

@test "every file that is JSON parses, and ends in a newline" {
	local f files
	mapfile -t files < <(find "$M/subjects/Tesla_Inc" "$M/subjects/disputed" "$M/subjects/unsupported" \
		"$M/subjects/numbers" -type f ! -path '*/value/*' ! -name _summary.md ! -empty;
		ls "$M"/events.jsonl "$M"/.stemefs/{status,limits,last_receipt,last_error,errors.jsonl} "$M"/receipts/*)
	[ "${#files[@]}" -gt 80 ]
	for f in "${files[@]}"; do
		[ "$(tail -c 1 "$f" | xxd -p)" = 0a ] || { echo "$f"; return 1; }
	done
	# every one of them has a value
	jq -rn 'inputs | input_filename' "${files[@]}" | uniq | diff - <(printf '%s\n' "${files[@]}")
}

@test "a lens file is one line, with its keys in the order that is promised" {
	local all='["subject","predicate","object","confidence","lens","status","conflict","share",
		"candidates","agents","id","claim_confidence","signers","timestamp","source",
		"source_class","lifecycle","epoch","clusters","more","spread"]'
	local lens files=("$M"/subjects/*/*/{authority,confidence,consensus,epoch,layered,median,recency,skeptic})
	[ "${#files[@]}" -gt 80 ]
	[ -z "$(wc -l "${files[@]}" | grep -v '^ *1 ' | grep -v " ${#files[@]} total$")" ]
	jq -rn --argjson all "$all" '
		($all[:2] + ["objects"] + $all[2:16] + ["declared"] + $all[16:] +
			["layers", "unseen", "more_unseen"]) as $all |
		inputs | keys_unsorted as $k |
		select($k == ($all | map(select(. as $x | $k | index($x))))) | input_filename
	' "${files[@]}" | diff - <(printf '%s\n' "${files[@]}")
	# one that has everything
	for lens in consensus recency confidence; do
		jq -e --argjson all "$all" --arg lens "$lens" \
			'keys_unsorted == $all[:18] and .lens == $lens' "$M/subjects/Tesla_Inc/has_revenue/$lens"
	done
	# what has no value is left out: no winner, nothing of a winner
	jq -e 'keys_unsorted == ["subject","predicate","lens","status","conflict","candidates","agents"]' \
		"$M/subjects/unsupported/p/consensus"
	jq -e '.clusters | length == 16' "$M/subjects/numbers/p/skeptic"
	jq -e '.more == 4 and .spread == {min: 0, median: 9, max: 19} or .more == 4 and .spread.min == 0 and .spread.max == 19' "$M/subjects/numbers/p/skeptic"
	fails grep null "$M/subjects/disputed/p/skeptic"
}

@test "no file holds a log position, but those that are about the log" {
	[ -z "$(find "$M/subjects" -type f ! -name history.jsonl -exec grep -l '"seq"' {} +)" ]
	jq -es 'all(.[]; .seq > 0)' "$M/subjects/disputed/p/history.jsonl"
	jq -es 'map(.seq) == [range(1; length + 1)]' "$M/events.jsonl"
}

@test "claims.jsonl is in order of time, history.jsonl in that of the log" {
	claim timed 2 | jq -c '.timestamp = "2020-01-02T00:00:00Z"' > "$M/inbox/timed"
	claim timed 1 | jq -c '.timestamp = "2020-01-01T00:00:00Z"' > "$M/inbox/timed"
	[ "$(jq -c .object "$M/subjects/timed/p/claims.jsonl" | paste -sd' ')" = '1 2' ]
	[ "$(jq -c .object "$M/subjects/timed/p/history.jsonl" | paste -sd' ')" = '2 1' ]
}

@test "inode numbers: one for each file, the same whatever it says" {
	local f=$M/subjects/numbered/p before
	[ -z "$(find "$M" -printf '%i\n' | sort | uniq -d)" ]
	claim numbered 1 > "$M/inbox/n"
	before=$(stat -c %i "$f" "$f/consensus" "$f/value/consensus" "$f/claims.jsonl" "$f/assert")
	claim numbered 2 | signed "$ONE_SEED" > "$M/inbox/n"
	[ "$(jq .candidates "$f/consensus")" -eq 2 ]
	[ "$(stat -c %i "$f" "$f/consensus" "$f/value/consensus" "$f/claims.jsonl" "$f/assert")" = "$before" ]
	# what a listing says is what stat(2) says
	diff <(ls -iA "$f" | awk '{ print $1, $2 }' | sort) \
		<(cd "$f" && stat -c '%i %n' ./* | sed 's, \./, ,' | sort)
	python3 - "$M" <<-'END'
		import os, sys
		for folder, _, _ in os.walk(sys.argv[1]):
		    for e in os.scandir(folder):
		        assert e.inode() == os.lstat(e.path).st_ino, e.path
		        assert e.is_dir(follow_symlinks=False) == (not os.path.islink(e.path) and os.path.isdir(e.path)), e.path
	END
}

@test "mtime is when the newest record on the pair came, and ctime is mtime" {
	local dir=$M/subjects/aging/p newest f
	claim aging 1 > "$M/inbox/a"
	claim aging 2 | jq -c '.timestamp = "2021-05-05T00:00:00Z"' > "$M/inbox/a"
	newest=$(moment "$(tail -n 1 "$dir/history.jsonl" | jq -r .received_at)")
	for f in consensus skeptic why/recency value/consensus claims.jsonl history.jsonl assert vote; do
		[ "$(changed "$dir/$f")" = "$newest" ]
	done
	[ "$(stat -c %.9Z "$dir/consensus")" = "$(stat -c %.9Y "$dir/consensus")" ]
	[ "$(changed "$dir")" = "$newest" ]
	# a vote touches it too; what happens elsewhere does not
	claim elsewhere > "$M/inbox/e"
	[ "$(changed "$dir/consensus")" = "$newest" ]
	echo '=1 1' > "$dir/vote"
	[ "$(changed "$dir/consensus")" -gt "$newest" ]
	[ "$(changed "$dir/consensus")" = "$(moment "$(tail -n 1 "$dir/history.jsonl" | jq -r .received_at)")" ]
	[ "$(changed "$M/events.jsonl")" = "$(moment "$(tail -n 1 "$M/events.jsonl" | jq -r .received_at)")" ]
}

@test "reading moves no time" {
	local before
	before=$(find "$M" -printf '%p %T@ %C@ %s\n')
	find "$M" -type f -exec cat {} + > "$BATS_TEST_TMPDIR/out"
	grep -rq nothing_like_this "$M" || true
	[ "$(find "$M" -printf '%p %T@ %C@ %s\n')" = "$before" ]
}

@test "make and find -newer see what has changed, and only that" {
	local s=$M/subjects
	claim newer 1 > "$M/inbox/n"
	cp -p "$s/newer/p/consensus" "$BATS_TEST_TMPDIR/stamp"
	[ -z "$(find "$s/Tesla_Inc" "$s/newer" -type f -newer "$BATS_TEST_TMPDIR/stamp")" ]
	echo 2 > "$s/newer/p/assert"
	[ -n "$(find "$s/newer" -name consensus -newer "$BATS_TEST_TMPDIR/stamp")" ]
	[ -z "$(find "$s/Tesla_Inc" -type f -newer "$BATS_TEST_TMPDIR/stamp")" ]
}

@test "the size that stat(2) says follows every update" {
	local dir=$M/subjects/growing/p i f
	for i in $(seq "$(few 20 5)"); do
		jq -nc --argjson i "$i" '{subject:"growing", predicate:"p", object:("x" * ($i * 37)), source:"s\($i % 3)"}' > "$M/inbox/g"
		for f in consensus claims.jsonl history.jsonl value/recency why/skeptic; do
			[ "$(stat -c %s "$dir/$f")" -eq "$(cat "$dir/$f" | wc -c)" ]
		done
	done
	[ "$(stat -c %s "$dir/value/recency")" -eq $(($(few 20 5) * 37 + 1)) ]
}

@test "a directory of thousands of names is listed whole, once, and in order, while it grows" {
	local n more writer
	n=$(few 5000 600) more=$(few 400 60)
	claims "$n" -1 old > "$M/inbox/old"
	[ "$(ls -f "$M/subjects" | grep -c '^old')" -eq "$n" ]
	[ "$(ls "$M/subjects" | grep '^old' | sort -V | uniq | head -n "$n" | tail -n 1)" = "old$((n - 1))" ]
	for ((i = 0; i < more; i++)); do
		echo "{\"subject\":\"grown$((i * 7919 % 10007))\",\"predicate\":\"p\",\"object\":1}" || exit
	done > "$M/inbox/grown" &
	writer=$!
	run python3 "$TOP/tests/lib/listing.py" "$M/subjects" "$writer"
	wait "$writer"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(ls -f "$M/subjects" | grep -c '^grown')" -eq "$more" ]
	# the listing is in the order of the names' bytes
	ls -fA "$M/subjects" | grep '^old\|^grown' | LC_ALL=C sort -c
}

@test "telldir and seekdir go back to where they were, also after the directory has grown" {
	perl -e '
		use strict;
		my ($dir, $inbox) = @ARGV;
		opendir(my $d, $dir) or die;
		my (@names, @places);
		for (;;) {
			push @places, telldir $d;
			my $name = readdir $d;
			last unless defined $name;
			push @names, $name;
		}
		die "too few" if @names < 20;
		open my $f, ">", $inbox or die;
		syswrite $f, qq({"subject":"0 first","predicate":"p","object":1}\n{"subject":"zz last","predicate":"p","object":1}\n) or die;
		close $f;
		for my $i (reverse 0 .. $#names) {
			seekdir $d, $places[$i];
			my $again = readdir $d;
			$again = readdir $d if $again eq "0 first" || $again eq "zz last";
			die "at $i: $again, not $names[$i]" if $again ne $names[$i];
		}
		rewinddir $d;
		my @now = readdir $d;
		die "rewound: " . @now . " of " . @names if @now != @names + 2;
	' "$M/subjects" "$M/inbox/seek"
}

@test "directories on the way are found by name, whether or not they were listed" {
	[ -d "$M/subjects/Tesla_Inc/has_revenue/why" ]
	[ ! -e "$M/subjects/Nobody_Knows" ]
	[ ! -e "$M/subjects/Tesla_Inc/nothing" ]
	[ ! -e "$M/subjects/Tesla_Inc/has_revenue/nosuchlens" ]
	[ ! -e "$M/nothing" ]
	fails cat "$M/subjects/Tesla_Inc/has_revenue/consensus/x"
	[[ $output == *"Not a directory"* ]]
	fails cat "$M/subjects/Tesla_Inc"
	[[ $output == *"Is a directory"* ]]
	# what was missed a moment ago is found when it has come
	claim Nobody_Knows > "$M/inbox/n"
	[ -d "$M/subjects/Nobody_Knows/p" ]
	[ "$(cd "$M/subjects/Tesla_Inc/ceo/value/../../../Nobody_Knows/p" && cat value/consensus)" = 1 ]
}
