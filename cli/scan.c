/* scan: known vulnerabilities and secrets in an image, a directory, a repository or an SBOM. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "table", "json", "sarif", NULL };
static const char *const scanners[] = { "builtin", "trivy", "auto", NULL };
static const char *const types[] = { "image", "rootfs", "filesystem", "repository", "sbom", NULL };
static const char *const bounds[] = { "none", "unknown", "low", "medium", "high", "critical", NULL };
static const struct option scan_own[] = {
	{ "scanner", 0, OPTION_CHOICE, FIELD(scanner), "SCANNER", "builtin (the default), trivy, or auto: trivy where it is",
	  scanners },
	{ "type", 't', OPTION_CHOICE, FIELD(target_type), "TYPE",
	  "image, rootfs, filesystem, repository or sbom (default: by looking at TARGET)", types },
	{ "db", 0, OPTION_TEXT, FIELD(db), "FILE", "the advisories: a trivy.db, an osv.db, or a directory with them", NULL },
	{ "max-age", 0, OPTION_DURATION, FIELD(max_age), "TIME", "refuse older advisories (default: 7 days; 0: take any)", NULL },
	{ "severity", 's', OPTION_TEXT, FIELD(severity), "LEVELS", "only these, by commas: unknown, low, medium, high, critical",
	  NULL },
	{ "fail-on", 0, OPTION_CHOICE, FIELD(fail_on), "LEVEL",
	  "exit with 1 from this severity on (default: unknown); none: never", bounds },
	{ "ignore-unfixed", 0, OPTION_ON, FIELD(ignore_unfixed), NULL, "without what no version mends", NULL },
	{ "ignorefile", 0, OPTION_LIST, FIELD(ignore_files), "FILE", "what is passed over (default: .trivyignore)", NULL },
	{ "vex", 0, OPTION_LIST, FIELD(vex_files), "FILE", "a VEX document that says what does not apply", NULL },
	{ "skip", 0, OPTION_LIST, FIELD(skip), "PATTERN", "paths that are passed over", NULL },
	{ "dev", 0, OPTION_ON, FIELD(development), NULL, "also packages that are only needed to build or test", NULL },
	{ "only-vulnerabilities", 0, OPTION_ON, FIELD(only_vulnerabilities), NULL, "do not look for secrets", NULL },
	{ "only-secrets", 0, OPTION_ON, FIELD(only_secrets), NULL, "look for nothing but secrets (needs no advisories)", NULL },
	{ "platform", 0, OPTION_TEXT, FIELD(platform), "OS/ARCH", "of an image for several (default: this machine's)", NULL },
	{ "verify", 0, OPTION_ON, FIELD(verify), NULL, "hold the layers of a local image against their digests, too", NULL },
	{ "ca-file", 0, OPTION_TEXT, FIELD(ca_file), "FILE", "certificates that a registry is trusted by", NULL },
	{ "insecure", 0, OPTION_ON, FIELD(insecure), NULL, "do not check a registry's certificate", NULL },
	{ "plain-http", 0, OPTION_ON, FIELD(plain_http), NULL, "speak to a registry without TLS", NULL },
	{ "suppressed", 0, OPTION_ON, FIELD(suppressed), NULL, "show what is passed over, too", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "table, json (Trivy's) or sarif", formats },
	{ "output", 'o', OPTION_TEXT, FIELD(output), "FILE", "write the report there", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const scan_tables[] = { scan_own, NULL };

static const char *const *list(const struct words *w)
{
	return w->count ? w->items : NULL;
}

static int on_progress(void *payload, const char *line)
{
	struct cli *c = payload;

	if (!c->set.quiet && c->error_term.tty)
		say(c, "%s", line);
	return 0;
}

static void fill(struct cli *c, pipe_scan_options *o)
{
	const struct settings *s = &c->set;

	*o = (pipe_scan_options)PIPE_SCAN_OPTIONS_INIT;
	o->target = s->arguments.items[0];
	o->type = s->target_type;
	o->scanner = s->scanner;
	o->vulnerabilities = s->only_vulnerabilities;
	o->secrets = s->only_secrets;
	o->db = s->db;
	o->max_age_ms = s->max_age < 0 ? 0 : s->max_age ? s->max_age : -1; /* not given, 0, or how long */
	o->ignore_files = list(&s->ignore_files);
	o->vex_files = list(&s->vex_files);
	o->skip = list(&s->skip);
	o->development = s->development;
	o->platform = s->platform;
	o->ca_file = s->ca_file;
	o->insecure = s->insecure;
	o->plain_http = s->plain_http;
	o->verify = s->verify;
	o->progress = on_progress;
	o->payload = c;
}

/* ---- the report ---- */

static enum pipe_scan_format format_of(const struct cli *c)
{
	const char *f = c->set.format;

	return !f || !strcmp(f, "table") ? PIPE_SCAN_TABLE : !strcmp(f, "json") ? PIPE_SCAN_JSON : PIPE_SCAN_SARIF;
}

static int write_to(struct cli *c, const pipe_scan *scan, const pipe_scan_show *show, struct out *out)
{
	pipe_error err = { 0 };
	int rc = pipe_scan_write(scan, format_of(c), show, out_receive, out, &err);

	out_flush(out);
	return rc && !out->error ? say_error(c, &err) : EXIT_OK;
}

static int write_file(struct cli *c, const pipe_scan *scan, const pipe_scan_show *show, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), status;
	struct out *out = fd < 0 ? NULL : arena_alloc(&c->arena, sizeof(*out));

	if (fd < 0 || !out) {
		say(c, "cannot write %s: %s", path, fd < 0 ? strerror(errno) : "out of memory");
		if (fd >= 0)
			close(fd);
		return EXIT_ENVIRONMENT;
	}
	out_init(out, fd);
	status = write_to(c, scan, show, out);
	if (out->error || close(fd)) {
		say(c, "cannot write %s: %s", path, strerror(out->error ? out->error : errno));
		status = EXIT_ENVIRONMENT;
	}
	return status;
}

static int report(struct cli *c, const pipe_scan *scan, pipe_scan_show *show)
{
	unsigned rows;

	show->suppressed = c->set.suppressed;
	if (c->set.output)
		return write_file(c, scan, show, c->set.output);
	show->colour = c->term.colour;
	term_size(&c->term, &show->columns, &rows);
	return write_to(c, scan, show, c->out);
}

/* Does what was found reach the bound? */
static int judge(struct cli *c, const pipe_scan *scan, const pipe_scan_show *show)
{
	const char *bound = c->set.fail_on ? c->set.fail_on : "unknown";
	pipe_error err = { 0 };
	uint64_t count;

	if (!strcmp(bound, "none"))
		return EXIT_OK;
	if (pipe_scan_count(scan, show, bound, &count, &err))
		return say_error(c, &err);
	return count ? EXIT_JOB_FAILED : EXIT_OK;
}

static int scan(struct cli *c)
{
	pipe_scan_show show = PIPE_SCAN_SHOW_INIT;
	pipe_scan_options o;
	pipe_error err = { 0 };
	pipe_scan *found;
	uint64_t count;
	int status;

	if (c->set.only_vulnerabilities && c->set.only_secrets)
		return usage_error(c, "--only-vulnerabilities and --only-secrets leave nothing to look for");
	fill(c, &o);
	show.severities = c->set.severity;
	show.ignore_unfixed = c->set.ignore_unfixed;
	if (pipe_scan_count(NULL, &show, NULL, &count, &err)) /* such levels: told before anything is done */
		return say_error(c, &err);
	if (pipe_scan_run(&found, &o, &err)) {
		status = say_error(c, &err);
		return status == EXIT_USAGE && err.code != PIPE_EUSAGE ? EXIT_ENVIRONMENT : status;
	}
	status = report(c, found, &show);
	if (status == EXIT_OK)
		status = judge(c, found, &show);
	pipe_scan_free(found);
	return status;
}

const struct command command_scan = {
	"scan",
	"TARGET",
	"look for known vulnerabilities and secrets",
	"TARGET is a directory, an image (an OCI layout, an archive of it or of docker, or a reference to one in a registry), or an SBOM. "
	"Advisories come from Trivy's database, read in place, and from OSV records: see `pipe advisories`. Exit status: 0 nothing "
	"counts, 1 something does, 2 the command line is wrong, 3 it could not be scanned.",
	"pipe scan .\npipe scan image.tar --severity high,critical --ignore-unfixed\n"
	"pipe scan registry.example/app:1.2 --fail-on critical --format sarif -o app.sarif\n",
	scan_tables,
	1,
	1,
	scan,
	false,
};
