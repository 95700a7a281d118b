# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# How a kernel of the lab is made from Debian's source of it: for build-kernel, which keeps
# what it made, for build-matrix, which only wants to know whether it can be made, and for
# reproduce-kernel, which makes it twice.
#
# To be sourced, with TOP set to the top of the tree and tests/support/check/common.sh sourced.
# SERIES (7.3, 6.12) and FORM (plain, list, merkle) in the environment say which kernel.

readonly LAB=$TOP/lab KERNELS=$CACHE/kernels
# a day, a user and a machine that do not change
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' \
	KBUILD_BUILD_VERSION=1 KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab

digest_of() { sha256sum | cut -c1-32; }

# The directory of the series.
series_directory()
{
	local dir=$TOP/kernel/patches/$SERIES all

	all=$(cd "$TOP/kernel/patches" && echo */)
	[ -e "$dir/versions" ] || die "unknown series '$SERIES': one of ${all//\//}"
	printf '%s\n' "$dir"
}

# source_number N: the package of the Nth source for the series, in the cache; 1: no more,
# anything else is trouble
source_number() { "$TOP/tools/kernel-series" source "$SERIES" "$1"; }

version_of() { dpkg-deb -f "$1" Version; }

# is_known VERSION: whether the series was made for it or tested with it
is_known()
{
	grep -qxF -e "made-for $1" -e "tested $1" "$(series_directory)/versions"
}

# is_avoided VERSION: whether LAB_AVOID, of SERIES=VERSION words, has it
is_avoided() { [[ " ${LAB_AVOID-} " == *" $SERIES=$1 "* ]]; }

# patched DEB: the directory of what the patches make of that source: files/ and removed;
# status 1, and the reason: they do not apply; 2: trouble
patched()
(
	files=("$(series_directory)"/* "$TOP/tools/kernel-series" "$TOP"/tools/series/*.py)
	dir=$KERNELS/patched-$(sha256sum <"$1" | cat - "${files[@]}" | digest_of)
	if [ ! -d "$dir" ]; then
		mkdir -p "$KERNELS"
		tmp=$(mktemp -d "$KERNELS/tmp.XXXXXX")
		trap 'rm -rf "$tmp"' EXIT
		said=$("$TOP/tools/kernel-series" apply "$SERIES" "$1" -o "$tmp") || {
			status=$?
			printf '%s\n' "$said"
			exit "$status"
		}
		mv -T "$tmp" "$dir" 2>/dev/null || [ -d "$dir" ] # another was faster
	fi
	printf '%s\n' "$dir"
)

# in_patched DIR: an archive of what a build's source gets of that, the same whoever makes it
in_patched()
{
	tar -C "$1/files" --sort=name --exclude='./Documentation' --exclude='./tools/testing' \
		--owner=0 --group=0 --numeric-owner --mtime='2026-01-01 UTC' -c .
}

# usable_source: the first package that is not to be avoided and that the patches apply to
usable_source()
{
	local number=0 deb why=

	while deb=$(source_number "$number") || { [ $? = 1 ] || exit 2; false; }; do
		number=$((number + 1))
		if is_avoided "$(version_of "$deb")"; then
			continue
		elif [ "$FORM" = plain ] || why=$(patched "$deb") || { [ $? = 1 ] || exit 2; false; }; then
			printf '%s\n' "$deb"
			return
		fi
	done
	die "no source for the series $SERIES${why:+: $why}"
}

# unpack_source DEB DIR [TAR ARGUMENT...]
unpack_source()
{
	local dir=$2

	dpkg-deb --fsys-tarfile "$1" |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc |
		tar -x -C "$dir" --strip-components=1 "${@:3}"
}

# prepare_source DEB DIR: unpacked without what is large and not for this kernel, and with
# all of each patch that does not concern such files.
prepare_source()
{
	local made

	unpack_source "$1" "$2" --exclude='*/Documentation/*/*' --exclude='*/tools/testing/*' \
		--exclude='*/boot/dts/*' --exclude='*/drivers/gpu/drm/*/include/*'
	[ "$FORM" != plain ] || return 0
	made=$(patched "$1") || die "the patches of $SERIES do not apply: $made"
	in_patched "$made" | tar -x -C "$2"
	(cd "$2" && xargs -r -d '\n' rm -f -- <"$made/removed")
}

# configuration FORM: each line that has to be in it
configuration()
{
	local files=("$LAB/kernel.config")

	[ ! -e "$LAB/kernel-$SERIES.config" ] || files+=("$LAB/kernel-$SERIES.config")
	[ "$1" = plain ] || files+=("$LAB/kernel-hashes.config")
	grep -hE '^(CONFIG|# CONFIG)' "${files[@]}"
	[ "$1" = plain ] || echo "CONFIG_MODULE_HASHES_${1^^}=y"
}

# configure LINES: a configuration with these lines on top of tinyconfig, in the source's
# directory; each must stand in it just so
configure()
{
	local line

	make -s tinyconfig
	grep -vwFf <(grep -oE 'CONFIG_\w+' <<<"$1") .config >.config.rest
	cat .config.rest - <<<"$1" >.config
	make -s olddefconfig
	while read -r line; do
		grep -qxF -- "$line" .config || die "the configuration lacks '$line'"
	done <<<"$1"
}

# put_keys KEYS: into the source's directory, as far as it understands their types
put_keys()
{
	local kinds=("$1"/rsa*.pem "$1"/p*.pem "$1/revoked.pem")

	! grep -q '^config CRYPTO_MLDSA$' crypto/Kconfig || kinds+=("$1"/mldsa*.pem)
	cat "${kinds[@]}" >certs/lab-trusted.pem
	cat "$1/revoked.pem" "$1/withdrawn.pem" >certs/lab-revoked.pem
	(umask 077 && cp "$1/own-both.pem" certs/lab-own.pem)
}

make_quietly() { nice -n 5 make -s -j"$(nproc)" "$@"; }
