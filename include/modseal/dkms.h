/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_DKMS_H
#define MODSEAL_DKMS_H

/*
 * DKMS: what it is configured to sign modules with, how it is set up to sign with modseal,
 * and what it has built.
 *
 * DKMS is a shell script. bash sources its configuration: /etc/dkms/framework.conf, then
 * the files /etc/dkms/framework.conf.d/\*.conf in the order of their names' bytes, which
 * is the shell's in the locale C. Nothing of it is run here. Assignments are read as bash
 * reads them, with quotes, comments, "+=", "export" and variables that stand in the same
 * file; what takes a shell to evaluate is unknown, and never guessed.
 */

#include <modseal/base.h>
#include <modseal/sign.h>
#include <modseal/system.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The programs that DKMS calls to sign, and to check what it has built. */
#define MS_DKMS_SIGNER	"modseal-dkms-sign"
#define MS_DKMS_CHECKER "modseal-dkms-check"

/** Settings, by the names of their variables. */
enum ms_dkms_setting {
	/* DKMS's own: dkms(8) */
	MS_DKMS_SIGN_FILE,   /* sign_file: the program that signs */
	MS_DKMS_SIGNING_KEY, /* mok_signing_key: a file or a pkcs11: URI */
	MS_DKMS_CERTIFICATE, /* mok_certificate */
	MS_DKMS_SIGN_TOOL,   /* sign_tool, which no DKMS reads any more */
	/* of modseal, which counts in framework.conf.d/modseal.conf only */
	MS_DKMS_STORE,	     /* modseal_store: the key store that the key is of */
	MS_DKMS_PIN_FILE,    /* modseal_pin_file: it holds the key's passphrase or PIN */
	MS_DKMS_SET_UP_WITH, /* modseal_certificate: SHA256:PATH of the one set up */
};

/** What is known of a setting. */
enum ms_dkms_state {
	MS_DKMS_UNKNOWN = 0, /* it takes a shell to tell, or a file could not be read */
	MS_DKMS_UNSET,	     /* no file sets it */
	MS_DKMS_KNOWN,	     /* it is a text; one that is empty is as none to DKMS */
};

/** What DKMS's configuration says of signing. It does not change. */
struct ms_dkms_settings;

/**
 * Reads the configuration of the DKMS in @system; NULL: this one. @release: the kernel
 * that modules are built for, which takes the place of $kernelver; NULL: a value that has
 * it is unknown.
 *
 * A file that is not there sets nothing. One that cannot be read (see
 * ms_dkms_settings_unread()), is larger than 1 MiB, or has a command in it that is no
 * assignment, makes all settings unknown that no later file sets again. So it is with all
 * of more than 1000 files, or of more than 16 MiB together.
 *
 * @ret: free with ms_dkms_settings_free(). Errors: -ENOMEM.
 */
MS_PUBLIC int ms_dkms_settings_read(struct ms_ctx *ctx, const struct ms_system *system,
				    const char *release, struct ms_dkms_settings **ret);

/** Frees @settings, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_dkms_settings *ms_dkms_settings_free(struct ms_dkms_settings *settings);

/** The name of the variable: "mok_signing_key". NULL: there is no such setting. */
MS_PUBLIC const char *ms_dkms_setting_name(enum ms_dkms_setting setting);

/** What is known of @setting. */
MS_PUBLIC enum ms_dkms_state
ms_dkms_setting_state(const struct ms_dkms_settings *settings,
		      enum ms_dkms_setting setting);

/**
 * The text of a setting that is known and not empty; else NULL. Owned by @settings, as all
 * that follows is. It may hold a PIN: see ms_holds_pin().
 */
MS_PUBLIC const char *ms_dkms_setting_text(const struct ms_dkms_settings *settings,
					   enum ms_dkms_setting setting);

/** Why a setting is unknown. */
struct ms_dkms_doubt;

/** The reason of an unknown setting, one of @settings; NULL: it is not unknown. */
MS_PUBLIC const struct ms_dkms_doubt *
ms_dkms_setting_doubt(const struct ms_dkms_settings *settings,
		      enum ms_dkms_setting setting);

/** The file, by its path in that system. */
MS_PUBLIC const char *ms_dkms_doubt_file(const struct ms_dkms_doubt *doubt);

/** The line, counted from 1; 0: the file as a whole. */
MS_PUBLIC size_t ms_dkms_doubt_line(const struct ms_dkms_doubt *doubt);

/** That line, of which the end may be cut off, and without a PIN; "": none. */
MS_PUBLIC const char *ms_dkms_doubt_source(const struct ms_dkms_doubt *doubt);

/** What cannot be read there, for a person: "a command's output". */
MS_PUBLIC const char *ms_dkms_doubt_reason(const struct ms_dkms_doubt *doubt);

/**
 * The @i-th file or directory that could not be read, by its path in that system; NULL
 * past the last. *@ret_error: why, a negative errno value: those of open and read; -EINVAL,
 * -EISDIR no regular file; -EFBIG larger than 1 MiB; -E2BIG too many files.
 */
MS_PUBLIC const char *ms_dkms_settings_unread(const struct ms_dkms_settings *settings,
					      size_t i, int *ret_error);

/** 0, or the error of the first of them, with a message. */
MS_PUBLIC int ms_dkms_settings_complete(struct ms_ctx *ctx,
					const struct ms_dkms_settings *settings);

/**
 * ms_dkms_setting_text() for who needs to know. Errors: -EBADMSG it is unknown; the
 * message tells where and why.
 */
MS_PUBLIC int ms_dkms_setting_get(struct ms_ctx *ctx, const struct ms_dkms_settings *settings,
				  enum ms_dkms_setting setting, const char **ret);

/**
 * Is the certificate in @path, by its path in the system, still the one that DKMS was set
 * up with? Where its file, or the key's, is not there, DKMS makes a new pair of both under
 * these names, which no kernel trusts, and signs with that. 0 also where the settings say
 * nothing of this path. Errors: -EKEYREJECTED it is another; -EBADMSG that is unknown;
 * those of ms_cert_list_read().
 */
MS_PUBLIC int ms_dkms_check_certificate(struct ms_ctx *ctx,
					const struct ms_dkms_settings *settings,
					const char *path);

/** A version of DKMS as a number: 30010 is 3.0.10. */
#define MS_DKMS_VERSION(major, minor, patch) ((major)*10000u + (minor)*100u + (patch))

/** The first DKMS that notices a failing hook, and a module that is not there. */
#define MS_DKMS_NOTICES_HOOKS MS_DKMS_VERSION(3, 2, 0)

/**
 * The version of the DKMS in @system, from its script. *@ret is 0 where there is none, or
 * it does not say. @ret_text: the version, to free(), or NULL; itself it may be NULL.
 * Errors: it cannot be read; -ENOMEM.
 */
MS_PUBLIC int ms_dkms_version(struct ms_ctx *ctx, const struct ms_system *system,
			      unsigned *ret, char **ret_text);

/** Could this be the name of a DKMS module? */
MS_PUBLIC bool ms_dkms_is_module_name(const char *name);

/** True where @module's own file in @system calls modseal's checker. */
MS_PUBLIC bool ms_dkms_has_hook(struct ms_ctx *ctx, const struct ms_system *system,
				const char *module);

/* Setting DKMS up to sign with modseal. */

/** What is to be written, and for which key. */
struct ms_dkms_plan;

struct ms_dkms_plan_options {
	size_t size;	     /* sizeof(struct ms_dkms_plan_options) */
	const char *root;    /* the system to set up; NULL: this one */
	const char *libexec; /* the directory of modseal's programs there; must be set */
	const char *key;     /* a file, or a pkcs11: URI; NULL: see ms_dkms_plan_new() */
	const char *cert;    /* its certificate's file; NULL: it is in the key's */
	const char *store;   /* or a key store, instead of both */
	const char *pin_file;	 /* with the key's passphrase or PIN; NULL: as it is set up */
	const char *usual_store; /* of which a key is taken where none is set up; or NULL */
};

/** What stands in the way of a plan, and can be mended by who made it. */
enum ms_dkms_fault {
	MS_DKMS_FAULT_OTHER = 0,   /* the message says all */
	MS_DKMS_FAULT_PIN,	   /* key or certificate holds a PIN */
	MS_DKMS_FAULT_NO_CERT,	   /* of that key a certificate is missing */
	MS_DKMS_FAULT_NO_FILE,	   /* key, certificate or PIN file is not there */
	MS_DKMS_FAULT_NO_PROGRAMS, /* modseal's programs are not there */
	MS_DKMS_FAULT_CHANGED,	   /* the certificate is not the one that was set up */
	MS_DKMS_FAULT_UNKNOWN,	   /* what is set up takes a shell to tell */
};

/**
 * Plans how DKMS is to sign with modseal. Nothing is written.
 *
 * Without @key and @store the key stays that is set up; where none is, it is of
 * @usual_store, if that has a current key, or else the one that DKMS makes for itself,
 * /var/lib/dkms/mok.key. Key and certificate must be there, since DKMS makes new ones
 * where they are not. Paths are as the system has them; relative ones are from here.
 *
 * @ret: free with ms_dkms_plan_free(). @ret_fault: written where this fails. Errors:
 * -EINVAL a path that is not absolute, or has characters that DKMS would not leave as they
 * are; -ENOENT; -EKEYREJECTED; -EBADMSG; those of reading.
 */
MS_PUBLIC int ms_dkms_plan_new(struct ms_ctx *ctx, const struct ms_dkms_plan_options *options,
			       struct ms_dkms_plan **ret, enum ms_dkms_fault *ret_fault);

/** Frees @plan, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_dkms_plan *ms_dkms_plan_free(struct ms_dkms_plan *plan);

/** What DKMS is told, as the system has it, owned by @plan; NULL: nothing of that. */
MS_PUBLIC const char *ms_dkms_plan_key(const struct ms_dkms_plan *plan);
MS_PUBLIC const char *ms_dkms_plan_cert(const struct ms_dkms_plan *plan);
MS_PUBLIC const char *ms_dkms_plan_store(const struct ms_dkms_plan *plan);
MS_PUBLIC const char *ms_dkms_plan_pin_file(const struct ms_dkms_plan *plan);

/** The version that is written for; NULL: none was found, so it is for any. */
MS_PUBLIC const char *ms_dkms_plan_version(const struct ms_dkms_plan *plan);

/**
 * Are key and certificate each other's? A key whose secret nobody has, and one in a token
 * of another system, stay untried; of the former there is a warning. @secret may be NULL.
 * Errors as ms_signer_open().
 */
MS_PUBLIC int ms_dkms_plan_try_key(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
				   ms_secret_fn secret, void *userdata);

/**
 * Makes the files: framework.conf.d/modseal.conf, and for each of @modules its own with two
 * hooks. Called once. Errors: -EINVAL no name of a module; those of ms_cert_list_read().
 */
MS_PUBLIC int ms_dkms_plan_files(struct ms_ctx *ctx, struct ms_dkms_plan *plan,
				 const char *const *modules, size_t n_modules);

/** The @i-th file's path, on this machine; NULL past the last. */
MS_PUBLIC const char *ms_dkms_plan_path(const struct ms_dkms_plan *plan, size_t i);

/** How the file that is to be written compares with the one that is there. */
enum ms_dkms_file {
	MS_DKMS_FILE_UNDECIDED = 0,
	MS_DKMS_FILE_NEW,	/* there is none */
	MS_DKMS_FILE_UNCHANGED, /* it has this text */
	MS_DKMS_FILE_OURS,	/* it is from modseal, and nobody has edited it */
	MS_DKMS_FILE_EDITED,	/* somebody else's words are in it, or it is a link */
};

/**
 * Ends what a killed run has left beside the @i-th file, and looks at it. Errors: those of
 * reading, and of ms_files_recover().
 */
MS_PUBLIC int ms_dkms_plan_look(struct ms_ctx *ctx, struct ms_dkms_plan *plan, size_t i,
				enum ms_dkms_file *ret);

/**
 * Writes the files that are not UNCHANGED, mode 0644: all or none, by ms_files_save(). What
 * is EDITED stays as PATH.old. The directories are made where they are not there. -EINVAL:
 * one has not been looked at.
 */
MS_PUBLIC int ms_dkms_plan_write(struct ms_ctx *ctx, const struct ms_dkms_plan *plan);

/** What else keeps modules from being signed, checked or loaded. */
enum ms_dkms_note {
	MS_DKMS_NOTE_NONE = 0,
	MS_DKMS_NOTE_READ_LATER,     /* @name: a file that says something of signing, too */
	MS_DKMS_NOTE_UNCHECKED,	     /* @name: a module that has no hook of modseal's */
	MS_DKMS_NOTE_UNKNOWN_MODULE, /* @name: a module of the plan that DKMS does not know */
	MS_DKMS_NOTE_KERNEL,	     /* @name: a kernel that cannot use the key: @why */
};

/** Takes a note. @why: NULL, or a reason for a person. */
typedef void (*ms_dkms_note_fn)(void *userdata, enum ms_dkms_note note, const char *name,
				const char *why);

/** Calls @fn for all there is to note, in the order of the enum. Errors: -ENOMEM. */
MS_PUBLIC int ms_dkms_plan_notes(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
				 ms_dkms_note_fn fn, void *userdata);

/** Does DKMS sign as was planned? */
enum ms_dkms_effect {
	MS_DKMS_EFFECT_UNKNOWN = 0,
	MS_DKMS_EFFECT_AS_PLANNED,
	MS_DKMS_EFFECT_OTHER, /* another file, which is read later, says something else */
};

/** Compares @settings with @plan. *@ret_setting: the first that is not as planned. */
MS_PUBLIC enum ms_dkms_effect ms_dkms_plan_effect(const struct ms_dkms_plan *plan,
						  const struct ms_dkms_settings *settings,
						  enum ms_dkms_setting *ret_setting);

/* Keys of a store, and what DKMS has built. */

/**
 * The key store that key file @key lies in: STORE/GENERATION/FILE. *@ret: to free(); NULL:
 * it lies in none. -ENOMEM.
 */
MS_PUBLIC int ms_dkms_store_of(struct ms_ctx *ctx, const char *key, char **ret);

/**
 * The newest key generation of @store that kernel @release trusts: key, a file or a
 * pkcs11: URI, and certificate, each to free(). Errors: those of ms_keystore_open() and
 * ms_keystore_for_kernel().
 */
MS_PUBLIC int ms_dkms_store_key(struct ms_ctx *ctx, const char *store, const char *release,
				char **ret_key, char **ret_cert);

/** The hooks that DKMS calls. */
enum ms_dkms_hook {
	MS_DKMS_HOOK_NONE = 0, /* called by a person */
	MS_DKMS_HOOK_POST_BUILD,
	MS_DKMS_HOOK_PRE_INSTALL,
};

/**
 * The directory with the modules that DKMS has built for kernel @release, from its build
 * directory, which is the working directory: ../RELEASE/ARCH/module. @arch may be NULL:
 * the only one there. @ret: to free(). Errors: -ENOENT; -ENOMEM.
 */
MS_PUBLIC int ms_dkms_find_built(struct ms_ctx *ctx, const char *release, const char *arch,
				 char **ret);

/**
 * The same in @version, TREE/NAME/VERSION, for kernel @release and its only machine.
 * *@ret: to free(); NULL: there is none, or there are several. -ENOMEM.
 */
MS_PUBLIC int ms_dkms_built_in(struct ms_ctx *ctx, const char *version, const char *release,
			       char **ret);

/**
 * Where DKMS would run the module's own script @script, for the module whose modules are
 * in @built, TREE/NAME/VERSION/KERNEL/ARCH/module: build/ or source/ beside KERNEL, or
 * /etc/dkms/NAME, which wins since 3.4. @ret: to free(). -ENOMEM.
 */
MS_PUBLIC int ms_dkms_script_directory(struct ms_ctx *ctx, enum ms_dkms_hook hook,
				       const char *built, const char *script, char **ret);

/**
 * The build of DKMS's that the file @path is of: TREE/NAME/VERSION/build/.../x.ko, where
 * VERSION has a source, too. *@ret_version: the directory VERSION; *@ret_module: NAME; both
 * to free(), both NULL where it is of none. -ENOMEM.
 */
MS_PUBLIC int ms_dkms_build_of(struct ms_ctx *ctx, const char *path, char **ret_version,
			       char **ret_module);

/**
 * Takes back what DKMS has built into @built, a directory "module": it, log/ beside it,
 * and the directories above that are empty then. Only files are removed, and no link is
 * followed. *@ret_gone: whether it is gone; where not, there is a warning. -ENOMEM.
 */
MS_PUBLIC int ms_dkms_discard(struct ms_ctx *ctx, const char *built, bool *ret_gone);

#ifdef __cplusplus
}
#endif
#endif
