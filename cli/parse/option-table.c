/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every option of every command: its names, its argument and what it is for. */

#include <modseal/system.h>

#include "command.h"

const struct cli_option cli_options[CLI_OPT_COUNT] = {
	[CLI_OPT_ALL] = {
		.name = "all",
		.help = "remove every trailer, not only the outermost",
	},
	[CLI_OPT_ANY_FILE] = {
		.name = "any-file",
		.help = "sign files that are no ELF modules, too",
	},
	[CLI_OPT_BREAK_LINKS] = {
		.name = "break-links",
		.help = "where a file has hard links outside the PATHs, give the name "
			"found here a file of its own instead of refusing",
	},
	[CLI_OPT_BUILDER_ID] = {
		.name = "builder-id",
		.arg = "URI",
		.help = "of in-toto: who built the modules (builder.id of SLSA)",
	},
	[CLI_OPT_BUILD_TYPE] = {
		.name = "build-type",
		.arg = "URI",
		.help = "of in-toto: how they were built (buildType of SLSA)",
	},
	[CLI_OPT_BUNDLE] = {
		.name = "bundle",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "write the signatures to FILE and leave the modules as they are",
	},
	[CLI_OPT_CERT] = {
		.letter = 'c',
		.name = "cert",
		.arg = "CERT",
		.complete = CLI_COMPLETE_FILE,
		.help = "certificate of the key, PEM or DER (default: the one in KEY's "
			"file or token)",
	},
	[CLI_OPT_CHECK] = {
		.name = "check",
		.help = "say what would be done and change nothing; exit 1 where a module "
			"would be signed anew",
	},
	[CLI_OPT_CN] = {
		.name = "cn",
		.arg = "NAME",
		.help = "the certificate's subject, its common name (default: 'Local Out "
			"of tree kernel module signing key')",
	},
	[CLI_OPT_CODE_SIGNING] = {
		.name = "code-signing",
		.help = "say in the certificate that the key is for signing code "
			"(extendedKeyUsage)",
	},
	[CLI_OPT_COLOR] = {
		.name = "color",
		.arg = "WHEN",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "auto always never",
		.help = "colour the output: auto (default), always or never",
	},
	[CLI_OPT_DAYS] = {
		.name = "days",
		.arg = "N",
		.help = "let the certificate be valid for N days (default: 36500)",
	},
	[CLI_OPT_DKMS_FORCE] = {
		.name = "force",
		.help = "replace files that somebody else has written or edited, too; they "
			"are kept as FILE.old",
	},
	[CLI_OPT_DKMS_MODULE] = {
		.name = "module",
		.arg = "NAME",
		.repeats = true,
		.help = "have this DKMS module checked after its build and before it is "
			"installed; may be repeated",
	},
	[CLI_OPT_DKMS_ROOT] = {
		.name = "root",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "the system in DIR, as it would see itself (default: this one)",
	},
	[CLI_OPT_DKMS_STORE] = {
		.name = "store",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "the key store: of its generations the one that counts is that "
			"which the kernel trusts",
	},
	[CLI_OPT_DOCTOR_ROOT] = {
		.name = "root",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "look at the system below DIR instead of this one",
	},
	[CLI_OPT_DRY_RUN] = {
		.name = "dry-run",
		.help = "say what would be done and change nothing",
	},
	[CLI_OPT_ENCRYPT] = {
		.name = "encrypt",
		.help = "encrypt the private key by a passphrase",
	},
	[CLI_OPT_FOR_KERNEL] = {
		.name = "for-kernel",
		.arg = "RELEASE",
		.complete = CLI_COMPLETE_RELEASE,
		.help = "with the key of the store that this installed kernel trusts",
	},
	[CLI_OPT_FORCE_KEY] = {
		.name = "force",
		.help = "replace FILE: a private key in it is lost",
	},
	[CLI_OPT_GENKEY] = {
		.name = "genkey",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "take subject and extensions from FILE, an x509.genkey of the "
			"kernel's build",
	},
	[CLI_OPT_END_DKMS] = {
		.name = "end-dkms",
		.help = "where the check fails, end the DKMS that called: before 3.2 it "
			"takes no notice of a hook that fails",
	},
	[CLI_OPT_HASH] = {
		.letter = 'H',
		.name = "hash",
		.arg = "HASH",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "sha256 sha384 sha512 sha3-256 sha3-384 sha3-512",
		.help = "digest algorithm: sha256, sha384, sha512, sha3-256, sha3-384, "
			"sha3-512 (default: what --kernel-config says, else sha512)",
	},
	[CLI_OPT_HASH_FILE] = {
		.name = "hash-file",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "take the password of the request from FILE, which mokutil "
			"--generate-hash made, instead of asking for it",
	},
	[CLI_OPT_HELP] = {
		.letter = 'h',
		.name = "help",
		.help = "show this help",
	},
	[CLI_OPT_IGNORE_LINKS] = {
		.name = "ignore-links",
		.help = "do not count links that are left out and that depmod would "
			"follow to a module",
	},
	[CLI_OPT_INSTALLED] = {
		.name = "installed",
		.help = "they are of kernels that are built: do not look for the files "
			"that they name",
	},
	[CLI_OPT_HOOK] = {
		.name = "hook",
		.arg = "WHICH",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "post-build pre-install",
		.help = "called by DKMS after a build or before an installation: where the "
			"check fails, what was built is discarded or not installed",
	},
	[CLI_OPT_JOBS] = {
		.letter = 'j',
		.name = "jobs",
		.arg = "N",
		.help = "work on N files at once (default: all cores)",
	},
	[CLI_OPT_JSON] = {
		.name = "json",
		.help = "write one JSON document to standard output",
	},
	[CLI_OPT_KEEP] = {
		.name = "keep",
		.arg = "N",
		.help = "keep the N newest key generations",
	},
	[CLI_OPT_KEEP_GOING] = {
		.name = "keep-going",
		.help = "commit what could be done although other items failed",
	},
	[CLI_OPT_KEEP_OLD] = {
		.name = "keep-old",
		.help = "leave modules whose signature is trusted by --trust or --kernel, "
			"or by the kernel that they belong to",
	},
	[CLI_OPT_KERNEL] = {
		.name = "kernel",
		.arg = "IMAGE",
		.complete = CLI_COMPLETE_FILE,
		.help = "judge as this kernel would: its certificates, revocations, "
			"release and configuration",
	},
	[CLI_OPT_KERNEL_CONFIG] = {
		.name = "kernel-config",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "the kernel's .config: which algorithms it has",
	},
	[CLI_OPT_KERNEL_RELEASE] = {
		.name = "kernel-release",
		.arg = "RELEASE",
		.complete = CLI_COMPLETE_RELEASE,
		.help = "the kernel release whose rules apply",
	},
	[CLI_OPT_KEY] = {
		.letter = 'k',
		.name = "key",
		.arg = "KEY",
		.complete = CLI_COMPLETE_FILE,
		.help = "private key: a PEM or DER file, encrypted or not, or a pkcs11: "
			"URI",
	},
	[CLI_OPT_KEY_CONFIG] = {
		.name = "kernel-config",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "the kernel's .config: the type of key and the digest algorithm "
			"it asks for",
	},
	[CLI_OPT_KEYRING] = {
		.name = "keyring",
		.arg = "NAME",
		.help = "add to this keyring of the running kernel: "
			".secondary_trusted_keys, which modules are verified by, or .ima",
	},
	[CLI_OPT_KEY_TYPE] = {
		.name = "type",
		.arg = "TYPE",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "rsa2048 rsa3072 rsa4096 p256 p384 p521 mldsa44 mldsa65 mldsa87",
		.help = "type of key: rsa2048, rsa3072, rsa4096, p256, p384, p521, "
			"mldsa44, mldsa65, mldsa87 (default: what --kernel-config says, "
			"else p384)",
	},
	[CLI_OPT_LEVEL] = {
		.name = "level",
		.arg = "N",
		.help = "compression level for zstd and gzip",
	},
	[CLI_OPT_LIBEXEC] = {
		.name = "libexec",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "where modseal-dkms-sign and modseal-dkms-check are (default: where "
			"modseal was installed)",
	},
	[CLI_OPT_MANIFEST_FORMAT] = {
		.name = "format",
		.arg = "FORMAT",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "manifest in-toto",
		.help = "what to write: a manifest (default) or an in-toto statement",
	},
	[CLI_OPT_MANIFEST_HASH] = {
		.letter = 'H',
		.name = "hash",
		.arg = "HASH",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "sha256 sha384 sha512 sha3-256 sha3-384 sha3-512",
		.help = "digest algorithm: sha256 (default), sha384, sha512, sha3-256, "
			"sha3-384, sha3-512",
	},
	[CLI_OPT_MANIFEST_RELEASE] = {
		.name = "kernel-release",
		.arg = "RELEASE",
		.complete = CLI_COMPLETE_RELEASE,
		.help = "the kernel release that is meant (default: what the modules say)",
	},
	[CLI_OPT_MAX_SIZE] = {
		.name = "max-size",
		.arg = "SIZE",
		.help = "refuse files that are or unpack to more than SIZE bytes; K, M "
			"or G may follow (default: 1G)",
	},
	[CLI_OPT_MERKLE_ROOT] = {
		.name = "root",
		.arg = "ROOT",
		.complete = CLI_COMPLETE_FILE,
		.help = "the root of the tree: LEVELS:HEX, a file with that, or a kernel "
			"image",
	},
	[CLI_OPT_MODE] = {
		.name = "mode",
		.arg = "MODE",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "permissive enforcing lockdown",
		.help = "exit 0 where every module would load in this mode: permissive, "
			"enforcing or lockdown",
	},
	[CLI_OPT_MOK] = {
		.name = "mok",
		.help = "enrol among the machine owner's keys (default)",
	},
	[CLI_OPT_MODULES] = {
		.name = "modules",
		.arg = "TREE",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "the modules that the kernel is to know",
	},
	[CLI_OPT_MODULES_ORDER] = {
		.name = "modules-order",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "the build's modules.order: which modules there must be, and in "
			"which order",
	},
	[CLI_OPT_NO_CRYPTO_MODULES] = {
		.name = "no-crypto-modules",
		.help = "algorithms that the kernel has as modules (=m) do not count",
	},
	[CLI_OPT_NONCE] = {
		.name = "nonce",
		.arg = "KIND",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "auto deterministic random",
		.help = "of ECDSA and ML-DSA signatures: auto (default: deterministic "
			"where the crypto library can), deterministic or random",
	},
	[CLI_OPT_NO_SYNC] = {
		.name = "no-sync",
		.help = "do not wait for the disk; for build roots",
	},
	[CLI_OPT_NO_WAIT] = {
		.name = "no-wait",
		.help = "fail at once where another run is at work on the tree",
	},
	[CLI_OPT_OUTPUT_BUNDLE] = {
		.letter = 'o',
		.name = "output",
		.arg = "BUNDLE",
		.complete = CLI_COMPLETE_FILE,
		.help = "file that the signatures are written to",
	},
	[CLI_OPT_OUTPUT_DIR] = {
		.letter = 'o',
		.name = "output",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "write copies to DIR and leave the modules as they are",
	},
	[CLI_OPT_OUTPUT_KEY] = {
		.letter = 'o',
		.name = "output",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "write key and certificate to FILE (PEM), and the certificate to "
			"FILE.crt (DER); with --token: the certificate to FILE (DER)",
	},
	[CLI_OPT_OUTPUT_FILE] = {
		.letter = 'o',
		.name = "output",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "write to FILE (default: standard output)",
	},
	[CLI_OPT_OUTPUT_PEM] = {
		.letter = 'o',
		.name = "output",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "also write the certificates that are not revoked to FILE, as "
			"PEM",
	},
	[CLI_OPT_OUTPUT_TRUSTED] = {
		.letter = 'o',
		.name = "output",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "collect the certificates in FILE (default: the configuration's "
			"name with .trusted.pem behind it)",
	},
	[CLI_OPT_OUTPUT_SIGNATURE] = {
		.letter = 'o',
		.name = "output",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "write the signature to FILE (default: MANIFEST.p7s)",
	},
	[CLI_OPT_OUTPUT_VMLINUX] = {
		.letter = 'o',
		.name = "output",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "write to FILE and leave VMLINUX as it is",
	},
	[CLI_OPT_PIN_FILE] = {
		.name = "pin-file",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "read the key's passphrase or the token's PIN from FILE",
	},
	[CLI_OPT_PRUNE_CONFIG] = {
		.name = "config",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.repeats = true,
		.help = "a kernel configuration besides those of the installed kernels, "
			"or a pattern of several; may be repeated",
	},
	[CLI_OPT_PRUNE_FORCE] = {
		.name = "force",
		.help = "remove keys that are still trusted, too; never the current one",
	},
	[CLI_OPT_QUIET] = {
		.letter = 'q',
		.name = "quiet",
		.help = "print errors only",
	},
	[CLI_OPT_REFRESH] = {
		.name = "refresh",
		.arg = "PERIOD",
		.help = "when a new key is due: always, or when the current one is older "
			"than a number of s, m, h, d or w (default: 7d)",
	},
	[CLI_OPT_RELEASE] = {
		.name = "release",
		.arg = "RELEASE",
		.complete = CLI_COMPLETE_RELEASE,
		.help = "the kernel that modules are for (default: the running one)",
	},
	[CLI_OPT_REVOKED] = {
		.name = "revoked",
		.arg = "SRC",
		.complete = CLI_COMPLETE_PATH,
		.repeats = true,
		.help = "revoked certificates, and hashes of EFI lists; may be repeated",
	},
	[CLI_OPT_ROOT] = {
		.name = "root",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "look for installed kernels under DIR",
	},
	[CLI_OPT_ROTATE_CONFIG] = {
		.name = "config",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.repeats = true,
		.help = "kernel configuration that is to trust the key, or a pattern of "
			"several; may be repeated",
	},
	[CLI_OPT_ROOT_PW] = {
		.name = "root-pw",
		.help = "let root's password be the one that MokManager asks for",
	},
	[CLI_OPT_ROTATE_TYPE] = {
		.name = "type",
		.arg = "TYPE",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "rsa2048 rsa3072 rsa4096 p256 p384 p521 mldsa44 mldsa65 mldsa87",
		.help = "type of key: rsa2048, rsa3072, rsa4096, p256, p384, p521, "
			"mldsa44, mldsa65, mldsa87 (default: what the configurations "
			"say, else that of the current key, else p384)",
	},
	[CLI_OPT_SIGNATURE] = {
		.name = "signature",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "the manifest's signature (default: MANIFEST.p7s)",
	},
	[CLI_OPT_SIGN_CONFIG] = {
		.name = "kernel-config",
		.arg = "FILE",
		.complete = CLI_COMPLETE_FILE,
		.help = "the kernel's .config: the digest algorithm it asks for",
	},
	[CLI_OPT_SIGNED] = {
		.name = "signed",
		.arg = "WHAT",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "replace skip refuse",
		.help = "do with modules that are signed already: replace every "
			"signature (default), skip the module, or refuse it",
	},
	[CLI_OPT_SKID] = {
		.name = "skid",
		.help = "name the key by its subject key identifier, as sign-file -k "
			"does",
	},
	[CLI_OPT_STORE] = {
		.name = "store",
		.arg = "DIR",
		.complete = CLI_COMPLETE_DIRECTORY,
		.help = "the key store (default: $MODSEAL_STORE, else "
			MS_SYSTEM_KEY_STORE ")",
	},
	[CLI_OPT_TOKEN] = {
		.name = "token",
		.arg = "URI",
		.help = "make the key inside the PKCS#11 token of this pkcs11: URI, under "
			"the label that object= gives (default: modseal)",
	},
	[CLI_OPT_TRUST] = {
		.name = "trust",
		.arg = "SRC",
		.complete = CLI_COMPLETE_PATH,
		.repeats = true,
		.help = "trusted certificates: a file, a directory, an EFI signature "
			"list, or 'system'; may be repeated",
	},
	[CLI_OPT_UNSIGNED] = {
		.name = "unsigned",
		.arg = "WHAT",
		.complete = CLI_COMPLETE_CHOICE,
		.values = "report sign",
		.help = "do with modules that have no signature: report them and leave "
			"them (default), or sign them, too",
	},
	[CLI_OPT_VERBOSE] = {
		.letter = 'v',
		.name = "verbose",
		.help = "print a line for every item, and what was assumed",
	},	[CLI_OPT_WITH_PRIVATE_KEY] = {
		.name = "with-private-key",
		.help = "copy the private key, too: whoever can read the copy can sign "
			"for every kernel that trusts the key",
	},
};
