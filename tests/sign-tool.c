/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Signs a file through libmodseal's public interface and writes the bare PKCS#7 message,
 * for tests of the signer alone:
 *
 *	sign-tool [-H HASH] [-c CERT] [-k] [-n auto|deterministic|random] [-t THREADS]
 *		[-r COUNT] [-f SECRET] [-s] [-S] KEY FILE OUT
 *
 * -t and -r sign the file so many times on so many threads; with a deterministic key all
 * signatures must be the same. The secret is $SIGN_TOOL_SECRET, or with -f in a file;
 * each time it is asked for, "asked: WHAT" is printed. -s stops the process (SIGSTOP) when
 * it has been given, -S when all is signed and the key still open. Errors are printed as
 * "errno NAME: MESSAGE" and "hint: HINT", what is known of the signer as "info: ...".
 */

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/secret.h>
#include <modseal/sign.h>

struct job {
	struct ms_ctx *ctx;
	const struct ms_signer *signer;
	const uint8_t *data;
	size_t len;
	unsigned count;
	int result;
	uint8_t *der;
	size_t der_len;
};

static void log_line(void *userdata, enum ms_log_level level, const char *text)
{
	(void)userdata;
	printf("%s: %s\n", level == MS_LOG_WARNING ? "warning" : "info", text);
}

/* Where the secret is, and when to stop. */
struct manner {
	struct ms_ctx *ctx;
	const char *file;
	bool stop_asked;
	bool stop_signed;
};

static int secret(void *userdata, const char *what, char *buffer, size_t size)
{
	const struct manner *manner = userdata;
	const char *text = getenv("SIGN_TOOL_SECRET");
	int n;

	printf("asked: %s\n", what);
	if (manner->file) {
		n = ms_secret_read_file(manner->ctx, manner->file, buffer, size);
		if (manner->stop_asked)
			raise(SIGSTOP);
		return n;
	}
	if (!text || strlen(text) > size)
		return -ENOKEY;
	memcpy(buffer, text, strlen(text));
	return (int)strlen(text);
}

static int fail(struct ms_ctx *ctx, int error)
{
	printf("%s: %s\n", strerrorname_np(-error), ms_ctx_message(ctx));
	if (ms_ctx_hint(ctx))
		printf("hint: %s\n", ms_ctx_hint(ctx));
	return 1;
}

static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(1 << 26);

	if (!file || !data) {
		perror(path);
		exit(2);
	}
	*ret_len = fread(data, 1, 1 << 26, file);
	fclose(file);
	/* a core of 64 MiB takes a minute to be made */
	return realloc(data, *ret_len + 1);
}

static void *work(void *userdata)
{
	struct job *job = userdata;

	for (unsigned i = 0; i < job->count && job->result == 0; i++) {
		free(job->der);
		job->der = NULL;
		job->result = ms_signer_sign(job->ctx, job->signer, job->data, job->len,
					     &job->der, &job->der_len);
	}
	return NULL;
}

/* Signs on @threads threads, @count times on each; prints whether all were the same. */
static int sign(struct ms_ctx *ctx, struct ms_signer *signer, const char *in,
		const char *out, unsigned threads, unsigned count)
{
	struct job *jobs = calloc(threads, sizeof(*jobs));
	pthread_t *ids = calloc(threads, sizeof(*ids));
	size_t len;
	uint8_t *data = read_file(in, &len);
	FILE *file;
	bool same = true;
	int r = 0;

	for (unsigned i = 0; i < threads; i++) {
		jobs[i] = (struct job){ .ctx = ms_ctx_fork(ctx),
					.signer = signer,
					.data = data,
					.len = len,
					.count = count };
		pthread_create(&ids[i], NULL, work, &jobs[i]);
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		if (jobs[i].result < 0 && r == 0)
			r = fail(jobs[i].ctx, jobs[i].result);
		same = same && r == 0 && jobs[i].der_len == jobs[0].der_len &&
		       !memcmp(jobs[i].der, jobs[0].der, jobs[0].der_len);
	}
	printf("same: %d\n", same);
	file = r == 0 ? fopen(out, "wb") : NULL;
	if (file) {
		fwrite(jobs[0].der, 1, jobs[0].der_len, file);
		fclose(file);
	}
	for (unsigned i = 0; i < threads; i++) {
		free(jobs[i].der);
		ms_ctx_free(jobs[i].ctx);
	}
	free(jobs);
	free(ids);
	free(data);
	return r;
}

static enum ms_nonce nonce_of(const char *name)
{
	return !strcmp(name, "random")		? MS_NONCE_RANDOM
	       : !strcmp(name, "deterministic") ? MS_NONCE_DETERMINISTIC
						: MS_NONCE_AUTO;
}

static int run(struct ms_ctx *ctx, struct ms_signer_options *options, char **args,
	       unsigned threads, unsigned count)
{
	const struct manner *manner = options->secret_userdata;
	struct ms_signer *signer = NULL;
	int r;

	options->key = args[0];
	options->secret = secret;
	r = ms_signer_open(ctx, options, &signer);
	if (r < 0)
		return fail(ctx, r);
	printf("info: type=%s hash=%s deterministic=%d subject=%s serial=%s skid=%s\n",
	       ms_signer_key_type(signer), ms_hash_name(ms_signer_hash(signer)),
	       ms_signer_is_deterministic(signer), ms_signer_subject(signer),
	       ms_signer_serial(signer), ms_signer_skid(signer));
	r = sign(ctx, signer, args[1], args[2], threads, count);
	if (manner->stop_signed)
		raise(SIGSTOP);
	ms_signer_free(signer);
	return r;
}

int main(int argc, char **argv)
{
	struct ms_ctx *ctx = ms_ctx_new();
	struct manner manner = {.ctx = ctx};
	struct ms_signer_options options = {.size = sizeof(options),
					    .secret_userdata = &manner};
	unsigned threads = 1, count = 1;
	int opt, r = 0;

	ms_ctx_set_log(ctx, log_line, NULL);
	while ((opt = getopt(argc, argv, "H:c:kn:t:r:f:sS")) != -1 && r == 0) {
		switch (opt) {
		case 'H':
			r = ms_hash_from_name(ctx, optarg, &options.hash);
			break;
		case 'c':
			options.cert = optarg;
			break;
		case 'k':
			options.use_skid = true;
			break;
		case 'n':
			options.nonce = nonce_of(optarg);
			break;
		case 't':
			threads = (unsigned)atoi(optarg);
			break;
		case 'r':
			count = (unsigned)atoi(optarg);
			break;
		case 'f':
			manner.file = optarg;
			break;
		case 's':
			manner.stop_asked = true;
			break;
		case 'S':
			manner.stop_signed = true;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 3)
		return 2;
	r = r < 0 ? fail(ctx, r) : run(ctx, &options, argv + optind, threads, count);
	ms_ctx_free(ctx);
	return r;
}
