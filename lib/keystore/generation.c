/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One generation, read from its directory. Everything that is wrong is told, not only the
 * first; whole is a generation that can be signed with: its certificate is one that a
 * kernel reads, its key is there and has that certificate, and khash names a digest.
 *
 * Links are not followed: a part of a generation that lies elsewhere would not be
 * removed, copied or protected with it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/secret.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "../image/image.h"
#include "store.h"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

struct reader {
	struct ms_ctx *ctx;
	struct ms_store_entry *entry;
	int fd; /* of the directory */
	uid_t owner; /* of the store */
};

void ms_generation_done(struct ms_store_entry *entry)
{
	free(entry->name);
	free(entry->path);
	free(entry->key);
	free(entry->cert);
	free(entry->trusted);
	ms_cert_list_free(entry->certs);
	ms_cert_free(entry->parsed);
	ms_faults_done(&entry->faults);
	*entry = (struct ms_store_entry){ 0 };
}

/* A fault that the context tells of. */
static int fault_of_ctx(struct reader *reader)
{
	int r = ms_faults_add(&reader->entry->faults, NULL, "%s",
			      ms_ctx_message(reader->ctx));

	ms_fail_clear(reader->ctx);
	return r;
}

/* Is a regular file there? 1, or 0 with a fault where it is not. */
static int look_for(struct reader *reader, const char *name, struct stat *ret)
{
	struct ms_store_entry *entry = reader->entry;
	struct stat st;
	int r;

	if (fstatat(reader->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = ms_faults_add(&entry->faults, NULL, "'%s/%s' %s", entry->path, name,
				  errno == ENOENT ? "is missing" : "cannot be looked at");
	else if (!S_ISREG(st.st_mode))
		r = ms_faults_add(&entry->faults, NULL, "'%s/%s' is no regular file",
				  entry->path, name);
	else
		r = 1;
	if (r == 1)
		*ret = st;
	return r;
}

/* Reads a part whole: 1, or 0 with a fault. */
static int read_part(struct reader *reader, const char *name, struct ms_buf *ret)
{
	_cleanup_free_ char *path = ms_format("%s/%s", reader->entry->path, name);
	struct stat st;
	int r;

	if (!path)
		return -ENOMEM;
	r = look_for(reader, name, &st);
	if (r != 1)
		return r;
	r = ms_file_read_at(reader->ctx, reader->fd, name, path, true, MS_STORE_FILE_MAX,
			    ret, NULL);
	if (r == -ENOMEM)
		return r;
	return r < 0 ? fault_of_ctx(reader) : 1;
}

/* A part that is one line of text; *@ret NULL with a fault where it is not. */
static int read_line(struct reader *reader, const char *name, char **ret)
{
	_cleanup_(ms_buf_wipe) struct ms_buf text = { 0 };
	int r = read_part(reader, name, &text);

	*ret = NULL;
	if (r != 1)
		return r;
	while (text.len > 0 && strchr("\n\r\t ", text.data[text.len - 1]))
		text.len--;
	if (text.len == 0 || memchr(text.data, '\0', text.len) ||
	    memchr(text.data, '\n', text.len))
		return ms_faults_add(&reader->entry->faults, NULL,
				     "'%s/%s' is not one line of text",
				     reader->entry->path, name);
	*ret = strndup((const char *)text.data, text.len);
	return *ret ? 0 : -ENOMEM;
}

/* A copy is younger than the key, never older. */
static void note_date(struct reader *reader, const struct stat *st)
{
	if (st->st_mtime < reader->entry->face.made)
		reader->entry->face.made = st->st_mtime;
}

/* The certificate, as people and as the kernel read it: 1, or 0 with a fault. */
static int read_cert(struct reader *reader)
{
	struct ms_store_entry *entry = reader->entry;
	struct ms_rules rules = ms_rules_default();
	struct stat st;
	int r = look_for(reader, MS_STORE_CRT, &st);

	if (r != 1)
		return r;
	note_date(reader, &st);
	r = ms_cert_list_read(reader->ctx, entry->cert, &entry->certs);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return fault_of_ctx(reader);
	if (entry->certs->count != 1)
		return ms_faults_add(&entry->faults, NULL,
				     "'%s' holds %zu certificates", entry->cert,
				     entry->certs->count);
	entry->face.info = &entry->certs->certs[0];
	entry->face.type = entry->face.info->key_type;
	r = ms_cert_parse(reader->ctx, &rules, entry->face.info->der,
			  entry->face.info->der_len, &entry->parsed);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ms_fail_prefix(reader->ctx, r, "'%s'", entry->cert);
		return fault_of_ctx(reader);
	}
	if (!entry->face.info->kernel_can_use)
		return ms_faults_add(&entry->faults, NULL,
				     "'%s': the kernel cannot use a key of this kind",
				     entry->cert);
	return 1;
}

/* To free(), or NULL. */
static char *chmod_hint(const char *mode, const char *dir, const char *name)
{
	_cleanup_free_ char *path = ms_format("%s/%s", dir, name);
	_cleanup_free_ char *word = path ? ms_shell_format("%s", path) : NULL;

	return word ? ms_format("chmod %s %s", mode, word) : NULL;
}

/* Whoever can read a private key can sign with it. */
static int check_mode(struct reader *reader, const char *name, const struct stat *st)
{
	struct ms_store_entry *entry = reader->entry;

	if (st->st_mode & 077)
		return ms_faults_add(&entry->faults, chmod_hint("600", entry->path, name),
				     "'%s/%s' is open to others (mode %04o)", entry->path,
				     name, (unsigned)st->st_mode & 07777);
	if (st->st_uid != reader->owner)
		return ms_faults_add(&entry->faults, NULL,
				     "'%s/%s' belongs to another user than the store",
				     entry->path, name);
	return 0;
}

/* Does the file hold the generation's certificate? 1, or 0 with a fault. */
static int check_has_cert(struct reader *reader, const char *name,
			  const struct ms_buf *content)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	struct ms_store_entry *entry = reader->entry;
	int r = ms_source_parse(reader->ctx, content->data, content->len, name, &source);

	if (r == -ENOMEM)
		return r;
	ms_fail_clear(reader->ctx);
	for (size_t i = 0; r == 0 && i < source->n_certs; i++)
		if (source->certs[i].len == entry->face.info->der_len &&
		    !memcmp(source->certs[i].der, entry->face.info->der,
			    entry->face.info->der_len))
			return 1;
	return ms_faults_add(&entry->faults, NULL,
			     "'%s/%s' does not hold the certificate of %s", entry->path,
			     name, MS_STORE_CRT);
}

/* PKCS#8 says it in the block's name, the traditional form in a header (RFC 1421). */
static bool is_encrypted(const struct ms_buf *content)
{
	return memmem(content->data, content->len, "BEGIN ENCRYPTED ", 16) ||
	       memmem(content->data, content->len, ",ENCRYPTED", 10);
}

/* A file with the private key, and @with_cert the certificate: 1, or 0 with a fault. */
static int check_key_file(struct reader *reader, const char *name, bool with_cert)
{
	_cleanup_(ms_buf_wipe) struct ms_buf content = { 0 };
	struct ms_store_entry *entry = reader->entry;
	struct stat st;
	int r = look_for(reader, name, &st);

	if (r != 1)
		return r;
	r = check_mode(reader, name, &st);
	if (r < 0)
		return r;
	r = read_part(reader, name, &content);
	if (r != 1)
		return r;
	if (!content.len || !memmem(content.data, content.len, "PRIVATE KEY-----", 16))
		return ms_faults_add(&entry->faults, NULL,
				     "'%s/%s' holds no private key in PEM", entry->path,
				     name);
	note_date(reader, &st);
	entry->face.encrypted |= is_encrypted(&content);
	return with_cert ? check_has_cert(reader, name, &content) : 1;
}

/* A key in files: 1, or 0 with a fault. */
static int read_key_files(struct reader *reader)
{
	struct ms_store_entry *entry = reader->entry;
	int r = check_key_file(reader, MS_STORE_KEY, entry->face.info != NULL);
	bool usable = r == 1;

	if (r < 0)
		return r;
	r = check_key_file(reader, MS_STORE_PRV, false);
	if (r < 0)
		return r;
	if (!usable)
		return 0;
	entry->key = ms_format("%s/" MS_STORE_KEY, entry->path);
	entry->trusted = ms_format("%s/" MS_STORE_KEY, entry->path);
	return entry->key && entry->trusted ? 1 : -ENOMEM;
}

/* A key in a token: 1, or 0 with a fault. */
static int read_key_uri(struct reader *reader)
{
	struct ms_store_entry *entry = reader->entry;
	struct stat st;
	int r = read_line(reader, MS_STORE_URI, &entry->key);

	entry->face.in_token = true;
	if (r < 0 || !entry->key)
		return r;
	if (ms_holds_pin(entry->key)) {
		free(ms_steal(&entry->key));
		return ms_faults_add(&entry->faults, NULL,
				     "'%s/%s' holds a PIN: put pin-source=FILE in "
				     "pin-value's place",
				     entry->path, MS_STORE_URI);
	}
	if (!ms_is_pkcs11(entry->key))
		return ms_faults_add(&entry->faults, NULL, "'%s/%s' is no pkcs11: URI",
				     entry->path, MS_STORE_URI);
	r = look_for(reader, MS_STORE_PEM, &st);
	if (r != 1)
		return r;
	entry->trusted = ms_format("%s/" MS_STORE_PEM, entry->path);
	return entry->trusted ? 1 : -ENOMEM;
}

static int read_key(struct reader *reader)
{
	if (faccessat(reader->fd, MS_STORE_URI, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return read_key_uri(reader);
	return read_key_files(reader);
}

/* What khash says: 1, or 0 with a fault. */
static int read_hash(struct reader *reader)
{
	_cleanup_free_ char *text = NULL;
	int r = read_line(reader, MS_STORE_HASH, &text);

	if (r < 0 || !text)
		return r;
	if (ms_hash_from_name(reader->ctx, text, &reader->entry->face.hash) == 0)
		return 1;
	ms_fail_prefix(reader->ctx, -EINVAL, "'%s/%s'", reader->entry->path,
		       MS_STORE_HASH);
	return fault_of_ctx(reader);
}

/* ktype informs; the certificate knows. But they should agree. */
static int read_type(struct reader *reader)
{
	const char *kind = ms_store_kind(reader->entry->face.type);
	_cleanup_free_ char *text = NULL;
	int r = read_line(reader, MS_STORE_TYPE, &text);

	if (r < 0 || !text || !kind || ms_store_same_kind(text, kind))
		return r;
	return ms_faults_add(&reader->entry->faults, NULL,
			     "'%s/%s' says '%s', but the certificate's key is %s",
			     reader->entry->path, MS_STORE_TYPE, text,
			     reader->entry->face.type);
}

static int read_parts(struct reader *reader)
{
	struct ms_store_entry *entry = reader->entry;
	int cert, key, hash, r;

	/* not later than at the end of the minute that the name says */
	entry->face.made = ms_generation_name_time(&entry->id) + 59;
	cert = read_cert(reader);
	key = cert < 0 ? cert : read_key(reader);
	hash = key < 0 ? key : read_hash(reader);
	r = hash < 0 ? hash : read_type(reader);
	entry->face.whole = cert == 1 && key == 1 && hash == 1;
	return r < 0 ? r : 0;
}

static void show_face(struct ms_store_entry *entry)
{
	entry->face.name = entry->name;
	entry->face.path = entry->path;
	entry->face.key = entry->key;
	entry->face.cert = entry->cert;
	entry->face.trusted = entry->trusted;
	entry->face.faults = (const char *const *)entry->faults.texts;
	entry->face.hints = (const char *const *)entry->faults.hints;
	entry->face.n_faults = entry->faults.n;
}

/* Opens the directory; *@ret_fd -1 with a fault where there is none. */
static int open_directory(const struct ms_keystore *store, struct ms_store_entry *entry,
			  int *ret_fd)
{
	int fd = openat(store->fd, entry->name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	*ret_fd = fd;
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return ms_faults_add(&entry->faults, NULL, "'%s' is no directory that can "
				     "be opened: %s", entry->path, strerror(errno));
	if (fstat(fd, &st) == 0 && (st.st_mode & 022))
		return ms_faults_add(&entry->faults,
				     ms_shell_format("chmod 700 %s", entry->path),
				     "'%s' can be changed by others (mode %04o)",
				     entry->path, (unsigned)st.st_mode & 07777);
	return 0;
}

int ms_generation_read(struct ms_ctx *ctx, const struct ms_keystore *store,
		       struct ms_store_entry *entry)
{
	_cleanup_fd_ int fd = -1;
	struct reader reader = { .ctx = ctx, .entry = entry };
	struct stat st;
	int r;

	entry->cert = ms_format("%s/" MS_STORE_CRT, entry->path);
	if (!entry->cert)
		return -ENOMEM;
	r = open_directory(store, entry, &fd);
	if (r < 0)
		return r;
	if (fd >= 0) {
		reader.fd = fd;
		reader.owner = fstat(store->fd, &st) == 0 ? st.st_uid : 0;
		r = read_parts(&reader);
	}
	if (r < 0)
		return r;
	show_face(entry);
	return 0;
}
