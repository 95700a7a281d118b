/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_IMAGE_VMLINUX_H
#define MS_IMAGE_VMLINUX_H

/* What both an ELF vmlinux and a raw Image say, whatever the way to it. */

#include "lists.h"
#include "reading.h"

/**
 * Takes the release out of the banner "Linux version RELEASE (", unless it is known
 * already, and the hashes of CONFIG_SYSTEM_BLACKLIST_HASH_LIST. -ENOMEM.
 */
int ms_kernel_read_strings(struct ms_reading *reading, const uint8_t *data, size_t len);

/** What the messages in it say of the lists of certificates that the kernel has. */
enum ms_list_notices ms_kernel_notices(const uint8_t *data, size_t len);

/** Sets the release from text that begins with it and ends at @len or a white space. */
int ms_kernel_set_release(struct ms_reading *reading, const char *text, size_t len);

#endif
