/* Package URLs, https://github.com/package-url/purl-spec, in the form that Trivy gives them. */
#include "base/str.h"
#include "stages/scanner/package/package.h"
#include "stages/scanner/syntax/text.h"

#include <stdlib.h>
#include <string.h>

enum purl_kind { PLAIN, LOWER, PYPI, MAVEN, PODS, DEB, APK, RPM };

/* Sorted by type. */
static const struct purl_type {
	const char *type, *purl;
	enum purl_kind kind;
} types[] = {
	{ "alma", "rpm", RPM },
	{ "alpine", "apk", APK },
	{ "amazon", "rpm", RPM },
	{ "azurelinux", "rpm", RPM },
	{ "bundler", "gem", PLAIN },
	{ "cargo", "cargo", PLAIN },
	{ "cbl-mariner", "rpm", RPM },
	{ "centos", "rpm", RPM },
	{ "chainguard", "apk", APK },
	{ "cocoapods", "cocoapods", PODS },
	{ "composer", "composer", PLAIN },
	{ "composer-vendor", "composer", PLAIN },
	{ "conan", "conan", PLAIN },
	{ "debian", "deb", DEB },
	{ "dotnet-core", "nuget", PLAIN },
	{ "echo", "deb", DEB },
	{ "fedora", "rpm", RPM },
	{ "gemspec", "gem", PLAIN },
	{ "gobinary", "golang", LOWER },
	{ "gomod", "golang", LOWER },
	{ "gradle", "maven", MAVEN },
	{ "hex", "hex", PLAIN },
	{ "jar", "maven", MAVEN },
	{ "minimos", "apk", APK },
	{ "node-pkg", "npm", LOWER },
	{ "npm", "npm", LOWER },
	{ "nuget", "nuget", PLAIN },
	{ "opensuse", "rpm", RPM },
	{ "opensuse-leap", "rpm", RPM },
	{ "opensuse-tumbleweed", "rpm", RPM },
	{ "oracle", "rpm", RPM },
	{ "packages-props", "nuget", PLAIN },
	{ "photon", "rpm", RPM },
	{ "pip", "pypi", PYPI },
	{ "pipenv", "pypi", PYPI },
	{ "pnpm", "npm", LOWER },
	{ "poetry", "pypi", PYPI },
	{ "pom", "maven", MAVEN },
	{ "pub", "pub", PLAIN },
	{ "python-pkg", "pypi", PYPI },
	{ "redhat", "rpm", RPM },
	{ "rocky", "rpm", RPM },
	{ "slem", "rpm", RPM },
	{ "sles", "rpm", RPM },
	{ "swift", "swift", PLAIN },
	{ "ubuntu", "deb", DEB },
	{ "uv", "pypi", PYPI },
	{ "wolfi", "apk", APK },
	{ "yarn", "npm", LOWER },
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

/* Percent-encoded but for letters, digits and `-._~`. */
static void escape(struct str *out, struct piece s)
{
	for (size_t i = 0, from = 0; i <= s.length; i++) {
		if (i < s.length && is_plain(s.text[i]))
			continue;
		str_add(out, s.text + from, i - from);
		from = i + 1;
		if (i < s.length)
			str_printf(out, "%%%02X", (unsigned char)s.text[i]);
	}
}

/* The parts of a path, each with a `/` in front. */
static void path(struct str *out, struct piece s)
{
	struct piece part;
	bool more = true;

	while (more) {
		s = piece_cut(s, "/", &part, &more);
		if (!part.length)
			continue;
		str_addc(out, '/');
		escape(out, part);
	}
}

static char *adapted(struct arena *a, const char *name, enum purl_kind kind)
{
	char *text = arena_strdup(a, name);

	for (char *p = text; p && *p; p++) {
		if ((kind == LOWER || kind == PYPI || kind == APK) && *p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 32);
		else if (kind == PYPI && *p == '_')
			*p = '-';
		else if (kind == MAVEN && *p == ':')
			*p = '/';
	}
	return text;
}

static const char *vendor(const struct scan_os *os, enum purl_kind kind)
{
	if (kind == RPM && (!strcmp(os->family, "sles") || !strcmp(os->family, "slem")))
		return "suse";
	if (kind == RPM && !strncmp(os->family, "opensuse-", 9))
		return "opensuse";
	return os->family;
}

/* A space is a plus there, as in the query of an address. */
static void escape_value(struct str *out, struct piece value)
{
	struct piece word;
	bool more = true;

	while (more) {
		value = piece_cut(value, " ", &word, &more);
		escape(out, word);
		if (more)
			str_addc(out, '+');
	}
}

static void qualifier(struct str *out, const char *key, struct piece value, bool *any)
{
	if (!value.length)
		return;
	str_printf(out, "%c%s=", *any ? '&' : '?', key);
	escape_value(out, value);
	*any = true;
}

static void distribution(struct str *out, const struct scan_os *os, enum purl_kind kind, const struct scan_package *p,
			 struct piece epoch)
{
	bool any = false;

	qualifier(out, "arch", piece_of(p->arch), &any);
	if (os && *os->family) {
		const char *family = kind == APK ? "" : os->family;

		str_printf(out, "%cdistro=%s%s", any ? '&' : '?', family, *family ? "-" : "");
		escape_value(out, piece_of(os->version));
		any = true;
	}
	qualifier(out, "epoch", epoch, &any);
	if (kind == RPM)
		qualifier(out, "modularitylabel", piece_of(p->module ? p->module : ""), &any);
}

static void write(struct str *out, const char *type, enum purl_kind kind, const struct scan_os *os, const struct scan_package *p,
		  const char *name)
{
	struct piece version = piece_of(p->version), rest = version, epoch = { "", 0 }, pod, subspec = { "", 0 };
	bool colon = false, distro = kind == DEB || kind == APK || kind == RPM;

	if (kind == DEB || kind == RPM)
		rest = piece_cut(version, ":", &epoch, &colon);
	version = colon ? rest : version;
	pod = piece_of(name);
	if (kind == PODS)
		subspec = piece_cut(piece_of(name), "/", &pod, NULL);
	str_adds(out, "pkg:");
	str_adds(out, type);
	if (distro && os && *os->family) {
		str_addc(out, '/');
		escape(out, piece_of(vendor(os, kind)));
	}
	path(out, pod);
	if (version.length) {
		str_addc(out, '@');
		escape(out, version);
	}
	if (distro)
		distribution(out, os, kind, p, colon && !piece_is(epoch, "0") ? epoch : (struct piece){ "", 0 });
	if (subspec.length) {
		str_addc(out, '#');
		escape(out, subspec);
	}
}

static int by_type(const void *type, const void *row)
{
	return strcmp(type, ((const struct purl_type *)row)->type);
}

const char *package_purl(struct arena *a, const char *type, const struct scan_os *os, const struct scan_package *package)
{
	const struct purl_type *t = bsearch(type, types, sizeof(types) / sizeof(*types), sizeof(*types), by_type);
	struct str out;
	const char *purl = "";
	char *name;

	if (*package->purl || !t)
		return package->purl;
	name = adapted(a, package->name, t->kind);
	if (!name)
		return NULL;
	str_init(&out);
	write(&out, t->purl, t->kind, os, package, name);
	purl = out.failed ? NULL : arena_strdup(a, out.data);
	str_clear(&out);
	return purl;
}
