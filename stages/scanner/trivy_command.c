#include "stages/scanner/trivy_command.h"

#include "base/vec.h"

#include <string.h>

struct words {
	struct arena *arena;
	VEC(const char *) list;
	bool failed;
};

static void add(struct words *w, const char *word)
{
	const char **slot = word ? vec_push(w->arena, &w->list) : NULL;

	w->failed |= !slot;
	if (slot)
		*slot = word;
}

static void add_pair(struct words *w, const char *option, const char *value)
{
	if (!value)
		return;
	add(w, option);
	add(w, value);
}

static void add_list(struct words *w, const char *option, const char *const *values)
{
	for (; values && *values; values++)
		add_pair(w, option, *values);
}

static void add_flag(struct words *w, const char *option, bool wanted)
{
	if (wanted)
		add(w, option);
}

/* Trivy looks for CACHE/db/trivy.db: db is that file, or its directory. */
static void add_database(struct words *w, const char *db)
{
	static const char file[] = "/trivy.db";
	size_t n = strlen(db), end = sizeof(file) - 1;

	if (n > end && !strcmp(db + n - end, file))
		n -= end;
	add(w, "--cache-dir");
	add(w, arena_printf(w->arena, "%.*s/..", (int)n, db));
	add(w, "--skip-db-update");
	add(w, "--skip-java-db-update");
	add(w, "--offline-scan");
}

static void add_scanners(struct words *w, const struct trivy_command *c)
{
	const char *names = arena_printf(w->arena, "%s%s%s", c->vulnerabilities ? ",vuln" : "", c->secrets ? ",secret" : "",
					 c->misconfigurations ? ",misconfig" : "");

	add(w, "--scanners");
	add(w, names && *names ? names + 1 : NULL);
}

const char *const *trivy_arguments(struct arena *a, const struct trivy_command *c)
{
	bool config = !strcmp(c->command, "config"), bill = !strcmp(c->command, "sbom"), image = !strcmp(c->command, "image");
	struct words w = { .arena = a };

	add(&w, c->program);
	add(&w, c->command);
	add_pair(&w, "--format", "json");
	add_pair(&w, "--output", c->output);
	add_pair(&w, "--exit-code", "0");
	add(&w, "--quiet");
	add(&w, "--skip-version-check");
	if (!config && !bill)
		add_scanners(&w, c);
	add_flag(&w, "--show-suppressed", !config);
	add_flag(&w, "--list-all-pkgs", !config);
	add_flag(&w, "--skip-check-update", config || c->misconfigurations);
	if (c->db && !config)
		add_database(&w, c->db);
	add_flag(&w, "--include-dev-deps", c->development && !config);
	add_pair(&w, "--ignorefile", c->ignore_file);
	if (!config)
		add_list(&w, "--vex", c->vex_files);
	add_list(&w, "--skip-files", c->skip);
	add_pair(&w, "--platform", image ? c->platform : NULL);
	add_flag(&w, "--insecure", c->insecure && image);
	add_flag(&w, "--input", c->input);
	add(&w, c->target);
	if (w.failed || !vec_push(a, &w.list)) /* the NULL at the end */
		return NULL;
	return w.list.items;
}
