# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# modseal.sh - what a kernel's PKGBUILD needs of modseal; to be sourced by it
#
#	source /usr/share/modseal/arch/modseal.sh
#	options=(!strip)
#
#	build()   { cd ...; modseal_trusted .config; make all; }
#	package() { cd ...; modseal_modules_install "$pkgdir/usr"; }
#	_package-headers() { ...; modseal_headers "$builddir"; }
#
# The kernel signs its own modules with the key of its build (CONFIG_MODULE_SIG_KEY).
# Modules that come from elsewhere, DKMS's above all, are signed with a key of the store
# ($MODSEAL_STORE, which abk sets), whose certificate the kernel has built in (CONFIG_SYSTEM_TRUSTED_KEYS;
# `abk -u` sees to that before the build).
#
# makepkg strips packages when package() is over, and modules lose their signatures by
# that. So options must have !strip; modseal_modules_install refuses to go on without, and
# strips by itself, before it signs.

: "${MODSEAL:=modseal}"
: "${MODSEAL_STORE:?}"
: "${MODSEAL_MAKEFILE:=/usr/share/modseal/kernel/modules_install.mk}"

# _modseal_check_options: is makepkg told to leave the binaries alone?
_modseal_check_options()
{
	# makepkg's array, the PKGBUILD's as it stands
	# shellcheck disable=SC2154
	[[ " ${options[*]} " == *' !strip '* ]] && return
	echo "modseal: makepkg would strip the signatures: this PKGBUILD needs options=(!strip)" >&2
	return 1
}

# modseal_trusted CONFIG: will the kernel trust the store's current key? To be asked
# before hours of building
modseal_trusted()
{
	local keys sum

	keys=$("$MODSEAL" config get CONFIG_SYSTEM_TRUSTED_KEYS "$1") || return
	[ -r "$MODSEAL_STORE/current/signing_crt.crt" ] || {
		echo "modseal: no current key in '$MODSEAL_STORE' (hint: abk -u)" >&2
		return 1
	}
	sum=$(sha256sum <"$MODSEAL_STORE/current/signing_crt.crt") || return
	# the file may hold other certificates, too
	"$MODSEAL" certs "$keys" | grep -qF "${sum%% *}" || {
		echo "modseal: '$1' does not trust the current key (hint: abk -u)" >&2
		return 1
	}
}

# modseal_modules_install DESTDIR [MAKE ARGUMENT...]: in the kernel's build directory.
# Without depmod, which Arch runs when the package is installed
modseal_modules_install()
{
	local dest=$1

	shift
	_modseal_check_options || return
	make -f "$MODSEAL_MAKEFILE" MODSEAL="$MODSEAL" INSTALL_MOD_PATH="$dest" \
		INSTALL_MOD_STRIP=1 DEPMOD=true "$@" modules_install
}

# modseal_headers BUILDDIR: the public parts of the store, for those who build modules
# against the headers package; the private key stays where it is
modseal_headers()
{
	"$MODSEAL" key install -q --store "$MODSEAL_STORE" "$1/certs-local"
}

# modseal_sign RELEASE PATH...: modules from elsewhere, with the key that kernel trusts
modseal_sign()
{
	local release=$1

	shift
	_modseal_check_options || return
	"$MODSEAL" sign --no-sync --store "$MODSEAL_STORE" --for-kernel "$release" "$@"
}
