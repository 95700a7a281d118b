/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal key enroll: a certificate becomes one that this machine's kernel trusts, by the
 * two ways that there are without building a kernel.
 *
 * MOK: mokutil leaves a request in the firmware's variables, and MokManager asks a person
 * at the next boot, who proves by a password to be the same. Nothing is trusted before.
 *
 * Keyring: keyctl adds it to a keyring of the running kernel, which takes only what a key
 * that it trusts already has signed, and forgets it with the boot. Of the other keyrings
 * that the kernel trusts, none can be added to at all (certs/system_keyring.c and
 * security/integrity of Linux): they are refused here, with what would do instead.
 *
 * What was checked is what is enrolled: both programs get the certificate from a private
 * copy, and never open the file that was named.
 */

#include <string.h>

#include "commands.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/json.h"
#include "../program.h"
#include "../secret.h"

static const char *const at_boot[] = {
	"restart; MokManager shows itself for some seconds before the system starts",
	"choose 'Enroll MOK', then 'Continue', then 'Yes'",
	"give the password of the request, then choose 'Reboot'",
};

/* A certificate to enrol. */
struct enrolment {
	struct ms_cert_list *list;
	const struct ms_cert_info *cert;
	int fd; /* its DER */
};

static void enrolment_done(struct enrolment *own)
{
	ms_cert_list_free(own->list);
	if (own->fd >= 0)
		close(own->fd);
}

static int read_cert(struct cli *cli, const char *path, struct enrolment *own)
{
	if (ms_cert_list_read(cli->ctx, path, &own->list) < 0)
		return cli_run_failed(cli);
	if (ms_cert_list_count(own->list) != 1) {
		cli_error(cli, "'%s' holds %zu certificates: enrol one at a time", path,
			  ms_cert_list_count(own->list));
		return CLI_TROUBLE;
	}
	own->cert = ms_cert_list_at(own->list, 0);
	if (!own->cert->kernel_can_use) {
		cli_error(cli, "no kernel can use the certificate in '%s'", path);
		return CLI_TROUBLE;
	}
	own->fd = cli_memory_file(cli, own->cert->der, own->cert->der_len);
	return own->fd < 0 ? CLI_TROUBLE : CLI_YES;
}

static void report(struct cli *cli, const struct enrolment *own, const char *target,
		   const char *result, bool confirm)
{
	json_object *object = cli_check(json_object_new_object());
	json_object *steps = cli_check(json_object_new_array());
	const struct ms_cert_info *cert = own->cert;

	for (size_t i = 0; confirm && i < CLI_ARRAY_SIZE(at_boot); i++)
		json_object_array_add(steps, cli_json_text(at_boot[i]));
	cli_json_add(object, "path", cli_json_path(cert->source));
	cli_json_add(object, "subject", cli_json_text(cert->subject));
	cli_json_add(object, "serial", cli_json_text(cert->serial));
	cli_json_add(object, "skid", cli_json_text(cert->skid));
	cli_json_add(object, "sha256", cli_json_text(cert->sha256));
	cli_doc_add(cli, "certificate", object);
	cli_doc_add(cli, "target", cli_json_text(target));
	cli_doc_add(cli, "result", cli_json_text(result));
	cli_doc_add(cli, "at_boot", steps);
	if (cli->quiet)
		return;
	cli_verdict_line(cli, cert->source, confirm ? CLI_YELLOW : CLI_GREEN, result,
			 "");
	cli_line(cli, "  subject     %s", cert->subject);
	cli_line(cli, "  sha256      %s", cert->sha256);
	if (confirm)
		cli_line(cli, "Nothing trusts it yet. To confirm it at the next boot:");
	for (size_t i = 0; confirm && i < CLI_ARRAY_SIZE(at_boot); i++)
		cli_line(cli, "  %zu. %s", i + 1, at_boot[i]);
}

/* The program's own last line says why, better than we could. */
static int failed(struct cli *cli, const struct cli_program *program, const char *hint)
{
	const char *output = program->output ? program->output : "";
	const char *line = strrchr(output, '\n');
	_cleanup_string_ char *text =
		*output ? cli_format("%s: %s", program->argv[0], line ? line + 1 : output)
			: cli_format("%s failed with status %d", program->argv[0],
				     program->status);

	return cli_error_text(cli, text, hint);
}

enum mok_state {
	MOK_UNKNOWN,   /* neither */
	MOK_REQUESTED, /* waits for the next boot */
	MOK_ENROLLED,
};

/*
 * mokutil --test-key ends in 1 for many reasons, of which two are good ones: a key that
 * is only in the firmware's own lists, or revoked, signs no modules. Releases before 0.5
 * say "enrolled" of a request, too.
 */
static bool mok_state_of(const char *output, enum mok_state *ret)
{
	if (strstr(output, " is already in the enrollment request"))
		*ret = MOK_REQUESTED;
	else if (strstr(output, " is already in the built-in trusted keyring") ||
		 (strstr(output, " is already enrolled") && !strstr(output, "CA of ")))
		*ret = MOK_ENROLLED;
	else
		return false;
	return true;
}

static int ask_mok(struct cli *cli, const char *der, int fd, enum mok_state *ret)
{
	const char *const argv[] = {"mokutil", "--test-key", der, NULL};
	struct cli_program program = {
		.argv = argv,
		.input = -1,
		.keep = fd,
		.capture = true,
		.package = "mokutil",
	};
	_cleanup_string_ char *output = NULL;
	int status = cli_program_run(cli, &program);

	output = program.output;
	if (status != CLI_YES)
		return status;
	*ret = MOK_UNKNOWN;
	if (program.status == 0 || (program.status == 1 && mok_state_of(output, ret)))
		return CLI_YES;
	return failed(cli, &program, NULL);
}

static int import_mok(struct cli *cli, const struct cli_args *args, const char *der,
		      int fd)
{
	const char *hash_file = cli_args_value(args, CLI_OPT_HASH_FILE);
	const char *argv[7] = {"mokutil", "--import", der};
	size_t n = 3;
	struct cli_program program = {
		.argv = argv,
		.input = -1,
		.keep = fd,
		.package = "mokutil",
	};

	if (hash_file) {
		argv[n++] = "--hash-file";
		argv[n++] = hash_file;
	}
	if (cli_args_has(args, CLI_OPT_ROOT_PW))
		argv[n++] = "--root-pw";
	if (cli_program_run(cli, &program) != CLI_YES)
		return CLI_TROUBLE;
	return program.status == 0 ? CLI_YES : failed(cli, &program, NULL);
}

/* mokutil ends in 0 where it has skipped the key, too: so it is asked again. */
static int enroll_mok(struct cli *cli, const struct cli_args *args,
		      const struct enrolment *own)
{
	_cleanup_string_ char *der = cli_format("/proc/self/fd/%d", own->fd);
	enum mok_state before, after;

	if (ask_mok(cli, der, own->fd, &before) != CLI_YES)
		return CLI_TROUBLE;
	if (before == MOK_UNKNOWN) {
		if (import_mok(cli, args, der, own->fd) != CLI_YES ||
		    ask_mok(cli, der, own->fd, &after) != CLI_YES)
			return CLI_TROUBLE;
		if (after == MOK_UNKNOWN)
			return cli_error(cli, "mokutil has made no request");
	}
	if (before == MOK_ENROLLED)
		report(cli, own, "mok", "enrolled", false);
	else
		report(cli, own, "mok", "requested", true);
	return CLI_YES;
}

/* The keyrings that nobody can add to, and what would do instead. */
static const char *const closed[][3] = {
	{".builtin_trusted_keys", "is filled when the kernel is built",
	 "add the certificate to CONFIG_SYSTEM_TRUSTED_KEYS ('modseal config trust') and "
	 "build the kernel"},
	{".machine",
	 "is filled by the kernel while it boots, from the machine owner's keys",
	 "'modseal key enroll --mok'"},
	{".platform",
	 "is filled by the kernel while it boots, from the firmware's and the machine "
	 "owner's keys",
	 "'modseal key enroll --mok'"},
	{".blacklist", "holds what is revoked", NULL},
};

static int check_keyring(struct cli *cli, const char *name)
{
	_cleanup_string_ char *text = NULL;

	if (cli_parse_choice(".secondary_trusted_keys .ima", name) >= 0)
		return CLI_YES;
	for (size_t i = 0; i < CLI_ARRAY_SIZE(closed); i++) {
		if (strcmp(name, closed[i][0]) != 0)
			continue;
		text = cli_format("the keyring %s %s: nothing can be added to it", name,
				  closed[i][1]);
		return cli_error_text(cli, text, closed[i][2]);
	}
	return cli_usage(cli, "the kernel verifies nothing by a keyring '%s'", name);
}

static int enroll_keyring(struct cli *cli, const char *name, const struct enrolment *own)
{
	_cleanup_string_ char *keyring = cli_format("%%:%s", name);
	_cleanup_string_ char *hint =
		cli_format("the kernel takes into %s only what a key that it trusts has "
			   "signed; others are trusted by CONFIG_SYSTEM_TRUSTED_KEYS "
			   "('modseal config trust') or as machine owner's keys "
			   "('modseal key enroll --mok')",
			   name);
	/* without a description the kernel makes one: subject and key identifier */
	const char *const argv[] = {"keyctl", "padd", "asymmetric", "", keyring, NULL};
	struct cli_program program = {
		.argv = argv,
		.input = own->fd,
		.keep = -1,
		.capture = true,
		.package = "keyutils",
	};
	_cleanup_string_ char *output = NULL;
	int status = cli_program_run(cli, &program);

	output = program.output;
	if (status != CLI_YES)
		return status;
	if (program.status != 0)
		return failed(cli, &program, hint);
	report(cli, own, name, "enrolled", false);
	return CLI_YES;
}

/* The certificate that is named, or the one of a store's current key. */
static int choose_cert(struct cli *cli, const struct cli_args *args,
		       struct ms_keystore **store, struct enrolment *own)
{
	const struct ms_generation *current;

	if (args->n_operands)
		return read_cert(cli, args->operands[0], own);
	if (cli_store_open(cli, args, false, store) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_keystore_current(cli->ctx, *store, &current) < 0)
		return cli_run_failed(cli);
	return read_cert(cli, current->cert, own);
}

int cmd_key_enroll(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	_cleanup_(enrolment_done) struct enrolment own = {.fd = -1};
	const char *keyring = cli_args_value(args, CLI_OPT_KEYRING);

	cli_secret_forget(); /* no business of the programs that are run */
	if (keyring && (cli_args_has(args, CLI_OPT_MOK) ||
			cli_args_has(args, CLI_OPT_HASH_FILE) ||
			cli_args_has(args, CLI_OPT_ROOT_PW)))
		return cli_usage(cli,
				 "--keyring excludes --mok, --hash-file and --root-pw");
	if (keyring && check_keyring(cli, keyring) != CLI_YES)
		return CLI_TROUBLE;
	if (args->n_operands && cli_args_has(args, CLI_OPT_STORE))
		return cli_usage(cli, "--store excludes a certificate's name");
	if (choose_cert(cli, args, &store, &own) != CLI_YES || !own.cert)
		return CLI_TROUBLE;
	if (keyring)
		return enroll_keyring(cli, keyring, &own);
	return enroll_mok(cli, args, &own);
}
