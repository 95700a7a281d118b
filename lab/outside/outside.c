// SPDX-License-Identifier: LGPL-2.1-or-later
/* A module of nobody's kernel: it does nothing but load and unload. */
#include <linux/init.h>
#include <linux/module.h>

static int __init outside_init(void)
{
	return 0;
}

static void __exit outside_exit(void)
{
}

module_init(outside_init);
module_exit(outside_exit);
MODULE_DESCRIPTION("does nothing, out of tree");
MODULE_LICENSE("GPL");
