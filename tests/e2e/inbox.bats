#!/usr/bin/env bats
# inbox/ is a directory in which every user has names of his own: to write, to read back, to
# rename and to remove, like files anywhere; what is scratch is inert until it is renamed.
load common
load ../lib/records
setup() {
	start allow_other,autokey=all
	open_the_way
}
teardown() { stop; }

# fails_with WORDS COMMAND…: what the command says about it, in English
fails_with() {
	local words=$1
	shift
	LC_ALL=C fails "$@"
	[[ $output == *"$words"* ]] || { echo "$output"; false; }
}

write() { echo "$2" > "$M/inbox/$1"; }

@test "what was written reads back, and its size is right" {
	claim a > "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim a)" ]
	[ "$(stat -c %s "$M/inbox/f")" -eq "$(claim a | wc -c)" ]
	claim b >> "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim a; claim b)" ]
	claim c > "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim c)" ]
	cp "$M/inbox/f" "$M/inbox/g"
	[ "$(receipt g status)" = duplicate ]
	tail -c 5 "$M/inbox/f" | cmp - <(claim c | tail -c 5)
}

@test "of much that was written the last MiB reads back" {
	local line n=70 i
	printf -v line '%-20000s' "$(claim a 1)"
	for ((i = 0; i < n; i++)); do echo "$line"; done > "$M/inbox/f"
	[ "$(wc -c < "$M/inbox/f")" -eq 1048576 ]
	cmp "$M/inbox/f" <(for ((i = 0; i < n; i++)); do echo "$line"; done | tail -c 1048576)
}

@test "a name belongs to the uid that made it; others are told, and use their own" {
	claim a > "$M/inbox/f"
	fails_with "Permission denied" as 1000 sh -c "echo '$(claim b)' > '$M/inbox/f'"
	fails_with "Permission denied" as 1000 sh -c "echo '$(claim b)' >> '$M/inbox/f'"
	fails_with "Permission denied" as 1000 cat "$M/inbox/f"
	fails_with "ermi" as 1000 rm -f "$M/inbox/f"
	fails_with "ermi" as 1000 mv "$M/inbox/f" "$M/inbox/g"
	fails_with "ermi" as 1000 chmod 666 "$M/inbox/f"
	fails_with "ermi" as 1000 touch "$M/inbox/f"
	fails_with "ermi" as 1000 truncate -s 0 "$M/inbox/f"
	fails_with "ermi" as 1000 sh -c "echo '$(claim b)' > '$M/inbox/.t'; mv -f '$M/inbox/.t' '$M/inbox/f'"
	[ "$(cat "$M/inbox/f")" = "$(claim a)" ]
	[ ! -e "$M/subjects/b" ]

	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/mine'"
	[ "$(value b p)" = 1 ]
	[ "$(as 1000 cat "$M/inbox/mine")" = "$(claim b)" ]
	as 1000 rm "$M/inbox/mine"
	claim c > "$M/inbox/mine" # free again
}

@test "root has no more rights than others in the inbox of others" {
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/theirs'"
	fails_with "Permission denied" write theirs "$(claim a)"
	fails_with "Permission denied" cat "$M/inbox/theirs"
	fails rm -f "$M/inbox/theirs"
	fails mv -f "$M/inbox/theirs" "$M/inbox/f"
	[ "$(as 1000 cat "$M/inbox/theirs")" = "$(claim b)" ]
	[ ! -e "$M/subjects/a" ]
}

@test "the inbox shows everybody his own names only" {
	claim a > "$M/inbox/f"
	as 1000 sh -c "echo '$(claim b)' > '$M/inbox/g'; echo x > '$M/inbox/.h'"
	[ "$(ls -A "$M/inbox")" = f ]
	[ "$(as 1000 ls -A "$M/inbox" | xargs)" = ".h g" ]
	[ "$(as 1001 ls -A "$M/inbox")" = "" ]
	[ "$(find "$M/inbox" -type f)" = "$M/inbox/f" ]
}

@test "modes are those of /tmp and of private files" {
	claim a > "$M/inbox/f"
	mkdir "$M/inbox/lane"
	[ "$(stat -c %a "$M/inbox")" = 1777 ]
	[ "$(stat -c '%a %u' "$M/inbox/f")" = "600 0" ]
	[ "$(stat -c '%a %u' "$M/inbox/lane")" = "700 0" ]
}

@test "unlink takes nothing back but the name" {
	claim a > "$M/inbox/f"
	rm "$M/inbox/f"
	[ ! -e "$M/inbox/f" ]
	[ "$(ls -A "$M/inbox")" = "" ]
	[ "$(value a p)" = 1 ]
	fails_with "No such file" rm "$M/inbox/f"
	python3 - "$M/inbox/f" <<-END # a writer whose name is taken away goes on
		import os, sys
		fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
		os.unlink(sys.argv[1])
		os.write(fd, b'$(claim b)')
		os.close(fd)
	END
	[ "$(value b p)" = 1 ]
	[ ! -e "$M/inbox/f" ]
}

@test "chmod, chown, touch, truncate and fsync of one's own names succeed and store nothing" {
	claim a > "$M/inbox/f"
	chmod 644 "$M/inbox/f"
	chown root:root "$M/inbox/f"
	touch -d 2001-01-01 "$M/inbox/f"
	sync "$M/inbox/f"
	sync "$M/inbox"
	truncate -s "$(claim a | wc -c)" "$M/inbox/f"
	[ "$(cat "$M/inbox/f")" = "$(claim a)" ]
	truncate -s 0 "$M/inbox/f"
	[ ! -s "$M/inbox/f" ]
	[ "$(records)" -eq 2 ]
	[ "$(stat -c %a "$M/inbox/f")" = 600 ] # private it stays
}

@test "cut to nothing in mid-record drops what is not complete" {
	python3 - "$M/inbox/f" <<-END
		import os, sys
		fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
		os.write(fd, b'{"subject":"x",')
		os.ftruncate(fd, 0)
		os.write(fd, b'$(claim a)')
		os.close(fd)
	END
	[ "$(value a p)" = 1 ]
	[ "$(records)" -eq 2 ]
}

@test "scratch names are inert until they are renamed" {
	local name
	for name in .f f~ f.swp f.swx f.swpx .f.swp; do
		claim a > "$M/inbox/$name"
		[ "$(cat "$M/inbox/$name")" = "$(claim a)" ]
		echo "not JSON" > "$M/inbox/$name"
		echo "at all" >> "$M/inbox/$name"
		[ "$(wc -l < "$M/inbox/$name")" -eq 2 ]
		[ ! -e "$M/receipts/$name" ]
	done
	[ "$(records)" -eq 0 ]
	[ ! -s "$M/.stemefs/last_error" ]
	claim a > "$M/inbox/.f"
	mv "$M/inbox/.f" "$M/inbox/f~" # from scratch to scratch
	[ "$(records)" -eq 0 ]
	mv "$M/inbox/f~" "$M/inbox/f"
	[ "$(value a p)" = 1 ]
	[ "$(receipt f status)" = accepted ]
	mv "$M/inbox/f" "$M/inbox/f~" # and back
	mv "$M/inbox/f~" "$M/inbox/f"
	[ "$(receipt f status)" = duplicate ]
}

@test "names that only look like scratch are none" {
	local name
	for name in f.swap f.tmp f~1 swp; do
		claim "s-$name" > "$M/inbox/$name"
		[ "$(value "s-$name" p)" = 1 ]
	done
}

@test "a bad scratch file is refused by the rename, and kept" {
	{ claim a; echo nonsense; claim b; } > "$M/inbox/.f"
	claim old > "$M/inbox/f"
	# mv's words for EINVAL are about directories; last_error has the right ones
	fails_with "cannot move" mv "$M/inbox/.f" "$M/inbox/f"
	[ "$(why code)" = EINVAL ]
	[[ $(why message) == *"not a JSON object"* ]]
	[ "$(value a p)" = 1 ]
	[ ! -e "$M/subjects/b" ]
	[ "$(why path)" = inbox/f ]
	[ "$(why offset)" -eq "$(claim a | wc -c)" ]
	[ "$(receipt f status)" = "accepted refused" ]
	[ "$(cat "$M/inbox/.f")" = "$(claim a; echo nonsense; claim b)" ]
	[ "$(cat "$M/inbox/f")" = "$(claim old)" ]
	{ claim a; claim b; } > "$M/inbox/.f"
	mv "$M/inbox/.f" "$M/inbox/f"
	[ "$(receipt f status)" = "duplicate accepted" ]
	[ "$(ls -A "$M/inbox")" = f ]
	printf '{"subject":"c",' > "$M/inbox/.g" # incomplete: nothing is to come
	fails_with "cannot move" mv "$M/inbox/.g" "$M/inbox/g"
	[[ $(why message) == *"ends inside a value"* ]]
	[ -e "$M/inbox/.g" ]
}

@test "scratch is bounded" {
	fill() { head -c $((17 << 20)) /dev/zero > "$M/inbox/.big"; }
	fails_with "quota" fill
	[ "$(why code)" = EDQUOT ]
	rm "$M/inbox/.big"
	echo ok > "$M/inbox/.small" # there is room again
	[ "$(cat "$M/inbox/.small")" = ok ]
}

@test "renaming a normal name moves its receipt and stores nothing" {
	claim a > "$M/inbox/f"
	claim b > "$M/inbox/g"
	cp "$M/receipts/f" "$BATS_TEST_TMPDIR/receipt"
	mv "$M/inbox/f" "$M/inbox/g"
	cmp "$M/receipts/g" "$BATS_TEST_TMPDIR/receipt"
	[ "$(cat "$M/inbox/g")" = "$(claim a)" ]
	[ ! -e "$M/receipts/f" ]
	[ ! -e "$M/inbox/f" ]
	[ "$(ls "$M/receipts/")" = g ]
	[ "$(records)" -eq 3 ]
}

@test "out of the inbox: rename is EXDEV, and mv copies" {
	claim a > "$M/inbox/f"
	mv "$M/inbox/f" "$BATS_TEST_TMPDIR/f"
	[ "$(cat "$BATS_TEST_TMPDIR/f")" = "$(claim a)" ]
	[ ! -e "$M/inbox/f" ]
	claim b > "$M/inbox/f"
	run python3 -c 'import os, sys
try: os.rename(sys.argv[1] + "/inbox/f", sys.argv[1] + "/f")
except OSError as e: print(e.strerror)' "$M"
	[ "$output" = "Invalid cross-device link" ]
	fails mv "$M/inbox/f" "$M/subjects/f"
	fails mv "$M/inbox/f" "$M/f"
	[ "$(cat "$M/inbox/f")" = "$(claim b)" ]
}

@test "mv -n and exclusive creation respect a name that is there" {
	claim a > "$M/inbox/f"
	claim b > "$M/inbox/.g"
	mv -n "$M/inbox/.g" "$M/inbox/f" || true
	[ -e "$M/inbox/.g" ]
	[ "$(cat "$M/inbox/f")" = "$(claim a)" ]
	[ ! -e "$M/subjects/b" ]
	set -o noclobber
	fails write f "$(claim b)"
	set +o noclobber
	[ ! -e "$M/subjects/b" ]
}

@test "a lane is a directory of one's own with the same rules" {
	mkdir "$M/inbox/lane"
	fails_with "File exists" mkdir "$M/inbox/lane"
	claim a > "$M/inbox/lane/f"
	[ "$(value a p)" = 1 ]
	[ "$(cat "$M/inbox/lane/f")" = "$(claim a)" ]
	[ "$(jq -r .status "$M/receipts/lane%2Ff")" = accepted ]
	claim b > "$M/inbox/lane/.g"
	[ ! -e "$M/subjects/b" ]
	mv "$M/inbox/lane/.g" "$M/inbox/g" # out of the lane is still in the inbox
	[ "$(value b p)" = 1 ]
	mv "$M/inbox/g" "$M/inbox/lane/g"
	[ "$(ls "$M/inbox/lane" | xargs)" = "f g" ]
	[ "$(ls "$M/inbox")" = lane ]
	echo x > "$M/inbox/lane/.s"
	fails write lane/h nonsense
	[ "$(why path)" = inbox/lane/h ]

	fails_with "Permission denied" as 1000 ls "$M/inbox/lane"
	fails_with "Permission denied" as 1000 sh -c "echo '$(claim c)' > '$M/inbox/lane/mine'"
	fails_with "exists" as 1000 mkdir "$M/inbox/lane"
	as 1000 mkdir "$M/inbox/lane2"
	as 1000 sh -c "echo '$(claim c)' > '$M/inbox/lane2/f'"
	[ "$(value c p)" = 1 ]
	fails ls "$M/inbox/lane2" # root neither
	fails write lane2/x "$(claim d)"
	[ ! -e "$M/subjects/d" ]

	fails_with "not empty" rmdir "$M/inbox/lane"
	rm -r "$M/inbox/lane"
	[ ! -e "$M/inbox/lane" ]
	fails mkdir -p "$M/inbox/deep/er"
}

@test "names that no file can have" {
	local long
	printf -v long '%0256d' 0
	fails_with "name too long" write "$long" "$(claim a)"
	write "${long:1}" "$(claim a)"
	[ "$(value a p)" = 1 ]
	[ "$(jq -r .status "$M/receipts/${long:1}")" = accepted ]
}

@test "unusual names are names: blanks, quotes, other scripts, bytes that are no UTF-8" {
	local name
	for name in 'a b' "it's \"x\"" 'Überblick' $'tab\there' $'\xff\xfe' '%' '-f'; do
		claim a > "$M/inbox/$name"
		[ "$(cat "$M/inbox/$name")" = "$(claim a)" ]
		jq -e .status "$M/receipts/$name"
		rm -- "$M/inbox/$name"
	done
	[ "$(ls -A "$M/inbox")" = "" ]
	jq -e .path "$M/.stemefs/last_receipt"
}

@test "elsewhere nothing can be made" {
	fails_with "Read-only" touch "$M/f"
	fails_with "Read-only" mkdir "$M/d"
	fails_with "Read-only" rm -f "$M/events.jsonl"
	fails_with "Read-only" ln -s x "$M/inbox/link"
	fails_with "Read-only" mkfifo "$M/inbox/fifo"
	claim a > "$M/inbox/f"
	fails_with "Read-only" ln "$M/inbox/f" "$M/inbox/g"
	fails rm -rf "$M/subjects/a"
	[ "$(value a p)" = 1 ]
}
