/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal in the place of scripts/sign-file of Linux (and of kmodsign, which has the
 * same arguments): what calls those need not change.
 *
 * The arguments, the exit statuses (2 usage, 1 failure) and, with RSA, the bytes are
 * sign-file's. Different is what sign-file does wrong: here the file is replaced
 * atomically and keeps its mode, and a signature takes the place of an older one.
 * With MODSEAL_BUNDLE=FILE in the environment the signature comes from that bundle,
 * and neither key nor certificate is looked at.
 *
 * The signed file is made in place; or, where the caller wants it elsewhere (<dest>), or
 * the signature too (-p), or only that (-d), in a directory of its own beside the target.
 * From there all that is wanted gets its place together. With -p the module is locked for
 * that time, is to be still the file that was read, and what is kept of it, or else
 * refused, is the same as in place.
 */

#include "names.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/hash.h>

#include "../cleanup.h"
#include "../secret.h"
#include "../signals.h"
#include "sign-file-request.h"

static int usage(const char *program)
{
	fprintf(stderr,
		"Usage: %s [-dpk] <hash algo> <key> <x509> <module> [<dest>]\n"
		"       %s -s <raw sig> <hash algo> <x509> <module> [<dest>]\n",
		program, program);
	return USAGE;
}

/* getopt() as sign-file uses it: options may stand behind the other arguments, too */
static int parse(int argc, char **argv, struct request *request)
{
	bool raw = false;
	int option;

	while ((option = getopt(argc, argv, "sdpk")) != -1) {
		switch (option) {
		case 's':
			raw = true;
			break;
		case 'd':
			request->only = request->save = true;
			break;
		case 'p':
			request->save = true;
			break;
		case 'k':
			request->skid = true;
			break;
		default:
			return usage(request->program);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 4 || argc > 5)
		return usage(request->program);
	if (raw) {
		request->raw = argv[0];
		request->hash = argv[1];
		request->save = request->only = false;
	} else {
		request->hash = argv[0];
		request->key = argv[1];
	}
	request->cert = argv[2];
	request->module = argv[3];
	if (argc == 5 && strcmp(argv[3], argv[4]) != 0)
		request->dest = argv[4];
	request->bundle = getenv("MODSEAL_BUNDLE");
	if (request->bundle && !*request->bundle)
		request->bundle = NULL;
	return OK;
}

static int open_signer(struct request *request, struct ms_signer **ret)
{
	struct cli_secret secret = {
		.cli = &request->cli,
		.pin_file = request->pin_file,
		.no_prompt = true,
	};
	_cleanup_string_ char *name = cli_check(strdup(request->hash));
	struct ms_signer_options options = {
		.size = sizeof(options),
		.key = request->key,
		.cert = request->cert,
		.use_skid = request->skid,
		.secret = cli_secret,
		.secret_userdata = &secret,
	};
	int r;

	/* OpenSSL, by which sign-file finds the digest, knows upper case as well */
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	r = ms_hash_from_name(request->ctx, name, &options.hash);
	if (r == 0)
		r = ms_signer_open(request->ctx, &options, ret);
	cli_secret_forget();
	return r < 0 ? sign_file_fail_ctx(request) : OK;
}

int sign_file_sign(struct request *request)
{
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const struct ms_sign_options options = {.size = sizeof(options),
						.is_signed = MS_SIGNED_REPLACE};

	if (open_signer(request, &signer) != OK ||
	    sign_file_open_tree(request, &tree) != OK)
		return FAILED;
	return sign_file_check(request, tree,
			       ms_tree_sign(request->ctx, tree, signer, &options));
}

/* Takes the signature that the result now has. */
static int read_signature(const struct request *request, struct ms_bundle *bundle)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const char *const paths[] = {request->result};
	const struct ms_tree_options options = {
		.size = sizeof(options),
		.jobs = 1,
		.any_file = true,
		.work = request->work,
	};

	if (ms_tree_open(request->ctx, paths, 1, &options, &tree) < 0 ||
	    ms_tree_detach(request->ctx, tree, bundle) < 0)
		return sign_file_fail_ctx(request);
	return OK;
}

/*
 * The result in the target's place, and its signature in <module>.p7s. That one nobody has
 * named: a link there is replaced and not followed.
 */
static int save(const struct request *request)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = cli_check(ms_bundle_new());
	_cleanup_string_ char *p7s = cli_format("%s.p7s", request->module);
	struct ms_saved_file files[2] = {{.size = sizeof(files[0])},
					 {.size = sizeof(files[0])}};
	const uint8_t *der;
	size_t n = 0;

	if (request->target) {
		files[n].path = request->target;
		files[n].work = request->work;
		files[n].as_it_was = request->locked != NULL;
		files[n++].from = sign_file_name(request->module);
	}
	if (request->save) {
		if (read_signature(request, bundle) != OK)
			return FAILED;
		if (ms_bundle_at(bundle, 0, &der, &files[n].len) < 0)
			return sign_file_fail(request, "no signature in '%s'",
					      request->result);
		files[n].path = p7s;
		files[n].data = der;
		files[n++].mode = 0666;
	}
	return ms_files_save(request->ctx, files, n, true) < 0
		       ? sign_file_fail_ctx(request)
		       : OK;
}

/* Only what was read to its end, and was written, is a copy. */
static bool copy(FILE *in, FILE *out)
{
	char bytes[65536];
	size_t n;

	do {
		n = fread(bytes, 1, sizeof(bytes), in);
		if (ferror(in) || fwrite(bytes, 1, n, out) != n)
			return false;
	} while (n > 0);
	return fflush(out) == 0;
}

static FILE *open_result(const struct request *request)
{
	int fd = openat(ms_workdir_fd(request->work), sign_file_name(request->module),
			O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? NULL : cli_check(fdopen(fd, "r"));
}

/* Which was no file when it was looked at, and must not be one now: nothing is emptied. */
static FILE *open_dest(const struct request *request)
{
	int fd = open(request->dest, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		return cli_check(fdopen(fd, "w"));
	if (fd >= 0) {
		close(fd);
		errno = EBUSY;
	}
	return NULL;
}

/* A device or pipe gets the bytes and stays what it is. */
static int write_to_dest(const struct request *request)
{
	_cleanup_stream_ FILE *in = open_result(request);
	_cleanup_stream_ FILE *out = in ? open_dest(request) : NULL;

	if (in && out && copy(in, out) && fclose(cli_steal(&out)) == 0)
		return OK;
	return sign_file_fail(request, "cannot write '%s': %s", request->dest,
			      strerror(errno));
}

static int find_target(struct request *request, const char *path)
{
	request->target = realpath(path, NULL);
	if (!request->target)
		return sign_file_fail(request, "cannot write '%s': %s", path,
				      strerror(errno));
	return OK;
}

/*
 * <dest> was named by the user, so a link is followed, and the file that it leads to
 * replaced; what is no file is written to.
 */
static int find_dest(struct request *request)
{
	struct stat st;

	if (stat(request->dest, &st) < 0 && errno == ENOENT &&
	    lstat(request->dest, &st) < 0 && errno == ENOENT) {
		request->target = cli_check(strdup(request->dest));
		return OK;
	}
	if (stat(request->dest, &st) < 0 || S_ISDIR(st.st_mode))
		return sign_file_fail(request, "cannot write '%s': %s", request->dest,
				      strerror(S_ISDIR(st.st_mode) ? EISDIR : errno));
	return S_ISREG(st.st_mode) ? find_target(request, request->dest) : OK;
}

int sign_file_in_place(struct request *request)
{
	struct stat st;

	if (stat(request->module, &st) < 0)
		return sign_file_fail(request, "cannot open '%s': %s", request->module,
				      strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sign_file_fail(request, "'%s' is no regular file",
				      request->module);
	request->result = cli_check(strdup(request->module));
	return OK;
}

/* The module is to be replaced by what is made elsewhere: until then it is locked. */
static int lock_module(struct request *request)
{
	int status = find_target(request, request->module);

	return status == OK ? sign_file_open_tree(request, &request->locked) : status;
}

static int prepare(struct request *request)
{
	int status = sign_file_in_place(request);

	if (status != OK || (!request->dest && !request->save))
		return status;
	if (!request->only && request->dest)
		status = find_dest(request);
	else if (!request->only)
		status = lock_module(request);
	if (status != OK)
		return status;
	if (ms_workdir_new(request->ctx,
			   request->target ? request->target : request->module,
			   &request->work) < 0)
		return sign_file_fail_ctx(request);
	free(request->result);
	request->result = cli_format("%s/%s", ms_workdir_path(request->work),
				     sign_file_name(request->module));
	return OK;
}

static int run(struct request *request)
{
	int status = prepare(request);

	if (status == OK)
		status = request->raw || request->bundle ? sign_file_attach(request)
							 : sign_file_sign(request);
	if (status == OK && (request->target || request->save))
		status = save(request);
	if (status == OK && request->dest && !request->only && !request->target)
		status = write_to_dest(request);
	request->work = ms_workdir_free(request->work);
	request->locked = ms_tree_free(request->locked);
	return status;
}

int cli_sign_file(int argc, char **argv)
{
	struct request request = {.program = sign_file_name(argv[0])};
	int status = parse(argc, argv, &request);

	if (status != OK)
		return status;
	request.ctx = request.cli.ctx = cli_check(ms_ctx_new());
	ms_ctx_set_log(request.ctx, cli_log, &request.cli);
	cli_signals_init(request.ctx);
	if (cli_begin(&request.cli) < 0)
		cli_out_of_memory();
	status = run(&request);
	json_object_put(request.cli.doc);
	free(request.target);
	free(request.result);
	ms_ctx_free(request.ctx);
	return status;
}
