/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * DKMS's configuration. framework.conf and framework.conf.d/ (in the order of their names)
 * are shell scripts that DKMS runs, and of which it takes some variables. They are not
 * run here: assignments of plain words are read, with $kernelver put in; of anything else
 * that concerns signing it is said that it is not known.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/listing.h"
#include "../base/text.h"
#include "doctor.h"

#define MAIN	"/etc/dkms/framework.conf"
#define SNIPPETS "/etc/dkms/framework.conf.d"

void ms_doctor_dkms_done(struct ms_doctor_dkms_conf *conf)
{
	free(conf->sign_file);
	free(conf->key);
	free(conf->certificate);
	*conf = (struct ms_doctor_dkms_conf){ 0 };
}

static char **place_of(struct ms_doctor_dkms_conf *conf, const char *name, size_t len)
{
	if (len == strlen("sign_file") && !memcmp(name, "sign_file", len))
		return &conf->sign_file;
	if (len == strlen("mok_signing_key") && !memcmp(name, "mok_signing_key", len))
		return &conf->key;
	if (len == strlen("mok_certificate") && !memcmp(name, "mok_certificate", len))
		return &conf->certificate;
	return NULL;
}

/* Puts the release for $kernelver, and takes quotes off. -EBADMSG: it takes a shell. */
static int expand(const struct ms_doctor *doctor, const char *value, size_t len,
		  char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	char quote = '\0';
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		const char *rest = value + i;
		size_t left = len - i;
		size_t used = 0;

		if (left >= 12 && !memcmp(rest, "${kernelver}", 12))
			used = 12;
		else if (left >= 10 && !memcmp(rest, "$kernelver", 10))
			used = 10;
		if (used && quote != '\'' && doctor->release) {
			r = ms_buf_append_str(&out, doctor->release);
			i += used - 1;
		} else if (*rest == quote || (!quote && (*rest == '"' || *rest == '\''))) {
			quote = quote ? '\0' : *rest;
		} else if ((quote != '\'' && strchr("$`\\", *rest)) ||
			   (!quote && strchr(" \t;&|<>()#*?[", *rest))) {
			return -EBADMSG;
		} else {
			r = ms_buf_append(&out, rest, 1);
		}
	}
	if (quote)
		return -EBADMSG;
	r = r < 0 ? r : ms_buf_append(&out, "", 1);
	if (r < 0)
		return -ENOMEM;
	*ret = strdup((const char *)out.data);
	return *ret ? 0 : -ENOMEM;
}

static int read_line(struct ms_doctor *doctor, const char *path, const char *line,
		     size_t len, struct ms_doctor_dkms_conf *conf)
{
	const char *equals = memchr(line, '=', len);
	char *value = NULL, **place;
	int r;

	if (!equals || line[0] == '#')
		return 0;
	if ((size_t)(equals - line) == strlen("sign_tool") &&
	    !memcmp(line, "sign_tool", strlen("sign_tool")))
		conf->has_sign_tool = true;
	place = place_of(conf, line, (size_t)(equals - line));
	if (!place)
		return 0;
	r = expand(doctor, equals + 1, len - (size_t)(equals + 1 - line), &value);
	if (r == -EBADMSG)
		return ms_doctor_found(doctor, "dkms-conf-unknown", MS_SEVERITY_UNKNOWN, NULL,
				       "'%s%s': what '%.*s' comes to is not known",
				       doctor->root, path, (int)len, line);
	if (r < 0)
		return ms_fail_nomem(doctor->ctx);
	free(*place);
	*place = value;
	return 0;
}

static int read_conf(struct ms_doctor *doctor, const char *path,
		     struct ms_doctor_dkms_conf *conf)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r = ms_doctor_read(doctor, path, &file);
	const char *p, *end;

	if (r == -ENOENT && strcmp(path, MAIN) == 0)
		return 0;
	if (r < 0)
		return ms_doctor_unread(doctor, "dkms-conf-unknown", path, r);
	if (ms_buf_append(&file, "", 1) < 0)
		return ms_fail_nomem(doctor->ctx);
	for (p = (const char *)file.data; *p && r == 0; p = *end ? end + 1 : end) {
		size_t len;

		p += strspn(p, " \t");
		end = p + strcspn(p, "\n");
		len = (size_t)(end - p);
		while (len > 0 && strchr(" \t\r", p[len - 1]))
			len--;
		r = read_line(doctor, path, p, len, conf);
	}
	return r;
}

static int is_snippet(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ms_ends_with(entry->d_name, ".conf");
}

int ms_doctor_dkms_read(struct ms_doctor *doctor, struct ms_doctor_dkms_conf *ret)
{
	_cleanup_(ms_doctor_dkms_done) struct ms_doctor_dkms_conf conf = { 0 };
	_cleanup_(ms_listing_done) struct ms_listing entries = { 0 };
	_cleanup_free_ char *dir = NULL;
	int r = ms_doctor_path(doctor, SNIPPETS, &dir);

	r = r < 0 ? r : read_conf(doctor, MAIN, &conf);
	if (r < 0)
		return r;
	entries.n = scandir(dir, &entries.list, is_snippet, alphasort);
	if (entries.n < 0 && errno != ENOENT)
		r = ms_doctor_unread(doctor, "dkms-conf-unknown", SNIPPETS, -errno);
	for (int i = 0; i < entries.n && r == 0; i++) {
		_cleanup_free_ char *path =
			ms_format(SNIPPETS "/%s", entries.list[i]->d_name);

		r = path ? read_conf(doctor, path, &conf) : ms_fail_nomem(doctor->ctx);
	}
	if (r < 0)
		return r;
	*ret = conf;
	conf = (struct ms_doctor_dkms_conf){ 0 };
	return 0;
}
