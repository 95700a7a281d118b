/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The statement says what the manifest says and what the user said, and nothing else:
 * neither a time nor a host, which would differ with each run, nor a builder that nobody
 * named. SLSA wants buildType and builder.id of a provenance that is whole; where they were
 * not given they are left out, and whoever wants them sees that.
 */

#include "in-toto.h"

#include <string.h>

#include "../args/hashes-args.h"
#include "json.h"

/* in-toto's names of the algorithms (DigestSet) have an underscore in sha3_256 */
static char *digest_name(enum ms_hash hash)
{
	char *name = cli_format("%s", ms_hash_name(hash));
	char *dash = strchr(name, '-');

	if (dash)
		*dash = '_';
	return name;
}

static json_object *subject(const struct ms_manifest *manifest, const char *algorithm,
			    const struct ms_manifest_entry *entry)
{
	json_object *object = cli_check(json_object_new_object());
	json_object *digest = cli_check(json_object_new_object());
	json_object *annotations = cli_check(json_object_new_object());

	cli_json_add(object, "name", cli_json_path(entry->path));
	cli_json_add(digest, algorithm,
		     cli_json_hex(entry->digest, ms_manifest_digest_size(manifest)));
	cli_json_add(object, "digest", digest);
	cli_json_add(annotations, "size",
		     cli_check(json_object_new_int64((int64_t)entry->size)));
	cli_json_add(object, "annotations", annotations);
	return object;
}

static json_object *predicate(const struct ms_manifest *manifest,
			      const struct cli_provenance *provenance)
{
	json_object *object = cli_check(json_object_new_object());
	json_object *definition = cli_check(json_object_new_object());
	json_object *parameters = cli_check(json_object_new_object());

	if (provenance->build_type)
		cli_json_add(definition, "buildType",
			     cli_json_text(provenance->build_type));
	if (ms_manifest_release(manifest))
		cli_json_add(parameters, "kernelRelease",
			     cli_json_text(ms_manifest_release(manifest)));
	cli_json_add(definition, "externalParameters", parameters);
	cli_json_add(object, "buildDefinition", definition);
	if (provenance->builder_id) {
		json_object *details = cli_check(json_object_new_object());
		json_object *builder = cli_check(json_object_new_object());

		cli_json_add(builder, "id", cli_json_text(provenance->builder_id));
		cli_json_add(details, "builder", builder);
		cli_json_add(object, "runDetails", details);
	}
	return object;
}

char *cli_in_toto(const struct ms_manifest *manifest,
		  const struct cli_provenance *provenance)
{
	_cleanup_string_ char *algorithm = digest_name(ms_manifest_hash(manifest));
	json_object *statement = cli_check(json_object_new_object());
	json_object *subjects = cli_check(json_object_new_array());
	const struct ms_manifest_entry *entry;
	const char *text;
	char *line;

	for (size_t i = 0; (entry = ms_manifest_at(manifest, i)); i++)
		json_object_array_add(subjects, subject(manifest, algorithm, entry));
	cli_json_add(statement, "_type", cli_json_text("https://in-toto.io/Statement/v1"));
	cli_json_add(statement, "subject", subjects);
	cli_json_add(statement, "predicateType",
		     cli_json_text("https://slsa.dev/provenance/v1"));
	cli_json_add(statement, "predicate", predicate(manifest, provenance));
	text = json_object_to_json_string_ext(statement, JSON_C_TO_STRING_PLAIN |
								 JSON_C_TO_STRING_NOSLASHESCAPE);
	line = cli_format("%s\n", (const char *)cli_check((void *)(uintptr_t)text));
	json_object_put(statement);
	return line;
}
