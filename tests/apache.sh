#!/bin/sh
# The handler behind real Apache with TLS, in all three ways, with the files of apache/ as they are but for paths and
# ports: the requests of requests.sh, and what is special to each way. Apache runs as an ordinary user.
#
# shellcheck disable=SC2086 # $as_web is several words or none
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
. "$src/tests/requests.sh"
need apache2 curl openssl setpriv setsid
modules=/usr/lib/apache2/modules
[ -f "$modules/mod_fcgid.so" ] || { [ -z "${PLANSPOOL_NO_SKIP-}" ] || fail "needs mod_fcgid"; exit 77; }

# A command that is put before others, and replaces itself: what it starts in the background has the shell's $!.
web_user=$(id -un) as_web=
if [ "$(id -u)" -eq 0 ]; then
	web_user=nobody
	as_web="setpriv --reuid=nobody --regid=$(id -g nobody) --clear-groups"
fi

# Whatever the web server's user needs lies in $scratch.
chmod 711 "$scratch"
mkdir "$scratch/bin" "$scratch/web" "$scratch/spools"
cp "$build/planspool.fcgi" "$build/tests/mkspool" "$scratch/bin/"
make_cert
write_key "$scratch/prod.key" "$key"
write_key "$scratch/prod-old.key" old-key
mkdir "$scratch/keys"
chown "$web_user" "$scratch/web" "$scratch/spools" "$scratch/keys" "$scratch"/*.key

# fresh_spool NAME
fresh_spool() {
	spool=$scratch/spools/$1
	$as_web "$scratch/bin/mkspool" "$spool" "$scratch/keys" || fail "mkspool"
	cp "$scratch/keys/seal.pub" "$scratch/keys/seal.key" "$scratch/"
	write_config "spools/$1" ''
}

jobs_new() {
	find "$spool/new" -name '*.json' | wc -l | tr -d ' '
}

apache_answers() {
	kill -0 "$apache_pid" 2>/dev/null || return 0
	curl -s -o /dev/null --cacert "$scratch/tls.pem" "https://127.0.0.1:$port/"
}

# start_apache FILE MPM MODULES SED-EXPRESSION [LINES]: real Apache with apache/FILE, in which the port, the
# certificate and what the expression says are replaced. Sets $port, $url, $apache_pid, and $web_log, which begins
# anew.
start_apache() {
	web_log=$scratch/apache-${1%.conf}-$2.log
	for try in 1 2 3 4 5 6 7 8; do
		port=$(random_port)
		sed -e "s|<VirtualHost \*:443>|<VirtualHost *:$port>|" \
			-e "s|/etc/ssl/certs/planspool.pem|$scratch/tls.pem|" \
			-e "s|/etc/ssl/private/planspool.key|$scratch/tls.key|" \
			-e "$4" "$src/apache/$1" >"$scratch/site.conf"
		{
			for module in "mpm_$2" authz_core socache_shmcb ssl mime alias env reqtimeout $3; do
				echo "LoadModule ${module}_module $modules/mod_$module.so"
			done
			echo "ServerRoot $scratch/web"
			echo "DefaultRuntimeDir $scratch/web"
			echo "Mutex file:$scratch/web default"
			echo "PidFile $scratch/web/apache.pid"
			echo "ErrorLog $web_log"
			echo "LogLevel info"
			echo "ServerName localhost"
			echo "Listen 127.0.0.1:$port"
			echo "TypesConfig /dev/null"
			# As Debian's own configuration has it.
			echo "<Directory />"
			echo "	AllowOverride None"
			echo "	Require all denied"
			echo "</Directory>"
			echo "<IfModule fcgid_module>"
			echo "	AddHandler fcgid-script .fcgi"
			echo "	FcgidIPCDir $scratch/web/fcgid"
			echo "	FcgidProcessTableFile $scratch/web/fcgid.shm"
			echo "</IfModule>"
			echo "${5-}"
			echo "Include $scratch/site.conf"
		} >"$scratch/apache.conf"
		chmod 644 "$scratch/tls.key"
		: >"$web_log"
		chown "$web_user" "$web_log"
		# A session of its own: Apache ends its whole process group with itself.
		setsid $as_web apache2 -D FOREGROUND -f "$scratch/apache.conf" >"$scratch/apache-start.log" 2>&1 &
		apache_pid=$!
		pids="$pids $apache_pid"
		url=https://127.0.0.1:$port
		retry 20 apache_answers || fail "Apache does not answer"
		kill -0 "$apache_pid" 2>/dev/null && return
	done
	fail "Apache does not start, in $try tries: $(cat "$scratch/apache-start.log")"
}

stop_apache() {
	kill -TERM "$apache_pid"
	wait "$apache_pid" || fail "Apache: exit status $?"
}

others_are_404() {
	request /
	assert_equal "another path" 404 "$status"
	request /run-taskx/prod
	assert_equal "another path" 404 "$status"
}

# --- mod_proxy_fcgi, and a handler that runs by itself
fresh_spool proxy
handler_log=$scratch/handler.log
$as_web "$scratch/bin/planspool.fcgi" -c "$scratch/planspool.yaml" -l "unix:$scratch/web/handler.sock" -m 600 -t 4 \
	2>"$handler_log" &
handler_pid=$!
pids="$pids $handler_pid"
retry 20 test -S "$scratch/web/handler.sock" || fail "the handler does not start"
start_apache proxy-fcgi.conf event 'proxy proxy_fcgi' "s|/run/planspool/planspool.sock|$scratch/web/handler.sock|"
at=''
check_refusals
check_accepts
others_are_404
kill -TERM "$handler_pid"
wait "$handler_pid" || fail "exit status after TERM: $?"
request /run-task/prod/health
assert_equal "Apache without a handler" 503 "$status"
stop_apache

# --- mod_fcgid, which starts the handler
mkdir "$scratch/libexec" "$scratch/cgi-bin"
cp "$build/planspool.fcgi" "$scratch/libexec/"
cp "$build/planspool.fcgi" "$scratch/cgi-bin/"

fresh_spool fcgid
fcgid_paths="s|/usr/libexec/planspool|$scratch/libexec|; s|#\(FcgidInitialEnv PLANSPOOL_CONFIG\) .*|\1 $scratch/planspool.yaml|"
start_apache fcgid.conf event fcgid "$fcgid_paths"
handler_log=$web_log
# mod_fcgid says 0 when there is no length.
no_length=401
check_refusals
check_accepts
others_are_404
stop_apache
# An idle process is ended, and the next request starts another one.
start_apache fcgid.conf event fcgid \
	"$fcgid_paths; s|FcgidIdleTimeout 300|FcgidIdleTimeout 1|; s|FcgidMinProcessesPerClass 1|FcgidMinProcessesPerClass 0|" \
	'FcgidIdleScanInterval 1'
post /run-task/prod "$payloads/post_plan.json" "$key"
expect "the first request" 200
retry 20 grep -q 'planspool.fcgi: info: stopped' "$web_log" || fail "an idle process is not ended"
post /run-task/prod "$payloads/post_plan.json" "$key"
expect "the request after that" 200
assert_equal "processes started" 2 "$(grep -c 'planspool.fcgi: info: ready' "$web_log")"
stop_apache

# --- plain CGI, with Apache's daemon for it and without, at both paths
# A CGI program is told no length of a body in chunks.
no_length=411 far_too_large=413 chunked=411
for mpm in event prefork; do
	cgi=cgid
	[ "$mpm" = event ] || cgi=cgi
	for at in '' /cgi-bin/planspool.fcgi; do
		fresh_spool "cgi-$mpm${at:+-bin}"
		start_apache cgi-bin.conf "$mpm" "$cgi fcgid" \
			"s|/usr/lib/cgi-bin|$scratch/cgi-bin|; s|#\(SetEnv PLANSPOOL_CONFIG\) .*|\1 $scratch/planspool.yaml|"
		handler_log=$web_log
		check_refusals
		check_accepts
		stop_apache
	done
done
finish
