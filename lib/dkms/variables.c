/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of the variables of a shell. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/pin.h"
#include "../base/room.h"
#include "shell.h"

struct ms_dkms_variable *
ms_dkms_variables_find(const struct ms_dkms_variables *variables, const char *name,
		       size_t len)
{
	for (size_t i = 0; i < variables->n; i++) {
		struct ms_dkms_variable *variable = &variables->list[i];

		if (strncmp(variable->name, name, len) == 0 && !variable->name[len])
			return variable;
	}
	return NULL;
}

struct ms_dkms_variable *ms_dkms_variables_add(struct ms_dkms_variables *variables,
					       const char *name, size_t len)
{
	struct ms_dkms_variable *list = ms_room(variables->list, variables->n,
						&variables->capacity, sizeof(*list));
	char *copy = list ? strndup(name, len) : NULL;

	if (list)
		variables->list = list;
	if (!copy)
		return NULL;
	list[variables->n] = (struct ms_dkms_variable){
		.name = copy,
		.state = MS_DKMS_UNKNOWN,
	};
	return &list[variables->n++];
}

void ms_dkms_variables_drop(struct ms_dkms_variables *variables, size_t n)
{
	while (variables->n > n) {
		struct ms_dkms_variable *last = &variables->list[--variables->n];

		free(last->name);
		free(last->text);
		free(last->source);
	}
}

void ms_dkms_variables_done(struct ms_dkms_variables *variables)
{
	ms_dkms_variables_drop(variables, 0);
	free(variables->list);
	*variables = (struct ms_dkms_variables){ 0 };
}

int ms_dkms_variable_set(struct ms_dkms_variable *variable, const char *text, size_t len)
{
	char *copy = strndup(len ? text : "", len); /* of no bytes there is no pointer */

	if (!copy)
		return -ENOMEM;
	free(variable->text);
	variable->text = copy;
	variable->state = MS_DKMS_KNOWN;
	return 0;
}

int ms_dkms_variable_doubt(struct ms_dkms_variable *variable,
			   const struct ms_dkms_doubt *doubt)
{
	char *source = strndup(doubt->source ? doubt->source : "", doubt->source_len);

	if (!source)
		return -ENOMEM;
	ms_pin_strip(source);
	free(ms_steal(&variable->text));
	free(variable->source);
	variable->source = source;
	variable->state = MS_DKMS_UNKNOWN;
	variable->doubt = *doubt;
	variable->doubt.source = source;
	return 0;
}

const char *ms_dkms_doubt_file(const struct ms_dkms_doubt *doubt)
{
	return doubt->file;
}

size_t ms_dkms_doubt_line(const struct ms_dkms_doubt *doubt)
{
	return doubt->line;
}

const char *ms_dkms_doubt_source(const struct ms_dkms_doubt *doubt)
{
	return doubt->source;
}

const char *ms_dkms_doubt_reason(const struct ms_dkms_doubt *doubt)
{
	return doubt->why;
}
