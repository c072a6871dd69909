/* The registry of version schemes. */
#include "stages/scanner/version/schemes.h"

#include <string.h>

const struct version_scheme *const version_schemes[] = {
	&version_apk,	&version_bitnami, &version_deb, &version_gem,	 &version_generic,
	&version_maven, &version_pep440,  &version_rpm, &version_semver, NULL,
};

const struct version_scheme *version_scheme_named(const char *name)
{
	for (size_t i = 0; version_schemes[i]; i++)
		if (!strcmp(version_schemes[i]->name, name))
			return version_schemes[i];
	return NULL;
}
