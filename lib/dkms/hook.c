/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * DKMS's directories, as its hooks and its signer see them:
 *
 *	TREE/NAME/VERSION/source                       a link to the sources
 *	                  build/                       while it is built
 *	                  KERNEL/ARCH/module/x.ko.xz   what was built
 *	                              log/
 */

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "../files/directory.h"
#include "conf.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* module/ of the only machine in @kernel; *@ret NULL: none, or several. */
static int only_arch(struct ms_ctx *ctx, const char *kernel, char **ret)
{
	_cleanup_free_ char *found = NULL;
	_cleanup_(ms_directory_list_done) DIR *dir = opendir(kernel);
	const struct dirent *entry;
	size_t n = 0;

	*ret = NULL;
	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;

		if (entry->d_name[0] == '.')
			continue;
		path = ms_format("%s/%s/module", kernel, entry->d_name);
		if (!path)
			return ms_fail_nomem(ctx);
		if (is_directory(path) && !n++)
			found = ms_steal(&path);
	}
	if (n == 1)
		*ret = ms_steal(&found);
	return 0;
}

int ms_dkms_built_in(struct ms_ctx *ctx, const char *version, const char *release,
		     char **ret)
{
	_cleanup_free_ char *kernel = ms_format("%s/%s", version, release);

	return kernel ? only_arch(ctx, kernel, ret) : ms_fail_nomem(ctx);
}

int ms_dkms_find_built(struct ms_ctx *ctx, const char *release, const char *arch,
		       char **ret)
{
	_cleanup_free_ char *kernel = ms_format("../%s", release);
	_cleanup_free_ char *path = NULL;
	int r = 0;

	if (arch && *arch && kernel)
		path = ms_format("%s/%s/module", kernel, arch);
	if (!kernel || (arch && *arch && !path))
		return ms_fail_nomem(ctx);
	if (!path || !is_directory(path)) {
		free(ms_steal(&path));
		r = only_arch(ctx, kernel, &path);
	}
	if (r == 0 && !path)
		return ms_fail(ctx, -ENOENT, "cannot tell what DKMS has built");
	*ret = ms_steal(&path);
	return r;
}

/* @path without its last @n components, to free(). */
static char *above(const char *path, int n)
{
	char *result = strdup(path);

	while (result && n > 0) {
		char *slash = strrchr(result, '/');

		if (!slash || slash == result)
			break;
		n -= slash[1] != '\0'; /* a slash at the end ends no component */
		*slash = '\0';
	}
	return result;
}

/* Since 3.4 the administrator's own script of that name wins. */
static bool has_own_script(struct ms_ctx *ctx, const char *directory, const char *script)
{
	_cleanup_free_ char *path = ms_format("%s/%s", directory, script);
	unsigned dkms;

	return path && access(path, X_OK) == 0 &&
	       ms_dkms_version(ctx, NULL, &dkms, NULL) == 0 &&
	       dkms >= MS_DKMS_VERSION(3, 4, 0);
}

int ms_dkms_script_directory(struct ms_ctx *ctx, enum ms_dkms_hook hook, const char *built,
			     const char *script, char **ret)
{
	_cleanup_free_ char *version = above(built, 3);
	_cleanup_free_ char *module = above(built, 4);
	const char *slash = module ? strrchr(module, '/') : NULL;
	_cleanup_free_ char *own =
		module ? ms_format(MS_DKMS_ETC "/%s", slash ? slash + 1 : module) : NULL;

	if (!version || !own)
		return ms_fail_nomem(ctx);
	if (has_own_script(ctx, own, script))
		*ret = ms_steal(&own);
	else
		*ret = ms_format("%s/%s", version,
				 hook == MS_DKMS_HOOK_PRE_INSTALL ? "source" : "build");
	return *ret ? 0 : ms_fail_nomem(ctx);
}

/* NAME of TREE/NAME/VERSION, to free() */
static char *module_of(const char *version)
{
	_cleanup_free_ char *path = above(version, 1);
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? strdup(slash + 1) : NULL;
}

int ms_dkms_build_of(struct ms_ctx *ctx, const char *path, char **ret_version,
		     char **ret_module)
{
	_cleanup_free_ char *version = strdup(path), *source = NULL, *module = NULL;
	char *build = version ? strstr(version, "/build/") : NULL;

	*ret_version = *ret_module = NULL;
	if (!version)
		return ms_fail_nomem(ctx);
	if (*path != '/' || !build)
		return 0;
	*build = '\0';
	if (!strchr(version + (*version != '\0'), '/'))
		return 0; /* no NAME above VERSION */
	source = ms_format("%s/source", version);
	module = module_of(version);
	if (!source || !module)
		return ms_fail_nomem(ctx);
	if (access(source, F_OK) < 0)
		return 0;
	*ret_version = ms_steal(&version);
	*ret_module = ms_steal(&module);
	return 0;
}
