/* The kinds of projects that are recognised, and their commands. */
#include "stages/project.h"

#include "base/error.h"
#include "base/glob.h"
#include "base/str.h"
#include "stages/parameter.h"

#include <string.h>

static const char *const go_version[] = { "go", "version", NULL };
static const char *const pytest_version[] = { "python3", "-m", "pytest", "--version", NULL };

/* What is made for one language comes before make, which often only leads there; npm and Python come after it, since they lie beside
 * projects of other kinds as well. */
const struct project_kind project_kinds[] = {
	{ .name = "cmake",
	  .markers = { "CMakeLists.txt" },
	  .tool = { .name = "cmake", .version = "3.13", .package = "cmake" },
	  .build = { { .argv = { "cmake", "-S", ".", "-B", "{build}", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "{args}" } },
		     { .argv = { "cmake", "--build", "{build}", "--parallel", "{jobs}" } } },
	  .test_tool = { .name = "ctest", .version = "3.21", .package = "cmake" },
	  .test = { { .argv = { "ctest", "--test-dir", "{build}", "--output-on-failure", "--parallel", "{jobs}", "--output-junit",
				"{scratch}/ctest.xml", "{args}" } } },
	  .reports = { { "junit", "{scratch}/ctest.xml" } } },
	{ .name = "meson",
	  .markers = { "meson.build" },
	  .tool = { .name = "meson", .version = "0.55", .package = "meson" },
	  .build = { { .unless = "{build}/build.ninja", .argv = { "meson", "setup", "{build}", "{args}" } },
		     { .argv = { "meson", "compile", "-C", "{build}" } } },
	  .test = { { .argv = { "meson", "test", "-C", "{build}", "--print-errorlogs", "{args}" } } },
	  .reports = { { "junit", "{build}/meson-logs/testlog.junit.xml" } } },
	{ .name = "cargo",
	  .markers = { "Cargo.toml" },
	  .tool = { .name = "cargo", .package = "cargo" },
	  .build = { { .argv = { "cargo", "build", "--all-targets", "--message-format", "short", "{args}" } } },
	  .test = { { .argv = { "cargo", "test", "--no-fail-fast", "{args}" } } },
	  .reports = { { "libtest", NULL } } },
	{ .name = "go",
	  .markers = { "go.mod" },
	  .tool = { .name = "go", .version = "1.13", .version_argv = go_version, .package = "golang-go" },
	  .build = { { .argv = { "go", "build", "{args}", "./..." } } },
	  .test = { { .argv = { "go", "test", "-json", "{args}", "./..." } } },
	  .reports = { { "gotest", NULL } } },
	{ .name = "maven",
	  .markers = { "pom.xml" },
	  .tool = { .name = "mvn", .package = "maven" },
	  .build = { { .argv = { "mvn", "-B", "-DskipTests", "{args}", "package" } } },
	  .test = { { .argv = { "mvn", "-B", "-Dmaven.test.failure.ignore=false", "{args}", "verify" } } },
	  .reports = { { "junit", "**/target/surefire-reports/TEST-*.xml" },
		       { "junit", "**/target/failsafe-reports/TEST-*.xml" } } },
	{ .name = "gradle",
	  .markers = { "build.gradle", "build.gradle.kts" },
	  .tool = { .name = "gradle", .package = "gradle" },
	  .build = { { .argv = { "gradle", "assemble", "{args}" } } },
	  .test = { { .argv = { "gradle", "test", "--continue", "{args}" } } },
	  .reports = { { "junit", "**/build/test-results/**/TEST-*.xml" } } },
	{ .name = "make",
	  .markers = { "GNUmakefile", "makefile", "Makefile" },
	  .tool = { .name = "make", .package = "make" },
	  .build = { { .argv = { "make", "-j{jobs}", "{args}", "{target}" } } },
	  .test = { { .argv = { "make", "-j{jobs}", "{args}", "{target}" } } } },
	{ .name = "npm",
	  .markers = { "package.json" },
	  .tool = { .name = "npm", .package = "npm" },
	  .build = { { .only_if = "package-lock.json", .argv = { "npm", "ci", "--no-audit", "--no-fund" } },
		     { .unless = "package-lock.json",
		       .argv = { "npm", "install", "--no-package-lock", "--no-audit", "--no-fund" } },
		     { .argv = { "npm", "run", "build", "--if-present", "{args}" } } },
	  .test = { { .argv = { "npm", "test", "--", "{args}" } } } },
	{ .name = "python",
	  .markers = { "pyproject.toml", "setup.py", "setup.cfg", "pytest.ini" },
	  .tool = { .name = "python3", .package = "python3" },
	  .build = { { .only_if = "pyproject.toml",
		       .argv = { "python3", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", "dist", "{args}", "." } },
		     { .unless = "pyproject.toml", .argv = { "python3", "-m", "compileall", "-q", "{args}", "." } } },
	  .test_tool = { .name = "pytest", .version = "4.6", .version_argv = pytest_version, .package = "python3-pytest" },
	  .test = { { .argv = { "python3", "-m", "pytest", "-o", "cache_dir={scratch}/pytest", "--junit-xml={scratch}/pytest.xml",
				"{args}" } } },
	  .reports = { { "junit", "{scratch}/pytest.xml" } } },
	{ .name = NULL },
};

const struct project_kind *project_kind_named(const char *name)
{
	for (const struct project_kind *k = project_kinds; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

/* ---- where ---- */

const char *project_path(const struct stage_job *job, const char *directory, const char *path)
{
	return *directory ? arena_printf(job->arena, "%s/%s", directory, path) : path;
}

static bool leads_out(const struct stage_job *job, const char *text, const char *clean)
{
	size_t n = strlen(job->workspace);

	if (*text == '/' && (strncmp(text, job->workspace, n) != 0 || (text[n] && text[n] != '/')))
		return true;
	return !strncmp(clean, "..", 2) && (!clean[2] || clean[2] == '/');
}

int project_inside(struct stage_job *job, const char *parameter, const char *text, const char **out, pipe_error *err)
{
	*out = evidence_path(job->arena, job->workspace, text);
	if (!*out)
		return error_nomem(err);
	if (leads_out(job, text, *out))
		return parameter_wrong(job, parameter_node(job, parameter), err, "the %s \"%s\" leads out of the workspace",
				       parameter, text);
	return PIPE_OK;
}

int project_directory(struct stage_job *job, const char **out, pipe_error *err)
{
	const char *text = "";
	int rc = parameter_text(job, "directory", &text, err);

	return rc ? rc : project_inside(job, "directory", text, out, err);
}

bool project_hides(const char *path, const char *const *directories)
{
	char name[256];

	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		size_t n = (size_t)(slash - path);
		if (*path == '.')
			return true;
		if (n >= sizeof(name))
			continue;
		memcpy(name, path, n);
		name[n] = '\0';
		for (size_t i = 0; directories[i]; i++)
			if (glob_match(directories[i], name))
				return true;
	}
	return false;
}

/* ---- what is there ---- */

static bool is_there(const struct stage_job *job, const char *directory, const char *path)
{
	const char *full = project_path(job, directory, path);

	return full && job->world->exists(job->world->payload, full);
}

static const struct project_kind *recognise(const struct stage_job *job, const char *directory)
{
	for (const struct project_kind *k = project_kinds; k->name; k++)
		for (size_t i = 0; i < sizeof(k->markers) / sizeof(*k->markers) && k->markers[i]; i++)
			if (is_there(job, directory, k->markers[i]))
				return k;
	return NULL;
}

static int unknown(const struct stage_job *job, const char *directory, pipe_error *err)
{
	struct str markers;
	int rc;

	if (*directory && !job->world->exists(job->world->payload, directory))
		return error_set(err, PIPE_ENOTFOUND, "there is no directory \"%s\"", directory);
	str_init(&markers);
	for (const struct project_kind *k = project_kinds; k->name; k++)
		str_printf(&markers, "%s%s", k == project_kinds ? "" : ", ", k->markers[0]);
	rc = error_set(err, PIPE_ENOTFOUND,
		       "what kind of project \"%s\" holds is not recognised: there is no %s; say what to do with \"command\"",
		       *directory ? directory : ".", markers.data);
	str_clear(&markers);
	return rc;
}

int project_kind(struct stage_job *job, const char *directory, const struct project_kind **out, pipe_error *err)
{
	const char *name = "auto";
	int rc = parameter_text(job, "tool", &name, err);

	*out = NULL;
	if (rc)
		return rc;
	*out = strcmp(name, "auto") != 0 ? project_kind_named(name) : recognise(job, directory);
	return *out ? PIPE_OK : unknown(job, directory, err);
}
