#!/bin/sh
# The handler as a FastCGI server: the sockets it opens, is given or refuses, protocol errors, and how it ends with
# a request still open.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need nginx curl openssl spawn-fcgi

key=server-key
body=$payloads/post_plan.json
socket=$scratch/handler.sock
cat >"$scratch/planspool.yaml" <<END
spool: $scratch/spool
seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [$scratch/prod.key]
    hosts: [https://app.terraform.io]
    checks: [{changes: {max_delete: 10}}]
END
write_key "$scratch/prod.key" "$key"
make_cert
make_spool

# start OPTION...: sets $handler_pid.
start() {
	"$build/planspool.fcgi" -c "$scratch/planspool.yaml" "$@" 2>>"$scratch/handler.log" &
	handler_pid=$!
	pids="$pids $handler_pid"
}

# end SIGNAL: it ends with status 0.
end() {
	kill "-$1" "$handler_pid"
	ended=0
	wait "$handler_pid" || ended=$?
	assert_equal "exit status after $1" 0 "$ended"
}

# refused WHAT PATTERN OPTION...: it ends at once with status 2 and a reason.
refused() {
	refused_what=$1 refused_pattern=$2
	shift 2
	ended=0
	"$build/planspool.fcgi" "$@" </dev/null >/dev/null 2>"$scratch/refused.log" || ended=$?
	assert_equal "$refused_what" 2 "$ended"
	assert_grep "$refused_what" "$refused_pattern" "$scratch/refused.log"
}

accepted() {
	post /run-task/prod "$body" "$key" && [ "$status" = 200 ]
}

# --- what it does not start with
refused "a mode that is no mode" 'octal' -c "$scratch/planspool.yaml" -l "unix:$socket" -m 888
refused "no threads" '1 to' -c "$scratch/planspool.yaml" -l "unix:$socket" -t 0
refused "an argument too many" 'unexpected' -c "$scratch/planspool.yaml" -l "unix:$socket" x
refused "no socket" 'usage' -c "$scratch/planspool.yaml"
refused "a relative path" 'absolute' -c "$scratch/planspool.yaml" -l unix:handler.sock
refused "a host name" 'numeric' -c "$scratch/planspool.yaml" -l localhost:9000
refused "a port that is none" 'numeric' -c "$scratch/planspool.yaml" -l 127.0.0.1:65536
refused "a port alone" 'numeric' -c "$scratch/planspool.yaml" -l 9000
refused "no configuration" 'no-such.yaml' -c "$scratch/no-such.yaml" -l "unix:$socket"
echo kept >"$scratch/file"
refused "a file in the way" 'no socket' -c "$scratch/planspool.yaml" -l "unix:$scratch/file"
assert_equal "the file in the way" kept "$(cat "$scratch/file")"
mkdir "$scratch/directory"
refused "no such directory" 'No such' -c "$scratch/planspool.yaml" -l "unix:$scratch/none/handler.sock"
assert_grep "help" '^usage: ' - <<END
$("$build/planspool.fcgi" --help)
END
assert_grep "version" '^planspool.fcgi [0-9]' - <<END
$("$build/planspool.fcgi" --version)
END

# --- a Unix socket of its own
start -l "unix:$socket" -t 2
start_nginx "unix:$socket"
retry 20 accepted || fail "on a Unix socket"
assert_equal "the socket's mode" 660 "$(stat -c %a "$socket")"
refused "a second server" 'another program' -c "$scratch/planspool.yaml" -l "unix:$socket"
assert "the first one's socket" [ -S "$socket" ]
# HTTP is no FastCGI: more of it than there are threads.
for _ in 1 2 3 4 5; do
	curl -s --max-time 20 --unix-socket "$socket" http://localhost/ >/dev/null && fail "an answer to what is no FastCGI"
done
accepted || fail "after protocol errors"
kill -KILL "$handler_pid"
wait "$handler_pid" 2>/dev/null || :
assert "a stale socket is left behind by KILL" [ -S "$socket" ]
start -l "unix:$socket"
retry 20 accepted || fail "over a stale socket"

# --- a socket that was replaced is not removed
mv "$socket" "$socket.first"
first=$handler_pid
start -l "unix:$socket"
second=$handler_pid
retry 20 accepted || fail "a successor"
handler_pid=$first
end INT
accepted || fail "the successor's socket was removed"
handler_pid=$second
end USR1
assert "its socket is gone" [ ! -e "$socket" ]

# --- TERM with an open request: nginx passes on the first half of the body, the rest comes after TERM
stop_nginx
start_nginx "unix:$socket" 's/fastcgi_request_buffering on/fastcgi_request_buffering off/'
assert_grep "nginx passes bodies on as they come" 'request_buffering off' "$scratch/planspool.conf"
sed 's/"task_result_id":"[^"]*"/"task_result_id":"taskrs-open"/' "$body" >"$scratch/open.json"
length=$(wc -c <"$scratch/open.json" | tr -d ' ')

# Connections that the handler has taken (state connected, taken by accept: it has an inode).
taken() {
	[ "$(awk -v path="$socket" '$8 == path && $6 == "03" && $7 != "0"' /proc/net/unix | wc -l)" -gt 0 ]
}

open_request() {
	printf 'POST /run-task/prod HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n'
	printf 'Content-Length: %s\r\nX-TFC-Task-Signature: %s\r\n\r\n' "$length" "$(sign "$scratch/open.json" "$key")"
	head -c 100 "$scratch/open.json"
	retry 60 test -e "$scratch/go-on"
	tail -c +101 "$scratch/open.json"
	retry 60 grep -q HTTP/1.1 "$scratch/open.answer"
}

: >"$scratch/handler.log"
start -l "unix:$socket" -t 3
retry 20 accepted || fail "restarted"
: >"$scratch/open.answer"
open_request | openssl s_client -quiet -connect "127.0.0.1:$port" >"$scratch/open.answer" 2>/dev/null &
client_pid=$!
pids="$pids $client_pid"
retry 20 taken || fail "the open request does not arrive"
kill -TERM "$handler_pid"
retry 20 grep -q 'ending: open requests' "$scratch/handler.log" || fail "TERM is not noticed"
kill -TERM "$handler_pid"
assert "it waits for the open request" kill -0 "$handler_pid"
: >"$scratch/go-on"
wait "$client_pid" || :
assert_grep "the open request is answered" '^HTTP/1.1 200 ' "$scratch/open.answer"
ended=0
wait "$handler_pid" || ended=$?
assert_equal "exit status with an open request" 0 "$ended"
assert "the open request's job" [ -f "$scratch/spool/new/prod.taskrs-open.json" ]

# --- a socket that is given, and stays
spawn-fcgi -n -s "$socket" -- "$build/planspool.fcgi" -c "$scratch/planspool.yaml" 2>>"$scratch/handler.log" >/dev/null &
handler_pid=$!
pids="$pids $handler_pid"
retry 20 accepted || fail "with a socket given by spawn-fcgi"
end TERM
assert "the given socket's file is not ours to remove" [ -S "$socket" ]

# --- TCP, and who may connect
tcp_port=$(random_port)
stop_nginx
start_nginx "127.0.0.1:$tcp_port"
FCGI_WEB_SERVER_ADDRS=192.0.2.1,127.0.0.1 start -l "127.0.0.1:$tcp_port"
retry 20 accepted || fail "on TCP"
end TERM
FCGI_WEB_SERVER_ADDRS=192.0.2.1,127.0.0.10 start -l "127.0.0.1:$tcp_port"
not_allowed() {
	post /run-task/prod "$body" "$key"
	grep -q '127.0.0.1 refused' "$scratch/handler.log"
}
retry 20 not_allowed || fail "an address that is not listed is not refused"
assert_equal "an address that is not listed" 502 "$status"
end TERM
assert_equal "one job for all of it, and the open one" 2 "$(jobs_new)"
finish
