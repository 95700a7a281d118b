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
 * The signed file is made in place, or, where the caller wants it elsewhere (<dest>)
 * or not at all (-d), in a directory of its own beside the target, from which one
 * rename moves it.
 */

#include "sign-file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/hash.h>

#include "cli.h"
#include "secret.h"
#include "signals.h"
#include "util.h"

enum { OK = 0, FAILED = 1, USAGE = 2 };

struct request {
	struct cli cli; /* how the parts that are shared with the commands speak */
	struct ms_ctx *ctx;
	const char *program;
	bool save;    /* -p or -d: write <module>.p7s */
	bool only;    /* -d: and nothing else */
	bool skid;    /* -k */
	const char *raw; /* -s: the file with the signature */
	const char *hash;
	const char *key;
	const char *cert;
	const char *module;
	const char *dest;   /* NULL: in place */
	const char *bundle; /* $MODSEAL_BUNDLE, or NULL */
	char *work;         /* the directory for a file that is not signed in place */
	char *result;       /* the signed file */
};

bool cli_is_sign_file(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *name = slash ? slash + 1 : argv0;

	return strcmp(name, "sign-file") == 0 || strcmp(name, "kmodsign") == 0;
}

static int usage(const char *program)
{
	fprintf(stderr,
		"Usage: %s [-dpk] <hash algo> <key> <x509> <module> [<dest>]\n"
		"       %s -s <raw sig> <hash algo> <x509> <module> [<dest>]\n",
		program, program);
	return USAGE;
}

__attribute__((format(printf, 2, 3))) static int fail(const struct request *request,
						      const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	_cleanup_string_ char *escaped = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		cli_out_of_memory();
	va_end(args);
	escaped = cli_check(ms_text_escape(text));
	fprintf(stderr, "%s: %s\n", request->program, escaped);
	return FAILED;
}

static int fail_ctx(const struct request *request)
{
	const char *hint = ms_ctx_hint(request->ctx);
	int status = fail(request, "%s", ms_ctx_message(request->ctx));

	if (hint) {
		_cleanup_string_ char *escaped = cli_check(ms_text_escape(hint));

		fprintf(stderr, "hint: %s\n", escaped);
	}
	return status;
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

/* The directory that @path lies in, with its slash, to free(). */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? cli_check(strndup(path, (size_t)(slash - path) + 1))
		     : cli_check(strdup("./"));
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int make_directory(const struct request *request, const char *beside, char **ret)
{
	_cleanup_string_ char *parent = directory_of(beside);
	_cleanup_string_ char *path = cli_format("%s.modseal-XXXXXX", parent);

	if (!mkdtemp(path))
		return fail(request, "cannot make a directory in '%s': %s", parent,
			    strerror(errno));
	*ret = cli_steal(&path);
	return OK;
}

static void remove_directory(const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, NULL);

	for (int i = 0; i < n; i++) {
		_cleanup_string_ char *name = cli_format("%s/%s", path,
							 entries[i]->d_name);

		unlink(name); /* which "." and ".." refuse */
		free(entries[i]);
	}
	free(entries);
	rmdir(path);
}

static int open_signer(struct request *request, struct ms_signer **ret)
{
	struct cli_secret secret = { .cli = &request->cli, .no_prompt = true };
	_cleanup_string_ char *name = cli_check(strdup(request->hash));
	struct ms_signer_options options = {
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
	return r < 0 ? fail_ctx(request) : OK;
}

static bool write_whole(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Replaces @path atomically by a file of these bytes. */
static int write_file(const struct request *request, const char *path,
		      const uint8_t *data, size_t len)
{
	_cleanup_string_ char *temporary = cli_format("%s.XXXXXX", path);
	_cleanup_fd_ int fd = mkostemp(temporary, O_CLOEXEC);
	mode_t mask = umask(0);
	int error;

	umask(mask);
	if (fd < 0)
		return fail(request, "cannot make '%s': %s", temporary, strerror(errno));
	if (write_whole(fd, data, len) && fchmod(fd, 0666 & ~mask) == 0 &&
	    fsync(fd) == 0 && rename(temporary, path) == 0)
		return OK;
	error = errno;
	unlink(temporary);
	return fail(request, "cannot write '%s': %s", path, strerror(error));
}

/* Reads a whole file, to free(). A signature is small: a kernel takes 65535 bytes. */
static int read_raw(const struct request *request, uint8_t **ret, size_t *ret_len)
{
	enum { MOST = 1 << 16 };
	_cleanup_fd_ int fd = open(request->raw, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t *data = cli_check(malloc(MOST));
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0 && len < MOST) {
		n = read(fd, data + len, MOST - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n == 0) {
		*ret = data;
		*ret_len = len;
		return OK;
	}
	free(data);
	return fail(request, "cannot read '%s': %s", request->raw,
		    strerror(n < 0 ? errno : EMSGSIZE));
}

/* The raw signature, as a directory of one signature that is found by its path. */
static int load_raw(const struct request *request, struct ms_bundle **ret)
{
	_cleanup_string_ char *directory = NULL;
	_cleanup_string_ char *path = NULL;
	uint8_t *data = NULL;
	size_t len = 0;
	int status;

	if (read_raw(request, &data, &len) != OK)
		return FAILED;
	status = make_directory(request, request->dest ? request->dest : request->module,
				&directory);
	if (status == OK) {
		path = cli_format("%s/%s.p7s", directory, name_of(request->module));
		status = write_file(request, path, data, len);
		if (status == OK && ms_bundle_load_dir(request->ctx, directory, ret) < 0)
			status = fail_ctx(request);
		remove_directory(directory);
	}
	free(data);
	return status;
}

static int open_tree(const struct request *request, struct ms_tree **ret)
{
	const struct ms_tree_options options = {
		.jobs = 1,
		.any_file = true,
		.writes = true,
		.break_links = true, /* sign-file's rename does so as well */
		.output = request->work,
	};

	return ms_tree_open(request->ctx, &request->module, 1, &options, ret) < 0
		       ? fail_ctx(request)
		       : OK;
}

static int check_item(const struct request *request, const struct ms_tree *tree, int run)
{
	const struct ms_item *item = ms_tree_count(tree) ? ms_tree_item(tree, 0) : NULL;

	if (item && item->message)
		fail(request, "%s", item->message);
	else if (run < 0)
		fail_ctx(request);
	if (run < 0 || !item)
		return FAILED;
	switch (item->outcome) {
	case MS_OUTCOME_SIGNED:
	case MS_OUTCOME_ATTACHED:
	case MS_OUTCOME_UNCHECKED:
	case MS_OUTCOME_UNCHANGED:
		return OK;
	case MS_OUTCOME_MISSING:
		return fail(request, "no signature for '%s' in '%s'", request->module,
			    request->bundle ? request->bundle : request->raw);
	default:
		if (!item->message)
			fail(request, "'%s' is not signed: %s", request->module,
			     ms_outcome_name(item->outcome));
		return FAILED;
	}
}

static int attach(const struct request *request)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;

	if (request->raw) {
		if (load_raw(request, &bundle) != OK)
			return FAILED;
	} else if (ms_bundle_load(request->ctx, request->bundle, &bundle) < 0) {
		return fail_ctx(request);
	}
	if (open_tree(request, &tree) != OK)
		return FAILED;
	return check_item(request, tree,
			  ms_tree_attach(request->ctx, tree, bundle, NULL));
}

static int sign(struct request *request)
{
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const struct ms_sign_options options = { .is_signed = MS_SIGNED_REPLACE };

	if (open_signer(request, &signer) != OK || open_tree(request, &tree) != OK)
		return FAILED;
	return check_item(request, tree,
			  ms_tree_sign(request->ctx, tree, signer, &options));
}

static int sync_directory(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* Writes the signature that the result now has to <module>.p7s. */
static int save_signature(const struct request *request)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = cli_check(ms_bundle_new());
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	_cleanup_string_ char *path = cli_format("%s.p7s", request->module);
	const char *const paths[] = { request->result };
	const struct ms_tree_options options = { .jobs = 1, .any_file = true };
	const uint8_t *der;
	size_t len;

	if (ms_tree_open(request->ctx, paths, 1, &options, &tree) < 0 ||
	    ms_tree_detach(request->ctx, tree, bundle) < 0)
		return fail_ctx(request);
	if (ms_bundle_at(bundle, 0, &der, &len) < 0)
		return fail(request, "no signature in '%s'", request->result);
	return write_file(request, path, der, len);
}

static int move_to_dest(const struct request *request)
{
	_cleanup_string_ char *parent = directory_of(request->dest);

	if (rename(request->result, request->dest) < 0)
		return fail(request, "cannot write '%s': %s", request->dest,
			    strerror(errno));
	if (sync_directory(parent) < 0)
		return fail(request, "cannot sync '%s'", parent);
	return OK;
}

static int prepare(struct request *request)
{
	if (!request->dest && !request->only) {
		request->result = cli_check(strdup(request->module));
		return OK;
	}
	if (make_directory(request,
			   request->only ? request->module : request->dest,
			   &request->work) != OK)
		return FAILED;
	request->result = cli_format("%s/%s", request->work, name_of(request->module));
	return OK;
}

static int run(struct request *request)
{
	int status = prepare(request);

	if (status == OK)
		status = request->raw || request->bundle ? attach(request)
							 : sign(request);
	if (status == OK && request->save)
		status = save_signature(request);
	if (status == OK && request->dest && !request->only)
		status = move_to_dest(request);
	if (request->work)
		remove_directory(request->work);
	return status;
}

int cli_sign_file(int argc, char **argv)
{
	struct request request = { .program = name_of(argv[0]) };
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
	free(request.work);
	free(request.result);
	ms_ctx_free(request.ctx);
	return status;
}
