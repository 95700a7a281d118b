/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_DOCTOR_DOCTOR_H
#define MS_DOCTOR_DOCTOR_H

/*
 * Inside lib/doctor: one examination of a system.
 *
 *	doctor.c        the table of topics, and what they share
 *	running.c       the running kernel: taint, enforcement, lockdown
 *	keyrings.c      its keyrings
 *	machine.c       EFI: the machine owner's keys
 *	kernel.c        the kernel that is asked about: image, configuration
 *	trust.c         what that kernel trusts
 *	certificate.c   can that kernel verify signatures of this certificate's key
 *	keys.c          the key store
 *	modules.c       modules that were added to the kernel
 *	dkms.c          how DKMS signs
 *	private.c       private keys that others can read
 */

#include <modseal/doctor.h>
#include <modseal/hash.h>
#include <modseal/cert.h>
#include <modseal/trust.h>

#include "../base/buffer.h"
#include "../config/findings.h"
#include "../system/system.h"

enum { MS_DOCTOR_LISTS = 6 };

/** Certificates that the kernel trusts, or that are revoked. */
struct ms_doctor_list {
	struct ms_cert_list *certs;
	bool revoked; /* all of them; else each by its place */
};

struct ms_doctor {
	struct ms_ctx *ctx;
	struct ms_findings findings;
	struct ms_system *system;
	const char *root; /* its root, for messages */
	char *release;	  /* NULL: not known */
	bool running;	  /* release is the running kernel's */
	bool enforcing;	  /* which refuses modules without a trusted signature */
	const char *store;
	char *image;  /* path of the kernel's image; NULL: not found */
	char *config; /* path of the kernel's configuration; NULL: not found */
	struct ms_doctor_list lists[MS_DOCTOR_LISTS];
	size_t n_lists;
	struct ms_trust *trust; /* made of all these by ms_doctor_trust() */
	bool trust_known; /* all that the kernel trusts is in the lists */
};

/** The topics, in the order of the table. 0, or an error that ends the examination. */
int ms_doctor_running(struct ms_doctor *doctor);
int ms_doctor_keyrings(struct ms_doctor *doctor);
int ms_doctor_machine(struct ms_doctor *doctor);
int ms_doctor_kernel(struct ms_doctor *doctor);
int ms_doctor_keys(struct ms_doctor *doctor);
int ms_doctor_modules(struct ms_doctor *doctor);
int ms_doctor_dkms(struct ms_doctor *doctor);
int ms_doctor_private(struct ms_doctor *doctor);

/* The system's files, see lib/system/system.h. */
#define ms_doctor_path(doctor, path, ret) \
	ms_system_path((doctor)->ctx, (doctor)->system, path, ret)
#define ms_doctor_pathf(doctor, ret, ...) \
	ms_system_pathf((doctor)->ctx, (doctor)->system, ret, __VA_ARGS__)
#define ms_doctor_read(doctor, path, ret) \
	ms_system_read((doctor)->ctx, (doctor)->system, path, ret)
#define ms_doctor_line(doctor, path, ret) \
	ms_system_line((doctor)->ctx, (doctor)->system, path, ret)
#define ms_doctor_exists(doctor, path) \
	ms_system_exists((doctor)->ctx, (doctor)->system, path)

/** Adds a finding; @mend is a string to free(), or NULL. */
#define ms_doctor_found(doctor, id, severity, mend, ...)                               \
	ms_findings_add((doctor)->ctx, &(doctor)->findings, id, severity, mend, __VA_ARGS__)

/** The finding that @path could not be read because of @error. */
int ms_doctor_unread(struct ms_doctor *doctor, const char *id, const char *path,
		     int error);

/** Keeps a list of certificates; takes @list. -ENOMEM. */
int ms_doctor_keep(struct ms_doctor *doctor, struct ms_cert_list *list, bool revoked);

/**
 * What the kernel trusts. @ret: owned by @doctor. -ENOENT: not all of it is known; errors
 * as ms_trust_add_kernel() and ms_trust_add().
 */
int ms_doctor_trust(struct ms_doctor *doctor, const struct ms_trust **ret);

enum ms_doctor_trusted {
	MS_DOCTOR_UNKNOWN = 0, /* not all that the kernel trusts is known */
	MS_DOCTOR_TRUSTED,
	MS_DOCTOR_NOT_TRUSTED,
	MS_DOCTOR_REVOKED,
};

/** Does the kernel trust this certificate: by its bytes or its subject key identifier. */
enum ms_doctor_trusted ms_doctor_trusts(struct ms_doctor *doctor,
					const struct ms_cert_info *cert);

/** Does the kernel trust any generation of the key store that certificate file @cert is in. */
bool ms_doctor_store_of_trusts(struct ms_doctor *doctor, const char *cert);

/**
 * Holds a certificate that modules are signed with against the kernel: is its type of key
 * one that is built in, may it sign code. @what: "key '...'". @hash: that it signs with,
 * or NONE.
 */
int ms_doctor_certificate(struct ms_doctor *doctor, const char *what,
			  const struct ms_cert_info *cert, enum ms_hash hash);

/** The finding that private key @path, below the root, can be read by others; if so. */
int ms_doctor_key_mode(struct ms_doctor *doctor, const char *path);

#endif
