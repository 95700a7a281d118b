/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A source: a file of whatever kind, told by its content, brought to one form.
 *
 * The certificates are copied out of the file one behind the other into source->bytes,
 * so that a source holds some kilobytes and not the sixty megabytes of an unpacked
 * kernel. While it is being filled the copies may move; the pointers to them are set
 * once, at the end. The file's own bytes are wiped, for a PEM file can hold a private
 * key beside its certificate.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/room.h"
#include "reading.h"

MS_DEFINE_CLEANUP(cleanup_hashes, struct ms_kernel_hashes *, ms_kernel_hashes_free)
MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

/* The order matters: what has the more telling magic number comes first. */
static const struct ms_image_format *const formats[] = {
	&ms_image_vmlinux, &ms_image_bzimage, &ms_image_zboot,
	&ms_image_raw,	   &ms_image_uki,     &ms_image_compressed,
};

const char *ms_cert_place_name(enum ms_cert_place place)
{
	static const char *const names[] = {
		[MS_CERT_IN_FILE] = "file",    [MS_CERT_OWN_KEY] = "own-key",
		[MS_CERT_TRUSTED] = "trusted", [MS_CERT_EXTRA] = "extra",
		[MS_CERT_REVOKED] = "revoked",
	};

	return (size_t)place < MS_ARRAY_SIZE(names) ? names[place] : "unknown";
}

struct ms_source *ms_source_free(struct ms_source *source)
{
	if (source) {
		free(source->certs);
		free(source->digests);
		free(source->release);
		ms_kernel_hashes_free(source->hashes);
		ms_buf_done(&source->bytes);
		free(source);
	}
	return NULL;
}

int ms_reading_fail(struct ms_reading *reading, int error, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return ms_fail(reading->ctx, error, "'%s': %s", reading->shown, text);
}

int ms_reading_add_cert(struct ms_reading *reading, enum ms_cert_place place,
			const uint8_t *der, size_t len)
{
	struct ms_source *source = reading->source;
	struct ms_source_cert *certs = ms_room(source->certs, source->n_certs,
					       &source->certs_room, sizeof(*certs));
	int r = ms_check_cancelled(reading->ctx);

	if (!certs)
		return ms_fail_nomem(reading->ctx);
	source->certs = certs;
	if (r < 0)
		return r;
	if (source->n_certs == MS_CERTIFICATES_MAX_COUNT)
		return ms_reading_fail(reading, -EFBIG, "more than %d certificates",
				       MS_CERTIFICATES_MAX_COUNT);
	if (ms_buf_append(&source->bytes, der, len) < 0)
		return ms_fail_nomem(reading->ctx);
	certs[source->n_certs++] = (struct ms_source_cert){ .place = place, .len = len };
	return 0;
}

int ms_reading_add_digest(struct ms_reading *reading, const uint8_t *digest, size_t len,
			  bool tbs)
{
	struct ms_source *source = reading->source;
	struct ms_source_digest *digests =
		ms_room(source->digests, source->n_digests, &source->digests_room,
			sizeof(*digests));
	int r = ms_check_cancelled(reading->ctx);

	if (!digests)
		return ms_fail_nomem(reading->ctx);
	source->digests = digests;
	if (r < 0)
		return r;
	digests += source->n_digests++;
	*digests = (struct ms_source_digest){ .len = len, .tbs = tbs };
	memcpy(digests->digest, digest, len);
	return 0;
}

static void point_to_copies(struct ms_source *source)
{
	const uint8_t *next = source->bytes.data;

	for (size_t i = 0; i < source->n_certs; i++) {
		source->certs[i].der = next;
		next += source->certs[i].len;
	}
}

bool ms_image_is_one(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(formats); i++)
		if (formats[i]->is(data, len))
			return true;
	return false;
}

int ms_image_read(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	int r;

	if (reading->depth > MS_IMAGE_MAX_DEPTH)
		return ms_reading_fail(
			reading, -EBADMSG,
			"kernel images in kernel images, more than %d deep",
			MS_IMAGE_MAX_DEPTH);
	for (size_t i = 0; i < MS_ARRAY_SIZE(formats); i++) {
		if (!formats[i]->is(data, len))
			continue;
		reading->depth++;
		r = formats[i]->read(reading, data, len);
		reading->depth--;
		return r;
	}
	return ms_reading_fail(reading, -EBADMSG, "no kernel in the image");
}

static int read_any(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	struct ms_source *source = reading->source;

	if (len == 0)
		return ms_reading_fail(reading, -EBADMSG, "the file is empty");
	if (ms_image_is_one(data, len)) {
		source->kind = MS_SOURCE_KERNEL;
		return ms_image_read(reading, data, len);
	}
	if (len > MS_CERTIFICATES_MAX_SIZE)
		return ms_reading_fail(reading, -EFBIG,
				       "no kernel image, and too large for certificates");
	if (ms_efilist_is_one(data, len)) {
		source->kind = MS_SOURCE_EFI_LIST;
		return ms_efilist_read(reading, data, len);
	}
	source->kind = MS_SOURCE_CERTIFICATES;
	if (ms_der_sequence_size(data, len) > 0)
		return ms_certfile_read_der(reading, data, len);
	if (ms_certfile_is_pem(data, len))
		return ms_certfile_read_pem(reading, data, len);
	if (data[0] == 0x30)
		return ms_reading_fail(reading, -EBADMSG, "no certificate at offset 0");
	return ms_reading_fail(reading, -EBADMSG,
			       "no kernel image, certificate or EFI signature list");
}

static int parse(struct ms_reading *reading, const uint8_t *data, size_t len,
		 struct ms_source **ret)
{
	_cleanup_(cleanup_source) struct ms_source *source = calloc(1, sizeof(*source));
	int r;

	if (!source)
		return ms_fail_nomem(reading->ctx);
	reading->source = source;
	r = read_any(reading, data, len);
	if (r < 0)
		return r;
	point_to_copies(source);
	*ret = ms_steal(&source);
	return 0;
}

int ms_source_parse_bounded(struct ms_ctx *ctx, const uint8_t *data, size_t len,
			    const char *shown, uint64_t max_size, struct ms_source **ret)
{
	struct ms_reading reading = {
		.ctx = ctx,
		.shown = shown,
		.max_size = max_size,
	};

	return parse(&reading, data, len, ret);
}

int ms_source_parse(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		    const char *shown, struct ms_source **ret)
{
	return ms_source_parse_bounded(ctx, data, len, shown, MS_IMAGE_MAX_SIZE, ret);
}

int ms_source_open(struct ms_ctx *ctx, const char *path, struct ms_source **ret)
{
	_cleanup_(ms_buf_wipe) struct ms_buf file = { 0 };
	int r = ms_file_read(ctx, path, MS_IMAGE_MAX_SIZE, &file);

	return r < 0 ? r : ms_source_parse(ctx, file.data, file.len, path, ret);
}

int ms_source_open_kernel(struct ms_ctx *ctx, const char *path, struct ms_source **ret)
{
	_cleanup_(cleanup_hashes) struct ms_kernel_hashes *hashes = NULL;
	_cleanup_(ms_buf_wipe) struct ms_buf file = { 0 };
	struct ms_reading reading = {
		.ctx = ctx,
		.shown = path,
		.max_size = MS_IMAGE_MAX_SIZE,
		.hashes = &hashes,
	};
	int r = ms_file_read(ctx, path, MS_IMAGE_MAX_SIZE, &file);

	r = r < 0 ? r : parse(&reading, file.data, file.len, ret);
	if (r == 0)
		(*ret)->hashes = ms_steal(&hashes);
	return r;
}
