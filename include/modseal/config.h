/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_CONFIG_H
#define MODSEAL_CONFIG_H

/* What a kernel's .config says of module signatures, and changing it. */

#include <modseal/base.h>
#include <modseal/finding.h>
#include <modseal/hash.h>
#include <modseal/cert.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads which digest algorithm a kernel's configuration signs modules with:
 * CONFIG_MODULE_SIG_HASH (kernel/module/Kconfig of Linux). @path: a .config, gzipped
 * or not. @ret is MS_HASH_NONE where the configuration does not say.
 *
 * Errors: those of opening; -EBADMSG no kernel configuration; -EINVAL an algorithm
 * that modseal does not sign with.
 */
MS_PUBLIC int ms_hash_from_config(struct ms_ctx *ctx, const char *path,
				  enum ms_hash *ret);

/**
 * Reads which type of key a kernel's build makes: CONFIG_MODULE_SIG_KEY_TYPE_*
 * (certs/Kconfig and certs/Makefile of Linux), as struct ms_key_request names it. @ret: a
 * constant; "rsa4096" where the configuration does not say, which kernels before 5.13
 * make always.
 *
 * Errors: those of opening; -EBADMSG no kernel configuration; -EINVAL two types.
 */
MS_PUBLIC int ms_key_type_from_config(struct ms_ctx *ctx, const char *path,
				      const char **ret);

/**
 * What a configuration says of a symbol: "y", "m", "n" ("is not set"), a number, or a
 * string without its quotes. @path: a .config, gzipped or not. @key: with or without
 * CONFIG_ in front. @ret_text: to free(); NULL where no line names it.
 *
 * Errors: those of opening; -EBADMSG no kernel configuration; -EFBIG more than 16 MiB;
 * -EINVAL @key is no symbol's name; -EEXIST several lines name it and disagree.
 */
MS_PUBLIC int ms_config_get(struct ms_ctx *ctx, const char *path, const char *key,
			    char **ret_text);

/** One change of a configuration. */
struct ms_config_setting {
	size_t size;	   /* sizeof(struct ms_config_setting) */
	const char *key;   /* with or without CONFIG_ */
	const char *value; /* "y", "m", "n", a number or a string */
	bool is_string;    /* it is a string even where it looks like none */
};

/**
 * Changes configurations: all of them or none. A line is replaced in its place, also one
 * that says "is not set"; a configuration without the line gains it at its end. Every other
 * byte stays as it is, and so do mode and owner. What needs no change is not written.
 *
 * @ret_changed: for each path; may be NULL.
 * Errors: as ms_config_get(); -EINVAL a value that is none for the kind of line that is
 * there; -EEXIST the symbol is there twice; -EBUSY a configuration changed meanwhile, or
 * two paths are one file; -EOPNOTSUPP a gzipped one; those of writing.
 */
MS_PUBLIC int ms_config_set(struct ms_ctx *ctx, const char *const *paths, size_t n_paths,
			    const struct ms_config_setting *settings, size_t n_settings,
			    bool *ret_changed);

/** What the kernel of a configuration will trust. Members may be added at the end. */
struct ms_config_trusted {
	char *path;		    /* of the configuration */
	char *keys;		    /* the file that CONFIG_SYSTEM_TRUSTED_KEYS names now */
	struct ms_cert_list *certs; /* what is in that file */
	size_t added;		    /* certificates that were not trusted before */
	size_t dropped;		    /* certificates that no longer are */
	bool changed;		    /* the configuration or that file was written */
};

/** The same of several configurations, in the order in which they were named. */
struct ms_trusted_configs;

/** The @i-th, owned by @configs; NULL past the last. */
MS_PUBLIC const struct ms_config_trusted *
ms_trusted_configs_at(const struct ms_trusted_configs *configs, size_t i);

/** Frees @configs, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_trusted_configs *
ms_trusted_configs_free(struct ms_trusted_configs *configs);

/**
 * Lets the kernels of configurations trust the certificates in file @cert (PEM or DER),
 * beside those that CONFIG_SYSTEM_TRUSTED_KEYS names already: all go into one PEM file,
 * each once, sorted by their bytes, and the configuration names that file. A relative
 * name in a configuration is one in its own directory, as in a kernel's build directory.
 * All files are changed or none is.
 *
 * @output: the PEM file, for a single configuration; NULL: `CONFIG.trusted.pem` beside
 * it.
 * @ret: one for each path, free with ms_trusted_configs_free().
 *
 * Errors: as ms_config_set(); -ENOENT the file that a configuration names is not there;
 * -EBADMSG, -ENOKEY no certificates in a file; -ENOPKG etc. a certificate that no kernel
 * takes as a key; -EEXIST the PEM file would overwrite one that modseal has not written.
 */
MS_PUBLIC int ms_config_trust(struct ms_ctx *ctx, const char *cert,
			      const char *const *paths, size_t n_paths,
			      const char *output, struct ms_trusted_configs **ret);

/**
 * Says what in a configuration contradicts what else in it, or the files that it names:
 * digest algorithm, signing key, trusted and revoked certificates, compression, lockdown,
 * and the symbols that these need (kernel/module/Kconfig, certs/Kconfig,
 * crypto/asymmetric_keys/Kconfig, security/lockdown/Kconfig of Linux 6.1 to 7.3).
 *
 * @installed: it is that of a kernel that is built already: the files that it names are
 * not looked for. @ret: free with ms_findings_free().
 *
 * Errors: as ms_config_get(). What is wrong with the configuration is a finding.
 */
MS_PUBLIC int ms_config_check(struct ms_ctx *ctx, const char *path, bool installed,
			      struct ms_findings **ret);

#ifdef __cplusplus
}
#endif
#endif
