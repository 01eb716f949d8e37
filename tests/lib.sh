# Shared by the whole-program tests: sourced first, as in
#
#	. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
#
# It starts the test again under a watchdog, makes a scratch directory ($scratch) that is removed at the end
# together with every process in $pids, and stops at the first failed assertion, printing the logs. Run by "make
# check" or by hand from the build directory. A test that misses a program it needs is skipped (77), or fails if
# PLANSPOOL_NO_SKIP is set.
# shellcheck shell=sh disable=SC2034,SC2119,SC2120

if [ -z "${PLANSPOOL_WATCHDOG-}" ]; then
	PLANSPOOL_WATCHDOG=1
	export PLANSPOOL_WATCHDOG
	exec timeout -k 10 "${PLANSPOOL_TEST_SECONDS:-300}" sh "$0" "$@"
fi
set -eu
LC_ALL=C
export LC_ALL
umask 022

src=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd)
build=$(pwd)
export "PLANSPOOL_LIBEXEC=$build"
payloads=$src/tests/payloads
test_name=$(basename "$0" .sh)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/planspool.XXXXXX")
pids=
finished=

cleanup() {
	status=$?
	trap - EXIT
	trap '' HUP INT TERM PIPE
	set +e
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $pids; do
		wait "$pid" 2>/dev/null || :
	done
	if [ -z "$finished" ] && [ "$status" -ne 77 ]; then
		[ "$status" -ne 0 ] || status=1
		for log in "$scratch"/*.log; do
			[ ! -s "$log" ] || { echo "--- ${log##*/}"; tail -n 40 "$log"; }
		done
		echo "$test_name: FAILED"
	fi
	chmod -R u+rwX "$scratch" 2>/dev/null || :
	rm -rf "$scratch"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The last line of every test: all assertions were reached.
finish() {
	finished=1
	echo "$test_name: passed"
}

fail() {
	echo "$test_name: $*"
	exit 1
}

need() {
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 || [ -x "/usr/sbin/$program" ] && continue
		echo "$test_name: needs $program"
		[ -z "${PLANSPOOL_NO_SKIP-}" ] || exit 1
		exit 77
	done
	PATH=$PATH:/usr/sbin
}

# retry SECONDS COMMAND...: until it succeeds; fails after the deadline.
retry() {
	deadline=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# assert WHAT COMMAND...
assert() {
	what=$1
	shift
	"$@" || fail "$what: $*"
}

assert_equal() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# assert_grep WHAT PATTERN FILE: an extended regular expression.
assert_grep() {
	grep -Eq -e "$2" "$3" || fail "$1: no /$2/ in: $(cat "$3")"
}

# A port that nothing listens on, below those that the system gives to outgoing connections.
random_port() {
	while :; do
		port_number=$((10240 + $(od -An -N2 -tu2 /dev/urandom) % 22000))
		grep -qi ":$(printf %04x $port_number) " /proc/net/tcp || break
	done
	echo "$port_number"
}

# Makes $scratch/tls.pem and tls.key for localhost.
make_cert() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
		-keyout "$scratch/tls.key" -out "$scratch/tls.pem" 2>"$scratch/openssl.log"
}

# sign FILE KEY: the X-TFC-Task-Signature of a body.
sign() {
	openssl dgst -sha512 -hmac "$2" -hex <"$1" | sed 's/.*= *//'
}

# make_spool: the spool $scratch/spool and seal keys $scratch/seal.*.
make_spool() {
	"$build/tests/mkspool" "$scratch/spool" "$scratch" || fail "mkspool"
}

write_key() {
	printf '%s\n' "$2" >"$1.new"
	chmod 600 "$1.new"
	mv "$1.new" "$1"
}

nginx_answers() {
	kill -0 "$nginx_pid" 2>/dev/null || return 0
	curl -s -o /dev/null --cacert "$scratch/tls.pem" "https://127.0.0.1:$port/"
}

# start_nginx ADDRESS [SED EXPRESSION]: real nginx with the configuration of nginx/planspool.conf, in which only the
# port, the certificate and the handler's address (unix:/path or 127.0.0.1:port) are replaced, and what the
# expression says. Sets $port, $url and $nginx_pid.
start_nginx() {
	for try in 1 2 3 4 5 6 7 8; do
		port=$(random_port)
		sed -e "s|listen 443 ssl|listen 127.0.0.1:$port ssl|" -e '/listen \[::\]:443 ssl/d' \
			-e "s|/etc/ssl/certs/planspool.pem|$scratch/tls.pem|" \
			-e "s|/etc/ssl/private/planspool.key|$scratch/tls.key|" \
			-e "s|unix:/run/planspool/planspool.sock|$1|" -e "${2-}" "$src/nginx/planspool.conf" >"$scratch/planspool.conf"
		{
			[ "$(id -u)" -ne 0 ] || echo 'user root;'
			echo "daemon off; pid $scratch/nginx.pid; worker_processes 1; error_log $scratch/nginx.log info;"
			echo 'events { worker_connections 256; }'
			echo "http { access_log $scratch/access.log;"
			for path in client_body proxy fastcgi uwsgi scgi; do
				echo "${path}_temp_path $scratch/nginx-$path;"
			done
			echo "include $scratch/planspool.conf; }"
		} >"$scratch/nginx.conf"
		nginx -p "$scratch" -e "$scratch/nginx.log" -c "$scratch/nginx.conf" 2>"$scratch/nginx-start.log" &
		nginx_pid=$!
		pids="$pids $nginx_pid"
		url=https://127.0.0.1:$port
		retry 20 nginx_answers || fail "nginx does not answer"
		kill -0 "$nginx_pid" 2>/dev/null && return
	done
	fail "nginx does not start, in $try tries"
}

stop_nginx() {
	kill -QUIT "$nginx_pid"
	wait "$nginx_pid" || fail "nginx: exit status $?"
}

# request PATH [CURL OPTION...]: sets $status; the body is in $scratch/answer, the headers in $scratch/headers.
request() {
	request_path=$1
	shift
	status=$(curl -s --max-time 60 --cacert "$scratch/tls.pem" -o "$scratch/answer" -D "$scratch/headers" -w '%{http_code}' \
		"$@" "$url$request_path") || fail "curl $request_path: exit status $?"
}

# post PATH FILE KEY [CURL OPTION...]: a run task request signed with KEY ("" for none), its Content-Type is
# $content_type.
content_type=application/json
post() {
	post_path=$1 post_file=$2 post_key=$3
	shift 3
	[ -z "$post_key" ] || set -- -H "X-TFC-Task-Signature: $(sign "$post_file" "$post_key")" "$@"
	request "$post_path" -H "Content-Type: $content_type" --data-binary "@$post_file" "$@"
}

# expect WHAT STATUS: what the last request was answered, in the form that this status has.
expect() {
	assert_equal "$1" "$2" "$status"
	case $2 in
	200)
		assert "$1: no body with 200" [ ! -s "$scratch/answer" ]
		;;
	*)
		assert_grep "$1: an error object" "^[{]\"errors\":[[][{]\"status\":\"$2\",\"title\":\"[^\"]+\",\"detail\":\"[^\"]+\"[}]" \
			"$scratch/answer"
		assert_grep "$1: JSON:API" '^[Cc]ontent-[Tt]ype: application/vnd.api[+]json' "$scratch/headers"
		;;
	esac
	case $2 in
	405) assert_grep "$1" '^[Aa]llow: ' "$scratch/headers" ;;
	503) assert_grep "$1" '^[Rr]etry-[Aa]fter: [0-9]+' "$scratch/headers" ;;
	esac
}

# How many jobs are in new/.
jobs_new() {
	find "$scratch/spool/new" -name '*.json' | wc -l | tr -d ' '
}
