#!/bin/sh
# Crashes at random: hundreds of jobs come in and are worked on while SIGKILL goes to handlers, workers and the
# supervisors of two spoolers, again and again. In the end each job that was answered 200 has its final, and none got
# two different ones, though every plan is judged otherwise when it is fetched again. PLANSPOOL_TEST_SEED repeats the
# order of kills; with PLANSPOOL_TEST_LONG=1 ten times as many jobs.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

jobs=${long:+3000}
jobs=${jobs:-300}
seed=${PLANSPOOL_TEST_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed"
start_sender
configure
make_spool

chance() {
	awk -v "seed=$1" 'BEGIN { srand(seed); for (i = 0; i < 100000; i++) print int(rand() * 1000) }'
}

# Senders that accept at once, after trouble, and when asked again later.
names=$(seq -f random-%.0f "$jobs")
for name in $names; do
	case $((${name#random-} % 4)) in
	0) script "$name" final '500, 200' ;;
	1) script "$name" final '429 retry=1, close, 200' ;;
	2) script "$name" running 'close, 503, 200' ;;
	esac
done
# shellcheck disable=SC2086
changing $names

# post_all: every job until it is accepted; one in four handlers is killed.
post_all() {
	chance "$((seed + 1))" >"$scratch/chance-post"
	exec 3<"$scratch/chance-post"
	for post_name in $names; do
		: >"$scratch/response"
		until grep -q '^Status: 200 ' "$scratch/response"; do
			read -r r <&3
			orders=count
			[ "$r" -ge 250 ] || orders=crash:$((r % 40 + 1))
			post_with_faults "$spool" "$orders" "$post_name"
		done
	done
	: >"$scratch/posted"
}
all=1
post_all &
poster=$!
pids="$pids $poster"

# kill_one SUPERVISOR CHANCE: it, or one of its workers. A supervisor is started again; sets $spooler_pid.
kill_one() {
	spooler_pid=$1
	if [ "$2" -lt 500 ]; then
		kill -KILL "$1"
		wait "$1" 2>/dev/null || :
		start_spooler
		return
	fi
	victim=$(pgrep -P "$1" | head -n $(($2 % 2 + 1)) | tail -n 1)
	[ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || :
}

chance "$seed" >"$scratch/chance"
exec 4<"$scratch/chance"
kills=0
start_spooler
first=$spooler_pid
start_spooler
second=$spooler_pid
until [ -e "$scratch/posted" ] && [ "$kills" -ge 20 ]; do
	read -r r <&4
	sleep "0.$((r % 4))$((r % 10))"
	if [ $((r % 2)) -eq 0 ]; then
		kill_one "$first" "$r"
		first=$spooler_pid
	else
		kill_one "$second" "$r"
		second=$spooler_pid
	fi
	kills=$((kills + 1))
done
wait "$poster" || fail "not every job is accepted"

ended() {
	[ "$(find "$spool/done" -mindepth 1 -maxdepth 1 | wc -l)" -ge "$jobs" ]
}
retry 120 ended || fail "left: $(left "$spool")"
stop_spooler "$first"
stop_spooler "$second"
for name in $names; do
	answered_once "$spool" "$name" || fail "$name: $(cat "$spool/done/prod.$name/log.jsonl")"
done
assert_equal "left" '' "$(left "$spool")"
assert_equal "undelivered or corrupt" '' "$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
echo "$jobs jobs, $kills kills"
finish
