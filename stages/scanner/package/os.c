/*
 * Which distribution a root file system is.  Several files say it, some of them of what the distribution was made from (Debian's of
 * Ubuntu): the more particular family counts, and of one family the longer version ("7.9.2009" and not "7"), whatever comes first.
 */
#include "stages/scanner/package/package.h"
#include "stages/scanner/syntax/text.h"

#include <string.h>
#include <strings.h>

/* os-release's ID, and the family that Trivy calls it. */
static const struct {
	const char *id, *family;
} families[] = {
	{ "almalinux", "alma" },
	{ "alpine", "alpine" },
	{ "amzn", "amazon" },
	{ "azurelinux", "azurelinux" },
	{ "bottlerocket", "bottlerocket" },
	{ "centos", "centos" },
	{ "chainguard", "chainguard" },
	{ "coreos", "coreos" },
	{ "debian", "debian" },
	{ "echo", "echo" },
	{ "fedora", "fedora" },
	{ "mariner", "cbl-mariner" },
	{ "minimos", "minimos" },
	{ "ol", "oracle" },
	{ "opensuse", "opensuse-leap" },
	{ "opensuse-leap", "opensuse-leap" },
	{ "opensuse-tumbleweed", "opensuse-tumbleweed" },
	{ "photon", "photon" },
	{ "rhel", "redhat" },
	{ "rocky", "rocky" },
	{ "sl-micro", "slem" },
	{ "sle-micro", "slem" },
	{ "sle-micro-rancher", "slem" },
	{ "sles", "sles" },
	{ "ubuntu", "ubuntu" },
	{ "wolfi", "wolfi" },
};

/* What redhat-release and its kin begin with. */
static const struct {
	const char *name, *family;
} releases[] = {
	{ "centos", "centos" },	      { "centos linux", "centos" },
	{ "rocky", "rocky" },	      { "rocky linux", "rocky" },
	{ "alma", "alma" },	      { "almalinux", "alma" },
	{ "alma linux", "alma" },     { "oracle", "oracle" },
	{ "oracle linux", "oracle" }, { "oracle linux server", "oracle" },
	{ "fedora", "fedora" },	      { "fedora linux", "fedora" },
};

static unsigned rank(const char *family)
{
	if (!*family)
		return 0;
	if (!strcmp(family, "debian") || !strcmp(family, "redhat"))
		return 1;
	return !strcmp(family, "alpine") ? 2 : 3;
}

static bool longer(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	return x > y || (x == y && strcmp(a, b) < 0);
}

static bool take(struct scan_os *os, struct arena *a, const char *family, struct piece version)
{
	const char *text;
	unsigned was = rank(os->family ? os->family : ""), is = rank(family);

	if (!version.length || is < was || (is == was && strcmp(os->family, family) > 0))
		return true;
	text = arena_strndup(a, version.text, version.length);
	if (!text)
		return false;
	if (is == was && !strcmp(os->family, family) && !longer(text, os->version))
		return true;
	os->family = family;
	os->version = text;
	return true;
}

/* ---- the files ---- */

static bool read_os_release(struct scan_os *os, struct text_lines *l, struct arena *a)
{
	const char *family = NULL;
	struct piece version = { "", 0 }, name = { "", 0 };

	while (text_next(l)) {
		struct piece key, value = piece_cut(l->line, "=", &key, NULL);

		key = piece_trim(key);
		value = piece_strip(piece_trim(value), "\"'");
		if (piece_is(key, "VERSION_ID"))
			version = value;
		else if (piece_is(key, "PRETTY_NAME"))
			name = value;
		for (size_t i = 0; piece_is(key, "ID") && i < sizeof(families) / sizeof(*families); i++)
			if (piece_is(value, families[i].id))
				family = families[i].family;
	}
	if (name.length) {
		const char *text = arena_strndup(a, name.text, name.length);

		if (!text)
			return false;
		if (!os->name || longer(text, os->name))
			os->name = text;
	}
	return !family || take(os, a, family, version);
}

static bool read_alpine(struct scan_os *os, struct text_lines *l, struct arena *a)
{
	return !text_next(l) || take(os, a, "alpine", l->line);
}

static bool read_debian(struct scan_os *os, struct text_lines *l, struct arena *a)
{
	return !text_next(l) || take(os, a, "debian", l->line);
}

static bool read_lsb(struct scan_os *os, struct text_lines *l, struct arena *a)
{
	bool ubuntu = false;

	while (text_next(l)) {
		ubuntu |= piece_is(l->line, "DISTRIB_ID=Ubuntu");
		if (ubuntu && piece_starts(l->line, "DISTRIB_RELEASE="))
			return take(os, a, "ubuntu", piece_trim(piece_skip(l->line, strlen("DISTRIB_RELEASE="))));
	}
	return true;
}

/* "CentOS Linux release 7.9.2009 (Core)" */
static bool read_release(struct scan_os *os, struct text_lines *l, struct arena *a)
{
	struct piece name, rest;
	const char *family = "redhat";
	bool found;
	size_t n = 0;

	if (!text_next(l))
		return true;
	rest = piece_cut(piece_trim(l->line), " release ", &name, &found);
	while (n < rest.length && ((rest.text[n] >= '0' && rest.text[n] <= '9') || (n && rest.text[n] == '.')))
		n++;
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
		if (strlen(releases[i].name) == name.length && !strncasecmp(releases[i].name, name.text, name.length))
			family = releases[i].family;
	return !found || take(os, a, family, (struct piece){ rest.text, n });
}

/* "Amazon Linux release 2 (Karoo)", "Amazon Linux AMI release 2018.03" */
static bool read_amazon(struct scan_os *os, struct text_lines *l, struct arena *a)
{
	while (text_next(l)) {
		struct piece rest = piece_trim(l->line);
		unsigned words = piece_starts(rest, "Amazon Linux release 2") ? 3 : 2;

		if (!piece_starts(rest, "Amazon Linux"))
			continue;
		while (words--)
			piece_word(&rest);
		return take(os, a, "amazon", piece_trim(rest));
	}
	return true;
}

static const struct {
	const char *path;
	bool (*read)(struct scan_os *os, struct text_lines *l, struct arena *a);
} files[] = {
	{ "etc/os-release", read_os_release },
	{ "usr/lib/os-release", read_os_release },
	{ "aarch64-bottlerocket-linux-gnu/sys-root/usr/lib/os-release", read_os_release },
	{ "x86_64-bottlerocket-linux-gnu/sys-root/usr/lib/os-release", read_os_release },
	{ "etc/alpine-release", read_alpine },
	{ "etc/debian_version", read_debian },
	{ "etc/lsb-release", read_lsb },
	{ "etc/redhat-release", read_release },
	{ "etc/centos-release", read_release },
	{ "etc/rocky-release", read_release },
	{ "etc/almalinux-release", read_release },
	{ "etc/oracle-release", read_release },
	{ "etc/fedora-release", read_release },
	{ "usr/lib/fedora-release", read_release },
	{ "etc/system-release", read_amazon },
	{ "usr/lib/system-release", read_amazon },
};

bool os_wants(const char *path)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(files[i].path, path))
			return true;
	return false;
}

bool os_read(struct scan_os *os, const char *path, const char *bytes, size_t length, struct arena *a)
{
	struct text_lines l;

	os->family = os->family ? os->family : "";
	os->version = os->version ? os->version : "";
	os->name = os->name ? os->name : "";
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		/* A NUL ends what is a text here. */
		text_begin(&l, bytes, length ? strnlen(bytes, length) : 0);
		return files[i].read(os, &l, a);
	}
	return true;
}
