# The Debian packages that planspool is built, tried and tested with, and how they are installed. Sourced by the other
# tools.
# shellcheck shell=sh

# shellcheck disable=SC2034
build_packages='gcc make autoconf automake pkg-config libc6-dev
	libfcgi-dev libjson-c-dev libcurl4-openssl-dev libsodium-dev libyaml-dev libpcre2-dev libmicrohttpd-dev'
# shellcheck disable=SC2034
try_packages='nginx-light openssl curl ca-certificates'
# shellcheck disable=SC2034
test_packages='libcmocka-dev apache2 libapache2-mod-fcgid spawn-fcgi systemd
	valgrind cppcheck shellcheck mandoc git procps jq libxml2-utils
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user'

# need_packages PACKAGE...: installs what is missing, as root or through sudo.
need_packages() {
	missing=
	for package in "$@"; do
		# A package may be there under the name of one that provides it (nginx for nginx-light).
		dpkg-query -W -f='${db:Status-Status} ${Provides}\n' "$package" 2>/dev/null | grep -q '^installed' && continue
		[ "$package" != nginx-light ] || ! command -v /usr/sbin/nginx >/dev/null || continue
		missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || {
			echo "Please install, as root: apt-get install$missing" >&2
			return 1
		}
		as_root=sudo
	fi
	echo "Installing:$missing"
	# shellcheck disable=SC2086
	install_packages $missing >/dev/null </dev/null || {
		echo "These packages could not be installed:$missing" >&2
		return 1
	}
}

# RUNLEVEL: services are not started by their packages, everything here runs its own.
install_packages() {
	$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq update &&
		$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq install --no-install-recommends -y "$@"
}
