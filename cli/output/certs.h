/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CERTS_H
#define CLI_CERTS_H

/* Certificates in documents. */

#include <json-c/json.h>
#include <modseal/cert.h>

/** A certificate as `certs --json` describes it. */
json_object *cli_cert_json(const struct ms_cert_info *cert);

#endif
