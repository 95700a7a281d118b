/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_MERKLE_NODE_H
#define MS_MERKLE_NODE_H

/* Inside lib/merkle: what building a tree and following a proof share. */

#include "merkle.h"

/** The node over two others; @ret may be one of them. Errors: of the crypto library. */
int ms_merkle_node(struct ms_ctx *ctx, const ms_merkle_hash left,
		   const ms_merkle_hash right, ms_merkle_hash ret);

#endif
