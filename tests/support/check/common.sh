# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What ./check, ./demo and the scripts beside this file share: the cache, the packages
# and how they get onto the machine. To be sourced, with TOP set to the top of the tree.

# shellcheck disable=SC2034 # used by those who source this
readonly CACHE="${XDG_CACHE_HOME:-${HOME:?}/.cache}/modseal"
# Where Debian 12 has the reference sign-file (linux-kbuild-6.1).
# shellcheck disable=SC2034
readonly KBUILD=/usr/lib/linux-kbuild-6.1

warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { warn "$@"; exit 2; }

# The codename of the Debian release that runs.
host_release()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && printf '%s\n' "${VERSION_CODENAME-unknown}")
}

# packages_of RELEASE GROUP...: the names, one a line
packages_of()
{
	local release=$1

	shift
	awk -v release="$release" -v groups=" $* " '
		/^#/ || NF < 2 { next }
		index(groups, " " $1 " ") && (NF < 3 || $3 == release) { print $2 }
	' "$TOP/tests/support/check/packages" | LC_ALL=C sort -u
}

names() { printf '%s\n' "$@" | LC_ALL=C sort -u; }

# missing_of PACKAGE...: those that are not installed, one a line
missing_of()
{
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		awk '$1 == "installed" { print $2 }' | LC_ALL=C sort -u |
		LC_ALL=C comm -13 - <(names "$@")
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -- "$@"; fi
}

apt_quietly()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

# served_of PACKAGE...: those that this machine's sources have, one a line; a name that they
# do not have would keep apt-get from installing the others
served_of()
{
	local package

	while read -r package; do
		warn "no package '$package' in this machine's sources"
	done < <(names "$@" | LC_ALL=C comm -23 - <(apt-cache pkgnames | LC_ALL=C sort -u))
	names "$@" | LC_ALL=C comm -12 - <(apt-cache pkgnames | LC_ALL=C sort -u)
}

# install_packages GROUP...: what is missing of them; nothing is touched if nothing is.
install_packages()
{
	local wanted missing log

	command -v apt-get >/dev/null || die "cannot find apt-get: is this Debian?"
	mapfile -t wanted < <(packages_of "$(host_release)" "$@")
	mapfile -t missing < <(missing_of "${wanted[@]}")
	[ ${#missing[@]} -gt 0 ] || return 0
	printf 'installing %s\n' "${missing[*]}"
	log=$(mktemp)
	if ! apt_quietly update >"$log" 2>&1 ||
		! mapfile -t missing < <(served_of "${missing[@]}") ||
		! apt_quietly install --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# archive_uri LABEL: where this machine's own sources find the archive `Debian` or
# `Debian-Security`.
archive_uri()
{
	apt-get indextargets --format "\$(ORIGIN)|\$(LABEL)|\$(REPO_URI)" \
		'Created-By: Packages' |
		awk -F'|' -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}
