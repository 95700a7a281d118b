/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Kernels in PE files, little-endian.
 *
 * EFI zboot (drivers/firmware/efi/libstub/zboot-header.S):
 *
 *	0   "MZ", 0, 0
 *	4   "zimg"
 *	8   payload offset, 4
 *	12  payload size, 4        without the appended unpacked size
 *	24  compression, a string of at most 32 bytes
 *
 * UKI (the UAPI group's specification): a PE file with the kernel in a section ".linux":
 *
 *	0x3c  offset of the PE header, 4
 *	PE header: "PE\0\0"; machine, 2; number of sections, 2; 12 bytes; size of the
 *	    optional header, 2; 2
 *	sections, 40 bytes each, behind the optional header:
 *	    name, 8; virtual size, 4; 4; raw size, 4; raw offset, 4; 16
 */

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cursor.h"
#include "unpack.h"

enum {
	ZBOOT_PAYLOAD = 8,
	ZBOOT_COMPRESSION = 24,
	ZBOOT_COMPRESSION_LEN = 32,
	ZBOOT_HEADER = 64,
	PE_OFFSET = 0x3c,
};

/* Names that the build has given them; Linux 6.1 took the Makefile's for xz and zstd. */
static const struct {
	const char *name;
	const char *unpacker;
} zboot_names[] = {
	{ "gzip", "gzip" }, { "bzip2", "bzip2" }, { "lzma", "lzma" },
	{ "lzo", "lzo" },   { "lz4", "lz4" },	  { "xz", "xz" },
	{ "xzkern", "xz" }, { "zstd", "zstd" },	  { "zstd22", "zstd" },
};

static bool is_mz(const uint8_t *data, size_t len)
{
	return len >= ZBOOT_HEADER && data[0] == 'M' && data[1] == 'Z';
}

static bool is_zboot(const uint8_t *data, size_t len)
{
	return is_mz(data, len) && memcmp(data + 4, "zimg", 4) == 0;
}

/* The unpacker of that name, if the bytes are packed so. */
static const struct ms_unpacker *named_unpacker(const char *name, const uint8_t *data,
						size_t len)
{
	const struct ms_unpacker *found = ms_unpack_find(data, len);

	for (size_t i = 0; found && i < MS_ARRAY_SIZE(zboot_names); i++)
		if (strncmp(name, zboot_names[i].name, ZBOOT_COMPRESSION_LEN) == 0)
			return strcmp(found->name, zboot_names[i].unpacker) == 0 ? found
										 : NULL;
	return NULL;
}

static int read_zboot(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len);
	const struct ms_unpacker *unpacker;
	const uint8_t *payload, *name;
	uint32_t offset, size;

	if (ms_cur_skip(&c, ZBOOT_PAYLOAD) < 0 || ms_cur_le32(&c, &offset) < 0 ||
	    ms_cur_le32(&c, &size) < 0 || ms_cur_seek(&c, ZBOOT_COMPRESSION) < 0 ||
	    ms_cur_bytes(&c, ZBOOT_COMPRESSION_LEN, &name) < 0 ||
	    ms_cur_seek(&c, offset) < 0 || ms_cur_bytes(&c, size, &payload) < 0)
		return ms_reading_fail(
			reading, -EBADMSG,
			"the EFI zboot image ends before its payload does");
	unpacker = named_unpacker((const char *)name, payload, size);
	if (!unpacker)
		return ms_reading_fail(
			reading, -EBADMSG,
			"the EFI zboot image's payload is not packed as it says");
	return ms_unpack_and_read(reading, unpacker, payload, size, false);
}

/* Goes to the section headers. */
static int find_sections(struct ms_cursor *c, uint16_t *ret_n)
{
	const uint8_t *magic;
	uint32_t offset;
	uint16_t optional_size;

	if (ms_cur_seek(c, PE_OFFSET) < 0 || ms_cur_le32(c, &offset) < 0 ||
	    ms_cur_seek(c, offset) < 0 || ms_cur_bytes(c, 4, &magic) < 0 ||
	    memcmp(magic, "PE\0\0", 4) != 0 || ms_cur_skip(c, 2) < 0 ||
	    ms_cur_le16(c, ret_n) < 0 || ms_cur_skip(c, 12) < 0 ||
	    ms_cur_le16(c, &optional_size) < 0 || ms_cur_skip(c, 2) < 0)
		return -EBADMSG;
	return ms_cur_skip(c, optional_size);
}

/* A PE file; whether there is a kernel in it is seen when it is read. */
static bool is_pe(const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len);
	uint16_t n;

	return is_mz(data, len) && find_sections(&c, &n) == 0;
}

/* The section that is next, if it is the kernel: 1; 0 another one. */
static int read_section(struct ms_cursor *c, struct ms_cursor *ret)
{
	struct ms_cursor file = *c;
	const uint8_t *name;
	uint32_t virtual_size, raw_size, raw_offset;

	if (ms_cur_bytes(c, 8, &name) < 0 || ms_cur_le32(c, &virtual_size) < 0 ||
	    ms_cur_skip(c, 4) < 0 || ms_cur_le32(c, &raw_size) < 0 ||
	    ms_cur_le32(c, &raw_offset) < 0 || ms_cur_skip(c, 16) < 0)
		return -EBADMSG;
	if (memcmp(name, ".linux\0\0", 8) != 0)
		return 0;
	/* the raw size is rounded up to the file's alignment */
	if (virtual_size > 0 && virtual_size < raw_size)
		raw_size = virtual_size;
	if (ms_cur_seek(&file, raw_offset) < 0 || ms_cur_sub(&file, raw_size, ret) < 0)
		return -EBADMSG;
	return 1;
}

static int read_uki(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len), kernel, section;
	const uint8_t *bytes;
	uint16_t n;
	int found = 0, r = find_sections(&c, &n);

	for (unsigned i = 0; r >= 0 && i < n; i++) {
		r = read_section(&c, &section);
		if (r > 0 && found++ == 0)
			kernel = section;
	}
	if (r < 0)
		return ms_reading_fail(reading, -EBADMSG, "the PE file is cut off");
	if (found == 0)
		return ms_reading_fail(
			reading, -EBADMSG,
			"a PE file without a kernel in it: no section .linux");
	if (found > 1)
		return ms_reading_fail(reading, -EBADMSG,
				       "a PE file with several kernels in it");
	len = ms_cur_left(&kernel);
	r = ms_cur_bytes(&kernel, len, &bytes);
	return r < 0 ? r : ms_image_read(reading, bytes, len);
}

const struct ms_image_format ms_image_zboot = {
	.name = "EFI zboot",
	.is = is_zboot,
	.read = read_zboot,
};

const struct ms_image_format ms_image_uki = {
	.name = "UKI",
	.is = is_pe,
	.read = read_uki,
};
