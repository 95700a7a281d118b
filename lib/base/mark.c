/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A recovery may come after a reboot, when device numbers are others. What stays is the
 * file system's own id (of ext4, btrfs and others it comes from their UUID) and the time
 * at which the directory was born. Where there is no id the device number stands for it:
 * a directory is then not known again after the device got another number. That is the
 * cheaper mistake: a recovery that is refused can be had later, one that takes a strange
 * directory for the right one cannot be taken back.
 *
 * Of a file it tells the very one from a copy of it: whoever copies, unpacks or restores
 * a file can choose neither the number nor the birth of what he makes. The number is
 * given to the next file as soon as one is removed, but that one is born later.
 */

#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static uint64_t file_system_of(int fd, const struct stat *st)
{
	struct statfs fs;
	uint64_t id = 0;

	_Static_assert(sizeof(fs.f_fsid) == sizeof(id), "a file system's id has 64 bits");
	if (fstatfs(fd, &fs) == 0)
		memcpy(&id, &fs.f_fsid, sizeof(id));
	return id ? id : (uint64_t)st->st_dev;
}

int ms_mark_look(int fd, const char *name, struct statx *ret)
{
	return statx(fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
		     STATX_BASIC_STATS | STATX_BTIME, ret) < 0
		       ? -errno
		       : 0;
}

uint64_t ms_mark_birth(const struct statx *stx)
{
	if (!(stx->stx_mask & STATX_BTIME))
		return 0;
	return (uint64_t)stx->stx_btime.tv_sec * 1000000000u + stx->stx_btime.tv_nsec;
}

uint64_t ms_mark_mount(int fd)
{
	struct statx stx = { 0 }; /* qemu-user says that it told the number and does not */

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 ||
	    !(stx.stx_mask & STATX_MNT_ID))
		return 0;
	return stx.stx_mnt_id;
}

static uint64_t birth_of(int fd)
{
	struct statx stx;

	return ms_mark_look(fd, "", &stx) < 0 ? 0 : ms_mark_birth(&stx);
}

struct ms_mark ms_mark_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return (struct ms_mark){ 0 };
	return (struct ms_mark){
		.inode = st.st_ino,
		.file_system = file_system_of(fd, &st),
		.birth = birth_of(fd),
	};
}

bool ms_mark_fits(int fd, const struct ms_mark *mark)
{
	const struct ms_mark now = ms_mark_of(fd);

	return mark->file_system && now.inode == mark->inode &&
	       now.file_system == mark->file_system && now.birth == mark->birth;
}

bool ms_mark_is_home(int fd, const struct ms_mark *mark)
{
	const struct ms_mark now = ms_mark_of(fd);

	return now.file_system && now.inode == mark->inode && now.birth == mark->birth;
}

int ms_mark_append(struct ms_buf *text, const struct ms_mark *mark)
{
	int r = ms_buf_printf(text, "%" PRIu64, mark->inode);

	if (r < 0 || !mark->file_system)
		return r;
	return ms_buf_printf(text, ":%016" PRIx64 ":%016" PRIx64, mark->file_system,
			     mark->birth);
}

bool ms_mark_take(struct ms_words *words, struct ms_mark *ret)
{
	struct ms_mark mark = { 0 };

	if (!ms_take_number(words, UINT64_MAX, &mark.inode))
		return false;
	if (words->at < words->end && *words->at == ':' &&
	    (!ms_take_hex(words, &mark.file_system) || !ms_take_hex(words, &mark.birth)))
		return false;
	*ret = mark;
	return true;
}
