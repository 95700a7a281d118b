/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A recovery may come after a reboot, when device numbers are others. What stays is the
 * time at which a directory was born, and the file system's own id (of ext4, btrfs and
 * others it comes from their UUID). XFS and others have none but the device number: it
 * counts only where no birth is told, and a directory is then not known again after the
 * device got another number. That is the cheaper mistake: a recovery that is refused can be
 * had later, one that takes a strange directory for the right one cannot be taken back.
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
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Its own id, or 0. Who has none tells its device number, in the kernel's long form. */
static uint64_t file_system_of(const struct statfs *fs, const struct stat *st)
{
	const uint32_t device = (minor(st->st_dev) & 0xff) | (uint32_t)major(st->st_dev) << 8 |
				(uint32_t)(minor(st->st_dev) & ~0xffU) << 12;
	const uint32_t own[2] = { device, 0 };
	uint64_t id;

	_Static_assert(sizeof(fs->f_fsid) == sizeof(id), "a file system's id has 64 bits");
	if (!memcmp(&fs->f_fsid, own, sizeof(own)))
		return 0;
	memcpy(&id, &fs->f_fsid, sizeof(id));
	return id;
}

int ms_mark_look(int fd, const char *name, struct statx *ret)
{
	struct stat st;

	if (statx(fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
		  STATX_BASIC_STATS | STATX_BTIME, ret) == 0)
		return 0;
	if ((errno != ENOSYS && errno != EPERM) || /* older filters know no statx */
	    fstatat(fd, name, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_nlink = (uint32_t)st.st_nlink,
		.stx_uid = st.st_uid,
		.stx_gid = st.st_gid,
		.stx_mode = (uint16_t)st.st_mode,
		.stx_ino = st.st_ino,
		.stx_size = (uint64_t)st.st_size,
		.stx_mtime = { .tv_sec = st.st_mtim.tv_sec,
			       .tv_nsec = (uint32_t)st.st_mtim.tv_nsec },
	};
	return 0;
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

	*ret = (struct ms_mark){ 0 };
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	r = ms_mark_look(fd, "", &stx);
	if (r < 0)
		return r;
	ret->inode = st.st_ino;
	ret->file_system = file_system_of(&fs, &st);
	ret->birth = ms_mark_birth(&stx);
	if (!ret->birth && !ret->file_system)
		ret->file_system = st.st_dev;
	if (ret->birth && is_in_layers(&fs, &st))
		ret->inode = 0;
	return 0;
}

struct ms_mark ms_mark_of(int fd)
{
	struct ms_mark mark = { 0 };

	ms_mark_get(fd, &mark);
	return mark;
}

bool ms_mark_is_known(const struct ms_mark *mark)
{
	return mark->file_system || mark->birth;
}

bool ms_mark_same_there(const struct ms_mark *a, const struct ms_mark *b)
{
	if (a->birth && b->birth)
		return a->inode == b->inode && a->birth == b->birth;
	/* one kernel may tell births that another does not */
	return a->inode && a->inode == b->inode;
}

bool ms_mark_fits(int fd, const struct ms_mark *mark)
{
	struct ms_mark now = { 0 };

	return ms_mark_is_known(mark) && ms_mark_get(fd, &now) == 0 &&
	       now.file_system == mark->file_system && ms_mark_same_there(&now, mark);
}

bool ms_mark_is_home(int fd, const struct ms_mark *mark)
{
	struct ms_mark now = { 0 };

	return ms_mark_get(fd, &now) == 0 && ms_mark_same_there(&now, mark);
}

int ms_mark_append(struct ms_buf *text, const struct ms_mark *mark)
{
	int r = ms_buf_printf(text, "%" PRIu64, mark->inode);

	if (r < 0 || !ms_mark_is_known(mark))
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
