#!/bin/sh
# A sender that stalls: before it takes a connection, in TLS, before it answers, after each part of an answer's head and body, for
# ever or a byte now and then. Each exchange ends, and each job with it; a plan that stalls does not keep "running" from being said
# again and again. With PLANSPOOL_TEST_LONG=1 after each byte.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

step=${PLANSPOOL_TEST_LONG:+1}
step=${step:-9}
planspoold=$build/tests/planspoold_brisk
start_staller
# shellcheck disable=SC2119
start_sender
hosts="[\"$api\", \"$stalling\", \"$silent\", \"$full\", \"$silent_tls\"]"
# shellcheck disable=SC2119
configure
sed -i 's/^workers: .*/workers: 1/' "$PLANSPOOL_CONFIG"	# each keeps its own pauses
make_spool

# at ORIGIN NAME...: jobs whose sender that is.
at() {
	origin=$1
	shift
	printf '%s\n' "$@" | "$build/tests/mkjobs" "$spool" "$scratch/seal.pub" "$origin" || fail "mkjobs"
}
# received AGO NAME...: so long ago.
received() {
	received_at=$(date -u -d "$1" +%Y-%m-%dT%H:%M:%S.000Z)
	shift
	for name in "$@"; do
		sed -i "s/\"received_at\":\"[^\"]*\"/\"received_at\":\"$received_at\"/" "$spool/new/prod.$name.json"
	done
}

# asked_at NAME WHAT: when the sender was first asked that, in milliseconds.
asked_at() {
	sed -n "s/^{\"at\":\([0-9]*\),.*\"job\":\"$1\",\"what\":\"$2\".*/\1/p" "$sender/transcript" | head -n 1
}

# ---- after each part of an answer, once ----

head_size=$(printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n' | wc -c)
once=
for what in plan running final; do
	for n in $(seq 0 "$step" $((head_size + 20))) 1000; do
		once="$once $what-stall-$n"
	done
done
# shellcheck disable=SC2086
at "$stalling" $once plan-stall-5000 plan-stall-10000
once="$once plan-stall-5000 plan-stall-10000"

# ---- always, until the time of the job is over ----

dripping='plan-drip-0 plan-drip-30 plan-drip-3000 plan-lines-0'
# shellcheck disable=SC2086
at "$stalling" $dripping
# Callbacks of its kind would stall all the same: these are answered by the other.
for where in silent silent_tls full; do
	eval "origin=\$$where"
	# shellcheck disable=SC2154
	accept_job "plan-$where" "plan=$origin/api/v2/plans/plan-$where/json-output"
done
# Callbacks that are never taken.
undelivered='final-drip-0 final-drip-40 final-lines-0'
# shellcheck disable=SC2086
at "$stalling" $undelivered final-drip-200
for where in silent silent_tls full; do
	eval "origin=\$$where"
	accept_job "final-$where" "callback=$origin/api/v2/task-results/final-$where/callback?secret=q-final-$where"
	undelivered="$undelivered final-$where"
done
# A plan that is not there yet, for longer than progress is told.
script progress plan '200 stall=3000 until=told'
script progress running '200, 500, 200'
accept_job progress
# A wait that is named to one job's "running" holds for its final, too; what else its host is asked is held up for a second only.
script patient running '503 retry=30'
accept_job patient
script beside plan '200 stall=1000 until=heard'
accept_job beside

# limits.job is over in ten seconds, or when as many jobs as there are then have been taken up, and the sender's hour in five.
soon=${PLANSPOOL_TEST_LONG:+40}
# shellcheck disable=SC2086
received "58 minutes ago ${soon:-10} seconds" $dripping plan-silent plan-silent_tls plan-full
# shellcheck disable=SC2086
received '59 minutes ago 55 seconds ago' $undelivered
start_spooler --once
retry 60 asked_again patient running 0 || fail "patient is not running"
: >"$sender/heard"
retry 60 asked_again beside final 0 || fail "beside is not delivered"
retry 60 asked_again progress running 7 || fail "progress is told $(how_often progress running) times"
: >"$sender/told"
wait "$spooler_pid" || fail "planspoold --once: exit status $?"

# same NAME PLACE: all finals that it got are its result.
same() {
	for final in "$sender/$1".final.*; do
		cmp -s "$final" "$spool/$2/prod.$1/result.json" || fail "$1: $final is not the result in $2/: $(cat "$spool"/*/"prod.$1/log.jsonl")"
	done
}
for name in $once; do
	same "$name" 'done'
	assert_grep "$name" '"status":"passed"' "$spool/done/prod.$name/result.json"
done
# What is whole of a callback's answer is its head, and decides. A plan is wanted whole.
for n in $(seq 0 "$step" $((head_size + 20))) 1000; do
	finals=1
	if [ "$n" -lt "$head_size" ]; then
		finals=2
		assert_grep "final-stall-$n: log" '"callback","detail":"no byte moved for 1000 ms; tried again' \
			"$spool/done/prod.final-stall-$n/log.jsonl"
	fi
	assert_equal "finals of final-stall-$n" "$finals" "$(find "$sender" -name "final-stall-$n.final.*" | wc -l)"
	assert_equal "plan-stall-$n is asked for" 2 "$(find "$sender" -name "plan-stall-$n.plan.*" | wc -l)"
	assert_grep "plan-stall-$n: log" '"fetch","detail":"no byte moved for 1000 ms; asked again' "$spool/done/prod.plan-stall-$n/log.jsonl"
done
assert_grep "a drip in the answer's body" '"delivered","detail":"200"' "$spool/done/prod.final-drip-200/log.jsonl"
same final-drip-200 'done'
for name in $dripping; do
	same "$name" 'done'
	assert_grep "$name" 'limits.job. was over before the plan had come whole' "$spool/done/prod.$name/result.json"
done
for where in silent silent_tls full; do
	expect "plan-$where" failed 'limits.job. was over before the plan had come whole'
	assert_grep "plan-$where is asked again" '"fetch","detail":"[^"]*; asked again' "$spool/done/prod.plan-$where/log.jsonl"
done
for name in $undelivered; do
	assert_grep "$name: log" '"undelivered","detail":"[^"]*; the run.s time is over"' "$spool/undelivered/prod.$name/log.jsonl"
	case $name in
	*-[0-9]*) same "$name" undelivered ;;
	esac
done
assert_grep "full: why" 'undelivered","detail":"[^"]*[Cc]onnect[^"]*;' "$spool/undelivered/prod.final-full/log.jsonl"
assert_grep "silent: why" 'undelivered","detail":"no byte moved for 1000 ms;' "$spool/undelivered/prod.final-silent/log.jsonl"
assert_grep "lines: why" 'undelivered","detail":"[^"]*timed out after 3[0-9]{3} [^"]*;' "$spool/undelivered/prod.final-lines-0/log.jsonl"
expect progress passed '1 passed'
expect beside passed '1 passed'
expect patient passed '1 passed'
expect_asked PATCH patient 'running:503 final:200'
heard=$(asked_at patient running)
assert "patient's wait is kept" [ "$(asked_at patient final)" -ge $((heard + 30000)) ]
assert "others do not wait as long" [ "$(asked_at beside final)" -lt $((heard + 30000)) ]
expect_no_secrets
finish
