/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the library calls at each edge, in a fuzzer that does not count them. */

void __wrap___sanitizer_cov_trace_pc(void);

__attribute__((no_sanitize("coverage"))) void __wrap___sanitizer_cov_trace_pc(void)
{
}
