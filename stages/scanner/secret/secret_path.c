/*
 * Which files are worth a look: as Trivy decides, by their paths alone.  What is passed over is what never holds a secret of the project's
 * own: lock files, binaries, tests, examples, documentation, what a distribution or a language brings along.
 */
#include "stages/scanner/package/package.h"
#include "stages/scanner/secret/secret.h"

#include <string.h>
#include <strings.h>

enum { LEAST = 10 };

static const char *const names[] = {
	"Cargo.lock",	      "Gemfile.lock",	"Pipfile.lock", "bun.lock",	     "composer.lock",
	"flake.lock",	      "go.mod",		"go.sum",	"package-lock.json", "npm-shrinkwrap.json",
	"packages.lock.json", "pnpm-lock.yaml", "poetry.lock",	"uv.lock",	     "yarn.lock",
};
static const char *const directories[] = { ".git", "node_modules" };
static const char *const endings[] = {
	".jpg", ".jpeg", ".png", ".gif", ".webp", ".ico",  ".doc", ".docx", ".xlsx",  ".pdf", ".bin",  ".svg",	".socket",
	".deb", ".rpm",	 ".apk", ".zip", ".gz",	  ".gzip", ".xz",  ".bz2",  ".zst",   ".tar", ".jar",  ".woff", ".woff2",
	".ttf", ".otf",	 ".eot", ".mp3", ".mp4",  ".so",   ".o",   ".a",    ".class", ".pyc", ".wasm",
};

enum part { BEGINS, HOLDS, HOLDS_ANY_CASE, ENDS };
static const struct {
	uint8_t part;
	const char *text;
} allowed[] = {
	{ BEGINS, "opt/yarn-v" },
	{ BEGINS, "usr/include/" },
	{ BEGINS, "usr/lib/" },
	{ BEGINS, "usr/local/go/" },
	{ BEGINS, "usr/local/lib/python" },
	{ BEGINS, "usr/share/" },
	{ BEGINS, "usr/src/wordpress/" },
	{ BEGINS, "var/log/anaconda/" },
	{ BEGINS, "vendor/" },
	{ ENDS, ".md" },
	{ HOLDS, ".dist-info/" },
	{ HOLDS, "/locale/" },
	{ HOLDS, "/locales/" },
	{ HOLDS, "/vendor/" },
	{ HOLDS, "example" },
	{ HOLDS_ANY_CASE, "-test" },
	{ HOLDS_ANY_CASE, ".test" },
	{ HOLDS_ANY_CASE, "/test" },
	{ HOLDS_ANY_CASE, "_test" },
};

static bool ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), n = strlen(end);

	return length >= n && !strcmp(path + length - n, end);
}

static bool is_allowed(const char *path)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		const char *text = allowed[i].text;
		bool yes = allowed[i].part == BEGINS  ? !strncmp(path, text, strlen(text))
			   : allowed[i].part == ENDS  ? ends_with(path, text)
			   : allowed[i].part == HOLDS ? strstr(path, text) != NULL
						      : strcasestr(path, text) != NULL;

		if (yes)
			return true;
	}
	return !strncasecmp(path, "test", 4);
}

static bool has_directory(const char *path, const char *name)
{
	size_t n = strlen(name);

	for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1)
		if ((size_t)(slash - path) == n && !memcmp(path, name, n))
			return true;
	return false;
}

bool secret_wants(const char *path, uint64_t size)
{
	const char *slash, *name;

	if (size < LEAST || size > PACKAGE_FILE_MAX)
		return false;
	path += *path == '/';
	slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (has_directory(path, directories[i]))
			return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (ends_with(name, endings[i]))
			return false;
	return !is_allowed(path);
}
