/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A recovery may come after a reboot, when device numbers are others. What stays is the
 * file system's own id (of ext4, btrfs and others it comes from their UUID) and the time
 * at which the directory was born. Where there is no id the device number stands for it:
 * a directory is then not known again after the device got another number. That is the
 * cheaper mistake: a recovery that is refused can be had later, one that takes a strange
 * directory for the right one cannot be taken back.
 *
 * overlayfs may give a directory another inode number each time it is mounted; so there
 * its birth alone tells. That is the birth of the copy in the layer that can be written to,
 * once there is one.
 *
 * Of a file it tells the very one from a copy of it: whoever copies, unpacks or restores
 * a file can choose neither the number nor the birth of what he makes. The number is
 * given to the next file as soon as one is removed, but that one is born later.
 */

#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static uint64_t file_system_of(const struct statfs *fs, const struct stat *st)
{
	uint64_t id;

	_Static_assert(sizeof(fs->f_fsid) == sizeof(id), "a file system's id has 64 bits");
	memcpy(&id, &fs->f_fsid, sizeof(id));
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

static bool is_in_layers(const struct statfs *fs, const struct stat *st)
{
	return S_ISDIR(st->st_mode) && fs->f_type == OVERLAYFS_SUPER_MAGIC;
}

void ms_mark_settle(int fd)
{
	struct statfs fs;
	struct stat st;

	/* what changes nothing is a change that it makes the copy for */
	if (fstat(fd, &st) == 0 && fstatfs(fd, &fs) == 0 && is_in_layers(&fs, &st) &&
	    fchown(fd, (uid_t)-1, (gid_t)-1) < 0)
		return; /* then nothing can be made in it either */
}

int ms_mark_get(int fd, struct ms_mark *ret)
{
	struct statx stx;
	struct statfs fs;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	r = ms_mark_look(fd, "", &stx);
	if (r < 0 && r != -ENOSYS)
		return r;
	ret->inode = st.st_ino;
	ret->file_system = file_system_of(&fs, &st);
	ret->birth = r < 0 ? 0 : ms_mark_birth(&stx);
	if (ret->birth && is_in_layers(&fs, &st))
		ret->inode = 0;
	return 0;
}

struct ms_mark ms_mark_of(int fd)
{
	struct ms_mark mark;

	return ms_mark_get(fd, &mark) < 0 ? (struct ms_mark){ 0 } : mark;
}

bool ms_mark_fits(int fd, const struct ms_mark *mark)
{
	const struct ms_mark now = ms_mark_of(fd);

	return mark->file_system && now.inode == mark->inode &&
	       now.file_system == mark->file_system && now.birth == mark->birth;
}

bool ms_mark_same_there(const struct ms_mark *a, const struct ms_mark *b)
{
	return a->inode == b->inode && a->birth == b->birth;
}

bool ms_mark_is_home(int fd, const struct ms_mark *mark)
{
	struct ms_mark now;

	return ms_mark_get(fd, &now) == 0 && ms_mark_same_there(&now, mark);
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
