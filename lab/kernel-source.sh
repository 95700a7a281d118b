# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# How a kernel of the lab is made from Debian's source of it: for build-kernel, which keeps
# what it made, for build-matrix, which only wants to know whether it can be made, and for
# reproduce-kernel, which makes it twice.
#
# To be sourced, with TOP set to the top of the tree and tests/support/common.sh sourced.
# SERIES (7.3, 6.12) and FORM (plain, list, merkle) in the environment say which kernel.

readonly LAB=$TOP/lab
# a day, a user and a machine that do not change
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' \
	KBUILD_BUILD_VERSION=1 KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab

suite_of()
{
	case $1 in
	7.3) echo trixie-backports ;;
	6.12) echo trixie ;;
	*) die "unknown series '$1': 7.3 or 6.12" ;;
	esac
}

# The package that the source comes in, in the cache.
source_package()
{
	local suite

	suite=$(suite_of "$SERIES") || return
	"$TOP/tools/debian-archive" fetch "$suite" "linux-source-$SERIES"
}

# The patches of the kernel in their order; none for a plain one.
patches()
{
	local found=("$TOP/kernel/patches/$SERIES"/*.patch)

	[ "$FORM" != plain ] || return 0
	[ -e "${found[0]}" ] || die "no patches for Linux $SERIES"
	printf '%s\n' "${found[@]}"
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
# all of each patch that does not concern such files. A repository that DIR happens to lie
# in must not be taken for the source's.
prepare_source()
{
	local -a files

	unpack_source "$1" "$2" --exclude='*/Documentation/*/*' --exclude='*/tools/testing/*' \
		--exclude='*/boot/dts/*' --exclude='*/drivers/gpu/drm/*/include/*'
	mapfile -t files < <(patches)
	[ ${#files[@]} = 0 ] ||
		GIT_CEILING_DIRECTORIES=$(dirname "$2") git -C "$2" apply --whitespace=nowarn \
			--exclude='Documentation/*' --exclude='tools/testing/*' "${files[@]}"
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
