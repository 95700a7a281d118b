/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CLEANUP_H
#define CLI_CLEANUP_H

/* Scoped cleanup for what the library and libc hand out. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <modseal/bundle.h>
#include <modseal/cert.h>
#include <modseal/dkms.h>
#include <modseal/sign.h>
#include <modseal/system.h>
#include <modseal/tree.h>
#include <modseal/trust.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/** Takes the pointer out of *@p, which is NULL then. */
#define cli_steal(p)                                                                     \
	({                                                                               \
		__typeof__(p) _p = (p);                                                  \
		__typeof__(*_p) _value = *_p;                                            \
		*_p = NULL;                                                              \
		_value;                                                                  \
	})

static inline void cli_free_string(char **text)
{
	free(*text);
}

static inline void cli_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cli_free_bundle(struct ms_bundle **bundle)
{
	ms_bundle_free(*bundle);
}

static inline void cli_free_cert_list(struct ms_cert_list **list)
{
	ms_cert_list_free(*list);
}

static inline void cli_free_system(struct ms_system **system)
{
	ms_system_free(*system);
}

static inline void cli_free_dkms_settings(struct ms_dkms_settings **settings)
{
	ms_dkms_settings_free(*settings);
}

static inline void cli_free_dkms_plan(struct ms_dkms_plan **plan)
{
	ms_dkms_plan_free(*plan);
}

static inline void cli_free_signer(struct ms_signer **signer)
{
	ms_signer_free(*signer);
}

static inline void cli_close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

#define _cleanup_stream_ _cleanup_(cli_close_stream)

static inline void cli_free_judgement(struct ms_judgement **judgement)
{
	ms_judgement_free(*judgement);
}

static inline void cli_free_module(struct ms_module **module)
{
	*module = ms_module_free(*module);
}

static inline void cli_free_tree(struct ms_tree **tree)
{
	ms_tree_free(*tree);
}

static inline void cli_free_trust(struct ms_trust **trust)
{
	ms_trust_free(*trust);
}

#define _cleanup_string_ _cleanup_(cli_free_string)
#define _cleanup_fd_	 _cleanup_(cli_close_fd)

#endif
