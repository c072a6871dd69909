/*
 * Ecosystems: one table of distributions, one of languages.  What differs between distributions is how much of a version names a
 * release ("12.5" is Debian 12, "3.18.4" is Alpine 3.18) and how a bucket is called.
 */
#include "stages/scanner/advisory/ecosystem.h"

#include "stages/scanner/advisory/advisory.h"
#include "stages/scanner/package/package.h"
#include <stdio.h>
#include <string.h>

enum { RELEASE_NAME = 64 };

/* ---- distributions ---- */

enum cut { CUT_ALL, CUT_MAJOR, CUT_MINOR };

struct distribution {
	const char *family, *bucket, *osv, *scheme; /* %s: the release */
	enum cut cut;
	/* Turns the release into the one that the source has; NULL: as it is. */
	void (*adapt)(char *release, size_t size);
	void (*adapt_osv)(char *release, size_t size);
};

/* "2 (Karoo)", "2023.1.20230719", "2018.03": the first generation had years and months. */
static void amazon_release(char *release, size_t size)
{
	static const char *const others[] = { "2", "2022", "2023" };

	release[strcspn(release, " .")] = '\0';
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(release, others[i]))
			return;
	snprintf(release, size, "1");
}

/* Releases that still have ordinary support have no advisories of their own for the extended one. */
static void ubuntu_release(char *release, size_t size)
{
	char *suffix = strstr(release, "-ESM");

	(void)size;
	if (suffix && strncmp(release, "22", 2) >= 0)
		*suffix = '\0';
}

/* "22.04" is "22.04:LTS" there: of each second year the release in April. */
static void ubuntu_osv(char *release, size_t size)
{
	size_t length = strcspn(release, "-");

	release[length] = '\0';
	if (length == 5 && !strcmp(release + 2, ".04") && !((release[1] - '0') & 1) && size > length + 4)
		memcpy(release + length, ":LTS", 5);
}

static void azure_osv(char *release, size_t size)
{
	(void)size;
	release[strcspn(release, ".")] = '\0';
}

static const struct distribution distributions[] = {
	{ "alma", "alma %s", "AlmaLinux:%s", "rpm", CUT_MAJOR, NULL, NULL },
	{ "alpine", "alpine %s", "Alpine:v%s", "apk", CUT_MINOR, NULL, NULL },
	{ "amazon", "amazon linux %s", "", "rpm", CUT_ALL, amazon_release, NULL },
	{ "azurelinux", "Azure Linux %s", "Azure Linux:%s", "rpm", CUT_MINOR, NULL, azure_osv },
	{ "cbl-mariner", "CBL-Mariner %s", "", "rpm", CUT_MINOR, NULL, NULL },
	{ "centos", "Red Hat %s", "", "rpm", CUT_MAJOR, NULL, NULL },
	{ "chainguard", "chainguard", "Chainguard", "apk", CUT_ALL, NULL, NULL },
	{ "debian", "debian %s", "Debian:%s", "deb", CUT_MAJOR, NULL, NULL },
	{ "echo", "echo", "Echo", "deb", CUT_ALL, NULL, NULL },
	{ "minimos", "minimos", "MinimOS", "apk", CUT_ALL, NULL, NULL },
	{ "opensuse-leap", "openSUSE Leap %s", "openSUSE:Leap %s", "rpm", CUT_ALL, NULL, NULL },
	{ "opensuse-tumbleweed", "openSUSE Tumbleweed", "openSUSE:Tumbleweed", "rpm", CUT_ALL, NULL, NULL },
	{ "oracle", "Oracle Linux %s", "", "rpm", CUT_MAJOR, NULL, NULL },
	{ "photon", "Photon OS %s", "Photon OS:%s", "rpm", CUT_ALL, NULL, NULL },
	/* The bucket is "Red Hat" for all releases: the release says which of its products count (advisory/trivy.h). */
	{ "redhat", "Red Hat %s", "", "rpm", CUT_MAJOR, NULL, NULL },
	{ "rocky", "rocky %s", "Rocky Linux:%s", "rpm", CUT_MAJOR, NULL, NULL },
	{ "slem", "SUSE Linux Enterprise Micro %s", "", "rpm", CUT_ALL, NULL, NULL },
	{ "sles", "SUSE Linux Enterprise %s", "", "rpm", CUT_ALL, NULL, NULL },
	{ "ubuntu", "ubuntu %s", "Ubuntu:%s", "deb", CUT_ALL, ubuntu_release, ubuntu_osv },
	{ "wolfi", "wolfi", "Wolfi", "apk", CUT_ALL, NULL, NULL },
};

/* "%s" in the pattern becomes the release, once it is adapted. */
static const char *named(const char *pattern, const char *release, void (*adapt)(char *, size_t), struct arena *a)
{
	const char *hole = strstr(pattern, "%s");
	char adapted[RELEASE_NAME + 8];

	if (!hole)
		return pattern;
	snprintf(adapted, sizeof(adapted), "%s", release);
	if (adapt)
		adapt(adapted, sizeof(adapted));
	return arena_printf(a, "%.*s%s%s", (int)(hole - pattern), pattern, adapted, hole + 2);
}

static size_t release_length(const char *version, enum cut cut)
{
	size_t length = strcspn(version, ".");

	if (cut == CUT_ALL)
		return strlen(version);
	if (cut == CUT_MINOR && version[length])
		length += 1 + strcspn(version + length + 1, ".");
	return length;
}

static void distribution_of(const struct distribution *d, const char *version, struct arena *a, struct ecosystem *out)
{
	char release[RELEASE_NAME];
	size_t length = release_length(version, d->cut);

	if (strstr(d->bucket, "%s") && (!length || length >= sizeof(release)))
		return;
	snprintf(release, sizeof(release), "%.*s", (int)length, version);
	out->bucket = named(d->bucket, release, d->adapt, a);
	out->osv = named(d->osv, release, d->adapt_osv, a);
	out->scheme = d->scheme;
	if (!out->bucket || !out->osv)
		*out = (struct ecosystem){ "", "", "" };
}

/* ---- languages ---- */

static const struct language {
	const char *type, *bucket, *osv, *scheme;
} languages[] = {
	{ "bitnami", "bitnami::", "Bitnami", "bitnami" },
	{ "bun", "npm::", "npm", "semver" },
	{ "bundler", "rubygems::", "RubyGems", "gem" },
	{ "cargo", "cargo::", "crates.io", "generic" },
	{ "cocoapods", "cocoapods::", "", "gem" },
	{ "composer", "composer::", "Packagist", "generic" },
	{ "composer-vendor", "composer::", "Packagist", "generic" },
	{ "conan", "conan::", "ConanCenter", "generic" },
	{ "dotnet-core", "nuget::", "NuGet", "generic" },
	{ "gemspec", "rubygems::", "RubyGems", "gem" },
	{ "gobinary", "go::", "Go", "generic" },
	{ "gomod", "go::", "Go", "generic" },
	{ "gradle", "maven::", "Maven", "maven" },
	{ "hex", "erlang::", "Hex", "generic" },
	{ "jar", "maven::", "Maven", "maven" },
	{ "javascript", "npm::", "npm", "semver" },
	{ "kubernetes", "k8s::", "", "generic" },
	{ "node-pkg", "npm::", "npm", "semver" },
	{ "npm", "npm::", "npm", "semver" },
	{ "nuget", "nuget::", "NuGet", "generic" },
	{ "packages-props", "nuget::", "NuGet", "generic" },
	{ "pip", "pip::", "PyPI", "pep440" },
	{ "pipenv", "pip::", "PyPI", "pep440" },
	{ "pnpm", "npm::", "npm", "semver" },
	{ "poetry", "pip::", "PyPI", "pep440" },
	{ "pom", "maven::", "Maven", "maven" },
	{ "pub", "pub::", "Pub", "generic" },
	{ "python-pkg", "pip::", "PyPI", "pep440" },
	{ "rustbinary", "cargo::", "crates.io", "generic" },
	{ "sbt", "maven::", "Maven", "maven" },
	{ "swift", "swift::", "SwiftURL", "generic" },
	{ "uv", "pip::", "PyPI", "pep440" },
	{ "yarn", "npm::", "npm", "semver" },
};

static const struct language *language_of(const char *type)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++)
		if (!strcmp(languages[i].type, type))
			return &languages[i];
	return NULL;
}

void ecosystem_of(const char *type, const struct scan_os *os, struct arena *a, struct ecosystem *out)
{
	const struct language *l = type ? language_of(type) : NULL;
	const char *family = os && os->family && *os->family ? os->family : type;

	*out = (struct ecosystem){ "", "", "" };
	if (l) {
		*out = (struct ecosystem){ l->bucket, l->osv, l->scheme };
		return;
	}
	for (size_t i = 0; family && i < sizeof(distributions) / sizeof(*distributions); i++)
		if (!strcmp(distributions[i].family, family))
			distribution_of(&distributions[i], os && os->version ? os->version : "", a, out);
}

/* Of both "Debian:%s" and "Debian:12" the name before the release counts. */
static bool same_base(const char *a, const char *b)
{
	size_t length = strcspn(a, ":");

	return length && length == strcspn(b, ":") && !strncmp(a, b, length);
}

const char *ecosystem_type_of_osv(const char *osv)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++)
		if (same_base(languages[i].osv, osv)) /* "Maven:https://..." names a repository */
			return languages[i].type;
	return "";
}

const char *ecosystem_osv_scheme(const char *osv)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++)
		if (same_base(languages[i].osv, osv))
			return languages[i].scheme;
	for (size_t i = 0; i < sizeof(distributions) / sizeof(*distributions); i++)
		if (same_base(distributions[i].osv, osv))
			return distributions[i].scheme;
	return "";
}

/* ---- names of packages ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The name itself, where nothing in it has to be changed. */
static const char *lowered(const char *name, char from, char to, struct arena *a)
{
	size_t same = 0;
	char *copy;

	while (name[same] && name[same] != from && name[same] == lower(name[same]))
		same++;
	if (!name[same])
		return name;
	copy = arena_strdup(a, name);

	for (char *p = copy; p && *p; p++)
		*p = *p == from ? to : lower(*p);
	return copy;
}

static const char *repository_name(const char *url, struct arena *a)
{
	const size_t scheme = strlen("https://"), suffix = strlen(".git");
	size_t length;

	url += strncmp(url, "https://", scheme) ? 0 : scheme;
	length = strlen(url);
	if (length >= suffix && !strcmp(url + length - suffix, ".git"))
		length -= suffix;
	return arena_strndup(a, url, length);
}

const char *ecosystem_package(const char *type, const char *name, struct arena *a)
{
	const struct language *l = type ? language_of(type) : NULL;

	if (!l || !strcmp(l->bucket, "go::") || !strcmp(l->bucket, "cocoapods::"))
		return name;
	if (!strcmp(l->bucket, "swift::"))
		return repository_name(name, a);
	return !strcmp(l->bucket, "pip::") ? lowered(name, '_', '-', a) : lowered(name, '\0', '\0', a);
}

/* PEP 503: runs of `-`, `_` and `.` are one `-`. */
static const char *pypi_name(const char *name, struct arena *a)
{
	char *copy = arena_strdup(a, name), *to = copy;

	if (!copy)
		return NULL;
	for (const char *from = copy; *from; from++) {
		bool dash = *from == '-' || *from == '_' || *from == '.';

		if (!dash || to == copy || to[-1] != '-')
			*to++ = dash ? '-' : lower(*from);
	}
	*to = '\0';
	return copy;
}

const char *ecosystem_osv_package(const char *osv, const char *name, struct arena *a)
{
	const char *type = ecosystem_type_of_osv(osv);

	return !strcmp(type, "pip") ? pypi_name(name, a) : ecosystem_package(type, name, a);
}
