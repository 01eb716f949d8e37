#!/bin/sh
# The rooms of src/ use each other one way only: a file includes headers of its own room and of the rooms its room
# may use, and headers include each other without a circle. (A module in several .c files has a header of its own
# for what they share.)
set -eu
src=${srcdir:-$(dirname "$0")/..}

allowed() {
	case $1 in
	base) echo 'base' ;;
	plan) echo 'base plan' ;;
	net) echo 'base net' ;;
	checks) echo 'base plan net checks' ;;
	handler) echo 'base handler' ;;
	spooler) echo 'base plan net checks spooler' ;;
	cli) echo 'base plan net checks cli' ;;
	sim) echo 'base net sim' ;;
	*) echo ;;
	esac
}

failed=0
edges=$(mktemp)
trap 'rm -f "$edges"' EXIT
for file in "$src"/src/*/*.[ch]; do
	room=${file%/*}
	room=${room##*/}
	module=$room/$(basename "$file" | sed 's/\.[ch]$//')
	echo "$module $module" >>"$edges"
	# shellcheck disable=SC2013 # a header's name has no spaces
	for header in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file"); do
		case " $(allowed "$room") " in
		*" ${header%%/*} "*) ;;
		*)
			echo "$module includes $header: the room $room may not use that"
			failed=1
			;;
		esac
		[ -f "$src/src/$header" ] || { echo "$module includes $header, which is not there"; failed=1; }
		case $file in
		*.h) echo "${header%.h} $module" >>"$edges" ;;
		esac
	done
done
if ! circle=$(tsort "$edges" 2>&1 >/dev/null) || [ -n "$circle" ]; then
	echo "headers include each other in a circle:"
	echo "$circle"
	failed=1
fi
for third in 'json-c/:base/json' 'yaml.h:base/doc' 'microhttpd:sim/' 'fcgiapp:handler/fcgi' 'archive.h:net/\|base/\|checks/'; do
	if grep -l "^#include <${third%%:*}" "$src"/src/*/*.[ch] | grep -v "/src/\(${third#*:}\)"; then
		echo "uses ${third%%:*}, which is the business of ${third#*:} alone"
		failed=1
	fi
done
exit $failed
