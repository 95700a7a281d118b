/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernels of a system: where each distribution puts what belongs to one. These tables
 * are the only answer to "where is the image, or the configuration, of kernel RELEASE";
 * whoever asks for one kernel and whoever asks for all read the same rows.
 *
 * Of a configuration the order is that of what can be relied upon. What was installed with
 * the image is that image's. /proc/config.gz is the running kernel's own, but on disk there
 * may be a newer build of the same release. The tree behind build/ is somebody's workplace:
 * it may have been configured anew since.
 */

#include "kernels.h"

#include <errno.h>
#include <linux/utsname.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../base/listing.h"
#include "../base/text.h"
#include "../base/texts.h"
#include "running.h"

#define LIB	"/lib/modules"
#define USR_LIB "/usr/lib/modules"
#define BOOT	"/boot"

/* A place is DIR/PREFIX + RELEASE + SUFFIX. */
struct place {
	const char *dir, *prefix, *suffix;
};

static const struct place images[] = {
	{ LIB, "", "/vmlinuz" },    { USR_LIB, "", "/vmlinuz" }, { BOOT, "vmlinuz-", "" },
	{ LIB, "", "/vmlinux" },    { USR_LIB, "", "/vmlinux" }, { BOOT, "vmlinux-", "" },
	{ BOOT, "Image-", "" },	    { BOOT, "kernel-", "" },
};

static const struct place installed_configs[] = {
	{ LIB, "", "/config" },
	{ USR_LIB, "", "/config" },
	{ BOOT, "config-", "" },
};

static const struct place build_configs[] = {
	{ LIB, "", "/build/.config" },
	{ USR_LIB, "", "/build/.config" },
};

static const struct place modules[] = {
	{ LIB, "", "" },
	{ USR_LIB, "", "" },
};

static const struct place trees[] = {
	{ LIB, "", "/kernel" },
	{ USR_LIB, "", "/kernel" },
};

bool ms_is_release(const char *release)
{
	return *release && *release != '.' && !strchr(release, '/') &&
	       strlen(release) <= __NEW_UTS_LEN;
}

static int check_release(struct ms_ctx *ctx, const char *release)
{
	return ms_is_release(release)
		       ? 0
		       : ms_fail(ctx, -EINVAL, "'%s' is no kernel release", release);
}

/* What is looked for, and where that was done in vain. */
struct search {
	struct ms_ctx *ctx;
	const struct ms_system *system;
	const char *release;
	struct ms_buf looked;
};

static void search_done(struct search *search)
{
	ms_buf_done(&search->looked);
}

/* -ENOENT without a message: it is not there. */
static int look_for(struct search *search, const char *path, char **ret)
{
	if (ms_buf_printf(&search->looked, "%s%s%s", search->looked.len ? ", " : "",
			  ms_system_root(search->system), path) < 0)
		return ms_fail_nomem(search->ctx);
	return ms_system_find(search->ctx, search->system, path, ret);
}

static int look_at(struct search *search, const struct place *places, size_t n, char **ret)
{
	int r = -ENOENT;

	for (size_t i = 0; i < n && r == -ENOENT; i++) {
		_cleanup_free_ char *path =
			ms_format("%s/%s%s%s", places[i].dir, places[i].prefix,
				  search->release, places[i].suffix);

		r = path ? look_for(search, path, ret) : ms_fail_nomem(search->ctx);
	}
	return r;
}

static int not_found(struct search *search, const char *what)
{
	return ms_fail(search->ctx, -ENOENT, "no %s of kernel %s: looked for %.*s", what,
		       search->release, (int)search->looked.len,
		       (const char *)search->looked.data);
}

/* The first of the places at which there is something. */
static int find_first(struct ms_ctx *ctx, const struct ms_system *system,
		      const char *release, const char *what, const struct place *places,
		      size_t n, char **ret)
{
	_cleanup_(search_done) struct search search = { ctx, system, release, { 0 } };
	int r = check_release(ctx, release);

	r = r < 0 ? r : look_at(&search, places, n, ret);
	return r == -ENOENT ? not_found(&search, what) : r;
}

int ms_system_kernel_image(struct ms_ctx *ctx, const struct ms_system *system,
			   const char *release, char **ret_path)
{
	return find_first(ctx, system, release, "image", images, MS_ARRAY_SIZE(images),
			  ret_path);
}

int ms_system_build_config(struct ms_ctx *ctx, const struct ms_system *system,
			   const char *release, char **ret_path)
{
	return find_first(ctx, system, release, "configuration to build for", build_configs,
			  MS_ARRAY_SIZE(build_configs), ret_path);
}

int ms_system_modules(struct ms_ctx *ctx, const struct ms_system *system,
		      const char *release, char **ret_path)
{
	return find_first(ctx, system, release, "modules", modules, MS_ARRAY_SIZE(modules),
			  ret_path);
}

int ms_system_among_modules(struct ms_ctx *ctx, const struct ms_system *system,
			    const char *release, const char *name, char **ret)
{
	int r = check_release(ctx, release);

	r = r < 0 ? r : -ENOENT;
	for (size_t i = 0; i < MS_ARRAY_SIZE(modules) && r == -ENOENT; i++) {
		_cleanup_free_ char *path =
			ms_format("%s/%s/%s", modules[i].dir, release, name);

		r = path ? ms_system_find(ctx, system, path, ret) : ms_fail_nomem(ctx);
	}
	return r;
}

/* The running kernel's own; of any other one it would be somebody else's. */
static int look_at_proc(struct search *search, char **ret)
{
	return ms_system_is_running(search->ctx, search->system, search->release)
		       ? look_for(search, MS_SYSTEM_PROC_CONFIG, ret)
		       : -ENOENT;
}

int ms_system_kernel_config(struct ms_ctx *ctx, const struct ms_system *system,
			    const char *release, char **ret_path)
{
	_cleanup_(search_done) struct search search = { ctx, system, release, { 0 } };
	int r = check_release(ctx, release);

	if (r < 0)
		return r;
	r = look_at(&search, installed_configs, MS_ARRAY_SIZE(installed_configs), ret_path);
	if (r == -ENOENT)
		r = look_at_proc(&search, ret_path);
	if (r == -ENOENT)
		r = look_at(&search, build_configs, MS_ARRAY_SIZE(build_configs), ret_path);
	return r == -ENOENT ? not_found(&search, "configuration") : r;
}

/* The system's own path of what lies at @path on this machine; NULL: not in the system. */
static const char *path_inside(const struct ms_system *system, const char *path)
{
	const char *root = ms_system_root(system);
	size_t len = strlen(root);

	if (!len)
		return path;
	return strncmp(path, root, len) == 0 && path[len] == '/' ? path + len : NULL;
}

/* Looks in the directory of @image. */
static int look_beside(struct search *search, const char *image, const char *name,
		       const char *release, char **ret)
{
	const char *slash = strrchr(image, '/');
	int dir = slash ? (int)(slash + 1 - image) : 0;
	_cleanup_free_ char *path = ms_format("%.*s%s%s", dir, image, name, release);

	return path ? look_for(search, path, ret) : ms_fail_nomem(search->ctx);
}

/* A configuration that names its release can be no other kernel's. */
static int look_beside_either(struct search *search, const char *image, char **ret)
{
	int r = -ENOENT;

	if (!image)
		return r;
	if (search->release)
		r = look_beside(search, image, "config-", search->release, ret);
	return r == -ENOENT ? look_beside(search, image, "config", "", ret) : r;
}

int ms_system_image_config(struct ms_ctx *ctx, const struct ms_system *system,
			   const char *image, const char *release, char **ret_path)
{
	_cleanup_(search_done) struct search search = { ctx, system, release, { 0 } };
	_cleanup_free_ char *real = realpath(image, NULL);
	int r = look_beside_either(&search, path_inside(system, image), ret_path);

	if (r == -ENOENT && real)
		r = look_beside_either(&search, path_inside(system, real), ret_path);
	if (r == -ENOENT && release)
		return ms_system_kernel_config(ctx, system, release, ret_path);
	return r == -ENOENT ? ms_fail(ctx, r, "no configuration beside '%s'", image) : r;
}

/* The first component of @path below directory @dir of the system; -ENOENT. */
static int component_below(struct ms_ctx *ctx, const struct ms_system *system,
			   const char *dir, const char *path, char **ret)
{
	_cleanup_free_ char *inside = NULL, *real = NULL;
	size_t len;
	int r = ms_system_path(ctx, system, dir, &inside);

	if (r < 0)
		return r;
	real = realpath(inside, NULL);
	len = real ? strlen(real) : 0;
	if (!real || strncmp(path, real, len) != 0 || path[len] != '/' || !path[len + 1])
		return -ENOENT;
	*ret = strndup(path + len + 1, strcspn(path + len + 1, "/"));
	return *ret ? 0 : ms_fail_nomem(ctx);
}

int ms_system_release_of(struct ms_ctx *ctx, const struct ms_system *system,
			 const char *path, char **ret_release)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	int r = -ENOENT;

	if (!real)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", path);
	for (size_t i = 0; i < MS_ARRAY_SIZE(modules) && r == -ENOENT; i++)
		r = component_below(ctx, system, modules[i].dir, real, ret_release);
	return r == -ENOENT ? ms_fail(ctx, r, "'%s' is among no kernel's modules", path) : r;
}

/* What stands for the release in a name of such a place; NULL: the name is no such. */
static const char *release_in(const struct place *place, const char *name)
{
	size_t len = strlen(place->prefix);

	return name[0] != '.' && strncmp(name, place->prefix, len) == 0 && name[len]
		       ? name + len
		       : NULL;
}

static int list(struct ms_ctx *ctx, const struct ms_system *system, const char *dir,
		struct ms_listing *ret)
{
	_cleanup_free_ char *path = NULL;
	int r = ms_system_path(ctx, system, dir, &path);

	if (r < 0)
		return r;
	ret->n = scandir(path, &ret->list, NULL, ms_listing_order);
	return ret->n >= 0 || errno == ENOENT || errno == ENOTDIR
		       ? 0
		       : ms_fail_errno(ctx, -errno, "cannot read directory '%s'", path);
}

/* Calls @each for all that is at such a place, whatever the release. */
static int each_at(struct ms_ctx *ctx, const struct ms_system *system,
		   const struct place *place, ms_system_each_fn each, void *userdata)
{
	_cleanup_(ms_listing_done) struct ms_listing found = { 0 };
	int r = list(ctx, system, place->dir, &found);

	for (int i = 0; i < found.n && r == 0; i++) {
		const char *name = found.list[i]->d_name;
		const char *release = release_in(place, name);
		_cleanup_free_ char *path = ms_format("%s/%s%s", place->dir, name,
						      place->suffix);
		_cleanup_free_ char *real = NULL;

		if (!path)
			return ms_fail_nomem(ctx);
		if (!release)
			continue;
		r = ms_system_find(ctx, system, path, &real);
		if (r == 0)
			r = each(userdata, release, real);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

int ms_system_each(struct ms_ctx *ctx, const struct ms_system *system,
		   enum ms_system_places which, ms_system_each_fn each, void *userdata)
{
	static const struct {
		const struct place *list;
		size_t n;
	} tables[][2] = {
		[MS_SYSTEM_IMAGES] = { { images, MS_ARRAY_SIZE(images) } },
		[MS_SYSTEM_CONFIGS] = { { installed_configs,
					  MS_ARRAY_SIZE(installed_configs) },
					{ build_configs, MS_ARRAY_SIZE(build_configs) } },
		[MS_SYSTEM_MODULES] = { { modules, MS_ARRAY_SIZE(modules) } },
		[MS_SYSTEM_TREES] = { { trees, MS_ARRAY_SIZE(trees) } },
	};
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(tables[which]); i++)
		for (size_t j = 0; j < tables[which][i].n && r == 0; j++)
			r = each_at(ctx, system, &tables[which][i].list[j], each, userdata);
	return r;
}

struct releases {
	struct ms_ctx *ctx;
	int (*each)(void *userdata, const char *release);
	void *userdata;
	struct ms_texts told;
};

static void releases_done(struct releases *releases)
{
	ms_texts_done(&releases->told);
}

static bool was_told(const struct releases *releases, const char *release)
{
	for (size_t i = 0; i < releases->told.n; i++)
		if (strcmp(releases->told.texts[i], release) == 0)
			return true;
	return false;
}

/* /lib/modules and /usr/lib/modules are one directory as a rule. */
static int tell_release(void *userdata, const char *release, const char *path)
{
	struct releases *releases = userdata;
	struct stat st;

	if (!ms_is_release(release) || was_told(releases, release) || stat(path, &st) < 0 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	if (ms_texts_printf(&releases->told, "%s", release) < 0)
		return ms_fail_nomem(releases->ctx);
	return releases->each(releases->userdata, release);
}

int ms_system_releases(struct ms_ctx *ctx, const struct ms_system *system,
		       int (*each)(void *userdata, const char *release), void *userdata)
{
	_cleanup_(releases_done) struct releases releases = { ctx, each, userdata, { 0 } };

	return ms_system_each(ctx, system, MS_SYSTEM_MODULES, tell_release, &releases);
}
