/*
 * Packages (stages/scanner/package/package.h): every format over the projects in tests/scanner/packages (its README says how), over what is
 * broken or hostile, and over databases that are made here.  With PIPE_SHARED_DATA also over recorded reports of Trivy.
 */
#include "stages/scanner/package/package.h"
#include "base/str.h"
#include "scratch.h"
#include "stages/scanner/version/version.h"

#include <dirent.h>
#include <jansson.h>
#include <sqlite3.h>

Suite *package_suite(void);

static const char top[] = "tests/scanner/packages";
static struct arena arena;
static pipe_error err;
static struct package_list list;

static void set_up(void)
{
	memset(&arena, 0, sizeof(arena));
	memset(&err, 0, sizeof(err));
}

static void tear_down(void)
{
	arena_clear(&arena);
}

/* ---- reading ---- */

static const struct package_format *format_named(const char *name)
{
	for (size_t i = 0; package_formats[i]; i++)
		if (!strcmp(package_formats[i]->name, name))
			return package_formats[i];
	ck_abort_msg("there is no format %s", name);
	return NULL;
}

static char *slurp(const char *path, size_t *length)
{
	FILE *f = fopen(path, "rb");
	struct str s;
	char buffer[4096], *bytes;
	size_t n;

	if (!f)
		return NULL;
	str_init(&s);
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		str_add(&s, buffer, n);
	fclose(f);
	*length = s.length;
	bytes = arena_text(&arena, s.length + 1);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, s.data, s.length);
	bytes[s.length] = '\0';
	str_clear(&s);
	return bytes;
}

/* payload: the root of the target; NULL: nothing is beside. */
static const char *beside(void *payload, const char *path, size_t *length)
{
	char full[1024];
	struct stat st;

	ck_assert_msg(*path != '/' && !strstr(path, ".."), "%s leads out of the target", path);
	snprintf(full, sizeof(full), "%s/%s", (const char *)payload, path);
	return stat(full, &st) || !S_ISREG(st.st_mode) ? NULL : slurp(full, length);
}

static int parse_at(const struct package_format *f, const char *path, const char *bytes, size_t length, char *root)
{
	list = (struct package_list){ .type = f->type, .class = f->class, .path = path };
	memset(&err, 0, sizeof(err));
	return f->parse(bytes, length, &list, &arena, root ? beside : NULL, root, &err);
}

static int parse(const char *format, const char *text)
{
	return parse_at(format_named(format), "a/file", text, strlen(text), NULL);
}

/* version NULL: any. */
static const struct scan_package *find_version(const char *name, const char *version)
{
	for (uint32_t i = 0; i < list.packages.count; i++)
		if (!strcmp(list.packages.items[i].name, name) && (!version || !strcmp(list.packages.items[i].version, version)))
			return &list.packages.items[i];
	return NULL;
}

static const struct scan_package *find(const char *name)
{
	return find_version(name, NULL);
}

static const struct scan_package *find_said(const json_t *one, const char *name, const char *version)
{
	return find_version(json_string_value(json_object_get(one, name)), json_string_value(json_object_get(one, version)));
}

/* ---- projects ---- */

static void describe_package(struct str *out, const struct scan_package *p)
{
	str_printf(out, "%s %s", p->name, *p->version ? p->version : "-");
	if (*p->source_name || *p->source_version)
		str_printf(out, " source=%s/%s", p->source_name, p->source_version);
	if (*p->arch)
		str_printf(out, " arch=%s", p->arch);
	if (*p->licenses)
		str_printf(out, " licenses=\"%s\"", p->licenses);
	if (p->line_from)
		str_printf(out, " %u-%u", p->line_from, p->line_to);
	if (p->development)
		str_adds(out, " development");
	if (p->indirect)
		str_adds(out, " indirect");
	if (p->modular)
		str_adds(out, " modular");
	for (const char *const *id = p->depends_on; id && *id; id++)
		str_printf(out, "%s%s", id == p->depends_on ? " -> " : ", ", *id);
	str_addc(out, '\n');
}

static void describe(struct str *out, const struct package_format *f, const char *path, int rc)
{
	str_printf(out, "# %s: %s %s\n", path, f->name, f->type);
	if (rc)
		str_printf(out, "error %d at %s:%u: %s\n", rc, err.file, err.line, err.text);
	for (uint32_t i = 0; !rc && i < list.packages.count; i++)
		describe_package(out, &list.packages.items[i]);
	for (uint32_t i = 0; !rc && i < list.notes.count; i++)
		str_printf(out, "note %s\n", list.notes.items[i]);
}

struct walk {
	const char *root;
	bool installed;
	struct str *out;
	unsigned files;
	void (*each)(struct walk *w, const struct package_format *f, const char *path, const char *bytes, size_t length);
};

static void walk_file(struct walk *w, const char *path)
{
	char full[1024];

	for (size_t i = 0; package_formats[i]; i++) {
		const struct package_format *f = package_formats[i];
		char *bytes;
		size_t length = 0;

		if (!f->wants(path, w->installed))
			continue;
		snprintf(full, sizeof(full), "%s/%s", w->root, path);
		bytes = slurp(full, &length);
		ck_assert_ptr_nonnull(bytes);
		w->files++;
		w->each(w, f, path, bytes, length);
	}
}

static int no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.' || strlen(e->d_name) > 2;
}

static void walk(struct walk *w, const char *folder)
{
	char full[1024];
	struct dirent **names;
	int n;

	snprintf(full, sizeof(full), "%s/%s", w->root, folder);
	n = scandir(full, &names, no_dots, alphasort);
	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++) {
		char *path = arena_printf(&arena, "%s%s%s", folder, *folder ? "/" : "", names[i]->d_name);
		struct stat st;

		snprintf(full, sizeof(full), "%s/%s", w->root, path);
		ck_assert_int_eq(lstat(full, &st), 0);
		if (S_ISDIR(st.st_mode))
			walk(w, path);
		else
			walk_file(w, path);
		free(names[i]);
	}
	free(names);
}

static void describe_file(struct walk *w, const struct package_format *f, const char *path, const char *bytes, size_t length)
{
	describe(w->out, f, path, parse_at(f, path, bytes, length, (char *)w->root));
}

/* Calls each for all projects: folders of tests/scanner/packages; those that begin with "installed" are root file systems. */
static unsigned projects(void (*run)(struct walk *w, const char *name),
			 void (*each)(struct walk *w, const struct package_format *f, const char *path, const char *bytes,
				      size_t length))
{
	struct dirent **names;
	int n = scandir(top, &names, no_dots, alphasort);
	unsigned files = 0;

	ck_assert_int_gt(n, 0);
	for (int i = 0; i < n; i++) {
		char *root = arena_printf(&arena, "%s/%s", top, names[i]->d_name);
		struct walk w = { .root = root, .installed = !strncmp(names[i]->d_name, "installed", 9), .each = each };
		struct stat st;

		if (!stat(root, &st) && S_ISDIR(st.st_mode))
			run(&w, names[i]->d_name);
		files += w.files;
		free(names[i]);
	}
	free(names);
	return files;
}

static void compare_project(struct walk *w, const char *name)
{
	char *path = arena_printf(&arena, "%s/%s.expected", top, name), *expected;
	struct str out;
	size_t length = 0;
	FILE *f;

	str_init(&out);
	w->out = &out;
	walk(w, "");
	if (getenv("PACKAGES_WRITE")) {
		f = fopen(path, "wb");
		ck_assert_ptr_nonnull(f);
		ck_assert_uint_eq(fwrite(out.data, 1, out.length, f), out.length);
		ck_assert_int_eq(fclose(f), 0);
	}
	expected = slurp(path, &length);
	ck_assert_msg(expected, "%s is missing", path);
	ck_assert_str_eq(out.data, expected);
	str_clear(&out);
}

START_TEST(every_project_is_read_as_expected)
{
	ck_assert_uint_ge(projects(compare_project, describe_file), 40);
}
END_TEST

/* Cut anywhere, a file of a syntax with an end is an error with its line, and no file ever crashes. */
static void cut_file(struct walk *w, const struct package_format *f, const char *path, const char *bytes, size_t length)
{
	static const char *const closed[] = { "package-lock", "pipfile-lock",	"composer-lock", "composer-installed",
					      "nuget-lock",   "nuget-config",	"nuget-props",	 "deps-json",
					      "conan-lock",   "swift-resolved", "package-json",	 "pom" };
	bool has_end = false;
	size_t end = length, step = length / 60 + 1;

	if (parse_at(f, path, bytes, length, (char *)w->root))
		return;
	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++)
		has_end |= !strcmp(closed[i], f->name);
	while (end && strchr(" \r\n\t", bytes[end - 1]))
		end--;
	for (size_t n = 0; n < end; n += step) {
		char *part = malloc(n + 1);
		int rc;

		ck_assert_ptr_nonnull(part);
		memcpy(part, bytes, n);
		rc = parse_at(f, path, part, n, (char *)w->root);
		free(part);
		if (has_end)
			ck_assert_msg(rc == PIPE_EPIPELINE && err.line && *err.text, "%s/%s cut at %zu: %d, line %u", w->root,
				      path, n, rc, err.line);
		ck_assert(rc == PIPE_OK || rc == PIPE_EPIPELINE || rc == PIPE_ELIMIT);
		ck_assert(!rc || *err.text);
	}
}

static void cut_project(struct walk *w, const char *name)
{
	(void)name;
	walk(w, "");
}

START_TEST(what_is_cut_off_is_an_error)
{
	projects(cut_project, cut_file);
}
END_TEST

static void nul_file(struct walk *w, const struct package_format *f, const char *path, const char *bytes, size_t length)
{
	char *copy = malloc(length + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, length);
	for (size_t at = length / 3; at < length; at += length / 2 + 1) {
		int rc;

		copy[at] = '\0';
		rc = parse_at(f, path, copy, length, (char *)w->root);
		ck_assert(rc == PIPE_OK || rc == PIPE_EPIPELINE || rc == PIPE_ELIMIT);
		copy[at] = bytes[at];
	}
	free(copy);
}

START_TEST(a_nul_anywhere_is_survived)
{
	projects(cut_project, nul_file);
}
END_TEST

/* ---- the registry ---- */

START_TEST(formats_are_in_order_and_known)
{
	size_t n = 0;

	for (; package_formats[n]; n++) {
		const struct package_format *f = package_formats[n];

		ck_assert(*f->name && *f->help && f->wants && f->parse && f->type);
		if (n)
			ck_assert_str_lt(package_formats[n - 1]->name, f->name);
		ck_assert_int_eq(f->class == PACKAGE_OS, !*f->type);
		if (*f->type)
			ck_assert_msg(package_scheme(f->type) != NULL, "%s has no scheme", f->type);
		ck_assert(!f->wants("a/nothing.of.the.kind", true) && !f->wants("a/nothing.of.the.kind", false));
	}
	ck_assert_uint_ge(n, 31);
	ck_assert_ptr_null(package_scheme("nothing"));
	ck_assert_str_eq(package_scheme("debian")->name, "deb");
	ck_assert_str_eq(package_scheme("rocky")->name, "rpm");
	ck_assert_str_eq(package_scheme("alpine")->name, "apk");
	ck_assert_str_eq(package_scheme("uv")->name, "pep440");
}
END_TEST

static const struct {
	const char *path;
	bool installed;
	const char *format; /* "": none */
} wanted[] = {
	{ "package-lock.json", false, "package-lock" },
	{ "a/b/package-lock.json", false, "package-lock" },
	{ "a/node_modules/b/package-lock.json", false, "" },
	{ "package-lock.json", true, "" },
	{ "my-package-lock.json", false, "" },
	{ "yarn.lock", false, "yarn-lock" },
	{ "a/.yarn/b/yarn.lock", false, "" },
	{ "a/node_modules/b/package.json", true, "package-json" },
	{ "a/node_modules/b/package.json", false, "" },
	{ "go.mod", false, "go-mod" },
	{ "go.sum", false, "" },
	{ "Cargo.lock", false, "cargo-lock" },
	{ "Cargo.lock", true, "cargo-lock" },
	{ "vendor/a/composer.lock", false, "" },
	{ "vendor/composer/installed.json", true, "composer-installed" },
	{ "var/lib/dpkg/status", true, "dpkg" },
	{ "var/lib/dpkg/status.d/base", true, "dpkg" },
	{ "var/lib/dpkg/status.d/base.md5sums", true, "" },
	{ "var/lib/dpkg/status-old", true, "" },
	{ "x/var/lib/dpkg/status", false, "" },
	{ "lib/apk/db/installed", true, "apk" },
	{ "usr/lib/apk/db/installed", true, "apk" },
	{ "var/lib/rpm/rpmdb.sqlite", true, "rpm" },
	{ "usr/lib/sysimage/rpm/Packages.db", true, "rpm" },
	{ "var/lib/rpm/Packages", true, "rpm" },
	{ "usr/bin/tool", true, "go-binary" },
	{ "manager", true, "go-binary" },
	{ "usr/share/doc/a/copyright", true, "" },
	{ "a/b.txt", true, "" },
	{ "opt/app.jar", true, "jar" },
	{ "usr/lib/python3/a-1.dist-info/METADATA", true, "python-metadata" },
	{ "usr/lib/python3/a-1.dist-info/RECORD", true, "" },
	{ "usr/lib/python3/a.egg-info", true, "python-metadata" },
	{ "gems/specifications/a-1.gemspec", true, "gemspec" },
	{ "gems/a/a.gemspec", true, "" },
	{ "app.deps.json", true, "deps-json" },
	{ "sub/buildscript-gradle.lockfile", false, "gradle-lock" },
	{ "Directory.Packages.props", false, "nuget-props" },
};

START_TEST(paths_are_wanted_by_one_format)
{
	const char *found = "";

	for (size_t i = 0; package_formats[i]; i++)
		if (package_formats[i]->wants(wanted[_i].path, wanted[_i].installed)) {
			ck_assert_str_eq(found, "");
			found = package_formats[i]->name;
		}
	ck_assert_str_eq(found, wanted[_i].format);
}
END_TEST

/* ---- what is broken ---- */

static const struct {
	const char *format, *text;
	unsigned line;
	const char *part;
} broken[] = {
	{ "package-lock", "", 1, "ends" },
	{ "package-lock", "{}x", 1, "end of the file" },
	{ "package-lock", "{\n\"a\": 1,\n\"a\": 2}", 3, "stands twice" },
	{ "package-lock", "{\"packages\": []}", 1, "map" },
	{ "package-lock", "[]", 1, "map" },
	{ "package-lock", "{\"a\": tru}", 1, "a value" },
	{ "package-lock", "{\"a\": 01}", 1, "a value" },
	{ "package-lock", "{\"a\": 1.}", 1, "a value" },
	{ "package-lock", "{\"a\": [1,]}", 1, "a value" },
	{ "package-lock", "{\"a\": 1,}", 1, "a key" },
	{ "package-lock", "{\"a\" 1}", 1, "':'" },
	{ "package-lock", "{'a': 1}", 1, "a key" },
	{ "package-lock", "{\"a\": \"b\nc\"}", 1, "end of the string" },
	{ "package-lock", "{\"a\": \"\\x\"}", 1, "escape" },
	{ "package-lock", "{\"a\": \"\\u12\"}", 1, "hexadecimal" },
	{ "package-lock", "{\"a\": \"\xff\"}", 1, "UTF-8" },
	{ "package-lock", "{\n\n\"a\": nope\n}", 3, "a value" },
	{ "poetry-lock", "[[package]]\nname = \"a\"\nname = \"b\"\n", 3, "stands twice" },
	{ "poetry-lock", "[[package]]\nname = \"a\n", 2, "without an end" },
	{ "poetry-lock", "[[package]\n", 1, "']'" },
	{ "poetry-lock", "a = \n", 1, "a value" },
	{ "poetry-lock", "a = 1 b = 2\n", 1, "behind" },
	{ "poetry-lock", "a = [1, 2\n", 2, "array" },
	{ "poetry-lock", "a = {b = 1,}\n", 1, "inline table" },
	{ "poetry-lock", "[a]\nb = 1\n[a]\n", 3, "twice" },
	{ "poetry-lock", "a = 1\n[a.b]\n", 2, "no table" },
	{ "poetry-lock", "a = {}\n[a.b]\n", 2, "no table" },
	{ "poetry-lock", "a = []\n[[a]]\n", 2, "no array of tables" },
	{ "poetry-lock", "a = \"\\q\"\n", 1, "escape" },
	{ "poetry-lock", "= 1\n", 1, "a key" },
	{ "poetry-lock", "a.b = 1\na.b.c = 2\n", 2, "no table" },
	{ "poetry-lock", "package = 1\n", 1, "array of tables" },
	{ "poetry-lock", "[[package]]\nversion = \"1\"\n", 1, "without a name" },
	{ "uv-lock", "package = 1\n", 1, "array of tables" },
	{ "cargo-lock", "[[package]]\n\n[[package]]\nname = \"a\"\n", 1, "without a name" },
	{ "pnpm-lock", "lockfileVersion: 6.0\npackages:\n  /a@1:\n    dev: false\n  /a@1:\n    dev: false\n", 5, "twice" },
	{ "pnpm-lock", "lockfileVersion: [\n", 2, "" },
	{ "pnpm-lock", "", 1, "lockfileVersion" },
	{ "pnpm-lock", "lockfileVersion: six\n", 1, "lockfileVersion" },
	{ "yarn-lock", "a@^1:\n  resolved \"x\"\n", 1, "no version" },
	{ "yarn-lock", "  version \"1\"\n", 1, "no entry" },
	{ "yarn-lock", "a@^1\n", 1, "':'" },
	{ "go-mod", "module a\nrequire (\n\tb v1.0.0\n", 2, "without an end" },
	{ "go-mod", "requires b v1\n", 1, "nothing" },
	{ "go-mod", "require b\n", 1, "version" },
	{ "go-mod", "require b 1.0\n", 1, "no version" },
	{ "go-mod", "replace b v1 c v2\n", 1, "=>" },
	{ "pom", "<project>", 1, "" },
	{ "pom", "<!DOCTYPE p [<!ENTITY a \"b\">]><project>&a;</project>", 1, "" },
	{ "nuget-config", "<a/>", 1, "<packages>" },
	{ "dpkg", "Package: a\nVersion: 1\n\nrubbish\n", 4, "Field" },
	{ "dpkg", "Version: 1\n", 1, "Package" },
	{ "apk", "P:a\nV:1\n\nrubbish\n", 4, "X:value" },
	{ "apk", "P:a\n", 1, "version" },
	{ "python-metadata", "Name: a\n\n", 1, "Version" },
	{ "python-metadata", "", 1, "empty" },
	{ "gemspec", "Gem::Specification.new do |s|\n", 1, "name" },
	{ "package-json", "{\"name\": \"../x\", \"version\": \"1\"}", 1, "cannot be the name" },
};

START_TEST(broken_files_are_errors_with_a_line)
{
	ck_assert_int_eq(parse(broken[_i].format, broken[_i].text), PIPE_EPIPELINE);
	ck_assert_int_eq(err.code, PIPE_EPIPELINE);
	ck_assert_str_eq(err.file, "a/file");
	ck_assert_msg(strstr(err.text, broken[_i].part), "%s", err.text);
	ck_assert_uint_eq(err.line, broken[_i].line);
}
END_TEST

static const char *const text_formats[] = { "yarn-lock", "go-mod",	"gemfile-lock", "dpkg",		  "apk",
					    "mix-lock",	 "gradle-lock", "requirements", "python-metadata" };

START_TEST(a_nul_in_a_text_is_an_error_with_its_line)
{
	static const char bytes[] = "a\n\nb\0c\n";

	ck_assert_int_eq(parse_at(format_named(text_formats[_i]), "f", bytes, sizeof(bytes) - 1, NULL), PIPE_EPIPELINE);
	ck_assert_uint_eq(err.line, 3);
}
END_TEST

/* ---- what is hostile ---- */

static void repeat(struct str *s, const char *text, unsigned times)
{
	while (times--)
		str_adds(s, text);
}

static const struct {
	const char *format, *open, *middle, *close;
} deep[] = {
	{ "package-lock", "[", "", "]" },
	{ "package-lock", "{\"a\":", "1", "}" },
	{ "package-lock", "{\"dependencies\":", "{}", "}" },
	{ "poetry-lock", "a = [", "", "]" },
	{ "poetry-lock", "a = {b = ", "1", "}" },
	{ "poetry-lock", "a.", "b = 1", "" },
	{ "pnpm-lock", "[", "", "]" },
	{ "pom", "<a>", "", "</a>" },
};

START_TEST(deep_nesting_is_refused)
{
	struct str s;
	int rc;

	str_init(&s);
	if (!strcmp(deep[_i].format, "poetry-lock") && strcmp(deep[_i].open, "a.") != 0)
		str_adds(&s, strchr(deep[_i].open, '[') ? "a = " : "a = ");
	repeat(&s, !strcmp(deep[_i].format, "poetry-lock") && deep[_i].open[1] == ' ' ? deep[_i].open + 4 : deep[_i].open,
	       100000);
	str_adds(&s, deep[_i].middle);
	repeat(&s, deep[_i].close, 100000);
	rc = parse(deep[_i].format, s.data);
	ck_assert_msg(rc == PIPE_ELIMIT || rc == PIPE_EPIPELINE, "%d", rc);
	ck_assert_uint_eq(err.line, 1);
	str_clear(&s);
}
END_TEST

enum { MANY = 50000 };

static void many_npm(struct str *s)
{
	str_adds(s, "{\"lockfileVersion\": 3, \"packages\": {\"\": {}");
	for (int i = 0; i < MANY; i++)
		str_printf(s, ",\n\"node_modules/p%d\": {\"version\": \"1.0.%d\", \"dependencies\": {\"p%d\": \"*\"}}", i, i,
			   i / 2);
	str_adds(s, "}}");
}

static void many_npm1(struct str *s)
{
	str_adds(s, "{\"lockfileVersion\": 1, \"dependencies\": {");
	for (int i = 0; i < MANY; i++)
		str_printf(s, "%s\"p%d\": {\"version\": \"1.0.%d\", \"requires\": {\"p%d\": \"*\"}}", i ? ",\n" : "", i, i,
			   i / 2);
	str_adds(s, "}}");
}

static void many_cargo(struct str *s)
{
	for (int i = 0; i < MANY; i++)
		str_printf(s, "[[package]]\nname = \"p%d\"\nversion = \"1.0.%d\"\ndependencies = [\"p%d\"]\n\n", i, i, i / 2);
}

static void many_poetry(struct str *s)
{
	for (int i = 0; i < MANY; i++)
		str_printf(s, "[[package]]\nname = \"p%d\"\nversion = \"1.0.%d\"\n[package.dependencies]\np%d = \"*\"\n\n", i, i,
			   i / 2);
}

static void many_uv(struct str *s)
{
	str_adds(s, "[[package]]\nname = \"p0\"\nversion = \"1.0.0\"\nsource = { virtual = \".\" }\n");
	for (int i = 1; i < MANY; i++)
		str_printf(s, "[[package]]\nname = \"p%d\"\nversion = \"1.0.%d\"\ndependencies = [{ name = \"p%d\" }]\n\n", i, i,
			   i / 2);
}

static void many_yarn(struct str *s)
{
	for (int i = 0; i < MANY; i++)
		str_printf(s, "\"p%d@^1.0\":\n  version \"1.0.%d\"\n  dependencies:\n    p%d \"^1.0\"\n\n", i, i, i / 2);
}

static void many_pnpm(struct str *s)
{
	str_adds(
		s,
		"lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      p49999: {specifier: ^1, version: 1.0.49999}\npackages:\n");
	for (int i = 0; i < MANY; i++)
		str_printf(s, "  p%d@1.0.%d: {}\n", i, i);
	str_adds(s, "snapshots:\n");
	for (int i = 0; i < MANY; i++)
		str_printf(s, "  p%d@1.0.%d: {dependencies: {p%d: 1.0.%d}}\n", i, i, i / 2, i / 2);
}

static void many_gemfile(struct str *s)
{
	str_adds(s, "GEM\n  specs:\n");
	for (int i = 0; i < MANY; i++)
		str_printf(s, "    p%d (1.0.%d)\n      p%d (>= 1)\n", i, i, i / 2);
}

static void many_go(struct str *s)
{
	str_adds(s, "go 1.20\nrequire (\n");
	for (int i = 0; i < MANY; i++)
		str_printf(s, "\texample.com/p%d v1.0.%d\n", i, i);
	str_adds(s, ")\n");
}

static void many_dpkg(struct str *s)
{
	for (int i = 0; i < MANY; i++)
		str_printf(s, "Package: p%d\nStatus: install ok installed\nVersion: 1.0.%d\nDepends: p%d (>= 1), q | p%d\n\n", i,
			   i, i / 2, i / 3);
}

static void many_pom(struct str *s)
{
	str_adds(s, "<project><groupId>g</groupId><artifactId>a</artifactId><dependencies>");
	for (int i = 1; i < MANY; i++)
		str_printf(s,
			   "<dependency><groupId>g</groupId><artifactId>p%d</artifactId><version>1.0.%d</version></dependency>\n",
			   i, i);
	str_adds(s, "</dependencies></project>");
}

static const struct {
	const char *format;
	void (*make)(struct str *s);
} many[] = {
	{ "package-lock", many_npm }, { "package-lock", many_npm1 },
	{ "cargo-lock", many_cargo }, { "poetry-lock", many_poetry },
	{ "uv-lock", many_uv },	      { "yarn-lock", many_yarn },
	{ "pnpm-lock", many_pnpm },   { "gemfile-lock", many_gemfile },
	{ "go-mod", many_go },	      { "dpkg", many_dpkg },
	{ "pom", many_pom },
};

/* Were it not linear, this would take minutes. */
START_TEST(fifty_thousand_packages)
{
	struct str s;

	str_init(&s);
	many[_i].make(&s);
	ck_assert(!s.failed);
	ck_assert_msg(parse(many[_i].format, s.data) == PIPE_OK, "line %u: %s", err.line, err.text);
	ck_assert_uint_eq(list.packages.count, MANY);
	str_clear(&s);
}
END_TEST

/* Properties that grow without an end when they are followed. */
START_TEST(properties_of_a_pom_are_bounded)
{
	ck_assert_int_eq(
		parse("pom",
		      "<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version><properties>"
		      "<a>${b}${b}${b}${b}</a><b>${c}${c}${c}${c}</b><c>${a}x${a}</c><self>${self}</self></properties><dependencies>"
		      "<dependency><groupId>g</groupId><artifactId>p</artifactId><version>${a}</version></dependency>"
		      "<dependency><groupId>g</groupId><artifactId>q</artifactId><version>${self}</version></dependency>"
		      "</dependencies></project>"),
		PIPE_OK);
	ck_assert_ptr_nonnull(find("g:p"));
	ck_assert_str_eq(find("g:q")->version, "");
	ck_assert_uint_ge(list.notes.count, 1);
}
END_TEST

START_TEST(an_entry_without_a_name_is_no_package)
{
	ck_assert_int_eq(parse("pubspec-lock", "packages:\n  '': {version: '1'}\n  a: {version: '2'}\n"), PIPE_OK);
	ck_assert_uint_eq(list.packages.count, 1);
	ck_assert_uint_eq(list.notes.count, 1);
}
END_TEST

START_TEST(yaml_aliases_do_not_grow)
{
	struct str s;

	str_init(&s);
	str_adds(&s, "lockfileVersion: 6.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++) {
		str_printf(&s, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			str_printf(&s, "%s*a%d", k ? ", " : "", i - 1);
		str_adds(&s, "]\n");
	}
	ck_assert_int_ne(parse("pnpm-lock", s.data), PIPE_OK);
	str_clear(&s);
}
END_TEST

/* ---- distributions ---- */

static const struct {
	const char *path, *text;
} releases[] = {
	{ "etc/os-release", "NAME=\"CentOS Linux\"\nVERSION_ID=\"7\"\nID=\"centos\"\nPRETTY_NAME=\"CentOS Linux 7 (Core)\"\n" },
	{ "etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n" },
	{ "etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n" },
};

START_TEST(a_distribution_is_told_in_any_order)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	for (size_t o = 0; o < 6; o++) {
		struct scan_os os = { 0 };

		for (int i = 0; i < 3; i++) {
			const char *path = releases[orders[o][i]].path, *text = releases[orders[o][i]].text;

			ck_assert(os_wants(path));
			ck_assert(os_read(&os, path, text, strlen(text), &arena));
		}
		ck_assert_str_eq(os.family, "centos");
		ck_assert_str_eq(os.version, "7.9.2009");
		ck_assert_str_eq(os.name, "CentOS Linux 7 (Core)");
	}
}
END_TEST

static const struct {
	const char *paths[2], *texts[2], *family, *version;
} systems[] = {
	{ { "etc/debian_version", "etc/os-release" }, { "12.5\n", "ID=debian\nVERSION_ID=\"12\"\n" }, "debian", "12.5" },
	{ { "etc/os-release", NULL }, { "ID=debian\nVERSION_ID=\"12\"\n", NULL }, "debian", "12" },
	{ { "etc/debian_version", "etc/lsb-release" },
	  { "bookworm/sid\n", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\n" },
	  "ubuntu",
	  "22.04" },
	{ { "etc/alpine-release", "etc/os-release" }, { "3.18.4\n", "ID=alpine\nVERSION_ID=3.18.4\n" }, "alpine", "3.18.4" },
	{ { "etc/os-release", "etc/redhat-release" },
	  { "ID=\"ol\"\nVERSION_ID=\"8.6\"\n", "Red Hat Enterprise Linux release 8.6 (Ootpa)\n" },
	  "oracle",
	  "8.6" },
	{ { "etc/redhat-release", NULL }, { "Red Hat Enterprise Linux release 9.2 (Plow)\n", NULL }, "redhat", "9.2" },
	{ { "etc/system-release", "etc/os-release" },
	  { "Amazon Linux release 2 (Karoo)\n", "ID=\"amzn\"\nVERSION_ID=\"2\"\n" },
	  "amazon",
	  "2 (Karoo)" },
	{ { "etc/system-release", NULL }, { "Amazon Linux AMI release 2018.03\n", NULL }, "amazon", "AMI release 2018.03" },
	{ { "usr/lib/os-release", NULL }, { "ID='opensuse-leap'\nVERSION_ID='15.4'\n", NULL }, "opensuse-leap", "15.4" },
	{ { "etc/os-release", NULL }, { "ID=something\nVERSION_ID=1\n", NULL }, "", "" },
	{ { "etc/os-release", "etc/debian_version" }, { "", "" }, "", "" },
};

START_TEST(distributions_are_called_as_trivy_does)
{
	for (int turn = 0; turn < 2; turn++) {
		struct scan_os os = { 0 };

		for (int i = 0; i < 2; i++) {
			int k = turn ? 1 - i : i;

			if (systems[_i].paths[k])
				ck_assert(os_read(&os, systems[_i].paths[k], systems[_i].texts[k], strlen(systems[_i].texts[k]),
						  &arena));
		}
		ck_assert_str_eq(os.family, systems[_i].family);
		ck_assert_str_eq(os.version, systems[_i].version);
	}
	ck_assert(!os_wants("etc/passwd") && !os_wants("a/etc/os-release"));
}
END_TEST

static const struct {
	const char *type, *name, *version, *arch, *purl;
} purls[] = {
	{ "npm", "@Babel/core", "7.0.0", "", "pkg:npm/%40babel/core@7.0.0" },
	{ "pip", "Flask_Login", "2.0.0", "", "pkg:pypi/flask-login@2.0.0" },
	{ "gomod", "github.com/Docker/cli", "v2.7.1+incompatible", "", "pkg:golang/github.com/docker/cli@v2.7.1%2Bincompatible" },
	{ "pom", "org.a:b", "1", "", "pkg:maven/org.a/b@1" },
	{ "composer", "a/b", "v1", "", "pkg:composer/a/b@v1" },
	{ "cocoapods", "A/B+c", "1", "", "pkg:cocoapods/A@1#B%2Bc" },
	{ "gomod", "example.com/x", "", "", "pkg:golang/example.com/x" },
	{ "debian", "libc6", "1:2.3-4", "amd64", "pkg:deb/debian/libc6@2.3-4?arch=amd64&distro=debian-12.5&epoch=1" },
	{ "nothing", "a", "1", "", "" },
};

START_TEST(package_urls_are_as_trivy_writes_them)
{
	struct scan_os debian = { "debian", "12.5", "", false };
	struct scan_package p = { .name = purls[_i].name, .version = purls[_i].version, .arch = purls[_i].arch, .purl = "" };

	ck_assert_str_eq(package_purl(&arena, purls[_i].type, &debian, &p), purls[_i].purl);
	p.purl = "pkg:x/y";
	ck_assert_str_eq(package_purl(&arena, purls[_i].type, &debian, &p), "pkg:x/y");
}
END_TEST

START_TEST(package_urls_of_distributions)
{
	struct scan_os sles = { "sles", "15.4", "", false }, alpine = { "alpine", "3.18.4", "", false },
		       amazon = { "amazon", "2 (Karoo)", "", false };
	struct scan_package p = { .name = "bash", .version = "2:4.4-1", .arch = "x86_64", .purl = "" };

	ck_assert_str_eq(package_purl(&arena, "sles", &sles, &p), "pkg:rpm/suse/bash@4.4-1?arch=x86_64&distro=sles-15.4&epoch=2");
	ck_assert_str_eq(package_purl(&arena, "rocky", NULL, &p), "pkg:rpm/bash@4.4-1?arch=x86_64&epoch=2");
	p.module = "bash:4:8030:229f";
	ck_assert_str_eq(
		package_purl(&arena, "amazon", &amazon, &p),
		"pkg:rpm/amazon/bash@4.4-1?arch=x86_64&distro=amazon-2+%28Karoo%29&epoch=2&modularitylabel=bash%3A4%3A8030%3A229f");
	p.module = NULL;
	p.version = "1.2-r3";
	ck_assert_str_eq(package_purl(&arena, "alpine", &alpine, &p), "pkg:apk/alpine/bash@1.2-r3?arch=x86_64&distro=3.18.4");
}
END_TEST

/* ---- rpm ---- */

static void be32(struct str *s, uint32_t n)
{
	const char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

	str_add(s, bytes, 4);
}

static void le32(struct str *s, uint32_t n)
{
	const char bytes[4] = { (char)n, (char)(n >> 8), (char)(n >> 16), (char)(n >> 24) };

	str_add(s, bytes, 4);
}

static void make_header(struct str *out, const char *name, uint32_t epoch)
{
	static const uint32_t tags[] = { 1000, 1001, 1002, 1022, 1044, 1014 };
	const char *values[] = { name, "5.1.8", "6.el9", "x86_64", "bash-5.1.8-6.el9.src.rpm", "GPLv3+" };
	struct str data;

	str_init(&data);
	be32(&data, epoch);
	str_reset(out);
	be32(out, 7);
	for (size_t i = 0; i < 6; i++)
		str_add(&data, values[i], strlen(values[i]) + 1);
	be32(out, (uint32_t)data.length);
	be32(out, 1003);
	be32(out, 4);
	be32(out, 0);
	be32(out, 1);
	for (size_t i = 0, at = 4; i < 6; at += strlen(values[i++]) + 1) {
		be32(out, tags[i]);
		be32(out, 6);
		be32(out, (uint32_t)at);
		be32(out, 1);
	}
	str_add(out, data.data, data.length);
	str_clear(&data);
}

static void run_sql(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
}

/* A database as rpm makes it, in a file of the test's. */
static char *make_database(struct scratch *s, const struct str *headers, size_t count, const char *sql, size_t *length)
{
	char *path = arena_printf(&arena, "%s/rpmdb.sqlite", s->root);
	sqlite3_stmt *insert;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(db, sql);
	if (count)
		ck_assert_int_eq(sqlite3_prepare_v2(db, "INSERT INTO Packages(blob) VALUES(?)", -1, &insert, NULL), SQLITE_OK);
	for (size_t i = 0; i < count; i++) {
		sqlite3_bind_blob(insert, 1, headers[i].data, (int)headers[i].length, SQLITE_STATIC);
		ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
		sqlite3_reset(insert);
	}
	if (count)
		sqlite3_finalize(insert);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return slurp(path, length);
}

static void check_bash(void)
{
	const struct scan_package *p = find("bash");

	ck_assert_ptr_nonnull(p);
	ck_assert_str_eq(p->version, "1:5.1.8-6.el9");
	ck_assert_str_eq(p->arch, "x86_64");
	ck_assert_str_eq(p->source_name, "bash");
	ck_assert_str_eq(p->source_version, "1:5.1.8-6.el9");
	ck_assert_str_eq(p->licenses, "GPLv3+");
	ck_assert(!p->modular);
}

START_TEST(rpm_in_sqlite)
{
	struct scratch s;
	struct str headers[2];
	size_t length;
	char *bytes;

	scratch_make(&s);
	for (int i = 0; i < 2; i++)
		str_init(&headers[i]);
	make_header(&headers[0], "bash", 1);
	make_header(&headers[1], "zlib", 0);
	bytes = make_database(
		&s, headers, 2,
		_i ? "PRAGMA journal_mode = WAL; CREATE TABLE Packages(hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"
		   : "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)",
		&length);
	ck_assert_int_eq(bytes[18], _i ? 2 : 1);
	ck_assert_msg(parse_at(format_named("rpm"), "var/lib/rpm/rpmdb.sqlite", bytes, length, NULL) == PIPE_OK, "%s", err.text);
	ck_assert_uint_eq(list.packages.count, 2);
	check_bash();
	ck_assert_str_eq(find("zlib")->version, "5.1.8-6.el9");
	for (int i = 0; i < 2; i++)
		str_clear(&headers[i]);
	scratch_remove(&s);
}
END_TEST

static const char *const hostile_sql[] = {
	"CREATE TABLE Other(a)",
	"CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS blob FROM c",
	"CREATE TABLE Packages(blob)",
};

START_TEST(rpm_databases_that_are_none)
{
	struct scratch s;
	size_t length;
	char *bytes;
	int rc;

	scratch_make(&s);
	bytes = make_database(&s, NULL, 0, hostile_sql[_i], &length);
	rc = parse_at(format_named("rpm"), "var/lib/rpm/rpmdb.sqlite", bytes, length, NULL);
	ck_assert_int_eq(rc, _i == 2 ? PIPE_OK : PIPE_EPIPELINE);
	for (size_t n = 0; n < length; n += 97) {
		rc = parse_at(format_named("rpm"), "var/lib/rpm/rpmdb.sqlite", bytes, n, NULL);
		ck_assert(rc == PIPE_OK || rc == PIPE_EPIPELINE);
	}
	ck_assert_int_eq(parse_at(format_named("rpm"), "var/lib/rpm/rpmdb.sqlite", "rubbish", 7, NULL), PIPE_EPIPELINE);
	scratch_remove(&s);
}
END_TEST

/* Every cut and every damaged number of a header is an error or harmless. */
START_TEST(rpm_headers_are_bounded)
{
	struct scratch s;
	struct str header;
	size_t length, whole;
	char *bytes;

	str_init(&header);
	make_header(&header, "bash", 1);
	whole = header.length;
	for (size_t i = 0; i < whole; i += 3) {
		struct str damaged;

		scratch_make(&s);
		str_init(&damaged);
		str_add(&damaged, header.data, i % 2 ? i : whole);
		if (!(i % 2))
			damaged.data[i] = (char)~damaged.data[i];
		bytes = make_database(&s, &damaged, 1, "CREATE TABLE Packages(blob BLOB)", &length);
		ck_assert_int_ne(parse_at(format_named("rpm"), "var/lib/rpm/rpmdb.sqlite", bytes, length, NULL), PIPE_ENOMEM);
		if (i % 2)
			ck_assert_int_eq(err.code, PIPE_EPIPELINE);
		str_clear(&damaged);
		scratch_remove(&s);
	}
	str_clear(&header);
}
END_TEST

static void make_ndb(struct str *s, const struct str *header, uint32_t blob_at, uint32_t blob_length)
{
	str_adds(s, "RpmP");
	le32(s, 0);
	le32(s, 1);
	le32(s, 1);
	while (s->length < 32)
		str_addc(s, '\0');
	for (int i = 0; s->length < 4096; i++) {
		str_adds(s, "Slot");
		le32(s, i == 3 ? 7 : 0);
		le32(s, i == 3 ? blob_at : 0);
		le32(s, 1);
	}
	str_adds(s, "BlbS");
	le32(s, 7);
	le32(s, 0);
	le32(s, blob_length);
	str_add(s, header->data, header->length);
}

START_TEST(rpm_in_ndb)
{
	const struct package_format *rpm = format_named("rpm");
	struct str header, s;

	str_init(&header);
	str_init(&s);
	make_header(&header, "bash", 1);
	make_ndb(&s, &header, 256, (uint32_t)header.length);
	ck_assert_msg(parse_at(rpm, "usr/lib/sysimage/rpm/Packages.db", s.data, s.length, NULL) == PIPE_OK, "%s", err.text);
	check_bash();
	ck_assert_int_eq(parse_at(rpm, "usr/lib/sysimage/rpm/Packages.db", s.data, s.length - 1, NULL), PIPE_EPIPELINE);
	ck_assert_int_eq(parse_at(rpm, "usr/lib/sysimage/rpm/Packages.db", s.data, 4000, NULL), PIPE_EPIPELINE);
	s.data[100] = 'X';
	ck_assert_int_eq(parse_at(rpm, "usr/lib/sysimage/rpm/Packages.db", s.data, s.length, NULL), PIPE_EPIPELINE);
	str_reset(&s);
	make_ndb(&s, &header, UINT32_MAX, (uint32_t)header.length);
	ck_assert_int_eq(parse_at(rpm, "usr/lib/sysimage/rpm/Packages.db", s.data, s.length, NULL), PIPE_EPIPELINE);
	str_clear(&s);
	str_clear(&header);
}
END_TEST

START_TEST(what_cannot_be_read_is_noted)
{
	ck_assert_int_eq(parse_at(format_named("rpm"), "var/lib/rpm/Packages", "x", 1, NULL), PIPE_OK);
	ck_assert_uint_eq(list.packages.count, 0);
	ck_assert_uint_eq(list.notes.count, 1);
	ck_assert_ptr_nonnull(strstr(list.notes.items[0], "Berkeley"));
	ck_assert_int_eq(parse_at(format_named("jar"), "a.jar", "PK", 2, NULL), PIPE_OK);
	ck_assert_uint_eq(list.notes.count, 1);
}
END_TEST

/* ---- Go programs ---- */

static void number(struct str *s, uint64_t n, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		str_addc(s, i < sizeof(n) ? (char)(n >> 8 * i) : 0);
}

static const char modules[] =
	"path\texample.com/tool\nmod\texample.com/tool\t(devel)\t\ndep\tgithub.com/a/b\tv1.2.3\th1:x=\n"
	"dep\tgithub.com/old/c\tv0.1.0\n=>\tgithub.com/new/c\tv0.2.0\th1:y=\nbuild\t-ldflags=\"-s -w -X main.version=v1.4.0 "
	"-X 'main.date=2020 01'\"\n";

/* An ELF file of one section with Go's build information: 64 bits, little-endian. */
static void make_program(struct str *s)
{
	static const char names[] = "\0.shstrtab\0.go.buildinfo";
	size_t info = 64 + 3 * 64 + sizeof(names), length = 32 + 1 + 8 + 2 + 32 + strlen(modules);

	info = (info + 15) / 16 * 16;
	str_add(s,
		"\x7f"
		"ELF\2\1\1\0\0\0\0\0\0\0\0\0",
		16);
	number(s, 2, 2);
	number(s, 62, 2);
	number(s, 1, 4);
	number(s, 0, 8);
	number(s, 0, 8);
	number(s, 64, 8);
	number(s, 0, 4);
	number(s, 64, 2);
	number(s, 56, 2);
	number(s, 0, 2);
	number(s, 64, 2);
	number(s, 3, 2);
	number(s, 1, 2);
	for (int i = 0; i < 3; i++) {
		number(s, i == 1 ? 1 : i == 2 ? 11 : 0, 4);
		number(s, i == 1 ? 3 : i == 2 ? 1 : 0, 4);
		number(s, 0, 16);
		number(s, i == 1 ? 64 + 3 * 64 : i == 2 ? info : 0, 8);
		number(s, i == 1 ? sizeof(names) : i == 2 ? length : 0, 8);
		number(s, 0, 24);
	}
	str_add(s, names, sizeof(names));
	while (s->length < info)
		str_addc(s, '\0');
	str_add(s, "\xff Go buildinf:\x08\x02", 16);
	number(s, 0, 16);
	number(s, 8, 1);
	str_adds(s, "go1.22.3");
	number(s, 0x80 | ((32 + strlen(modules)) & 0x7f), 1);
	number(s, (32 + strlen(modules)) >> 7, 1);
	str_adds(s, "0123456789abcdef");
	str_adds(s, modules);
	str_adds(s, "fedcba9876543210");
}

START_TEST(a_go_program_says_its_modules)
{
	const struct package_format *go = format_named("go-binary");
	struct str s;

	str_init(&s);
	make_program(&s);
	ck_assert_msg(parse_at(go, "bin/tool", s.data, s.length, NULL) == PIPE_OK, "%s", err.text);
	ck_assert_uint_eq(list.packages.count, 4);
	ck_assert_str_eq(find("stdlib")->version, "v1.22.3");
	ck_assert_str_eq(find("github.com/a/b")->version, "v1.2.3");
	ck_assert_str_eq(find("github.com/new/c")->version, "v0.2.0");
	ck_assert_ptr_null(find("github.com/old/c"));
	ck_assert_str_eq(find("example.com/tool")->version, "v1.4.0");
	for (size_t n = 0; n < s.length; n++) {
		char *part = malloc(n + 1);
		int rc;

		ck_assert_ptr_nonnull(part);
		memcpy(part, s.data, n);
		rc = parse_at(go, "bin/tool", part, n, NULL);
		ck_assert(rc == PIPE_OK || rc == PIPE_EPIPELINE);
		ck_assert_uint_eq(list.packages.count, 0);
		free(part);
	}
	ck_assert_int_eq(parse_at(go, "bin/sh", "#!/bin/sh\n", 10, NULL), PIPE_OK);
	ck_assert_uint_eq(list.packages.count, 0);
	str_clear(&s);
}
END_TEST

/* ---- Trivy's own reports (of a lock file that was shortened since: its lines are not those of the report) ---- */

static const struct {
	const char *project, *file, *format;
} recorded[] = {
	{ "npm", "package-lock.json", "package-lock" },
	{ "pip", "requirements.txt", "requirements" },
	{ "gomod", "go.mod", "go-mod" },
};

START_TEST(packages_equal_those_of_recorded_reports)
{
	const char *shared = getenv("PIPE_SHARED_DATA");
	char *path, *bytes;
	json_t *report, *results, *packages, *one;
	size_t length, i, needed = 0;

	if (!shared)
		return;
	path = arena_printf(&arena, "%s/trivy/projects/%s/%s", shared, recorded[_i].project, recorded[_i].file);
	bytes = slurp(path, &length);
	ck_assert_msg(bytes, "%s", path);
	ck_assert_int_eq(parse_at(format_named(recorded[_i].format), recorded[_i].file, bytes, length, NULL), PIPE_OK);
	report = json_load_file(arena_printf(&arena, "%s/trivy/reports/%s.json", shared, recorded[_i].project), 0, NULL);
	ck_assert_ptr_nonnull(report);
	results = json_object_get(report, "Results");
	packages = json_object_get(json_array_get(results, 0), "Packages");
	for (uint32_t k = 0; k < list.packages.count; k++)
		needed += !list.packages.items[k].development;
	if (json_array_size(packages))
		ck_assert_uint_eq(json_array_size(packages), needed);
	json_array_foreach(packages, i, one)
	{
		const struct scan_package *p = find_said(one, "Name", "Version");

		ck_assert_msg(p, "%s", json_string_value(json_object_get(one, "Name")));
		ck_assert_str_eq(p->version, json_string_value(json_object_get(one, "Version")));
		ck_assert_str_eq(package_purl(&arena, format_named(recorded[_i].format)->type, NULL, p),
				 json_string_value(json_object_get(json_object_get(one, "Identifier"), "PURL")));
	}
	packages = json_object_get(json_array_get(results, 0), "Vulnerabilities");
	json_array_foreach(packages, i, one)
	{
		const struct scan_package *p = find_said(one, "PkgName", "InstalledVersion");

		ck_assert_ptr_nonnull(p);
		ck_assert_str_eq(p->version, json_string_value(json_object_get(one, "InstalledVersion")));
	}
	json_decref(report);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

Suite *package_suite(void)
{
	Suite *s = suite_create("package");
	TCase *t = tcase_create("packages");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_project_is_read_as_expected);
	tcase_add_test(t, what_is_cut_off_is_an_error);
	tcase_add_test(t, a_nul_anywhere_is_survived);
	tcase_add_test(t, formats_are_in_order_and_known);
	tcase_add_loop_test(t, paths_are_wanted_by_one_format, 0, COUNT(wanted));
	tcase_add_loop_test(t, broken_files_are_errors_with_a_line, 0, COUNT(broken));
	tcase_add_loop_test(t, a_nul_in_a_text_is_an_error_with_its_line, 0, COUNT(text_formats));
	tcase_add_loop_test(t, deep_nesting_is_refused, 0, COUNT(deep));
	tcase_add_loop_test(t, fifty_thousand_packages, 0, COUNT(many));
	tcase_add_test(t, properties_of_a_pom_are_bounded);
	tcase_add_test(t, an_entry_without_a_name_is_no_package);
	tcase_add_test(t, yaml_aliases_do_not_grow);
	tcase_add_test(t, a_distribution_is_told_in_any_order);
	tcase_add_loop_test(t, distributions_are_called_as_trivy_does, 0, COUNT(systems));
	tcase_add_loop_test(t, package_urls_are_as_trivy_writes_them, 0, COUNT(purls));
	tcase_add_test(t, package_urls_of_distributions);
	tcase_add_loop_test(t, rpm_in_sqlite, 0, 2);
	tcase_add_loop_test(t, rpm_databases_that_are_none, 0, COUNT(hostile_sql));
	tcase_add_test(t, rpm_headers_are_bounded);
	tcase_add_test(t, rpm_in_ndb);
	tcase_add_test(t, what_cannot_be_read_is_noted);
	tcase_add_test(t, a_go_program_says_its_modules);
	tcase_add_loop_test(t, packages_equal_those_of_recorded_reports, 0, COUNT(recorded));
	suite_add_tcase(s, t);
	return s;
}
