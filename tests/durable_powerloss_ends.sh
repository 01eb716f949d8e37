#!/bin/sh
# Power loss, as in durable_powerloss.sh, for jobs that end otherwise: undelivered, set aside, tried again by a person, and left to
# another spooler which has just claimed them. Wherever the power fails, the job is found again, whole.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

need pgrep

planspool=$build/planspool
start_sender
configure
sed -i 's/^workers: .*/workers: 1/' "$scratch/planspool.yaml"
cp "$scratch/planspool.yaml" "$spool.yaml"
make_spool
cp -a "$spool" "$scratch/empty"

# begin: an empty spool; begin_record: what is done from now on is written down.
begin() {
	rm -rf "$spool" "$scratch/before" "$scratch/record"
	cp -a "$scratch/empty" "$spool"
}
begin_record() {
	cp -a "$spool" "$scratch/before"
	export PLANSPOOL_FAULTS_RECORD="$scratch/record"
}
# end_record NAME FUNCTION LEAST: looks at each tree.
end_record() {
	unset PLANSPOOL_FAULTS_RECORD
	name=$1
	[ ! -e "$sender/$name.final.1" ] || cp "$sender/$name.final.1" "$scratch/answered"
	each_tree "$scratch/before" "$scratch/record" "$2"
	echo "$name: $trees trees"
	assert "$name: trees" [ "$trees" -ge "$3" ]
}
# recovered TREE: what was sent before a tree's power loss is not sent otherwise now.
recovered() {
	recover "$spool" && return
	cat "$spool.log"
	fail "$name, $1"
}
# same_finals TREE PLACE: the job lies there with a result, and that is what was sent.
same_finals() {
	for final in "$sender/$name".final.*; do
		[ ! -e "$final" ] || cmp -s "$final" "$spool/$2/prod.$name/result.json" ||
			fail "$name, $1: $final is not in $2/: $(find "$spool" -name "*$name*" | tr '\n' ' ')"
	done
	assert "$name, $1: in $2/" [ -s "$spool/$2/prod.$name/request.json" ]
}
had_sent() {
	rm -f "$sender/$name".final.*
	[ "$1" = 0 ] || cp "$scratch/answered" "$sender/$name.final.0"
}

# ---- undelivered ----

script late final 500
begin
echo late 7200 | make_jobs "$spool"
begin_record
with_faults "$spool" count "$planspoold" --once 2>>"$scratch/spooler.log" || fail "planspoold --once: exit status $?"
is_undelivered() {
	had_sent "$2"
	recovered "$3"
	same_finals "$3" undelivered
}
end_record late is_undelivered 30

# ---- tried again ----

begin
echo late 7200 | make_jobs "$spool"
run_spooler
cp -a "$spool" "$scratch/undelivered"
cp "$spool/undelivered/prod.late/result.json" "$scratch/decided"
begin_record
with_faults "$spool" count "$planspool" retry prod.late >/dev/null || fail "planspool retry: exit status $?"
: >"$sender/script"
is_taken_back() {
	rm -f "$sender/$name".final.*
	[ ! -d "$spool/undelivered/prod.late" ] || "$planspool" retry prod.late >>"$spool.log" 2>&1 || fail "$3: planspool retry: exit status $?"
	recovered "$3"
	same_finals "$3" 'done'
	assert "$3: its result" cmp -s "$scratch/decided" "$spool/done/prod.late/result.json"
}
end_record late is_taken_back 4

# ---- set aside ----

for content in nonsense ''; do
	begin
	printf '%s' "$content" >"$spool/new/prod.aside.json"
	begin_record
	with_faults "$spool" count "$planspoold" --once 2>>"$scratch/spooler.log" || fail "planspoold --once: exit status $?"
	is_set_aside() {
		recovered "$3"
		found=$(find "$spool/corrupt" -type f \( -name request.json -o -name 'prod.aside.json.*' \) | head -n 1)
		assert "aside, $3: in corrupt/" [ -n "$found" ]
		assert_equal "aside, $3" "$content" "$(cat "$found")"
	}
	end_record aside is_set_aside 10
done

# ---- left to another spooler ----

# One spooler has renamed the job into active/, and neither made this durable nor removed it in new/, when it dies. Another one, on
# a host that does not see that, finds it in both, and removes it in new/. It is there since before: a start makes much durable.
begin
changing left
export PLANSPOOL_FAULTS_RECORD="$scratch/record"
PLANSPOOL_FAULTS_HOST=elsewhere LD_PRELOAD=$build/tests/faults.so PLANSPOOL_FAULTS_ROOT=$spool \
	PLANSPOOL_FAULTS_STATE=$scratch/elsewhere.state "$planspoold" 2>>"$scratch/elsewhere.log" &
elsewhere=$!
pids="$pids $elsewhere"
retry 20 grep -q 'working on' "$scratch/elsewhere.log" || fail "the other spooler does not start"
echo first | make_jobs "$spool"
retry 20 [ -d "$spool/done/prod.first" ] || fail "the other spooler does not work"
signal_elsewhere() {
	for pid in "$elsewhere" $(pgrep -P "$elsewhere"); do
		kill "-$1" "$pid"
	done
}
signal_elsewhere STOP
echo left | make_jobs "$spool"
begin_record
: >"$scratch/record"
with_faults "$spool" claimed "$planspoold" 2>>"$scratch/spooler.log" || :
assert "it is in new/ and in active/" [ -f "$spool/new/prod.left.json" ]
assert "it is in active/ and in new/" [ -d "$spool/active/prod.left" ]
signal_elsewhere CONT
gone() {
	[ ! -e "$spool/new/prod.left.json" ]
}
retry 30 gone || fail "it stays in new/"
kill -KILL "$elsewhere"
wait "$elsewhere" 2>/dev/null || :
assert "it is in active/" [ -d "$spool/active/prod.left" ]
is_carried() {
	rm -f "$sender/$name".final.*
	recovered "$3"
	same_finals "$3" 'done'
}
end_record left is_carried 10
finish
