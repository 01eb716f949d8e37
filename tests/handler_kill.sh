#!/bin/sh
# The handler is killed again and again while requests come in: what was answered 200 is in the spool, and everything in new/
# is whole.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need nginx curl openssl

key=kill-key
socket=$scratch/handler.sock
rounds=${PLANSPOOL_TEST_ROUNDS:-10}
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
start_nginx "unix:$socket"

# client N: posts one job after the other, each until it is accepted, and notes those that were.
client() {
	n=0
	until [ -e "$scratch/enough" ]; do
		n=$((n + 1))
		sed "s/\"task_result_id\":\"[^\"]*\"/\"task_result_id\":\"taskrs-$1-$n\"/" "$payloads/post_plan.json" \
			>"$scratch/body-$1"
		until [ "$(curl -s --max-time 20 --cacert "$scratch/tls.pem" -o /dev/null -w '%{http_code}' \
			-H "X-TFC-Task-Signature: $(sign "$scratch/body-$1" "$key")" -H 'Content-Type: application/json' \
			--data-binary "@$scratch/body-$1" "$url/run-task/prod" || :)" = 200 ]; do
			[ ! -e "$scratch/enough" ] || return 0
		done
		echo "taskrs-$1-$n" >>"$scratch/accepted-$1"
	done
}

more_accepted() {
	[ "$(cat "$scratch"/accepted-* 2>/dev/null | wc -l)" -ge "$wanted" ]
}

clients=
for i in 1 2 3 4; do
	client $i &
	clients="$clients $!"
	pids="$pids $!"
done
round=0 wanted=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	"$build/planspool.fcgi" -c "$scratch/planspool.yaml" -l "unix:$socket" 2>>"$scratch/handler.log" &
	handler_pid=$!
	pids="$pids $handler_pid"
	wanted=$((wanted + 5))
	retry 60 more_accepted || fail "nothing is accepted in round $round"
	kill -KILL "$handler_pid"
	wait "$handler_pid" 2>/dev/null || :
done
: >"$scratch/enough"
for pid in $clients; do
	wait "$pid" || fail "a client: exit status $?"
done
more_accepted || fail "fewer accepted than before"
cat "$scratch"/accepted-* >"$scratch/all"
while read -r id; do
	assert "answered 200, so it is in the spool" [ -f "$scratch/spool/new/prod.$id.json" ]
done <"$scratch/all"
for job in "$scratch"/spool/new/*; do
	assert_grep "a whole job" '^[{]"format":1,.*"sealed":"[A-Za-z0-9_-]+","request":[{].*[}][}]$' "$job"
done
finish
