/* The registry of formats, and the schemes by which the versions of a type are compared. */
#include "stages/scanner/package/package.h"
#include "stages/scanner/package/formats.h"
#include "stages/scanner/version/version.h"

#include <string.h>

const struct package_format *const package_formats[] = {
#define X(name) &package_format_##name,
	PACKAGE_FORMATS(X)
#undef X
		NULL
};

static const struct {
	const char *type, *scheme;
} schemes[] = {
	{ "alma", "rpm" },
	{ "alpine", "apk" },
	{ "amazon", "rpm" },
	{ "azurelinux", "rpm" },
	{ "bundler", "gem" },
	{ "cargo", "generic" },
	{ "cbl-mariner", "rpm" },
	{ "centos", "rpm" },
	{ "chainguard", "apk" },
	{ "cocoapods", "gem" },
	{ "composer", "generic" },
	{ "composer-vendor", "generic" },
	{ "conan", "generic" },
	{ "debian", "deb" },
	{ "dotnet-core", "generic" },
	{ "echo", "deb" },
	{ "fedora", "rpm" },
	{ "gemspec", "gem" },
	{ "gobinary", "generic" },
	{ "gomod", "generic" },
	{ "gradle", "maven" },
	{ "hex", "generic" },
	{ "jar", "maven" },
	{ "minimos", "apk" },
	{ "node-pkg", "semver" },
	{ "npm", "semver" },
	{ "nuget", "generic" },
	{ "opensuse", "rpm" },
	{ "opensuse-leap", "rpm" },
	{ "opensuse-tumbleweed", "rpm" },
	{ "oracle", "rpm" },
	{ "packages-props", "generic" },
	{ "photon", "rpm" },
	{ "pip", "pep440" },
	{ "pipenv", "pep440" },
	{ "pnpm", "semver" },
	{ "poetry", "pep440" },
	{ "pom", "maven" },
	{ "pub", "generic" },
	{ "python-pkg", "pep440" },
	{ "redhat", "rpm" },
	{ "rocky", "rpm" },
	{ "slem", "rpm" },
	{ "sles", "rpm" },
	{ "swift", "generic" },
	{ "ubuntu", "deb" },
	{ "uv", "pep440" },
	{ "wolfi", "apk" },
	{ "yarn", "semver" },
};

const struct version_scheme *package_scheme(const char *type)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strcmp(schemes[i].type, type))
			return version_scheme_named(schemes[i].scheme);
	return NULL;
}
