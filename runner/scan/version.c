/* Comparing two versions, as pipe.h offers it. */
#include "stages/scanner/version/version.h"
#include "base/error.h"
#include "base/str.h"
#include "base/suggest.h"

const char *pipe_version_scheme(size_t i, const char **help)
{
	size_t count = 0;

	while (version_schemes[count])
		count++;
	if (i >= count)
		return NULL;
	if (help)
		*help = version_schemes[i]->help;
	return version_schemes[i]->name;
}

static int no_scheme(const char *name, pipe_error *err)
{
	struct suggest near;
	struct str names;
	int code;

	suggest_init(&near, name);
	str_init(&names);
	for (size_t i = 0; version_schemes[i]; i++) {
		suggest_offer(&near, version_schemes[i]->name);
		str_printf(&names, "%s%s", i ? ", " : "", version_schemes[i]->name);
	}
	if (near.best)
		code = error_set(err, PIPE_EUSAGE, "there is no version scheme \"%.40s\"; did you mean \"%s\"?", name, near.best);
	else
		code = error_set(err, PIPE_EUSAGE, "there is no version scheme \"%.40s\", only %s", name, names.data);
	str_clear(&names);
	return code;
}

int pipe_version_compare(const char *scheme, const char *a, const char *b, int *order, pipe_error *err)
{
	const struct version_scheme *s = version_scheme_named(scheme);
	const char *const versions[] = { a, b };
	int o;

	*order = 0;
	if (!s)
		return no_scheme(scheme, err);
	for (size_t i = 0; i < 2; i++) {
		const char *fault = s->fault(versions[i]);

		if (fault)
			return error_set(err, PIPE_EUSAGE, "\"%.100s\" is no version of the scheme %s: it %s", versions[i],
					 s->name, fault);
	}
	o = s->compare(a, b);
	*order = (o > 0) - (o < 0);
	return PIPE_OK;
}
