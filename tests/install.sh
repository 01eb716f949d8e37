#!/bin/sh
# "make install": everything lies below the prefix; the units are valid and well locked up by systemd's own judgement;
# the users and directories that systemd makes are those that planspoold wants; the handler takes its socket from
# systemd; the example configuration is right.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need make curl openssl

root=$scratch/root
${MAKE:-make} -s install DESTDIR="$root" >"$scratch/make.log" 2>&1 || fail "make install"
variable() {
	sed -n "s/^$1 = //p" "$build/Makefile" | head -n 1
}
prefix=$(variable prefix)
# systemd.pc of a system that has not merged /lib into /usr names /lib.
[ "$prefix" != /usr ] || elsewhere=/lib/systemd
assert_equal "installed outside of $prefix" '' \
	"$(find "$root" -type f ! -path "$root$prefix/*" ! -path "$root${elsewhere-$prefix}/*")"

# installed NAME: the one installed file of this name, whose path ends so.
installed() {
	installed_file=$(find "$root" -type f -path "*/$1")
	assert_equal "$1 is installed" 1 "$(printf '%s\n' "$installed_file" | grep -c .)"
	echo "$installed_file"
}
for name in bin/planspool sbin/planspoold libexec/planspool/planspool.fcgi libexec/planspool/images-sync examples/nginx/planspool.conf \
	examples/apache/proxy-fcgi.conf examples/apache/fcgid.conf examples/apache/cgi-bin.conf; do
	installed "$name" >/dev/null
done

# --- the example configuration
example=$(installed examples/planspool.yaml)
mkdir "$scratch/etc"
cp -r "${example%/*}/policies" "$scratch/etc/"
"$build/planspool" keygen seal "$scratch/etc" >"$scratch/keygen.log"
"$build/planspool" keygen hmac "$scratch/etc/prod.key" >>"$scratch/keygen.log"
sed -e "s|/etc/planspool/|$scratch/etc/|g" -e "s|^handler_user: .*|spool: $scratch/spool|" "$example" \
	>"$scratch/planspool.yaml"
"$build/planspool" test-config -c "$scratch/planspool.yaml" >"$scratch/test-config.log" 2>&1 ||
	fail "the example configuration"

# --- what systemd says
case $(variable systemdsystemunitdir) in
no) finish; exit 0 ;;
esac
need systemd-analyze systemd-sysusers systemd-tmpfiles systemd-socket-activate
for unit in planspool.service planspool.socket planspoold.service; do
	file=$(installed "$unit")
	grep -Ev '^#' "$file" | grep '@[a-z]*@' && fail "$unit has a path that is not filled in"
	cp "$file" "$scratch/$unit"
	assert_grep "$unit: documented by" '^Documentation=|^ListenStream=' "$file"
done
# The programs are where the units say, below the root.
sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$scratch"/*.service >"$scratch/programs"
assert_equal "programs of the units" 2 "$(wc -l <"$scratch/programs" | tr -d ' ')"
while read -r program; do
	assert "the unit's program" [ -x "$root$program" ]
done <"$scratch/programs"
# Judged with the paths that are there, which the root has not.
sed -i "s|^ExecStart=/|ExecStart=$root/|" "$scratch"/*.service
systemd-analyze verify --man=no "$scratch"/*.service "$scratch"/*.socket >"$scratch/verify.log" 2>&1 ||
	fail "systemd-analyze verify"
assert_equal "systemd-analyze verify" '' "$(grep -F "$scratch" "$scratch/verify.log" || :)"
for unit in planspool planspoold; do
	systemd-analyze security --offline=yes --threshold=14 "$scratch/$unit.service" >"$scratch/security.log" 2>&1 ||
		fail "$unit.service: $(tail -n 1 "$scratch/security.log")"
done

# --- users and directories, made as root in a root of their own
spooldir=$(sed -n 's/^ReadWritePaths=//p' "$scratch/planspoold.service")
"$build/tests/mkspool" "$scratch/spool" "$scratch/etc" || fail "mkspool"
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$root/etc" "$root${spooldir%/*}"
	systemd-sysusers --root="$root" "$(installed sysusers.d/planspool.conf)" >"$scratch/sysusers.log" 2>&1 ||
		fail "systemd-sysusers"
	systemd-tmpfiles --root="$root" --create "$(installed tmpfiles.d/planspool.conf)" >"$scratch/tmpfiles.log" 2>&1 ||
		fail "systemd-tmpfiles"
	id_of() {
		sed -n "s/^$1:x:\([0-9]*\):.*/\1/p" "$root/etc/$2"
	}
	spooler=$(id_of planspool passwd)
	web=$(id_of planspool-web group)
	assert_grep "the spooler is of the handler's group" '^planspool-web:x:[0-9]*:planspool$' "$root/etc/group"
	cat >"$scratch/expected" <<-END
	. $spooler $web 750
	./active $spooler $web 710
	./corrupt $spooler $(id_of planspool group) 700
	./done $spooler $web 710
	./new $spooler $web 3770
	./spoolers $spooler $web 750
	./tmp $spooler $web 3770
	./undelivered $spooler $web 710
	END
	(cd "$root$spooldir" && find . -exec stat -c '%n %u %g %a' {} + | sort) >"$scratch/made"
	assert_equal "what tmpfiles.d makes" "$(cat "$scratch/expected")" "$(cat "$scratch/made")"
	# The same as planspoold makes.
	(cd "$scratch/spool" && find . -type d -exec stat -c '%n %a' {} + | sort) >"$scratch/own"
	assert_equal "what planspoold makes" "$(sed 's/ [0-9]* [0-9]* / /' "$scratch/expected")" "$(cat "$scratch/own")"
fi

# --- the handler, started by systemd's own program on the first connection, as planspool.socket does
cp "$scratch/etc/prod.key" "$scratch/etc/seal.pub" "$scratch/"
"$build/tests/notified" "$scratch/notify" "$scratch/told" >"$scratch/notified.ready" &
pids="$pids $!"
retry 20 grep -q ready "$scratch/notified.ready" || fail "notified does not start"
systemd-socket-activate -l "$scratch/handler.sock" --inetd -E NOTIFY_SOCKET="$scratch/notify" \
	"$build/planspool.fcgi" -c "$scratch/planspool.yaml" 2>"$scratch/handler.log" &
handler_pid=$!
pids="$pids $handler_pid"
need nginx
make_cert
start_nginx "unix:$scratch/handler.sock"
taken() {
	post /run-task/prod "$payloads/post_plan.json" "$(cat "$scratch/prod.key")"
	[ "$status" = 200 ]
}
retry 20 taken || fail "a request over the socket that was given: $status"
assert "the job" [ -f "$scratch/spool/new/prod.taskrs-2nH5dncYoXaMVQmJ.json" ]
assert_equal "it said that it is ready" READY=1 "$(cat "$scratch/told")"
kill -TERM "$handler_pid"
wait "$handler_pid" || fail "exit status after TERM: $?"
assert "the socket is systemd's to remove" [ -S "$scratch/handler.sock" ]
finish
