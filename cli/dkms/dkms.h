/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DKMS_H
#define CLI_DKMS_H

/*
 * What the parts for DKMS share: its configuration, and which key is whose kernel's.
 *
 * DKMS is a shell script that sources its configuration. Values that come from modseal
 * are therefore of a few harmless characters only, and what others wrote is read as far
 * as it is plain assignments.
 */

#include "../cli.h"

/** Directories of a DKMS, below the root. */
#define DKMS_ETC	   "/etc/dkms"
#define DKMS_FRAMEWORK	   DKMS_ETC "/framework.conf"
#define DKMS_FRAMEWORK_DIR DKMS_ETC "/framework.conf.d"
#define DKMS_OUR_CONF	   DKMS_FRAMEWORK_DIR "/modseal.conf"

/** The programs that DKMS calls: links to modseal. */
#define DKMS_SIGNER  "modseal-dkms-sign"
#define DKMS_CHECKER "modseal-dkms-check"

/** What DKMS's configuration says of signing, to be freed; NULL where it does not say. */
struct dkms_settings {
	char *sign_file;
	char *key;
	char *cert;
	/* modseal's own, of modseal.conf */
	char *store;
	char *pin_file;
	char *pinned; /* the certificate that was set up, SHA256:PATH */
};

/**
 * Reads framework.conf and framework.conf.d/\*.conf under @root in the order in which
 * DKMS does; the last assignment counts. A value that the shell would have to compute is
 * as none. CLI_YES, or CLI_TROUBLE after reporting a file that cannot be read.
 */
int dkms_settings_read(struct cli *cli, const char *root, struct dkms_settings *ret);
void dkms_settings_done(struct dkms_settings *settings);

/**
 * Calls @found for each file of framework.conf.d/ that is read after modseal.conf and
 * assigns a setting of signing, with its path.
 */
void dkms_settings_after_ours(struct ms_ctx *ctx, const char *root,
			      void (*found)(void *userdata, const char *path),
			      void *userdata);

/**
 * The version of the DKMS under @root, from its script: 30010 for 3.0.10. *@ret is 0 where
 * there is none, or it does not say, and where it could not be read, which is an error.
 */
int dkms_version(struct ms_ctx *ctx, const char *root, unsigned *ret, char text[32]);

/** The first DKMS that notices a failing hook, and a module that is not there. */
#define DKMS_NOTICES_HOOKS DKMS_VERSION(3, 2, 0)

#define DKMS_VERSION(major, minor, patch) ((major)*10000u + (minor)*100u + (patch))

/** True where @module's own file under @root calls modseal's checker. */
bool dkms_has_hook(struct ms_ctx *ctx, const char *root, const char *module);

/**
 * What dkms_settings keeps of the certificate in @path, a path as it is under @root; to
 * free(). NULL: it cannot be read, see the context.
 */
char *dkms_pin(struct cli *cli, const char *root, const char *path);

/**
 * Is the certificate in @path, a path as it is under @root, still the one that was set
 * up? Where its file, or the key's, is not there, DKMS makes a new pair of both under
 * these names, which no kernel trusts, and signs with that. CLI_YES also where the
 * settings say nothing of this path; CLI_TROUBLE after reporting.
 */
int dkms_check_pin(struct cli *cli, const struct dkms_settings *settings,
		   const char *root, const char *path);

/** The store that a key file lies in, to free(); NULL: it lies in none. */
char *dkms_store_of(const char *key);

/** What a file has become, or why not. */
enum dkms_file {
	DKMS_FILE_NEW,	     /* there was none */
	DKMS_FILE_UNCHANGED, /* it is there, with this text */
	DKMS_FILE_OURS,	     /* it is there, from modseal, and nobody has edited it */
	DKMS_FILE_EDITED,    /* it is there, and somebody else's words are in it */
	DKMS_FILE_FAILED,    /* it cannot be read: reported */
};

/**
 * The text of a file from modseal, with the sum by which it is known again; to free().
 */
char *dkms_file_text(const char *version, const char *body);

/** Compares the file at @path with @text. */
enum dkms_file dkms_file_look(struct cli *cli, const char *path, const char *text);

/** A file to be written. @keep: the one that is there stays as PATH.old. */
struct dkms_new_file {
	const char *path;
	const char *text;
	bool keep;
};

/**
 * Writes the files, mode 0644: all or none. The directories are made where they are not
 * there. CLI_YES, or CLI_TROUBLE after reporting.
 */
int dkms_files_write(struct cli *cli, const struct dkms_new_file *files, size_t n);

/** Ends what a killed run has left beside @path. CLI_YES, or CLI_TROUBLE as above. */
int dkms_file_recover(struct cli *cli, const char *path);

/** Removes what DKMS has built into @built, a directory `module`. True: it is gone. */
bool dkms_discard(struct cli *cli, const char *built);

/** Ends the `dkms` that waits for this process; true where that is its parent. */
bool dkms_end_parent(void);

#endif
