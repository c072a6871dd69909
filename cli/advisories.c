/* advisories: what has to do with the built-in scanner's knowledge. */
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output/table.h"
#include "cli/output/when.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const struct option advisories_own[] = {
	{ "from", 0, OPTION_TEXT, FIELD(update_from), "REGISTRY/REPOSITORY:TAG",
	  "where update gets Trivy's database (default: ghcr.io/aquasecurity/trivy-db:2)", NULL },
	{ "ca-file", 0, OPTION_TEXT, FIELD(ca_file), "FILE", "certificates (PEM) that a registry's is checked with", NULL },
	{ "insecure", 0, OPTION_ON, FIELD(insecure), NULL, "a registry's certificate is not checked", NULL },
	{ "plain-http", 0, OPTION_ON, FIELD(plain_http), NULL, "the registry has no TLS", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "of status: text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const advisories_tables[] = { advisories_own, NULL };

/* ---- compare ---- */

static int compare(struct cli *c, const char *const *arguments)
{
	static const char *const signs[] = { "<", "=", ">" };
	pipe_error err = { 0 };
	int order;

	if (pipe_version_compare(arguments[0], arguments[1], arguments[2], &order, &err))
		return say_error(c, &err);
	out_format(c->out, "%s\n", signs[order + 1]);
	return EXIT_OK;
}

/* ---- update, import ---- */

static int on_progress(void *payload, const char *line)
{
	struct cli *c = payload;

	if (!c->set.quiet)
		say(c, "%s", line);
	return 0;
}

static pipe_advisories_options fill(struct cli *c)
{
	pipe_advisories_options o = PIPE_ADVISORIES_OPTIONS_INIT;

	o.from = c->set.update_from;
	o.ca_file = c->set.ca_file;
	o.insecure = c->set.insecure;
	o.plain_http = c->set.plain_http;
	o.progress = on_progress;
	o.payload = c;
	return o;
}

static int update(struct cli *c, const char *const *arguments)
{
	const pipe_advisories_options o = fill(c);
	pipe_error err = { 0 };

	(void)arguments;
	if (pipe_advisories_update(&o, &err))
		return say_error(c, &err);
	if (!c->set.quiet)
		out_format(c->out, "Trivy's database is up to date\n");
	return EXIT_OK;
}

static int import(struct cli *c, const char *const *arguments)
{
	const pipe_advisories_options o = fill(c);
	pipe_advisories_import_result done;
	pipe_error err = { 0 };

	if (pipe_advisories_import(&o, arguments[0], &done, &err))
		return say_error(c, &err);
	if (!c->set.quiet)
		out_format(c->out,
			   "read %" PRIu64 " OSV records: %" PRIu64 " withdrawn, %" PRIu64 " files without anything to compare\n",
			   done.records, done.withdrawn, done.unusable);
	return EXIT_OK;
}

/* ---- status ---- */

struct status {
	struct cli *c;
	struct table table;
	struct str json;
	struct json j;
	unsigned usable, broken;
};

static int add_json(void *payload, const pipe_advisories_record *r)
{
	struct status *s = payload;

	s->usable += !*r->problem;
	s->broken += *r->problem && !r->missing;
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "name", r->name);
	jsonw_kstring(&s->j, "path", r->path);
	jsonw_kint(&s->j, "updated_ms", r->updated_ms);
	jsonw_kint(&s->j, "advisories", (int64_t)r->advisories);
	jsonw_kbool(&s->j, "missing", r->missing);
	jsonw_kstring(&s->j, "problem", r->problem);
	jsonw_object_end(&s->j);
	return 0;
}

static int add_row(void *payload, const pipe_advisories_record *r)
{
	struct status *s = payload;
	struct table_row *row = table_add(&s->table);
	char made[WHEN_SIZE];

	s->usable += !*r->problem;
	s->broken += *r->problem && !r->missing;
	if (!row)
		return PIPE_ENOMEM;
	row->cell[0] = table_text(&s->table, r->name);
	row->cell[1] = *r->problem     ? ""
		       : r->updated_ms ? table_text(&s->table, when_relative(r->updated_ms, now_ms(), made))
				       : "not known";
	row->cell[2] = r->advisories ? table_format(&s->table, "%" PRIu64, r->advisories) : "";
	row->cell[3] = table_text(&s->table, *r->problem ? r->problem : r->path);
	return 0;
}

static int list(struct status *s, pipe_error *err)
{
	static const char *const head[] = { "SOURCE", "MADE", "RECORDS", "WHERE" };
	const pipe_advisories_options o = fill(s->c);
	int rc;

	if (is_json(s->c)) {
		jsonw_init(&s->j, &s->json, true);
		jsonw_object(&s->j);
		jsonw_key(&s->j, "sources");
		jsonw_array(&s->j);
		rc = pipe_advisories_status(&o, add_json, s, err);
		jsonw_array_end(&s->j);
		jsonw_object_end(&s->j);
		str_addc(&s->json, '\n');
		return rc;
	}
	table_init(&s->table, &s->c->term, &s->c->arena, head, sizeof(head) / sizeof(*head));
	s->table.unfold = true;
	s->table.right = 1 << 2;
	rc = pipe_advisories_status(&o, add_row, s, err);
	table_write(&s->table, &s->json);
	return rc;
}

/* Whether a scan could be made with what is there is also the exit status. */
static int status(struct cli *c, const char *const *arguments)
{
	struct status s = { .c = c };
	pipe_error err = { 0 };
	int rc;

	(void)arguments;
	str_init(&s.json);
	rc = list(&s, &err);
	if (!rc)
		out_str(c->out, &s.json);
	str_clear(&s.json);
	if (rc) {
		err.code = err.code ? err.code : (enum pipe_code)rc;
		return say_error(c, &err);
	}
	return s.usable && !s.broken ? EXIT_OK : EXIT_ENVIRONMENT;
}

static int advisories(struct cli *c)
{
	static const struct sub_command subs[] = {
		{ "compare", "SCHEME A B", 3, 3, compare },
		{ "update", "[--from REGISTRY/REPOSITORY:TAG]", 0, 0, update },
		{ "import", "DIR|ZIP", 1, 1, import },
		{ "status", "", 0, 0, status },
		{ NULL, NULL, 0, 0, NULL },
	};

	return sub_command_run(c, subs);
}

const struct command command_advisories = {
	"advisories",
	"update | import DIR|ZIP | status | compare SCHEME A B",
	"what the built-in scanner knows of vulnerabilities, and how it compares versions",
	"update pulls Trivy's database and puts it in the place of the old one in one step; import adds OSV records (*.json of a directory or "
	"a zip archive) or replaces them, all or none; status says what there is, how old it is, and whether it can be used. All projects share "
	"it: $PIPE_ADVISORIES, $XDG_DATA_HOME/pipe/advisories or ~/.local/share/pipe/advisories. "
	"compare prints <, = or >: how version A stands to version B by the rules of apk, bitnami, deb, gem, generic (Cargo, Composer, Go, "
	"NuGet and others), maven, pep440, rpm or semver (npm).",
	"pipe advisories update --from registry.example.com/trivy-db:2\npipe advisories import ./advisory-database\npipe advisories status\n"
	"pipe advisories compare deb 1.0~rc1-1 1.0-1\npipe advisories compare semver 1.0.0-alpha.9 1.0.0-alpha.10\n",
	advisories_tables,
	1,
	SIZE_MAX,
	advisories,
	false,
};
