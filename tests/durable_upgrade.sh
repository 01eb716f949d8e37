#!/bin/sh
# Upgrades while jobs are in flight: the installed planspoold is replaced by another version, as a package manager does it;
# what runs is still the old one, until it is stopped and the new one started; for a while both run; and all the way back. Each
# job gets exactly one final, though every plan is judged otherwise when it is fetched again.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"
need pgrep

start_sender
configure
make_spool
mkdir "$scratch/sbin"
planspoold=$scratch/sbin/planspoold

# install_version PROGRAM
install_version() {
	cp "$1" "$planspoold.new"
	mv "$planspoold.new" "$planspoold"
}

version=$("$build/planspoold" --version)
assert_equal "the other version" 'planspoold next' "$("$build/tests/planspoold_next" --version)"

# by VERSION NAME WHAT: how often that version asked for it.
by() {
	grep -c "\"agent\":\"planspool/$1\".*\"job\":\"$2\",\"what\":\"$3\"" "$sender/transcript" || :
}
by_more() {
	[ "$(by "$1" "$2" "$3")" -gt "$4" ]
}

# in_flight WAY VERSION: jobs in each state that a stop can find them in, carried by that version, and one of its workers died.
in_flight() {
	for n in 1 2 3 4 5 6 7 8; do
		script "$1-plan$n" plan "200 stall=1000 until=$1, 200 body=destroy.json stall=1000 until=$1, 200 body=destroy.json"
		script "$1-final$n" plan '200, 200 body=destroy.json'
		script "$1-final$n" final "200 until=$1"
		script "$1-again$n" plan '200, 200 body=destroy.json'
		script "$1-again$n" final "503 retry=1, 503 retry=1, 200 until=$1"
	done
	seq -f "$1-plan%.0f" 8 | make_jobs "$spool"
	seq -f "$1-final%.0f" 8 | make_jobs "$spool"
	seq -f "$1-again%.0f" 8 | make_jobs "$spool"
	for n in 1 2 3 4 5 6 7 8; do
		retry 30 by_more "$2" "$1-plan$n" plan 0 || fail "$1-plan$n is not fetched by $2"
		retry 30 by_more "$2" "$1-final$n" final 0 || fail "$1-final$n is not delivered by $2"
		retry 30 by_more "$2" "$1-again$n" final 0 || fail "$1-again$n is not delivered by $2"
	done
}

# all_ended WAY COUNT: with one final each.
ended() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 -name "prod.$1-*" | wc -l)" -eq "$2" ]
}
all_ended() {
	retry 60 ended "$1" "$2" || fail "$1: left: $(left "$spool")"
	for folder in "$spool"/done/prod."$1"-*; do
		answered_once "$spool" "${folder##*/prod.}" || fail "${folder##*/}"
	done
}

# stopping: the last spooler that was started has heard TERM.
stopping() {
	grep 'working on\|: stopping' "$scratch/spooler.log" | tail -n 1 | grep -q stopping
}

# replace WAY FROM TO PROGRAM: of one version by another.
replace() {
	in_flight "$1" "$2"
	install_version "$4"
	# The old one starts its workers without the file that is gone.
	before=$(by "$2" "$1-plan1" plan)
	for pid in $(pgrep -P "$spooler_pid"); do
		kill -KILL "$pid"
	done
	retry 30 by_more "$2" "$1-plan1" plan "$before" || fail "no worker of $2 goes on"
	assert_equal "$3 does nothing yet" 0 "$(by "$3" "$1-[^\"]*" '[a-z]*')"
	kill -TERM "$spooler_pid"
	retry 30 stopping || fail "TERM is not heard"
	echo "$1-late" | make_jobs "$spool"
	wait "$spooler_pid" || fail "$2: exit status $?"
	assert "jobs are left for $3" [ "$(find "$spool/active" -mindepth 1 -maxdepth 1 | wc -l)" -ge 16 ]
	: >"$sender/$1"
	start_spooler
	all_ended "$1" 25
	assert "$3 delivers" [ "$(by "$3" "$1-[^\"]*" final)" -ge 16 ]
}
present=${version#planspoold }
install_version "$build/planspoold"
start_spooler
replace upgrade "$present" next "$build/tests/planspoold_next"
assert_equal "installed" 'planspoold next' "$("$planspoold" --version)"
replace back next "$present" "$build/planspoold"

# ---- side by side ----

old=$spooler_pid
planspoold=$build/tests/planspoold_next
start_spooler
next=$spooler_pid
for n in $(seq 120); do
	changing "both-$n"
	[ $((n % 3)) -ne 0 ] || script "both-$n" final '500, 200'
	[ $((n % 40)) -ne 1 ] || script "both-$n" final '200 until=both, 200'
done
none_new() {
	[ -z "$(ls "$spool/new")" ]
}
both=0
while [ "$both" -lt 120 ]; do
	seq -f both-%.0f $((both + 1)) $((both + 10)) | make_jobs "$spool"
	both=$((both + 10))
	retry 30 none_new || fail "nobody takes up what is new"
done
for who in "$present" next; do
	retry 30 by_more "$who" 'both-[0-9]*' final 0 || fail "$who delivers nothing"
done
# Each goes while the other has to go on with what it leaves.
kill -KILL "$old"
wait "$old" 2>/dev/null || :
: >"$sender/both"
all_ended both 120
spooler_pid=$next
stop_spooler
assert_equal "left" '' "$(left "$spool")"
assert_equal "undelivered or corrupt" '' "$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
finish
