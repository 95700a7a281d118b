/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal key list: the generations of a store.
 * modseal key status: the current one, and everything that is wrong with the store.
 */

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "commands.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/json.h"

static void show(const struct cli *cli, const struct ms_generation *generation)
{
	const char *word = generation->current ? "current" : "kept";
	_cleanup_string_ char *made = cli_time_text(generation->made);
	_cleanup_string_ char *rest =
		cli_format(" %s %s %s %s", generation->type ? generation->type : "unknown",
			   generation->hash ? ms_hash_name(generation->hash) : "unknown",
			   made, generation->info ? generation->info->subject : "");

	cli_verdict_line(cli, generation->name,
			 !generation->whole    ? CLI_RED
			 : generation->current ? CLI_GREEN
					       : CLI_PLAIN,
			 generation->whole ? word : "faulty", rest);
}

int cmd_key_list(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	json_object *list = cli_check(json_object_new_array());
	const struct ms_generation *generation;
	int status = CLI_YES;

	cli_doc_add(cli, "generations", list);
	if (cli_store_open(cli, args, false, &store) != CLI_YES)
		return CLI_TROUBLE;
	for (size_t i = 0; (generation = ms_keystore_at(store, i)); i++) {
		json_object_array_add(list, cli_generation_json(generation));
		if (!cli->quiet)
			show(cli, generation);
		for (size_t j = 0; j < generation->n_faults; j++)
			cli_message(generation->faults[j], NULL);
		if (!generation->whole)
			status = CLI_NO;
	}
	if (ms_keystore_count(store))
		return status;
	cli_warn(cli, "no key generation in '%s'", ms_keystore_path(store));
	return CLI_NO;
}

/* "3 days", in the largest unit of which there are two. */
static char *age_text(int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{604800, "weeks"}, {86400, "days"}, {3600, "hours"}, {60, "minutes"},
	};

	for (size_t i = 0; i < CLI_ARRAY_SIZE(units); i++)
		if (seconds >= 2 * units[i].seconds)
			return cli_format("%lld %s", (long long)(seconds / units[i].seconds),
					  units[i].name);
	return cli_format("%lld seconds", (long long)seconds);
}

static void show_current(struct cli *cli, const struct ms_generation *current)
{
	int64_t age = (int64_t)time(NULL) - current->made;
	_cleanup_string_ char *text = age_text(age < 0 ? 0 : age);
	const struct ms_cert_info *info = current->info;

	cli_doc_add(cli, "age", cli_check(json_object_new_int64(age)));
	if (cli->quiet)
		return;
	cli_line(cli, "current      %s", current->name);
	cli_line(cli, "age          %s", text);
	cli_line(cli, "key          %s%s", current->type ? current->type : "unknown",
		 current->in_token ? ", in a token" : "");
	cli_line(cli, "hash         %s",
		 current->hash ? ms_hash_name(current->hash) : "unknown");
	if (!info)
		return;
	cli_line(cli, "certificate  %s", info->subject ? info->subject : "");
	cli_line(cli, "serial       %s", info->serial ? info->serial : "");
	cli_line(cli, "validity     %s to %s", info->not_before ? info->not_before : "?",
		 info->not_after ? info->not_after : "?");
}

/* Something is wrong: told, and counted by being there. */
static void fault(json_object *faults, const char *text, const char *hint)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "text", cli_json_text(text));
	cli_json_add(object, "hint", cli_json_text(hint));
	json_object_array_add(faults, object);
	cli_message(text, hint);
}

static const struct ms_generation *find_current(const struct ms_keystore *store)
{
	const struct ms_generation *generation;

	for (size_t i = 0; (generation = ms_keystore_at(store, i)); i++)
		if (generation->current)
			return generation;
	return NULL;
}

static void tell_faults(struct cli *cli, const struct ms_keystore *store,
			json_object *faults)
{
	const struct ms_generation *generation;
	const char *text, *hint = NULL;

	for (size_t i = 0; (text = ms_keystore_fault(store, i, &hint)); i++)
		fault(faults, text, hint);
	if (ms_keystore_current(cli->ctx, store, &generation) == -ENOENT)
		fault(faults, ms_ctx_message(cli->ctx), ms_ctx_hint(cli->ctx));
	for (size_t i = 0; (generation = ms_keystore_at(store, i)); i++)
		for (size_t j = 0; j < generation->n_faults; j++)
			fault(faults, generation->faults[j], generation->hints[j]);
}

/*
 * Does the private key belong to the certificate? Signing would find out; here nobody is
 * asked for a passphrase or a PIN, so of an encrypted key and of one in a token it stays
 * open.
 */
static void try_key(struct cli *cli, const struct ms_generation *current,
		    json_object *faults)
{
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	struct ms_signer_options options = {
		.size = sizeof(options),
		.key = current->key,
		.cert = current->cert,
		.hash = current->hash,
	};

	if (!current->whole || current->in_token || current->encrypted)
		return;
	if (ms_signer_open(cli->ctx, &options, &signer) < 0)
		fault(faults, ms_ctx_message(cli->ctx), ms_ctx_hint(cli->ctx));
}

/*
 * No fault: what is private in the store has modes of its own, and kernel-sign makes its
 * stores so. But who can open a directory can lock it, and the first versions of modseal
 * waited for that; the lock is on a file now (modseal-key(1)).
 */
static void tell_openness(struct cli *cli, const struct ms_keystore *store)
{
	json_object *warnings = cli_check(json_object_new_array());
	const char *path = ms_keystore_path(store);
	_cleanup_string_ char *text = NULL;
	struct stat st;

	cli_doc_add(cli, "warnings", warnings);
	if (stat(path, &st) < 0 || !(st.st_mode & 077))
		return;
	text = cli_format("others can open '%s' (mode %04o), and could lock it against a "
			  "modseal that locks the directory",
			  path, (unsigned)st.st_mode & 07777);
	json_object_array_add(warnings, cli_json_text(text));
	cli_warn(cli, "%s", text);
}

int cmd_key_status(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	json_object *faults = cli_check(json_object_new_array());
	const struct ms_generation *current;

	cli_doc_add(cli, "faults", faults);
	if (cli_store_open(cli, args, false, &store) != CLI_YES)
		return CLI_TROUBLE;
	current = find_current(store);
	cli_doc_add(cli, "current", cli_generation_json(current));
	cli_doc_add(cli, "age", NULL);
	cli_doc_add(cli, "generations",
		    cli_check(json_object_new_int64((int64_t)ms_keystore_count(store))));
	if (!cli->quiet)
		cli_line(cli, "store        %s", ms_keystore_path(store));
	if (current)
		show_current(cli, current);
	tell_faults(cli, store, faults);
	tell_openness(cli, store);
	if (current)
		try_key(cli, current, faults);
	return json_object_array_length(faults) ? CLI_NO : CLI_YES;
}
