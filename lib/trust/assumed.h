/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TRUST_ASSUMED_H
#define MS_TRUST_ASSUMED_H

/* Inside lib/trust: sentences that say what was taken for true without being told. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "../cms/rules.h"
#include "../merkle/merkle.h"

/** A list of texts. A zeroed one is empty. */
struct ms_texts {
	char **texts;
	size_t n;
};

/** Frees the texts; the list is empty then. */
void ms_texts_done(struct ms_texts *texts);

/** Drops all texts but the first @n. */
void ms_texts_drop(struct ms_texts *texts, size_t n);

/** Adds a text. 0 or -ENOMEM. */
__attribute__((format(printf, 2, 0))) int
ms_texts_vprintf(struct ms_texts *texts, const char *format, va_list args);
__attribute__((format(printf, 2, 3))) int ms_texts_printf(struct ms_texts *texts,
							  const char *format, ...);

/** What is known of a kernel. */
struct ms_trust_known {
	bool release;
	const char *config_path; /* NULL: no configuration */
	bool config_was_found;	 /* and not named by a person */
	bool modules_count;	 /* algorithms that are modules count as there */
	const struct ms_rules *with_modules;
	const struct ms_rules *without_modules;
	const struct ms_kernel_hashes *hashes; /* NULL: it is not seen to have any */
	bool config_has_hashes;		       /* CONFIG_MODULE_HASHES */
};

/** Adds a sentence for everything that is not known. 0 or -ENOMEM. */
int ms_trust_list_assumed(const struct ms_trust_known *known, struct ms_texts *ret);

#endif
