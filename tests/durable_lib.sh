# Shared by the tests of the promise that nothing accepted is ever lost: sourced first, in place of spooler_lib.sh,
# which it includes. Programs run with tests/faults.so, which kills them, lets calls fail or records them. Longer runs
# than "make check" takes: PLANSPOOL_TEST_LONG=1.
# shellcheck shell=sh disable=SC2034,SC2154

. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

long=${PLANSPOOL_TEST_LONG-}
checks='[{changes: {max_delete: 0}}]'
cp "$src/tests/plans/lifecycle/destroy.json" "$sender/destroy.json"
# The sanitizers of a build that has them come second, behind faults.so.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
export ASAN_OPTIONS

# make_jobs SPOOL [ORIGIN [ENDPOINT]] < NAMES: accepts them, as tests/mkjobs.c says.
make_jobs() {
	"$build/tests/mkjobs" "$1" "$scratch/seal.pub" "${2:-$api}" "${3:-prod}" || fail "mkjobs"
}

# Whether calls that change nothing count, too.
all=

# with_faults SPOOL ORDERS COMMAND...: see tests/faults.c.
with_faults() {
	fault_spool=$1 fault_orders=$2
	shift 2
	rm -f "$fault_spool.state"
	env LD_PRELOAD="$build/tests/faults.so" PLANSPOOL_FAULTS_ROOT="$fault_spool" PLANSPOOL_FAULTS_STATE="$fault_spool.state" \
		PLANSPOOL_FAULTS="$fault_orders" ${all:+PLANSPOOL_FAULTS_ALL=1} "$@"
}

# post_with_faults SPOOL ORDERS NAME...: post_job with them. What the handler is killed by is nothing to the test.
post_with_faults() {
	rm -f "$1.state"
	handler_environment="LD_PRELOAD=$build/tests/faults.so PLANSPOOL_FAULTS_ROOT=$1 PLANSPOOL_FAULTS_STATE=$1.state
		PLANSPOOL_FAULTS=$2 ${all:+PLANSPOOL_FAULTS_ALL=1} ASAN_OPTIONS=$ASAN_OPTIONS"
	: >"$scratch/response"
	shift 2
	(post_job "$@") 2>/dev/null || :
	handler_environment=
}

# faults_done SPOOL: how many calls the run before made, and how many of them were at fault.
faults_done() {
	head -n 1 "$1.state" | tr -d '\0'
}

# spool_of SPOOL: a spool of its own with a configuration $SPOOL.yaml, copied from $spool and $scratch/planspool.yaml.
spool_of() {
	rm -rf "$1"
	cp -a "$spool" "$1"
	sed "s|^spool: .*|spool: $1|" "$scratch/planspool.yaml" >"$1.yaml"
}

# changing NAME...: the first time a plan is fetched it passes, later it fails, so that a job that is checked twice
# shows.
changing() {
	for name in "$@"; do
		script "$name" plan '200, 200 body=destroy.json'
	done
}

# over PID: whether it has ended, though its parent may not have noticed yet.
over() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status"
}

# left SPOOL: the jobs that have not ended. What begins with a dot is half made or half removed, and swept.
left() {
	find "$1/new" "$1/active" -mindepth 1 -maxdepth 1 ! -name '.*' | tr '\n' ' '
}

# recover SPOOL: runs the spooler without faults until every job has ended. Workers of one that was killed may live on
# for a moment, and then the jobs are still theirs.
recover() {
	recover_until=$(($(date +%s) + 30))
	while [ "$(date +%s)" -lt "$recover_until" ]; do
		"$build/planspoold" -c "$1.yaml" --once 2>>"$1.log" || return 1
		[ -n "$(left "$1")" ] || return 0
		sleep 0.1
	done
	echo "left: $(left "$1")"
	return 1
}

# each_tree BEFORE RECORD FUNCTION: calls it with each tree that a power loss may leave as $spool, and the words ACCEPTED ANSWERED
# CHANGE of tests/powerloss.c. Sets $trees, their number.
each_tree() {
	mkdir "$scratch/trees"
	ASAN_OPTIONS=detect_leaks=0 "$build/tests/powerloss" "$2" "$1" "$scratch/trees" >"$scratch/list" || fail "powerloss"
	while read -r number accepted answered change; do
		rm -rf "$spool"
		mv "$scratch/trees/$number" "$spool"
		: >"$spool.log"
		"$3" "$accepted" "$answered" "tree $number: after $change"
	done <"$scratch/list"
	trees=$(wc -l <"$scratch/list" | tr -d ' ')
	rm -rf "$scratch/trees"
}

# answered_once SPOOL NAME: the job is in done/, the sender got its result.json as its final, and nothing else.
answered_once() {
	for final in "$sender/$2".final.*; do
		cmp -s "$final" "$1/done/prod.$2/result.json" || {
			echo "$2: not in done/, or $final is not its result: $(find "$1" -name "*prod.$2*" | tr '\n' ' ')"
			return 1
		}
	done
}

# in_parallel N FUNCTION ARGUMENT...: calls FUNCTION with each argument, N at a time; fails if any fails.
in_parallel() {
	parallel=$1 function=$2
	shift 2
	running=
	for argument in "$@"; do
		"$function" "$argument" >"$scratch/parallel.$argument" 2>&1 &
		running="$running $!:$argument"
		# shellcheck disable=SC2086
		set -- $running
		if [ $# -ge "$parallel" ]; then
			parallel_wait "$1"
			shift
			running=$*
		fi
	done
	for one in $running; do
		parallel_wait "$one"
	done
}

parallel_wait() {
	wait "${1%%:*}" || fail "$function ${1#*:}: $(cat "$scratch/parallel.${1#*:}")"
	rm -f "$scratch/parallel.${1#*:}"
}
