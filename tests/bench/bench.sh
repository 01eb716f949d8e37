#!/bin/sh
# Measures planspool against yardsticks, each as a ratio in one run: "make bench", or by hand from the build directory:
#
#	tests/bench/bench.sh [plan] [others] [growth] [connections] [accept] [cgi] [latency] [flight]
#
# Times of plan checks are the smallest of several runs in which the plan is in the page cache; programs that are
# compared run one after the other. Memory is the peak resident size of a process. What is compared must give the same
# findings. jq, conftest and checkov are used if they are installed. BENCH_DISK names a directory on a disk
# (the build directory), BENCH_MEMORY one in memory (/dev/shm), BENCH_SIZE the size of the largest plan (1G).
#
# Goals that are missed are marked; they are no failure.

# shellcheck shell=sh disable=SC1091,SC2154,SC3045

srcdir=${srcdir:-$(dirname "$0")/../..}
PLANSPOOL_TEST_SECONDS=${PLANSPOOL_TEST_SECONDS:-3600}
TMPDIR=${BENCH_MEMORY:-/dev/shm}
export srcdir PLANSPOOL_TEST_SECONDS TMPDIR
. "$srcdir/tests/lib.sh"

here=$src/tests/bench
tools=$build/tests/bench
planspool=$build/planspool
parts=${*:-plan others growth connections accept cgi latency flight}
disk=$(mktemp -d "${BENCH_DISK:-$build}/bench.XXXXXX")
trap 'rm -rf "$disk"; cleanup' EXIT
ulimit -n "$(ulimit -H -n)"
rows=$scratch/rows

# field NAME LINE: the value in "NAME=VALUE ...".
field() {
	printf ' %s\n' "$2" | sed -n "s/.* $1=\([0-9.]*\).*/\1/p"
}

# calculate EXPRESSION [FORMAT]
calculate() {
	awk "BEGIN { printf \"${2:-%.2f}\", $1 }"
}

# row WHAT MEASURED YARDSTICK RATIO GOAL: GOAL is an awk condition on r, the ratio.
row() {
	reached=no
	[ "$(awk -v "r=$4" "BEGIN { print ($5) ? 1 : 0 }")" -eq 0 ] || reached=yes
	printf '%-44s %-22s %-26s %8s  %-9s %s\n' "$1" "$2" "$3" "$4" "$5" "$reached" | tee -a "$rows"
}

title() {
	printf '\n%s\n' "$1"
	printf '%-44s %-22s %-26s %8s  %-9s %s\n' what measured yardstick ratio goal reached
}

# measure COUNT COMMAND...: the exit status 1 is that of a plan that fails.
measure() {
	count=$1
	shift
	"$tools/measure" "$count" /dev/null "$@" || [ $? -eq 1 ]
}

# ---- plan checks ----

make_policies() {
	[ ! -d "$scratch/policies" ] || return 0
	"$here/rules.sh" checkov "$scratch/policies"
	mkdir "$scratch/none"
	cat >"$scratch/none/none.yaml" <<'END'
metadata: {id: NONE_1, name: a type that the plan has nothing of, category: GENERAL_SECURITY}
definition: {cond_type: attribute, resource_types: [google_storage_bucket], attribute: uniform_bucket_level_access,
  operator: equals, value: true}
END
	"$tools/plan_gen" --size 20M >"$scratch/plan.json"
}

measure_ours() {
	[ -z "${ours-}" ] || return 0
	make_policies
	ours=$(measure 15 "$planspool" check --policy "$scratch/policies" "$scratch/plan.json")
}

part_plan() {
	make_policies
	json=$(measure 7 "$tools/yard_json" "$scratch/plan.json")
	none=$(measure 15 "$planspool" check --policy "$scratch/none" "$scratch/plan.json")
	measure_ours
	large=$("$tools/plan_gen" --size "${BENCH_SIZE:-1G}" |
		measure 1 "$planspool" check --policy "$scratch/policies" -)
	title "Plan checks, 20 MB: $(grep -o '"change":' "$scratch/plan.json" | wc -l) resources"
	w=wall_ms
	row 'no resource wanted / json-c' "$(field $w "$none") ms" "$(field $w "$json") ms" \
		"$(calculate "$(field $w "$json") / $(field $w "$none")")" 'r >= 20'
	w=cpu_ms
	row '  the same, CPU time' "$(field $w "$none") ms" "$(field $w "$json") ms" \
		"$(calculate "$(field $w "$json") / $(field $w "$none")")" 'r >= 20'
	w=wall_ms
	row '20 policies, every resource / json-c' "$(field $w "$ours") ms" "$(field $w "$json") ms" \
		"$(calculate "$(field $w "$json") / $(field $w "$ours")")" 'r >= 5'
	w=cpu_ms
	row '  the same, CPU time' "$(field $w "$ours") ms" "$(field $w "$json") ms" \
		"$(calculate "$(field $w "$json") / $(field $w "$ours")")" 'r >= 5'
	row "memory, ${BENCH_SIZE:-1G} plan / 20 MB plan" "$(field kb "$large") KiB" "$(field kb "$ours") KiB" \
		"$(calculate "$(field kb "$large") / $(field kb "$ours")")" 'r <= 1.1'
	row "memory, ${BENCH_SIZE:-1G} plan / 32 MiB" "$(field kb "$large") KiB" '32768 KiB' \
		"$(calculate "$(field kb "$large") / 32768")" 'r < 1'
	echo "(${BENCH_SIZE:-1G} through a pipe from the generator: $(field cpu_ms "$large") ms of CPU time)"
}

# other NAME TIMES-FASTER MEMORY-PART COMMAND...: run once; findings_NAME makes findings of its output.
other() {
	name=$1 faster=$2 part=$3
	shift 3
	theirs=$("$tools/measure" 1 "$scratch/$name.out" "$@" 2>"$scratch/$name.log") || :
	"findings_$name" <"$scratch/$name.out" | sort >"$scratch/$name.findings"
	if ! cmp -s "$scratch/ours.findings" "$scratch/$name.findings"; then
		echo "$name: other findings ($(wc -l <"$scratch/$name.findings")); not compared"
		return
	fi
	row "20 policies / $name, wall" "$(field wall_ms "$ours") ms" "$(field wall_ms "$theirs") ms" \
		"$(calculate "$(field wall_ms "$theirs") / $(field wall_ms "$ours")")" "r >= $faster"
	row '  CPU time' "$(field cpu_ms "$ours") ms" "$(field cpu_ms "$theirs") ms" \
		"$(calculate "$(field cpu_ms "$theirs") / $(field cpu_ms "$ours")")" "r >= $faster"
	row '  memory' "$(field kb "$ours") KiB" "$(field kb "$theirs") KiB" \
		"$(calculate "$(field kb "$theirs") / $(field kb "$ours")")" "r >= $part"
}

findings_jq() { cat; }
findings_conftest() { jq -r '.[].failures[]?.msg'; }
findings_checkov() { jq -r '.results.failed_checks[] | .check_id + " " + .resource' | sort -u; }

part_others() {
	command -v jq >/dev/null || { echo 'Comparisons need jq.'; return; }
	measure_ours
	"$planspool" check --all --format json --policy "$scratch/policies" "$scratch/plan.json" |
		jq -r '.outcomes[] | select(.status == "failed") | .id + " " + .address' | sort >"$scratch/ours.findings"
	mkdir -p "$scratch/rego"
	"$here/rules.sh" rego "$scratch/rego/rules.rego"
	"$here/rules.sh" jq "$scratch/rules.jq"
	title "The same findings ($(wc -l <"$scratch/ours.findings"))"
	other jq 1 1 jq -r -f "$scratch/rules.jq" "$scratch/plan.json"
	if command -v conftest >/dev/null; then
		other conftest 10 50 conftest test --parser json -p "$scratch/rego" -o json "$scratch/plan.json"
	else
		echo 'conftest is not installed: go install github.com/open-policy-agent/conftest@latest'
	fi
	if command -v checkov >/dev/null; then
		other checkov 100 50 checkov -f "$scratch/plan.json" --framework terraform_plan --skip-download \
			--external-checks-dir "$scratch/policies" --check 'BENCH_*' --compact --quiet -o json
	else
		echo 'checkov is not installed: pip install checkov'
	fi
}

# cpu_of_check POLICIES PLAN
cpu_of_check() {
	field cpu_ms "$(measure 5 "$planspool" check --policy "$1" "$2")"
}

# curve NAME: reads "X MILLISECONDS" and says how far the points are from a straight line.
curve() {
	awk -v "name=$1" '
	{ n++; x[n] = $1; y[n] = $2; sx += $1; sy += $2; sxx += $1 * $1; sxy += $1 * $2 }
	END {
		slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
		base = (sy - slope * sx) / n
		printf "%-34s", name
		for (i = 1; i <= n; i++) {
			printf " %8s: %6.1f ms", x[i], y[i]
			off = (y[i] - base - slope * x[i]) / y[n]
			far = off > far ? off : -off > far ? -off : far
		}
		printf "   off the line: %.1f %% of the last\n", far * 100
	}'
}

part_growth() {
	make_policies
	echo
	echo 'Growth, CPU time of a check'
	for size in 10 20 40 80 160; do
		"$tools/plan_gen" --size "${size}M" --resources 2000 >"$scratch/growth.json"
		echo "$size $(cpu_of_check "$scratch/policies" "$scratch/growth.json")"
	done | curve 'MB, 2000 resources, 20 policies'
	for resources in 2500 5000 10000 20000 40000; do
		"$tools/plan_gen" --resources "$resources" >"$scratch/growth.json"
		echo "$resources $(cpu_of_check "$scratch/policies" "$scratch/growth.json")"
	done | curve 'resources, 20 policies'
	rm -f "$scratch/growth.json"
	for policies in 20 40 80 160 320; do
		rm -rf "$scratch/growth"
		"$here/rules.sh" checkov "$scratch/growth" "$policies"
		echo "$policies $(cpu_of_check "$scratch/growth" "$scratch/plan.json")"
	done | curve 'policies, 20 MB'
}

# connected RESOURCES POLICIES [SHAPE [SHAPE-OF-POLICIES]]: what a check of that many connected resources takes.
connected() {
	"$here/connections.sh" "${3:-plan}" "$1" >"$scratch/connected.json"
	"$here/connections.sh" "${4:-policies}" "$2" >"$scratch/connected.yaml"
	measure 5 "$planspool" check --policy "$scratch/connected.yaml" "$scratch/connected.json"
}

# memory_of_resource POLICIES [SHAPE [SHAPE-OF-POLICIES]]: bytes, by the difference of two plans.
memory_of_resource() {
	calculate "($(field kb "$(connected 40000 "$@")") - $(field kb "$(connected 20000 "$@")")) * 1024 / 20000" %.0f
}

part_connections() {
	title 'Policies with connections: resources with addresses of 125 bytes, 12 blocks, 3 references'
	for policies in 1 20 50; do
		bytes=$(memory_of_resource "$policies")
		row "memory of a resource, $policies policies / 256 B" "$bytes B" '256 B' "$(calculate "$bytes / 256")" 'r <= 1'
	done
	for shape in waiting waiting_connected; do
		bytes=$(memory_of_resource 20 unknown "$shape")
		row "  20 unknown attributes, $shape" "$bytes B" '256 B' "$(calculate "$bytes / 256")" 'r <= 1'
	done
	echo
	for resources in 2500 5000 10000 20000 40000; do
		echo "$resources $(field cpu_ms "$(connected "$resources" 20)")"
	done | curve 'resources, 20 with connections'
	for resources in 2500 5000 10000 20000 40000; do
		echo "$resources $(field cpu_ms "$(connected "$resources" 1 counted)")"
	done | curve 'resources with count, 1 policy'
	for policies in 20 40 80 160 320; do
		echo "$policies $(field cpu_ms "$(connected 5000 "$policies")")"
	done | curve 'with connections, 5000 resources'
	rm -f "$scratch/connected.json"
}

# ---- run tasks ----

# prepare SPOOL-DIRECTORY [LINE...]: keys, certificate, configuration and an empty spool.
prepare() {
	need nginx openssl
	[ -f "$scratch/tls.pem" ] || make_cert
	write_key "$scratch/prod.key" bench-key
	make_policies
	work=$1
	shift
	rm -rf "$work/spool"
	mkdir -p "$work"
	"$build/tests/mkspool" "$work/spool" "$scratch" || fail mkspool
	api=$(random_port) storage=$(random_port)
	{
		echo "spool: $work/spool"
		echo "seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}"
		for line in "$@"; do
			printf '%s\n' "$line"
		done
		echo 'endpoints:'
		echo '  prod:'
		echo '    path: /run-task/prod'
		echo "    hmac_keys: [$scratch/prod.key]"
		echo "    hosts: [{url: \"https://127.0.0.1:$api\", ca_file: $scratch/tls.pem}]"
		echo "    storage: [\"https://127.0.0.1:$storage\"]"
		echo "    checks: [{policies: [$scratch/policies]}]"
	} >"$scratch/planspool.yaml"
	PLANSPOOL_CONFIG=$scratch/planspool.yaml
	export PLANSPOOL_CONFIG
}

start_handler() {
	"$build/planspool.fcgi" -l "unix:$scratch/handler.sock" -m 600 -t 16 2>>"$scratch/handler.log" &
	handler_pid=$!
	pids="$pids $handler_pid"
	retry 20 [ -S "$scratch/handler.sock" ] || fail 'the handler does not start'
	start_nginx "unix:$scratch/handler.sock" 's|keepalive_timeout.*||'
}

# end PID...
end() {
	for pid in "$@"; do
		kill -TERM "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

load() {
	"$tools/load" --key "$scratch/prod.key" --ca "$scratch/tls.pem" --api "$api" "$@"
}

# serving OPTION...: load that is HCP Terraform, too.
serving() {
	load --storage "$storage" --certificate "$scratch/tls.pem" --tls-key "$scratch/tls.key" --plan "$scratch/small.json" "$@"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

part_accept() {
	prepare "$disk"
	start_handler
	load --url "$url/run-task/prod" --jobs 1 >"$scratch/first.log"
	bytes=$(find "$disk/spool/new" -name '*.json' -exec wc -c {} + | awk '{ print $1; exit }')
	# Nothing is removed in between: a file system may be slow for a while where much was.
	for round in 1 2 3 4 5; do
		mkdir "$disk/yard$round"
		"$tools/yard_fsync" "$disk/yard$round" 16 3000 "$bytes" >>"$scratch/yard.log"
		load --url "$url/run-task/prod" --jobs 3000 --connections 16 --first $((round * 3000)) >>"$scratch/accept.log"
	done
	end "$handler_pid" "$nginx_pid"
	yard=$(sed 's/.*per_second=//' "$scratch/yard.log" | median)
	accepted=$(sed 's/.*per_second=\([0-9]*\).*/\1/' "$scratch/accept.log" | median)
	title 'Accepting'
	row 'nginx, TLS, 16 connections / 16 threads' "$accepted a second" "$yard a second" "$(calculate "$accepted / $yard")" \
		'r >= 0.8'
}

start_apache() {
	modules=$(for dir in /usr/lib/apache2/modules /usr/lib64/httpd/modules; do [ ! -d "$dir" ] || echo "$dir"; done)
	port=$(random_port)
	mkdir -p "$scratch/bin"
	cp "$build/planspool.fcgi" "$scratch/bin/"
	cp "$tools/yard_cgi" "$scratch/bin/header"
	cat >"$scratch/httpd.conf" <<END
ServerRoot $scratch
ServerName localhost
Listen 127.0.0.1:$port
PidFile $scratch/httpd.pid
ErrorLog $scratch/httpd.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule alias_module $modules/mod_alias.so
LoadModule env_module $modules/mod_env.so
LoadModule cgid_module $modules/mod_cgid.so
ScriptSock $scratch/cgid.sock
ScriptAlias /cgi-bin/ $scratch/bin/
SetEnv PLANSPOOL_CONFIG $PLANSPOOL_CONFIG
END
	set -- apache2 -f "$scratch/httpd.conf" -DFOREGROUND
	# Apache does not serve as root: all of this belongs to nobody then.
	if [ "$(id -u)" -eq 0 ]; then
		chown -R nobody "$scratch"
		set -- setpriv --reuid nobody --clear-groups "$@"
	fi
	"$@" 2>>"$scratch/httpd-start.log" &
	apache_pid=$!
	pids="$pids $apache_pid"
	retry 20 curl -sf -o /dev/null "http://127.0.0.1:$port/cgi-bin/header" || fail 'Apache does not answer'
}

part_cgi() {
	need apache2
	prepare "$scratch/cgi"
	start_apache
	for round in 1 2 3 4 5; do
		load --url "http://127.0.0.1:$port/cgi-bin/header" --jobs 100 >>"$scratch/header.log"
		load --url "http://127.0.0.1:$port/cgi-bin/planspool.fcgi/run-task/prod" --jobs 100 --first $((round * 100)) \
			>>"$scratch/cgi.log"
	done
	end "$apache_pid"
	yard=$(sed 's/.*median_ms=//' "$scratch/header.log" | median)
	cgi=$(sed 's/.*median_ms=//' "$scratch/cgi.log" | median)
	title 'CGI under Apache'
	row 'accepted request / a header, median' "$cgi ms" "$yard ms" "$(calculate "$cgi / $yard")" 'r < 2'
}

part_latency() {
	prepare "$scratch/latency"
	"$tools/plan_gen" --size 50k --resources 12 >"$scratch/small.json"
	start_handler
	"$build/planspoold" 2>>"$scratch/spooler.log" &
	spooler_pid=$!
	pids="$pids $spooler_pid"
	retry 20 curl -sf --cacert "$scratch/tls.pem" "$url/run-task/prod/health" || fail 'planspoold does not start'
	serving --url "$url/run-task/prod" --jobs 200 --in-flight 1 >"$scratch/latency.log" || fail "$(cat "$scratch/latency.log")"
	end "$spooler_pid" "$handler_pid" "$nginx_pid"
	line=$(tail -n 1 "$scratch/latency.log")
	title "POST to final callback, plan of $(wc -c <"$scratch/small.json") bytes, TLS, 200 jobs one after the other"
	row "median (95 %: $(field p95_ms "$line"), max: $(field max_ms "$line") ms)" "$(field median_ms "$line") ms" '20 ms' \
		"$(calculate "$(field median_ms "$line") / 20")" 'r < 1'
}

# The largest peak memory of a process's children, in KiB.
peak_of_children() {
	# shellcheck disable=SC2013
	for child in $(cat "/proc/$1/task/$1/children"); do
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$child/status"
	done | sort -n | tail -n 1
}

part_flight() {
	prepare "$scratch/flight" 'workers: 1'
	"$tools/plan_gen" --size 50k --resources 12 >"$scratch/small.json"
	"$tools/load" --url none --jobs 1000 --delay 1000 --api "$api" --storage "$storage" --certificate "$scratch/tls.pem" \
		--tls-key "$scratch/tls.key" --plan "$scratch/small.json" &
	sender_pid=$!
	pids="$pids $sender_pid"
	sleep 1
	yard=$("$tools/yard_curl" "$scratch/tls.pem" 1000 "https://127.0.0.1:$api/object/") || fail "bare transfers: $yard"
	end "$sender_pid"
	start_handler
	"$build/planspoold" 2>>"$scratch/spooler.log" &
	spooler_pid=$!
	pids="$pids $spooler_pid"
	retry 20 curl -sf --cacert "$scratch/tls.pem" "$url/run-task/prod/health" || fail 'planspoold does not start'
	serving --url "$url/run-task/prod" --jobs 1000 --connections 16 --delay 1000 >"$scratch/flight.log" ||
		fail "$(cat "$scratch/flight.log")"
	peak=$(peak_of_children "$spooler_pid")
	end "$spooler_pid" "$handler_pid" "$nginx_pid"
	line=$(tail -n 1 "$scratch/flight.log")
	title '1000 jobs in flight, sender takes 1 s to answer, one worker'
	row 'memory of the worker / bare transfers' "$peak KiB" "$(field kb "$yard") KiB" \
		"$(calculate "$peak / $(field kb "$yard")")" 'r < 1.5'
	row "slowest job / its requests' 1 s each" "$(field max_ms "$line") ms" "median $(field median_ms "$line") ms" \
		"$(field late "$line")" 'r <= 2'
}

echo "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(uname -sr)"
for part in $parts; do
	"part_$part"
done
finish
