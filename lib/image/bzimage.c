/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * x86's bzImage (Documentation/arch/x86/boot.rst), little-endian:
 *
 *	0x1f1  setup_sects, 1      sectors of setup behind the boot sector; 0 means 4
 *	0x1fe  boot_flag, 2        0xaa55
 *	0x202  header, 4           "HdrS"
 *	0x206  version, 2          2.08 and later know of the payload
 *	0x20e  kernel_version, 2   + 0x200: "RELEASE (builder) ...", NUL; 0: none
 *	0x248  payload_offset, 4   from the end of setup on
 *	0x24c  payload_length, 4
 */

#include <errno.h>
#include <string.h>

#include "../base/cursor.h"
#include "unpack.h"
#include "vmlinux.h"

enum {
	SECTOR = 512,
	SETUP_SECTS = 0x1f1,
	DEFAULT_SETUP_SECTS = 4,
	BOOT_FLAG = 0x1fe,
	HEADER = 0x202,
	VERSION = 0x206,
	VERSION_WITH_PAYLOAD = 0x0208,
	KERNEL_VERSION = 0x20e,
	PAYLOAD_OFFSET = 0x248,
	HEADER_END = 0x250,
};

static bool is_bzimage(const uint8_t *data, size_t len)
{
	return len >= HEADER_END && data[BOOT_FLAG] == 0x55 &&
	       data[BOOT_FLAG + 1] == 0xaa && memcmp(data + HEADER, "HdrS", 4) == 0;
}

/* The release that the setup code prints. */
static int read_release(struct ms_reading *reading, struct ms_cursor c)
{
	uint16_t offset;
	const uint8_t *text, *end;
	size_t left;

	if (ms_cur_seek(&c, KERNEL_VERSION) < 0 || ms_cur_le16(&c, &offset) < 0 ||
	    offset == 0 || ms_cur_seek(&c, offset + (size_t)SECTOR) < 0)
		return 0;
	left = ms_cur_left(&c);
	if (ms_cur_bytes(&c, left, &text) < 0)
		return 0;
	end = left ? memchr(text, '\0', left) : NULL;
	return end ? ms_kernel_set_release(reading, (const char *)text,
					   (size_t)(end - text))
		   : 0;
}

static int find_payload(struct ms_reading *reading, struct ms_cursor c,
			struct ms_cursor *ret)
{
	uint8_t sectors;
	uint16_t version;
	uint32_t offset, length;

	if (ms_cur_seek(&c, SETUP_SECTS) < 0 || ms_cur_u8(&c, &sectors) < 0 ||
	    ms_cur_seek(&c, VERSION) < 0 || ms_cur_le16(&c, &version) < 0 ||
	    ms_cur_seek(&c, PAYLOAD_OFFSET) < 0 || ms_cur_le32(&c, &offset) < 0 ||
	    ms_cur_le32(&c, &length) < 0)
		return ms_reading_fail(reading, -EBADMSG, "the bzImage is cut off");
	if (version < VERSION_WITH_PAYLOAD)
		return ms_reading_fail(
			reading, -EBADMSG,
			"a bzImage of boot protocol %u.%02u, from before Linux "
			"2.6.26",
			version >> 8, version & 0xff);
	if (sectors == 0)
		sectors = DEFAULT_SETUP_SECTS;
	if (ms_cur_seek(&c, (sectors + 1u) * (size_t)SECTOR) < 0 ||
	    ms_cur_skip(&c, offset) < 0 || ms_cur_sub(&c, length, ret) < 0)
		return ms_reading_fail(reading, -EBADMSG,
				       "the bzImage ends before its payload does");
	return 0;
}

static int read_bzimage(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len), payload;
	const struct ms_unpacker *unpacker;
	const uint8_t *bytes;
	size_t size;
	int r = read_release(reading, c);

	r = r < 0 ? r : find_payload(reading, c, &payload);
	if (r < 0)
		return r;
	size = ms_cur_left(&payload);
	r = ms_cur_bytes(&payload, size, &bytes);
	if (r < 0)
		return r;
	unpacker = ms_unpack_find(bytes, size);
	if (unpacker)
		return ms_unpack_and_read(reading, unpacker, bytes, size, true);
	if (ms_image_vmlinux.is(bytes, size))
		return ms_image_read(reading, bytes, size);
	return ms_reading_fail(reading, -EBADMSG,
			       "the bzImage's payload is packed in no known way");
}

const struct ms_image_format ms_image_bzimage = {
	.name = "bzImage",
	.is = is_bzimage,
	.read = read_bzimage,
};
