#!/bin/sh
# Crash anywhere, for jobs that do not end delivered: who carries one is killed at each call in turn and started again. It ends
# where it must, whole, and no two different finals are sent. durable_crash.sh does it for those that are delivered. With
# PLANSPOOL_TEST_LONG=1 also at calls that change nothing, and with a second crash in the recovery.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

planspool=$build/planspool
all=$long
start_sender
configure
sed -i 's/^workers: .*/workers: 1/' "$scratch/planspool.yaml"
make_spool
cp -a "$spool" "$scratch/empty"

# How each ends: prepare_END NAME... makes what must be there before, once for all; lay_END SPOOL NAME lays a job out in a spool
# of its own; run_END SPOOL NAME is what is killed, with the words of the variable "under" before it; judge_END SPOOL NAME says
# what is wrong after the recovery. Without a function of its own there is nothing to prepare, a job in new/, and the spooler.

# only_in SPOOL NAME PLACE: where the job is; what begins with a dot is half made or half removed, and swept.
only_in() {
	found=$(cd "$1" && find new active 'done' undelivered corrupt -mindepth 1 -maxdepth 1 ! -name '.*' -name "*$2*" | tr '\n' ' ')
	case $found in
	"$3/prod.$2 ") ;;
	*)
		echo "$2 is in: $found"
		return 1
		;;
	esac
}

# same_finals SPOOL NAME PLACE COUNT: so many at least were sent, each the result.
same_finals() {
	sent=0
	for final in "$sender/$2".final.*; do
		[ -e "$final" ] || continue
		sent=$((sent + 1))
		cmp -s "$final" "$1/$3/prod.$2/result.json" || {
			echo "$final is not the result"
			return 1
		}
	done
	[ "$sent" -ge "$4" ] || echo "$sent finals were sent"
	[ "$sent" -ge "$4" ]
}

# log_has SPOOL NAME PLACE TEXT
log_has() {
	grep -q "$4" "$1/$3/prod.$2/log.jsonl" || {
		echo "no $4 in: $(cat "$1/$3/prod.$2/log.jsonl")"
		return 1
	}
}

# untouched SPOOL NAME PLACE: as it is in the stock.
untouched() {
	diff -r "$scratch/stock/$3/prod.$2" "$1/$3/prod.$2"
}

# stock AGE NAME...: a spool in which such jobs have ended, however that may be.
stock() {
	age=$1
	shift
	rm -rf "$scratch/stock"
	cp -a "$scratch/empty" "$scratch/stock"
	sed "s|^spool: .*|spool: $scratch/stock|" "$scratch/planspool.yaml" >"$scratch/stock.yaml"
	printf "%s $age\n" "$@" | make_jobs "$scratch/stock"
	"$planspoold" -c "$scratch/stock.yaml" --once 2>>"$scratch/stock.log" || fail "planspoold --once: exit status $?"
}

lay() {
	echo "$2" | make_jobs "$1"
}
run() {
	$under "$planspoold" -c "$1.yaml" --once 2>>"$1.log"
}

# ---- not delivered ----

# The sender refuses it.
prepare_refused() {
	for name in "$@"; do
		script "$name" plan '200, 200 body=destroy.json'
		script "$name" final 401
	done
}
judge_refused() {
	only_in "$1" "$2" undelivered && same_finals "$1" "$2" undelivered 1 && log_has "$1" "$2" undelivered '"undelivered","detail":"401'
}

# The run's time is over, and the sender in trouble.
prepare_late() {
	for name in "$@"; do
		script "$name" final 500
	done
}
lay_late() {
	echo "$2 7200" | make_jobs "$1"
}
judge_late() {
	only_in "$1" "$2" undelivered && same_finals "$1" "$2" undelivered 1 && log_has "$1" "$2" undelivered '"undelivered","detail":"500'
}

# Nobody can be called back.
lay_nowhere() {
	echo "$2" | make_jobs "$1" https://elsewhere.example
}
judge_nowhere() {
	only_in "$1" "$2" undelivered && log_has "$1" "$2" undelivered '"undelivered","detail":"https://elsewhere.example is not one'
}

# The sender closes it while it is checked.
prepare_closed() {
	for name in "$@"; do
		script "$name" running 409
		script "$name" plan '200 stall=1000 until=never'
	done
}
judge_closed() {
	only_in "$1" "$2" 'done' && log_has "$1" "$2" 'done' '"closed by the sender"' &&
		[ "$(how_often "$2" final)" -eq 0 ]
}

# ---- dropped, or set aside ----

# A duplicate of one that ended.
prepare_duplicate() {
	stock 0 "$@"
}
lay_duplicate() {
	echo "$2" | make_jobs "$1"
	cp -a "$scratch/stock/done/prod.$2" "$1/done/"
}
judge_duplicate() {
	only_in "$1" "$2" 'done' && untouched "$1" "$2" 'done' && [ "$(asked PATCH "$2")" = 'running:200 final:200' ]
}

# The same, whose spooler died before it saw that.
prepare_orphan() {
	stock 0 "$@"
}
lay_orphan() {
	cp -a "$scratch/stock/done/prod.$2" "$1/done/"
	mkdir "$1/active/prod.$2"
	cp -a "$1/done/prod.$2/request.json" "$1/done/prod.$2"/claim.* "$1/active/prod.$2/"
}
judge_orphan() {
	judge_duplicate "$@"
}

# An envelope that cannot be read, which may be there twice after a crash between claiming and removing it in new/; and what is
# no file at all.
lay_corrupt() {
	echo "nonsense of $2" >"$1/new/prod.$2.json"
}
judge_corrupt() {
	[ "$(cat "$1/corrupt/prod.$2".*/request.json | sort -u)" = "nonsense of $2" ]
}
lay_foreign() {
	ln -s "$scratch/planspool.yaml" "$1/new/prod.$2.json"
}
judge_foreign() {
	[ "$(readlink "$1/corrupt/prod.$2".*)" = "$scratch/planspool.yaml" ] && [ "$(find "$1/corrupt" -name "prod.$2*" | wc -l)" -eq 1 ]
}

# ---- taken over ----

# The spooler died when the result was published.
prepare_taken() {
	for name in "$@"; do
		script "$name" plan '200, 200 body=destroy.json'
		script "$name" final '500, 200'
	done
	stock 7200 "$@"
}
lay_taken() {
	cp -a "$scratch/stock/undelivered/prod.$2" "$1/active/"
	sed -i '/undelivered/d' "$1/active/prod.$2/log.jsonl"
}
judge_taken() {
	only_in "$1" "$2" 'done' && same_finals "$1" "$2" 'done' 2 && log_has "$1" "$2" 'done' '"taken over"'
}

# ---- by a person ----

# planspool retry: what is not taken back by it is taken back by the next one.
prepare_retry() {
	prepare_taken "$@"
}
lay_retry() {
	cp -a "$scratch/stock/undelivered/prod.$2" "$1/undelivered/"
}
run_retry() {
	$under "$planspool" retry -c "$1.yaml" "prod.$2" >>"$1.log" 2>&1
}
judge_retry() {
	[ ! -e "$1/undelivered/prod.$2" ] || { run_retry "$1" "$2" && recover "$1"; } || return 1
	only_in "$1" "$2" 'done' && same_finals "$1" "$2" 'done' 2 && log_has "$1" "$2" 'done' '"retried"'
}

# planspool purge: what it had to remove is there whole, or gone, and the next one removes the rest; what waits is not touched.
prepare_purge() {
	for name in "$@"; do
		script "$name-lost" final 500
	done
	# shellcheck disable=SC2046
	stock 7200 "$@" $(printf '%s-lost ' "$@")
}
lay_purge() {
	echo "$2-new" | make_jobs "$1"
	cp -a "$scratch/stock/done/prod.$2" "$1/done/"
	cp -a "$scratch/stock/undelivered/prod.$2-lost" "$1/undelivered/"
}
run_purge() {
	$under "$planspool" purge -c "$1.yaml" --older-than 1ms >>"$1.log" 2>&1
}
judge_purge() {
	[ ! -e "$1/done/prod.$2" ] || untouched "$1" "$2" 'done' || return 1
	[ ! -e "$1/undelivered/prod.$2-lost" ] || untouched "$1" "$2-lost" undelivered || return 1
	answered_once "$1" "$2-new" || return 1
	retry 5 run_purge "$1" && find "$1" -name '.remove.*' -exec touch -d '2 hours ago' {} + && recover "$1" || return 1
	[ -z "$(find "$1/done" "$1/undelivered" -mindepth 1)" ] || { find "$1/done" "$1/undelivered"; return 1; }
}

# ---- all of them ----

# call PART SPOOL NAME: the function of this end, if there is one.
call() {
	part=$1
	shift
	if command -v "${part}_$end" >/dev/null; then
		"${part}_$end" "$@"
	elif [ "$part" != prepare ]; then
		"$part" "$@"
	fi
}

# kill_at N: one that is killed at call N.
kill_at() {
	name=$end-$1 s=$scratch/spool-$end-$1
	rm -rf "$s"
	cp -a "$scratch/empty" "$s"
	sed "s|^spool: .*|spool: $s|" "$scratch/planspool.yaml" >"$s.yaml"
	: >"$s.log"
	call lay "$s" "$name"
	under="with_faults $s crash:$1"
	call run "$s" "$name" || :
	[ "$(faults_done "$s" | cut -d ' ' -f 2)" = 0 ] || echo >>"$scratch/killed"
	[ -z "$long" ] || under="with_faults $s crash:$(($1 / 2 + 1))" call run "$s" "$name" || :
	under=
	if ! recover "$s" || ! call judge "$s" "$name"; then
		cat "$s.log"
		return 1
	fi
	retry 5 rm -rf "$s" "$s".*
}

# Many at once for those that wait between their tries.
while read -r end parallel step; do
	[ -z "$long" ] || step=1
	call prepare "$end-count"
	s=$scratch/count
	cp -a "$scratch/empty" "$s"
	sed "s|^spool: .*|spool: $s|" "$scratch/planspool.yaml" >"$s.yaml"
	call lay "$s" "$end-count"
	under="with_faults $s count"
	call run "$s" "$end-count" || fail "$end: exit status $?"
	under=
	calls=$(faults_done "$s")
	calls=${calls% *}
	echo "$end: $calls calls"
	assert "calls of $end" [ "$calls" -gt 3 ]
	rm -rf "$s" "$s".*
	# shellcheck disable=SC2046
	call prepare $(seq -f "$end-%.0f" 1 "$step" $((calls + 1)))
	: >"$scratch/killed"
	# shellcheck disable=SC2046
	in_parallel "$parallel" kill_at $(seq 1 "$step" $((calls + 1)))
	assert "$end: as many are killed" [ "$(wc -l <"$scratch/killed")" -ge $((calls * 4 / 5 / step)) ]
done <<'END'
late 3 1
nowhere 3 1
closed 3 1
duplicate 3 1
orphan 3 1
corrupt 3 1
foreign 3 1
taken 3 1
retry 3 1
purge 3 1
refused 24 3
END
finish
