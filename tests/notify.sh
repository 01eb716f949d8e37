#!/bin/sh
# What handler and spooler tell a service manager: started, reloading, alive, stopping; and that workers tell nothing.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

cat >"$scratch/planspool.yaml" <<END
spool: $scratch/spool
seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [$scratch/prod.key]
    hosts: [https://app.terraform.io]
    checks: [{changes: {max_delete: 10}}]
workers: 2
END
write_key "$scratch/prod.key" some-key
make_spool

# listen NAME: sets $told, where what is told is written, and exports NOTIFY_SOCKET.
listen() {
	told=$scratch/$1.told
	NOTIFY_SOCKET=$scratch/$1.notify
	export NOTIFY_SOCKET
	"$build/tests/notified" "$NOTIFY_SOCKET" "$told" >"$scratch/$1.ready" &
	pids="$pids $!"
	retry 20 grep -q ready "$scratch/$1.ready" || fail "notified does not start"
}

# watched COMMAND...: with a watchdog of half a second that is meant for this process.
watched() {
	# shellcheck disable=SC2016
	exec env WATCHDOG_USEC=500000 sh -c 'WATCHDOG_PID=$$; export WATCHDOG_PID; exec "$@"' sh "$@"
}

# said N PATTERN: whether at least N messages are this.
said() {
	[ "$(grep -Ecx -e "$2" "$told")" -ge "$1" ]
}

ended_well() {
	ended=0
	wait "$1" || ended=$?
	assert_equal "exit status" 0 "$ended"
	assert_equal "the last word" STOPPING=1 "$(grep -v WATCHDOG=1 "$told" | tail -n 1)"
	assert_equal "STOPPING, once" 1 "$(grep -c STOPPING "$told")"
}

reloading='RELOADING=1 MONOTONIC_USEC=[0-9]+'

# --- the spooler
listen planspoold
watched "$build/planspoold" -c "$scratch/planspool.yaml" 2>"$scratch/planspoold.log" &
pid=$!
pids="$pids $pid"
retry 20 said 1 READY=1 || fail "not ready"
retry 20 said 3 WATCHDOG=1 || fail "no sign of life"
kill -HUP $pid
retry 20 said 2 READY=1 || fail "not ready after a reload"
assert "it said that it reloads" said 1 "$reloading"
cp "$scratch/planspool.yaml" "$scratch/good.yaml"
echo 'nonsense: true' >>"$scratch/planspool.yaml"
kill -HUP $pid
retry 20 said 3 READY=1 || fail "not ready after a reload that failed"
assert "it said that it reloads" said 2 "$reloading"
assert_grep "the reload failed" 'not reloaded' "$scratch/planspoold.log"
kill -TERM $pid
ended_well $pid
assert_equal "in this order" 'READY=1 RELOADING=1 READY=1 RELOADING=1 READY=1 STOPPING=1 ' \
	"$(sed -e '/WATCHDOG=1/d' -e 's/ MONOTONIC_USEC=.*//' "$told" | tr '\n' ' ')"
mv "$scratch/good.yaml" "$scratch/planspool.yaml"

# --- without a watchdog, or with one for another process, nothing is said of being alive
listen once
WATCHDOG_USEC=500000 WATCHDOG_PID=1 "$build/planspoold" -c "$scratch/planspool.yaml" --once 2>"$scratch/once.log" ||
	fail "planspoold --once: exit status $?"
assert_equal "all that was said" 'READY=1 STOPPING=1 ' "$(tr '\n' ' ' <"$told")"

# --- the handler
listen handler
watched "$build/planspool.fcgi" -c "$scratch/planspool.yaml" -l "unix:$scratch/handler.sock" 2>"$scratch/handler.log" &
pid=$!
pids="$pids $pid"
retry 20 said 1 READY=1 || fail "the handler is not ready"
assert "ready means listening" [ -S "$scratch/handler.sock" ]
retry 20 said 3 WATCHDOG=1 || fail "the handler: no sign of life"
kill -TERM $pid
ended_well $pid

# --- a service manager that is gone stops nobody
NOTIFY_SOCKET=$scratch/nobody "$build/planspoold" -c "$scratch/planspool.yaml" --once 2>"$scratch/nobody.log" ||
	fail "with nobody to tell: exit status $?"
assert_grep "the log says it" 'was not told READY=1' "$scratch/nobody.log"
finish
