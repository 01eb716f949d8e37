#!/bin/sh
# Handler and spooler as two users: what the handler may do in the spool, and what not. Needs root to become them.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need openssl setpriv
[ "$(id -u)" -eq 0 ] || { echo "$test_name: needs root"; exit 77; }

spooler=daemon handler=www-data key=rights-key
body=$payloads/post_plan.json
mkdir "$scratch/bin" "$scratch/keys" "$scratch/var"
cp "$build/planspool.fcgi" "$build/tests/mkspool" "$scratch/bin/"
cp "$body" "$scratch/body"
chmod 711 "$scratch"
chown $spooler "$scratch/keys" "$scratch/var"
cat >"$scratch/planspool.yaml" <<END
spool: $scratch/var/spool
seal: {public_key: $scratch/keys/seal.pub, secret_key: [$scratch/keys/seal.key]}
handler_user: $handler
endpoints:
  prod:
    path: /run-task/prod
    hmac_keys: [$scratch/prod.key]
    hosts: [https://app.terraform.io]
    checks: [{changes: {max_delete: 10}}]
END
write_key "$scratch/prod.key" "$key"
chown $handler "$scratch/prod.key"

as_spooler() {
	setpriv --reuid=$spooler --regid=$spooler --groups="$(id -g $handler)" "$@"
}

as_handler() {
	setpriv --reuid=$handler --regid=$handler --clear-groups "$@"
}

# post_as_handler WHAT STATUS: as plain CGI, with a umask that would leave nothing readable.
post_as_handler() {
	(
		umask 0777
		as_handler env -i REQUEST_METHOD=POST PATH_INFO=/run-task/prod CONTENT_TYPE=application/json \
			"CONTENT_LENGTH=$(wc -c <"$body" | tr -d ' ')" "HTTP_X_TFC_TASK_SIGNATURE=$(sign "$body" "$key")" \
			"PLANSPOOL_CONFIG=$scratch/planspool.yaml" "$scratch/bin/planspool.fcgi" <"$scratch/body"
	) >"$scratch/response" 2>>"$scratch/handler.log"
	assert_grep "$1" "^Status: $2 " "$scratch/response"
}

as_spooler "$scratch/bin/mkspool" "$scratch/var/spool" "$scratch/keys" $handler || fail "mkspool"
job=$scratch/var/spool/new/prod.taskrs-2nH5dncYoXaMVQmJ.json
post_as_handler "accepted" 200
assert_equal "owner, group and mode of the job" "$handler $(id -gn $handler) 640" "$(stat -c '%U %G %a' "$job")"
assert "the spooler reads it" as_spooler grep -q taskrs-2nH5dncYoXaMVQmJ "$job"
post_as_handler "duplicate" 200
assert_equal "files in tmp/" '' "$(find "$scratch/var/spool/tmp" -type f)"

# A broken-in handler: neither the key that opens jobs nor anything behind new/.
as_handler cat "$scratch/keys/seal.key" >/dev/null 2>&1 && fail "the handler reads the secret key"
for folder in active "done" undelivered corrupt; do
	as_handler ls "$scratch/var/spool/$folder" >/dev/null 2>&1 && fail "the handler lists $folder"
	as_handler touch "$scratch/var/spool/$folder/x" 2>/dev/null && fail "the handler writes into $folder"
done
as_handler touch "$scratch/var/spool/x" 2>/dev/null && fail "the handler writes into the spool's root"
as_handler sh -c "echo x >$scratch/var/spool/seal-keys" 2>/dev/null && fail "the handler announces keys"

# Known by its id where the handler cannot look around.
as_spooler mv "$job" "$scratch/var/job.json"
as_spooler mkdir "$scratch/var/spool/done/prod.taskrs-2nH5dncYoXaMVQmJ"
post_as_handler "duplicate of a finished job" 200
assert "nothing new" [ ! -e "$job" ]
as_spooler rmdir "$scratch/var/spool/done/prod.taskrs-2nH5dncYoXaMVQmJ"

# A handler that could write, but from whom the spooler would take nothing: 200 would be a lie.
cp "$scratch/planspool.yaml" "$scratch/saved.yaml"
for line in '' "handler_user: $spooler"; do
	sed "s/^handler_user: .*/$line/" "$scratch/saved.yaml" >"$scratch/planspool.yaml"
	: >"$scratch/handler.log"
	post_as_handler "not the handler's user ($line)" 503
	assert_grep "the log says why ($line)" 'from whom the spooler would take no job' "$scratch/handler.log"
	assert "nothing is written ($line)" [ -z "$(find "$scratch/var/spool/new" "$scratch/var/spool/tmp" -type f)" ]
done
mv "$scratch/saved.yaml" "$scratch/planspool.yaml"

# A folder it may not write to.
for folder in new tmp; do
	chmod 3750 "$scratch/var/spool/$folder"
	post_as_handler "$folder/ not writable" 503
	assert_grep "the log says why" 'cannot write into the spool: Permission denied' "$scratch/handler.log"
	chmod 3770 "$scratch/var/spool/$folder"
	assert_equal "left in tmp/" '' "$(find "$scratch/var/spool/tmp" -type f)"
	: >"$scratch/handler.log"
done
chmod 0700 "$scratch/var/spool"
post_as_handler "a spool it may not enter" 503
chmod 0750 "$scratch/var/spool"
post_as_handler "and accepted again" 200
finish
