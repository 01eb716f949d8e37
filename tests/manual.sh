#!/bin/sh
# The manual pages say what the programs do: every option of --help and no other, every key of the configuration, every event of
# a job's log, every status of the handler; and the example of the configuration can be used.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need mandoc
man=$src/man
cd "$scratch"

mandoc -Tlint -Wwarning "$man"/*.[1-8] >lint 2>&1 || fail "mandoc: $(cat lint)"

# agree WHAT MANUAL PROGRAM: the same lines in any order.
agree() {
	sort -u "$2" >"$2.sorted"
	sort -u "$3" >"$3.sorted"
	assert "$1: something is found" [ -s "$3.sorted" ]
	diff "$2.sorted" "$3.sorted" >difference || fail "$1: only in the manual (<), only in the program (>): $(cat difference)"
}

# ---- options ----

# help_options: the options that stand at the beginning of a line of usage, from standard input.
help_options() {
	sed -n 's/^ \{1,8\}\(-.*\)/\1/p' | sed 's/  .*//' | tr -s ', ' '\n' | grep -E '^--?[a-z]' || :
}

# manual_options PAGE [COMMAND]: the options of its lists, in one subsection if a command is named.
manual_options() {
	awk -v want="${2-}" '
		/^\.S[sh] / { inside = want == "" || $0 == ".Ss planspool " want }
		inside && /^\.It Fl / {
			for (i = 2; i < NF; i++)
				if ($i == "Fl")
					print "-" $(i + 1)
		}' "$1"
}

for program in planspool.fcgi planspoold planspool-sim; do
	[ -x "$build/$program" ] || continue
	"$build/$program" --help | help_options >options
	manual_options "$man/$program".[18] >page
	agree "options of $program" page options
done
# Commands, and commands of a command, have subsections of their own.
"$build/planspool" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' >program
sed -n 's/^\.Ss planspool //p' "$man/planspool.1" >subsections
grep -v ' ' subsections >page
agree 'commands' page program
while read -r command; do
	# shellcheck disable=SC2086 # two words
	"$build/planspool" $command --help | help_options >options
	manual_options "$man/planspool.1" "$command" >page
	[ -s options ] || [ -s page ] || continue
	agree "options of planspool $command" page options
done <subsections

# ---- the configuration ----

# Every table of keys in the readers: rows of { "key", reader }, and the lists that config_keys is given.
{
	sed -n 's/^	{ "\([a-z_]*\)", [a-z_]*read_[a-z_]* },$/\1/p' "$src"/src/base/config*.c
	grep -l 'config_keys(' "$src"/src/base/config*.c "$src"/src/checks/*.c | xargs cat | tr '\n' ' ' |
		grep -oE 'static const char \*const [a-z_]*(known|keys)\[\] = \{[^}]*\}' | grep -oE '"[a-z_]+"' | tr -d '"'
} >program
sed -n 's/^\.It Ic \([a-z_.]*\).*/\1/p' "$man/planspool.yaml.5" | tr '.' '\n' >page
agree 'keys of the configuration' page program
sed -n 's/.*&check_\([a-z]*\).*/\1/p' "$src/src/checks/checkset.c" >kinds
assert 'kinds of checks' [ -s kinds ]
while read -r kind; do
	assert "a section about $kind" grep -qi "^\.Sh $kind" "$man/planspool.yaml.5"
done <kinds

sed -n '/^\.\\" test: begin/,/^\.\\" test: end/p' "$man/planspool.yaml.5" | grep -v '^\.' | sed "s|/etc/planspool|$scratch|g" |
	sed "s|/var/spool/planspool|$scratch/spool|" >planspool.yaml
mkdir policies
cp "$src"/examples/policies/*.yaml policies/
umask 077
"$build/planspool" keygen seal . >keygen.log
for file in prod.key prod-old.key tfe.token; do
	"$build/planspool" keygen hmac "$file" >>keygen.log
done
: >tfe-ca.pem
"$build/planspool" test-config -c planspool.yaml >out 2>err || fail "the example: $(cat err)"
assert_grep 'the example' 'ok: 2 endpoints, 3 checks' out

# ---- events and statuses ----

# shellcheck disable=SC2016
sed -n '/^\.Sh EVENTS/,/^\.Sh ACTING/s/^\.It \([a-z ]*\) Ta .*/\1/p' "$man/planspool-spool.5" >page
cat "$src"/src/spooler/*.c | tr '\n' ' ' | grep -oE 'journal\([a-z>. -]+, [a-z>. -]+, (true|false), [^;]*;' |
	sed -E 's/^journal\([^,]*, [^,]*, (true|false), //; s/JOURNAL_BLAMED/"blamed"/; s/[a-z]+ == NULL \? ("[a-z ]*") : ("[a-z ]*").*/\1\2/; s/, .*//; s/rows\[end\].event/"delivered""closed by the sender""undelivered"/' |
	grep -oE '"[a-z ]+"' | tr -d '"' >program
sed -n 's/^#define SPOOL_RETRIED "\(.*\)".*/\1/p' "$src/src/base/spool.h" >>program
agree 'events' page program

sed -n '/^\.Sh STATES/,/^\.Pp/s/^\.It \([a-z]*\) Ta .*/\1/p' "$man/planspool-spool.5" >page
{
	sed -n 's/^enum job_state { \(.*\) };/\1/p' "$src/src/spooler/job.c" | tr -d ' ' | tr ',' '\n' | sed 's/^JOB_//' | tr '[:upper:]' '[:lower:]'
	sed -n 's/.*\[SPOOL_[A-Z]*\] = \([A-Z]*\),$/\1/p' "$src/src/base/spool.c" | tr '[:upper:]' '[:lower:]' | grep -v '^active$'
	echo accepting
} >program
agree 'states' page program

sed -n '/^\.Sh HTTP ANSWERS/,/^\.Ss Health/s/^\.It \([0-9]*\) Ta .*/\1/p' "$man/planspool.fcgi.8" >page
sed -n 's/^	{ \([0-9]*\), "[A-Z].*" },$/\1/p' "$src/src/handler/http.c" >program
agree 'statuses' page program

# ---- diagnostics ----

# Of each message, the longest piece that is no example's name, number or path stands in a program. Strings that the sources
# break at the end of a line are joined.
cat "$src"/src/*/*.[ch] | tr '\n\t' '  ' | sed 's/" *"//g; s/\\"/"/g' >program
sed -n '/^\.Bl -diag/,/^\.El/s/^\.It //p' "$man"/*.[18] "$man"/planspool.yaml.5 | sed 's/" , "/\n/g; s/^"//; s/"$//' >page
assert 'diagnostics' [ -s page ]
while IFS= read -r message; do
	piece=$(printf '%s\n' "$message" | sed "s/FILE:LINE\|https[^ ]*\|\.\.\.\|[0-9()'\"/]\|[:;] / \n /g; s/ [NM]\( \|,\|$\)/\n/g" |
		sed 's/^ *//; s/ *$//' |
		awk 'length($0) > length(best) { best = $0 } END { print best }')
	[ "${#piece}" -ge 5 ] || fail "the message is too short to be looked for: $message"
	grep -qF -e "$piece" program || fail "no program says '$message' ('$piece')"
done <page
finish
