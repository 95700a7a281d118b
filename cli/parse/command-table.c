/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The commands. Order: as `modseal help` shows them. A row is all that makes a function of
 * ../commands/commands.h a command.
 *
 * The completion generator is built for the building machine, where there need not be the
 * libraries that the commands use: for it CLI_TABLE_ALONE is defined, and no row has its
 * function.
 */

#include <modseal/system.h>

#include "command.h"

#ifdef CLI_TABLE_ALONE
#define RUN(function) NULL
#else
#include "../commands/commands.h"
#define RUN(function) function
#endif

/* what every command takes, and what every command that reads a tree takes */
#define COMMON_OPTIONS \
	CLI_OPT_JSON, CLI_OPT_QUIET, CLI_OPT_VERBOSE, CLI_OPT_COLOR, CLI_OPT_HELP
#define READER_OPTIONS CLI_OPT_JOBS, CLI_OPT_MAX_SIZE
#define WRITER_OPTIONS                                                             \
	CLI_OPT_OUTPUT_DIR, CLI_OPT_DRY_RUN, CLI_OPT_KEEP_GOING, CLI_OPT_NO_WAIT,  \
		CLI_OPT_NO_SYNC, CLI_OPT_BREAK_LINKS, CLI_OPT_LEVEL

#define OPTIONS(...) \
	((const enum cli_option_id[]){ __VA_ARGS__, COMMON_OPTIONS, CLI_OPT_NONE })

#define OPTIONS_COMMON ((const enum cli_option_id[]){ COMMON_OPTIONS, CLI_OPT_NONE })

#define TROUBLE "usage, unreadable or corrupt input, I/O or crypto failure"

const struct cli_command cli_commands[] = {
	{
		.name = "sign",
		.run = RUN(cmd_sign),
		.synopsis = "-k KEY [-c CERT] | --store DIR [--for-kernel RELEASE] "
			    "[-H HASH] [options] PATH...",
		.summary = "sign modules",
		.description =
			"Signs every module under the PATHs, in one transaction: either "
			"all are signed or none is changed. Compressed modules stay "
			"compressed. Each signature is verified before anything is "
			"replaced.\n"
			"The passphrase or PIN comes from --pin-file, $KBUILD_SIGN_PIN "
			"or $CREDENTIALS_DIRECTORY/modseal.pin, or is asked for on the "
			"terminal.",
		.options = OPTIONS(CLI_OPT_KEY, CLI_OPT_CERT, CLI_OPT_STORE,
				   CLI_OPT_FOR_KERNEL, CLI_OPT_ROOT, CLI_OPT_HASH,
				   CLI_OPT_SIGN_CONFIG, CLI_OPT_SIGNED, CLI_OPT_SKID,
				   CLI_OPT_NONCE, CLI_OPT_PIN_FILE, CLI_OPT_BUNDLE,
				   CLI_OPT_ANY_FILE, WRITER_OPTIONS, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "all modules are signed",
			  "nothing was signed: every module was skipped", TROUBLE },
	},
	{
		.name = "resign",
		.run = RUN(cmd_resign),
		.synopsis = "{-k NEW [-c CERT] | --store DIR} [options] PATH...",
		.summary = "sign modules anew after a change of keys",
		.description =
			"Gives every signed module under the PATHs a signature of the "
			"new key, in one transaction, and says how many modules of "
			"which signer became what. Modules that the new key has signed "
			"already stay as they are.\n"
			"With --keep-old modules stay whose signature is trusted still: "
			"by --trust and --kernel, or else by the image of the kernel "
			"that they are installed for.",
		.options = OPTIONS(CLI_OPT_KEY, CLI_OPT_CERT, CLI_OPT_STORE,
				   CLI_OPT_FOR_KERNEL, CLI_OPT_ROOT, CLI_OPT_HASH,
				   CLI_OPT_SIGN_CONFIG, CLI_OPT_KEEP_OLD, CLI_OPT_TRUST,
				   CLI_OPT_KERNEL, CLI_OPT_REVOKED, CLI_OPT_UNSIGNED,
				   CLI_OPT_CHECK, CLI_OPT_SKID, CLI_OPT_NONCE,
				   CLI_OPT_PIN_FILE, CLI_OPT_OUTPUT_DIR,
				   CLI_OPT_KEEP_GOING, CLI_OPT_NO_WAIT, CLI_OPT_NO_SYNC,
				   CLI_OPT_BREAK_LINKS, CLI_OPT_LEVEL, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "no module is left with an old signature but those to keep",
			  "a module has no signature; with --check: or would be signed "
			  "anew", TROUBLE },
	},
	{
		.name = "verify",
		.run = RUN(cmd_verify),
		.synopsis = "[--kernel IMAGE] [--trust SRC]... [options] PATH...",
		.summary = "say what a kernel would say of modules' signatures",
		.description =
			"Judges every module under the PATHs as the kernel would. "
			"Prints the modules that are not trusted, with -v all of "
			"them.\n"
			"Modules under /lib/modules/RELEASE are judged by that kernel's "
			"image where no source is given.",
		.options = OPTIONS(CLI_OPT_KERNEL, CLI_OPT_TRUST, CLI_OPT_REVOKED,
				   CLI_OPT_KERNEL_CONFIG, CLI_OPT_KERNEL_RELEASE,
				   CLI_OPT_NO_CRYPTO_MODULES, CLI_OPT_MODE,
				   CLI_OPT_IGNORE_LINKS, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "every module is trusted; with --mode, would load",
			  "a module is not trusted, or with --mode, would be refused; or "
			  "a signer is revoked, or depmod would follow a link that is "
			  "left out",
			  "no trust source, or " TROUBLE },
	},
	{
		.name = "show",
		.run = RUN(cmd_show),
		.synopsis = "[options] PATH...",
		.summary = "show what signatures and modinfo say",
		.description =
			"Shows the fields of every signature of each module, the "
			"outermost first, under the names that modinfo uses, and what "
			"the module says of itself. Nothing is verified.",
		.options = OPTIONS(READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "shown", NULL, TROUBLE },
	},
	{
		.name = "strip",
		.run = RUN(cmd_strip),
		.synopsis = "[--all] [options] PATH...",
		.summary = "remove signatures from modules",
		.description =
			"Removes the outermost signature of every module under the "
			"PATHs and nothing else, in one transaction.",
		.options = OPTIONS(CLI_OPT_ALL, WRITER_OPTIONS, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "stripped", "a module has no signature", TROUBLE },
	},
	{
		.name = "detach",
		.run = RUN(cmd_detach),
		.synopsis = "-o BUNDLE [options] PATH...",
		.summary = "copy modules' signatures into a bundle",
		.description =
			"Writes the signature of every module under the PATHs to a "
			"bundle, from which attach can give it back. The modules stay "
			"as they are.",
		.options = OPTIONS(CLI_OPT_OUTPUT_BUNDLE, CLI_OPT_KEEP_GOING,
				   CLI_OPT_NO_SYNC, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "all signatures are in the bundle",
			  "a module has no signature, or several", TROUBLE },
	},
	{
		.name = "attach",
		.run = RUN(cmd_attach),
		.synopsis = "[--trust SRC]... [options] BUNDLE|DIR PATH...",
		.summary = "give modules the signatures of a bundle",
		.description =
			"Gives every module under the PATHs the signature that BUNDLE "
			"has for its payload, in one transaction. Signatures it has are "
			"replaced. With --trust each is verified first; without, they "
			"are unchecked.\n"
			"DIR holds raw signatures, PATH.sig or PATH.p7s, and needs "
			"--trust.",
		.options = OPTIONS(CLI_OPT_TRUST, CLI_OPT_REVOKED, WRITER_OPTIONS,
				   READER_OPTIONS),
		.min_operands = 2,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "all modules have their signature",
			  "a module's signature is missing or not trusted", TROUBLE },
	},
	{
		.name = "certs",
		.run = RUN(cmd_certs),
		.synopsis = "[-o FILE] [options] IMAGE|FILE...",
		.summary = "list the certificates in kernel images and files",
		.description =
			"Lists the certificates of kernel images, certificate files and "
			"EFI signature lists: whose they are, which key they hold and "
			"where in the image they lie.",
		.options = OPTIONS(CLI_OPT_OUTPUT_PEM),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "listed", NULL, TROUBLE },
	},
	{
		.name = "recover",
		.run = RUN(cmd_recover),
		.synopsis = "[options] PATH",
		.summary = "end what an interrupted run left",
		.description =
			"Ends the transaction of a run that was killed on PATH, a tree "
			"of modules, a key store, or a directory in which it wrote "
			"files: finishes it where it had begun to replace them, undoes "
			"it where not, and clears away what else is left. The next "
			"writing command there would do the same.",
		.options = OPTIONS(CLI_OPT_NO_WAIT),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "what was left is ended", "there was nothing to recover",
			  TROUBLE },
	},
	{
		.name = "key new",
		.run = RUN(cmd_key_new),
		.synopsis = "[--store DIR | -o FILE] [--token URI] [options]",
		.summary = "make a key and its certificate",
		.description =
			"Makes a private key and its self-signed certificate, with the "
			"extensions that the kernel's own build gives its key: in a "
			"store, whose current generation it becomes, in a file, or "
			"inside a PKCS#11 token. An existing key is never replaced "
			"without --force.\n"
			"With --encrypt or --pin-file the key is encrypted; the "
			"passphrase, or the token's PIN, comes from --pin-file, "
			"$KBUILD_SIGN_PIN or $CREDENTIALS_DIRECTORY/modseal.pin, or is "
			"asked for on the terminal.",
		.options = OPTIONS(CLI_OPT_STORE, CLI_OPT_OUTPUT_KEY, CLI_OPT_TOKEN,
				   CLI_OPT_KEY_TYPE, CLI_OPT_KEY_CONFIG, CLI_OPT_HASH,
				   CLI_OPT_CN, CLI_OPT_GENKEY, CLI_OPT_DAYS,
				   CLI_OPT_CODE_SIGNING, CLI_OPT_ENCRYPT,
				   CLI_OPT_PIN_FILE, CLI_OPT_FORCE_KEY, CLI_OPT_NO_WAIT,
				   CLI_OPT_NO_SYNC),
		.exit = { "the key is made", NULL, TROUBLE },
	},
	{
		.name = "key rotate",
		.run = RUN(cmd_key_rotate),
		.synopsis = "[--refresh PERIOD] [--config FILE]... [options] [FILE]...",
		.summary = "make a new key where one is due, and let configs trust it",
		.description =
			"Makes a new key generation where the current one is older "
			"than the period, or is not of the kind or for the digest "
			"algorithm that the kernel configurations ask for, or is not "
			"there. Every configuration is then made to trust the current "
			"generation, beside the other certificates that it trusts. "
			"Configurations that disagree are an error, and nothing is "
			"changed.\n"
			"A key in a token is followed by one there, an encrypted one by "
			"an encrypted one; PIN and passphrase come as for key new.",
		.options = OPTIONS(CLI_OPT_STORE, CLI_OPT_REFRESH, CLI_OPT_ROTATE_CONFIG,
				   CLI_OPT_ROTATE_TYPE, CLI_OPT_CN, CLI_OPT_GENKEY,
				   CLI_OPT_DAYS, CLI_OPT_CODE_SIGNING, CLI_OPT_TOKEN,
				   CLI_OPT_ENCRYPT, CLI_OPT_PIN_FILE, CLI_OPT_NO_WAIT),
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "the key is current and trusted by every configuration", NULL,
			  TROUBLE },
	},
	{
		.name = "key list",
		.run = RUN(cmd_key_list),
		.synopsis = "[--store DIR] [options]",
		.summary = "list the key generations of a store",
		.description =
			"Lists the generations of the signing key, the newest first: "
			"what kind of key each is, which digest algorithm it signs "
			"with, when it was made and its certificate's subject.",
		.options = OPTIONS(CLI_OPT_STORE),
		.exit = { "listed",
			  "there is no generation, or one cannot be signed with",
			  TROUBLE },
	},
	{
		.name = "key status",
		.run = RUN(cmd_key_status),
		.synopsis = "[--store DIR] [options]",
		.summary = "show the current key and what is wrong with the store",
		.description =
			"Shows the current key generation and everything that is wrong "
			"in the store: a link that dangles, leaves the store or is "
			"stale, missing parts, private keys that others can read; with "
			"each the command that mends it.",
		.options = OPTIONS(CLI_OPT_STORE),
		.exit = { "all is well", "something is wrong", TROUBLE },
	},
	{
		.name = "key prune",
		.run = RUN(cmd_key_prune),
		.synopsis = "--keep N [--store DIR] [options]",
		.summary = "remove old key generations that nothing trusts any more",
		.description =
			"Removes all but the N newest key generations. The current one "
			"stays, and each whose certificate the image or the "
			"configuration of an installed kernel, or a given "
			"configuration, still trusts.",
		.options = OPTIONS(CLI_OPT_KEEP, CLI_OPT_STORE, CLI_OPT_PRUNE_CONFIG,
				   CLI_OPT_PRUNE_FORCE, CLI_OPT_ROOT, CLI_OPT_DRY_RUN,
				   CLI_OPT_NO_WAIT),
		.exit = { "no more than N are left",
			  "more are left: they are still trusted", TROUBLE },
	},
	{
		.name = "key install",
		.run = RUN(cmd_key_install),
		.synopsis = "[--store DIR] [--with-private-key] [options] DEST",
		.summary = "copy the current key's public parts to a directory",
		.description =
			"Copies certificate, khash and ktype of the current key "
			"generation to DEST, with the store's layout. The private key "
			"is not copied unless --with-private-key is given.",
		.options = OPTIONS(CLI_OPT_STORE, CLI_OPT_WITH_PRIVATE_KEY),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_DIRECTORY,
		.exit = { "installed", NULL, TROUBLE },
	},
	{
		.name = "key enroll",
		.run = RUN(cmd_key_enroll),
		.synopsis = "[--mok | --keyring NAME] [options] [CERT]",
		.summary = "have this machine's kernel trust a certificate",
		.description =
			"Asks the firmware's MokManager by mokutil to enrol CERT among "
			"the machine owner's keys, which somebody has to confirm at the "
			"next boot; or adds it by keyctl to a keyring of the running "
			"kernel, as far as that lets it. CERT is a certificate, or a "
			"file that holds one, such as a key of 'modseal key new' "
			"(default: that of the store's current key).",
		.options = OPTIONS(CLI_OPT_STORE, CLI_OPT_MOK, CLI_OPT_HASH_FILE,
				   CLI_OPT_ROOT_PW, CLI_OPT_KEYRING),
		.max_operands = 1,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "enrolled, or to be confirmed at the next boot", NULL,
			  "refused, no mokutil or keyctl, or " TROUBLE },
	},
	{
		.name = "config get",
		.run = RUN(cmd_config_get),
		.synopsis = "KEY FILE...",
		.summary = "say what kernel configurations say of a symbol",
		.description =
			"Prints the value of KEY, with or without CONFIG_ in front: y, m, "
			"n (\"is not set\"), a number, or a string without its quotes. "
			"Of several FILEs each value is printed behind its name.",
		.options = OPTIONS_COMMON,
		.min_operands = 2,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "every FILE has it, with the same value",
			  "a FILE does not name it, or they differ", TROUBLE },
	},
	{
		.name = "config set",
		.run = RUN(cmd_config_set),
		.synopsis = "KEY=VALUE... FILE...",
		.summary = "change symbols in kernel configurations",
		.description =
			"Gives each KEY its VALUE in every FILE: y, m, n, a number or a "
			"string, which may be in double quotes. The line is changed in "
			"its place, or added at the end; nothing else is. Either all "
			"FILEs are changed or none. A single KEY and VALUE may be given "
			"as two arguments, too.",
		.options = OPTIONS_COMMON,
		.min_operands = 2,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "done", NULL, TROUBLE },
	},
	{
		.name = "config trust",
		.run = RUN(cmd_config_trust),
		.synopsis = "[-o FILE] CERT FILE...",
		.summary = "let kernels trust a certificate by their configuration",
		.description =
			"Adds the certificates in CERT to those that each FILE's "
			"CONFIG_SYSTEM_TRUSTED_KEYS names: all go into one PEM file, "
			"each once, and the configuration names that. Says which "
			"certificates the kernel will trust. Either all files are "
			"written or none.",
		.options = OPTIONS(CLI_OPT_OUTPUT_TRUSTED),
		.min_operands = 2,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "done, or nothing had to be done", NULL, TROUBLE },
	},
	{
		.name = "config check",
		.run = RUN(cmd_config_check),
		.synopsis = "[--installed] FILE...",
		.summary = "find contradictions in kernel configurations",
		.description =
			"Looks for what contradicts itself or the files it names: digest "
			"algorithm, signing key, trusted and revoked certificates, "
			"compression, lockdown, and what these need. Below each is the "
			"command that mends it. With -v also says how things are.",
		.options = OPTIONS(CLI_OPT_INSTALLED),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "nothing is wrong", "something is wrong",
			  "a file that is named could not be read, or " TROUBLE },
	},
	{
		.name = "dkms setup",
		.run = RUN(cmd_dkms_setup),
		.synopsis = "[-k KEY [-c CERT] | --store DIR] [--module NAME]... [options]",
		.summary = "let DKMS sign with modseal",
		.description =
			"Writes DKMS's configuration so that modseal signs what it "
			"builds, and for every NAME two hooks that fail where a module "
			"is not signed as it should be.\n"
			"Without KEY and DIR the key stays that is configured, or comes "
			"from $MODSEAL_STORE or " MS_SYSTEM_KEY_STORE ", or is DKMS's own. "
			"A file that somebody has edited is not replaced.",
		.options = OPTIONS(CLI_OPT_KEY, CLI_OPT_CERT, CLI_OPT_DKMS_STORE,
				   CLI_OPT_PIN_FILE, CLI_OPT_DKMS_MODULE,
				   CLI_OPT_DKMS_FORCE, CLI_OPT_DKMS_ROOT,
				   CLI_OPT_LIBEXEC),
		.max_operands = 0,
		.exit = { "DKMS signs with modseal", NULL,
			  "usage, a file that was edited, no such key, or I/O failure" },
	},
	{
		.name = "dkms check",
		.run = RUN(cmd_dkms_check),
		.synopsis = "[--trust SRC]... [options] [DIR [SCRIPT [ARGUMENT...]]]",
		.summary = "refuse what DKMS built where it is not signed",
		.description =
			"Verifies every module in DIR, which is where DKMS puts what it "
			"has built (TREE/MODULE/VERSION/KERNEL/ARCH/module); in DKMS's "
			"build directory it is found. Trusted is what --trust, --kernel "
			"and --store say, else the certificate that DKMS is configured "
			"with.\n"
			"SCRIPT is a hook of the module's own, which runs first.",
		.options = OPTIONS(CLI_OPT_TRUST, CLI_OPT_REVOKED, CLI_OPT_KERNEL,
				   CLI_OPT_DKMS_STORE, CLI_OPT_KERNEL_RELEASE,
				   CLI_OPT_HOOK, CLI_OPT_END_DKMS,
				   CLI_OPT_IGNORE_LINKS, READER_OPTIONS),
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "there are modules, and all are trusted",
			  "a module is not trusted",
			  "no module, no trust source, or " TROUBLE },
	},
	{
		.name = "doctor",
		.run = RUN(cmd_doctor),
		.synopsis = "[--release RELEASE] [options]",
		.summary = "find what keeps modules from being signed or loaded",
		.description =
			"Looks at the running kernel, its keyrings, the machine owner's "
			"keys, a kernel's image and configuration, the key store, DKMS's "
			"configuration and the modes of private keys. Below everything "
			"that is wrong is the command that mends it. What cannot be read "
			"is unknown, never good.\n"
			"Nothing is changed. With -v it also says how things are.",
		.options = OPTIONS(CLI_OPT_RELEASE, CLI_OPT_DOCTOR_ROOT, CLI_OPT_STORE),
		.exit = { "nothing is wrong", "something is wrong",
			  "nothing wrong was seen, but not all could be looked at, or "
			  TROUBLE },
	},
	{
		.name = "manifest create",
		.run = RUN(cmd_manifest_create),
		.synopsis = "[-o FILE] [--modules-order FILE] [options] TREE",
		.summary = "write the digests of a tree's modules",
		.description =
			"Writes which modules TREE has, and the digest of each without "
			"its signatures: the same bytes wherever the tree lies, packed "
			"or not, signed or not.\n"
			"With --modules-order, modules that it does not name and names "
			"without a module are trouble.",
		.options = OPTIONS(CLI_OPT_OUTPUT_FILE, CLI_OPT_MODULES_ORDER,
				   CLI_OPT_MANIFEST_HASH, CLI_OPT_MANIFEST_RELEASE,
				   CLI_OPT_MANIFEST_FORMAT, CLI_OPT_BUILDER_ID,
				   CLI_OPT_BUILD_TYPE, CLI_OPT_NO_SYNC, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "written", NULL, TROUBLE },
	},
	{
		.name = "manifest verify",
		.run = RUN(cmd_manifest_verify),
		.synopsis = "[--trust SRC]... [options] MANIFEST TREE",
		.summary = "hold a tree against a manifest",
		.description =
			"Says which modules of TREE are not those of MANIFEST: changed, "
			"missing or extra; and whether they are for another kernel. With "
			"--trust its signature is verified first, and nothing is compared "
			"where that is not trusted.",
		.options = OPTIONS(CLI_OPT_TRUST, CLI_OPT_REVOKED, CLI_OPT_SIGNATURE,
				   CLI_OPT_MODULES_ORDER, CLI_OPT_MANIFEST_RELEASE,
				   CLI_OPT_IGNORE_LINKS, READER_OPTIONS),
		.min_operands = 2,
		.max_operands = 2,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "the tree has exactly these modules",
			  "a module is changed, missing or extra, they are for another "
			  "kernel, the signature is not trusted or a signer revoked, or "
			  "depmod would follow a link that is left out", TROUBLE },
	},
	{
		.name = "manifest diff",
		.run = RUN(cmd_manifest_diff),
		.synopsis = "[options] MANIFEST|TREE MANIFEST|TREE",
		.summary = "compare two manifests",
		.description =
			"Says which modules were removed, added or changed from one "
			"manifest to the other. A directory stands for the manifest of "
			"its modules.",
		.options = OPTIONS(CLI_OPT_IGNORE_LINKS, READER_OPTIONS),
		.min_operands = 2,
		.max_operands = 2,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "they say the same",
			  "they differ, or depmod would follow a link that is left out",
			  TROUBLE },
	},
	{
		.name = "manifest sign",
		.run = RUN(cmd_manifest_sign),
		.synopsis = "-k KEY [-c CERT] [-H HASH] [options] MANIFEST",
		.summary = "sign a manifest",
		.description =
			"Writes the manifest's signature, detached, to a file beside it. "
			"It is verified before it is written.",
		.options = OPTIONS(CLI_OPT_KEY, CLI_OPT_CERT, CLI_OPT_HASH,
				   CLI_OPT_SIGN_CONFIG, CLI_OPT_SKID, CLI_OPT_NONCE,
				   CLI_OPT_PIN_FILE, CLI_OPT_OUTPUT_SIGNATURE,
				   CLI_OPT_NO_SYNC),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "signed", NULL, TROUBLE },
	},
	{
		.name = "merkle root",
		.run = RUN(cmd_merkle_root),
		.synopsis = "[-o FILE] [--modules-order FILE] [options] TREE",
		.summary = "compute the Merkle root of a tree's modules",
		.description =
			"Prints the root, LEVELS:HEX, that a kernel with hash-based "
			"module integrity knows of the modules in TREE. Proofs that "
			"they have do not count, other trailers do.\n"
			"The order is that of --modules-order, of TREE/modules.order "
			"where there is one, or else of the paths.",
		.options = OPTIONS(CLI_OPT_OUTPUT_FILE, CLI_OPT_MODULES_ORDER,
				   READER_OPTIONS),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "printed", NULL, TROUBLE },
	},
	{
		.name = "merkle prove",
		.run = RUN(cmd_merkle_prove),
		.synopsis = "[--root ROOT] [--modules-order FILE] [options] TREE",
		.summary = "append Merkle proofs to modules",
		.description =
			"Gives every module in TREE the proof that it belongs to the "
			"tree, in one transaction. Proofs that it has are replaced. "
			"strip takes them off.\n"
			"With --root nothing is changed where the tree has another "
			"root. A module that cannot be hashed leaves the tree without "
			"one, and then nothing is changed even with --keep-going.",
		.options = OPTIONS(CLI_OPT_MERKLE_ROOT, CLI_OPT_MODULES_ORDER, WRITER_OPTIONS,
				   READER_OPTIONS),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "all modules have their proof", "the tree has another root",
			  TROUBLE },
	},
	{
		.name = "merkle verify",
		.run = RUN(cmd_merkle_verify),
		.synopsis = "--root ROOT [options] PATH...",
		.summary = "verify modules' Merkle proofs",
		.description =
			"Judges the proof of every module under the PATHs as a kernel "
			"with this root would. Prints the modules that are not trusted, "
			"with -v all of them.",
		.options = OPTIONS(CLI_OPT_MERKLE_ROOT, CLI_OPT_IGNORE_LINKS,
				   READER_OPTIONS),
		.min_operands = 1,
		.max_operands = CLI_ANY,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "every module's proof leads to the root",
			  "a module's does not, or it has none, or depmod would follow a "
			  "link that is left out", TROUBLE },
	},
	{
		.name = "merkle check",
		.run = RUN(cmd_merkle_check),
		.synopsis = "[--modules-order FILE] [options] IMAGE TREE",
		.summary = "say whether a kernel knows the modules of a tree",
		.description =
			"Says which modules in TREE the kernel would not know by the "
			"root or list that IMAGE holds. Modules that have no proof yet "
			"are judged by the root of the whole tree.",
		.options = OPTIONS(CLI_OPT_MODULES_ORDER, CLI_OPT_IGNORE_LINKS,
				   READER_OPTIONS),
		.min_operands = 2,
		.max_operands = 2,
		.operands = CLI_COMPLETE_PATH,
		.exit = { "the kernel knows every module",
			  "a module it does not know, or depmod would follow a link that "
			  "is left out", TROUBLE },
	},
	{
		.name = "embed",
		.run = RUN(cmd_embed),
		.synopsis = "--modules TREE [--modules-order FILE] [options] VMLINUX",
		.summary = "write the hashes of modules into a vmlinux",
		.description =
			"Writes the Merkle root of the modules in TREE, or the list of "
			"their hashes, into section .module_hashes of VMLINUX, and reads "
			"it back. The size of the section says which of the two it is "
			"for. VMLINUX is replaced whole or stays as it was.",
		.options = OPTIONS(CLI_OPT_MODULES, CLI_OPT_MODULES_ORDER,
				   CLI_OPT_OUTPUT_VMLINUX, READER_OPTIONS),
		.min_operands = 1,
		.max_operands = 1,
		.operands = CLI_COMPLETE_FILE,
		.exit = { "written, and read back", NULL, TROUBLE },
	},
	{
		.name = "help",
		.run = RUN(cmd_help),
		.synopsis = "[COMMAND]",
		.summary = "show help",
		.description =
			"Shows the list of commands, or the help of one. The name of "
			"some commands is two words.",
		.options = (const enum cli_option_id[]){ CLI_OPT_HELP, CLI_OPT_NONE },
		.max_operands = 2,
		.operands = CLI_COMPLETE_COMMAND,
		.exit = { "shown", NULL, "there is no such command" },
	},
	{0},
};

const struct cli_group cli_groups[] = {
	{ "key", "make, rotate, list, enrol and retire signing keys" },
	{ "config", "read, change and check kernel configurations" },
	{ "dkms", "let DKMS sign with modseal, and check what it built" },
	{ "manifest", "which modules a tree has" },
	{ "merkle", "hash-based module integrity" },
	{0},
};
