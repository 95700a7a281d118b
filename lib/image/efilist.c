/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * EFI signature lists (UEFI specification, 32.4.1), little-endian, any number of
 *
 *	type, 16 (a GUID); size of the list, 4; size of its header, 4; of a signature, 4
 *	header
 *	signatures, all of the same size: owner, 16 (a GUID); data
 *
 * A file of efivarfs has four bytes of attributes before them. Types:
 *
 *	EFI_CERT_X509            a certificate
 *	EFI_CERT_SHA256          the digest of a file
 *	EFI_CERT_X509_SHA256...  the digest of a certificate's TBS part; a time, 16
 *
 * What the kernel makes of them: security/integrity/platform_certs/keyring_handler.c. It
 * passes over all other types, and so does this. It also takes the time of revocation as
 * part of the digest, so that such an entry never matches anything, and passes over the
 * SHA-384 and SHA-512 ones; here they revoke what the specification says they revoke.
 */

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../base/cursor.h"
#include "reading.h"

enum {
	GUID_SIZE = 16,
	LIST_HEADER = 28,
	ATTRIBUTES_SIZE = 4,
	TIME_SIZE = 16,
};

enum kind {
	KIND_OTHER = 0,
	KIND_X509,
	KIND_DATA_DIGEST,
	KIND_TBS_DIGEST,
};

static const struct type {
	uint8_t guid[GUID_SIZE]; /* the first three fields are little-endian */
	enum kind kind;
	size_t digest_size;
	const char *name;
	/* clang-format off: a GUID is easier to compare in two rows */
} types[] = {
	{ { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c,
	    0x2b, 0xf0, 0x72 },
	  KIND_X509,
	  0,
	  "X509" },
	{ { 0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36,
	    0x93, 0x43, 0x28 },
	  KIND_DATA_DIGEST,
	  32,
	  "SHA256" },
	{ { 0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40, 0xb4, 0x20, 0xfc, 0xf9, 0x8e,
	    0xf1, 0x03, 0xed },
	  KIND_TBS_DIGEST,
	  32,
	  "X509_SHA256" },
	{ { 0x6e, 0x87, 0x76, 0x70, 0xc2, 0x80, 0xe6, 0x4e, 0xaa, 0xd2, 0x28, 0xb3, 0x49,
	    0xa6, 0x86, 0x5b },
	  KIND_TBS_DIGEST,
	  48,
	  "X509_SHA384" },
	{ { 0x63, 0xbf, 0x6d, 0x44, 0x02, 0x25, 0xda, 0x4c, 0xbc, 0xfa, 0x24, 0x65, 0xd2,
	    0xb0, 0xfe, 0x9d },
	  KIND_TBS_DIGEST,
	  64,
	  "X509_SHA512" },
	{ { 0xe8, 0x66, 0x57, 0x3c, 0x9c, 0x26, 0x34, 0x4e, 0xaa, 0x14, 0xed, 0x77, 0x6e,
	    0x85, 0xb3, 0xb6 },
	  KIND_OTHER,
	  0,
	  "RSA2048" },
	{ { 0x90, 0x61, 0xb3, 0xe2, 0x9b, 0x87, 0x3d, 0x4a, 0xad, 0x8d, 0xf2, 0xe7, 0xbb,
	    0xa3, 0x27, 0x84 },
	  KIND_OTHER,
	  0,
	  "RSA2048_SHA256" },
	{ { 0x12, 0xa5, 0x6c, 0x82, 0x10, 0xcf, 0xc9, 0x4a, 0xb1, 0x87, 0xbe, 0x01, 0x49,
	    0x66, 0x31, 0xbd },
	  KIND_OTHER,
	  0,
	  "SHA1" },
	{ { 0x4f, 0x44, 0xf8, 0x67, 0x43, 0x87, 0xf1, 0x48, 0xa3, 0x28, 0x1e, 0xaa, 0xb8,
	    0x73, 0x60, 0x80 },
	  KIND_OTHER,
	  0,
	  "RSA2048_SHA1" },
	{ { 0x33, 0x52, 0x6e, 0x0b, 0x5c, 0xa6, 0xc9, 0x44, 0x94, 0x07, 0xd9, 0xab, 0x83,
	    0xbf, 0xc8, 0xbd },
	  KIND_OTHER,
	  0,
	  "SHA224" },
	{ { 0x07, 0x53, 0x3e, 0xff, 0xd0, 0x9f, 0xc9, 0x48, 0x85, 0xf1, 0x8a, 0xd5, 0x6c,
	    0x70, 0x1e, 0x01 },
	  KIND_OTHER,
	  0,
	  "SHA384" },
	{ { 0xae, 0x0f, 0x3e, 0x09, 0xc4, 0xa6, 0x50, 0x4f, 0x9f, 0x1b, 0xd4, 0x1e, 0x2b,
	    0x89, 0xc1, 0x9a },
	  KIND_OTHER,
	  0,
	  "SHA512" },
	{ { 0x9d, 0xd2, 0xaf, 0x4a, 0xdf, 0x68, 0xee, 0x49, 0x8a, 0xa9, 0x34, 0x7d, 0x37,
	    0x56, 0x65, 0xa7 },
	  KIND_OTHER,
	  0,
	  "PKCS7" },
	/* clang-format on */
};

static const struct type *find_type(const uint8_t *guid)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (memcmp(guid, types[i].guid, GUID_SIZE) == 0)
			return &types[i];
	return NULL;
}

/* Where the lists begin: at 0, or behind the attributes; false: there are none. */
static bool find_start(const uint8_t *data, size_t len, size_t *ret)
{
	for (size_t at = 0; at <= ATTRIBUTES_SIZE; at += ATTRIBUTES_SIZE) {
		if (len < at || len - at < LIST_HEADER || !find_type(data + at))
			continue;
		*ret = at;
		return true;
	}
	return false;
}

bool ms_efilist_is_one(const uint8_t *data, size_t len)
{
	size_t start;

	return find_start(data, len, &start);
}

static int add_entry(struct ms_reading *reading, const struct type *type,
		     const uint8_t *data, size_t len, size_t at)
{
	if (type->kind == KIND_X509) {
		if (ms_der_sequence_size(data, len) != len ||
		    !ms_der_may_be_certificate(data, len))
			return ms_reading_fail(reading, -EBADMSG,
					       "no certificate at offset %zu", at);
		return ms_reading_add_cert(reading, MS_CERT_IN_FILE, data, len);
	}
	if (len != type->digest_size &&
	    !(type->kind == KIND_TBS_DIGEST && len == type->digest_size + TIME_SIZE))
		return ms_reading_fail(reading, -EBADMSG,
				       "an entry %s of %zu bytes at offset %zu",
				       type->name, len, at);
	return ms_reading_add_digest(reading, data, type->digest_size,
				     type->kind == KIND_TBS_DIGEST);
}

static int read_entries(struct ms_reading *reading, const struct type *type,
			struct ms_cursor *entries, size_t size, size_t at)
{
	int r = 0;

	while (r == 0 && ms_cur_left(entries) > 0) {
		const uint8_t *data;

		if (ms_cur_skip(entries, GUID_SIZE) < 0 ||
		    ms_cur_bytes(entries, size - GUID_SIZE, &data) < 0)
			return ms_reading_fail(
				reading, -EBADMSG,
				"an EFI list at offset %zu with part of an entry", at);
		r = add_entry(reading, type, data, size - GUID_SIZE, at + GUID_SIZE);
		at += size;
	}
	return r;
}

/* One list, with the cursor at its start. */
static int read_list(struct ms_reading *reading, struct ms_cursor *c, size_t at)
{
	struct ms_cursor list;
	const struct type *type;
	const uint8_t *guid;
	uint32_t list_size, header_size, size;

	if (ms_cur_bytes(c, GUID_SIZE, &guid) < 0 || ms_cur_le32(c, &list_size) < 0 ||
	    ms_cur_le32(c, &header_size) < 0 || ms_cur_le32(c, &size) < 0 ||
	    list_size < LIST_HEADER ||
	    ms_cur_sub(c, list_size - LIST_HEADER, &list) < 0 ||
	    ms_cur_skip(&list, header_size) < 0 || size <= GUID_SIZE ||
	    ms_cur_left(&list) < size)
		return ms_reading_fail(reading, -EBADMSG,
				       "a broken EFI list at offset %zu", at);
	type = find_type(guid);
	if (!type || type->kind == KIND_OTHER) {
		ms_info(reading->ctx,
			"'%s': the EFI list at offset %zu is of a type that kernels pass "
			"over",
			reading->shown, at);
		return 0;
	}
	return read_entries(reading, type, &list, size, at + LIST_HEADER + header_size);
}

int ms_efilist_read(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len);
	size_t start;
	int r = find_start(data, len, &start) ? ms_cur_seek(&c, start) : -EBADMSG;

	while (r == 0 && ms_cur_left(&c) > 0) {
		r = read_list(reading, &c, len - ms_cur_left(&c));
		r = r < 0 ? r : ms_check_cancelled(reading->ctx);
	}
	return r;
}
