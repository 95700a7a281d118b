# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make modules_install with modseal in place of scripts/sign-file: one process and one
# reading of the key for all modules, every signature verified, all signed or none
#
#	make -f /usr/share/modseal/kernel/modules_install.mk modules_install
#
# in the directory where `make modules_install` would be called (with O=, in that
# directory), with the variables that it would be given: INSTALL_MOD_PATH,
# INSTALL_MOD_STRIP, -j and so on. The kernel is built already.
#
# 1. The kernel's own modules_install copies and strips, but neither signs
#    (CONFIG_MODULE_SIG_ALL is taken from it) nor compresses.
# 2. modseal signs the tree with the kernel's CONFIG_MODULE_SIG_KEY and
#    CONFIG_MODULE_SIG_HASH, whether CONFIG_MODULE_SIG_ALL is set or not: stripping is
#    over, so no signature is lost. $KBUILD_SIGN_PIN is the key's PIN, as ever.
# 3. Where modules are compressed, the kernel's own rules do it, once, and depmod runs
#    again, for the new names. (So a kernel's decoder gets what it expects.)
# 4. modseal verifies the whole tree against certs/signing_key.x509, with the kernel's
#    configuration. If one module is not signed, or anything else went wrong, make fails.
#
# The target modules_sign does 2 and 4 on modules that are installed already.
#
# Which compression to leave out and how to call for it later is known of kernels 6.1 to
# 7.3; with any other, 4 says whether it still works.

MODSEAL ?= modseal
MODSEAL_SIGN_FLAGS ?= --no-sync
DEPMOD ?= depmod

include include/config/auto.conf

KERNELRELEASE := $(shell cat include/config/kernel.release)
MODLIB = $(INSTALL_MOD_PATH)/lib/modules/$(KERNELRELEASE)
kernel = $(MAKE) -f Makefile

# As scripts/Makefile.modinst finds it: a key that is a file is looked for here and, by
# its relative name, in the source.
key := $(CONFIG_MODULE_SIG_KEY)

uncompressed := CONFIG_MODULE_COMPRESS_ALL= CONFIG_MODULE_COMPRESS_GZIP= \
	CONFIG_MODULE_COMPRESS_XZ= CONFIG_MODULE_COMPRESS_ZSTD=
compress := $(CONFIG_MODULE_COMPRESS_GZIP)$(CONFIG_MODULE_COMPRESS_XZ)$(CONFIG_MODULE_COMPRESS_ZSTD)
# Since 6.12 a kernel may know a compression without using it for its own modules.
ifneq ($(CONFIG_MODULE_COMPRESS),)
compress := $(CONFIG_MODULE_COMPRESS_ALL)
endif

.PHONY: modules_install modules_sign check install sign compress verify

modules_install: verify
modules_sign: sign-installed

check:
	@test "$(CONFIG_MODULE_SIG)" = y || \
		{ echo "this kernel's modules are not to be signed: CONFIG_MODULE_SIG is not set" >&2; false; }
	@test -z "$(M)$(KBUILD_EXTMOD)" || \
		{ echo "this is for a kernel's own modules; for others: modseal sign" >&2; false; }

install: check
	$(kernel) modules_install CONFIG_MODULE_SIG_ALL= $(uncompressed)

define sign-tree
$(MODSEAL) sign $(MODSEAL_SIGN_FLAGS) -k "$(key)" -c certs/signing_key.x509 \
	--kernel-config .config "$(MODLIB)/kernel"
endef

define verify-tree
$(MODSEAL) verify --trust certs/signing_key.x509 --kernel-config .config \
	--kernel-release "$(KERNELRELEASE)" "$(MODLIB)/kernel"
endef

sign: install
	$(sign-tree)

compress: sign
ifneq ($(compress),)
	$(kernel) modules_sign cmd_sign=: quiet_cmd_sign=
	test ! -r System.map || $(DEPMOD) -ae -F System.map \
		$(if $(INSTALL_MOD_PATH),-b "$(INSTALL_MOD_PATH)") "$(KERNELRELEASE)"
endif

verify: compress
	$(verify-tree)

.PHONY: sign-installed
sign-installed: check
	$(sign-tree)
	$(verify-tree)
