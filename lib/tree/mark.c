/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A recovery may come after a reboot, when device numbers are others. What stays is the
 * file system's own id (of ext4, btrfs and others it comes from their UUID) and the time
 * at which the directory was born. Where there is no id the device number stands for it:
 * a directory is then not known again after the device got another number. That is the
 * cheaper mistake: a recovery that is refused can be had later, one that takes a strange
 * directory for the right one cannot be taken back.
 */

#include "mark.h"

#include <fcntl.h>
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

/* Nanoseconds since 1970. */
static uint64_t birth_of(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) < 0 ||
	    !(stx.stx_mask & STATX_BTIME))
		return 0;
	return (uint64_t)stx.stx_btime.tv_sec * 1000000000u + stx.stx_btime.tv_nsec;
}

void ms_mark(int fd, struct ms_journal_root *root)
{
	struct stat st;

	root->inode = root->file_system = root->birth = 0;
	if (fstat(fd, &st) < 0)
		return;
	root->inode = st.st_ino;
	root->file_system = file_system_of(fd, &st);
	root->birth = birth_of(fd);
}

bool ms_mark_fits(int fd, const struct ms_journal_root *root)
{
	struct ms_journal_root now = { 0 };

	ms_mark(fd, &now);
	return root->file_system && now.inode == root->inode &&
	       now.file_system == root->file_system && now.birth == root->birth;
}
