# Shared by the tests of planspool-sim against a receiver (receiver.c) that does right and wrong things: sourced first,
# in place of lib.sh, which it includes.
# shellcheck shell=sh disable=SC2034,SC2154

. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need openssl tar

sim=$build/planspool-sim
[ -x "$sim" ] || { echo 'sim: configured without it'; exit 77; }
plan=$src/tests/plans/create/plan.json
make_cert
write_key "$scratch/key" secret-key
write_key "$scratch/other-key" other-key
"$build/tests/receiver" "$scratch/key" "$scratch/tls.pem" "$scratch" >"$scratch/receiver.log" 2>&1 &
pids="$pids $!"
retry 20 test -s "$scratch/receiver.log" || fail "the receiver does not start"
url=$(head -n 1 "$scratch/receiver.log")

# sim_run WHAT STATUS PATH OPTION...: the output is in $scratch/out, that on standard error in $scratch/err.
sim_run() {
	run_what=$1 run_status=$2 run_path=$3
	shift 3
	got=0
	"$sim" --endpoint "$url$run_path" --hmac-key "$scratch/key" "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
	assert_equal "$run_what: exit status ($(cat "$scratch/out" "$scratch/err"))" "$run_status" "$got"
}

# asked WHAT: how such requests were answered, by the transcript of the last run, whose output is JSON.
asked() {
	tr '{' '\n' <"$scratch/out" | sed -n "s/.*\"what\":\"$1\",\"bytes\":[0-9]*,\"status\":\([0-9]*\)}.*/\1/p" |
		tr '\n' ' ' | sed 's/ $//'
}

# The last line of a test, instead of finish.
finish_sim() {
	if grep WRONG "$scratch/receiver.log"; then
		fail 'the receiver was answered otherwise than it expected'
	fi
	finish
}
