/*
 * SARIF 2.1.0, with rules, levels, places and properties as Trivy writes them.  Two walks over the findings: the rules stand before the
 * results, and each id is one rule.  What is passed over stays, with a suppression; then all results have a list of them (3.27.23).  Notes
 * and warnings are notifications of the one invocation.
 */
#include "base/map.h"
#include "stages/scanner/report/writing.h"

#include <stdio.h>
#include <string.h>

struct first {
	const struct scan_result *result;
	const struct scan_finding *finding;
};

struct rules {
	struct map index;	  /* id -> struct rule */
	VEC(struct first) firsts; /* by index */
	bool suppressed;	  /* some finding is */
};

struct rule {
	uint32_t index;
};

struct sarif {
	struct writing *w;
	struct json j;
	struct arena arena; /* the rules' */
	struct rules rules;
};

/* ---- what a finding is called ---- */

static const char *kind_tag(const struct scan_finding *f)
{
	return finding_kind_name((enum finding_kind)f->kind);
}

static const char *rule_name(const struct first *first)
{
	if (first->finding->kind == FINDING_SECRET)
		return "Secret";
	if (first->finding->kind == FINDING_MISCONFIGURATION)
		return "Misconfiguration";
	return strcmp(first->result->class, "os-pkgs") ? "LanguageSpecificPackageVulnerability" : "OsPackageVulnerability";
}

static const char *level(uint8_t severity)
{
	static const char *const levels[] = {
		[SEVERITY_UNKNOWN] = "note",   [SEVERITY_INFO] = "note",  [SEVERITY_LOW] = "note",
		[SEVERITY_MEDIUM] = "warning", [SEVERITY_HIGH] = "error", [SEVERITY_CRITICAL] = "error",
	};

	return severity < sizeof(levels) / sizeof(*levels) ? levels[severity] : "note";
}

static void score_text(const struct scan_finding *f, char *out, size_t size)
{
	static const char *const usual[] = { "0.0", "0.0", "2.0", "5.5", "8.0", "9.5" };
	json_t *all = writing_cvss(f);
	double score = json_number_value(json_object_get(json_object_get(all, writing_text(f->severity_source)), "V3Score"));

	json_decref(all);
	if (score > 0 && score <= 10)
		snprintf(out, size, "%.1f", score);
	else
		snprintf(out, size, "%s", f->severity < SEVERITY_COUNT ? usual[f->severity] : usual[0]);
}

/* ---- small parts ---- */

static void key_text(struct sarif *s, const char *key, const char *value)
{
	jsonw_key(&s->j, key);
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "text", value);
	jsonw_object_end(&s->j);
}

static void texts(struct sarif *s, const char *key, const char *const *list)
{
	if (!list)
		return;
	jsonw_key(&s->j, key);
	jsonw_array(&s->j);
	for (; *list; list++)
		jsonw_string(&s->j, *list);
	jsonw_array_end(&s->j);
}

/* A text of the scratch arena; "" where there is no memory. */
static const char *made(struct sarif *s, const char *text)
{
	if (!text)
		s->w->failed = true;
	return writing_text(text);
}

/* ---- rules ---- */

static bool collect(struct sarif *s, const struct scan_result *r, const struct scan_finding *f)
{
	struct rule *rule;
	struct first *first;

	s->rules.suppressed |= f->suppressed != NULL;
	if (map_get(&s->rules.index, f->id, strlen(f->id)))
		return true;
	rule = ARENA_NEW(&s->arena, struct rule);
	first = vec_push(&s->arena, &s->rules.firsts);
	if (!rule || !first)
		return false;
	rule->index = s->rules.firsts.count - 1;
	*first = (struct first){ r, f };
	return map_put(&s->rules.index, &s->arena, f->id, strlen(f->id), rule);
}

static void each_finding(struct sarif *s,
			 void (*each)(struct sarif *s, const struct scan_result *r, const struct scan_finding *f))
{
	const struct scan_report *report = s->w->report;

	for (uint32_t i = 0; i < report->results.count; i++)
		for (uint32_t k = 0; k < report->results.items[i].findings.count; k++) {
			const struct scan_finding *f = &report->results.items[i].findings.items[k];

			if (s->w->failed || s->w->out->failed)
				return;
			if (writing_shows(s->w, f))
				each(s, &report->results.items[i], f);
		}
}

static void on_collect(struct sarif *s, const struct scan_result *r, const struct scan_finding *f)
{
	if (!collect(s, r, f))
		s->w->failed = true;
}

static const char *help_text(struct sarif *s, const struct scan_finding *f)
{
	const char *severity = writing_severity(f->severity), *url = writing_text(f->url);
	struct arena *a = &s->w->scratch;

	if (f->kind == FINDING_SECRET)
		return made(s, arena_printf(a, "Secret %s\nSeverity: %s\nMatch: %s", writing_text(f->title), severity,
					    writing_text(f->match)));
	return made(s, arena_printf(a, "%s %s\nSeverity: %s\nPackage: %s\nFixed Version: %s\nLink: [%s](%s)\n%s",
				    f->kind == FINDING_VULNERABILITY ? "Vulnerability" : "Misconfiguration", f->id, severity,
				    f->package ? f->package->name : "", writing_text(f->fixed), f->id, url,
				    writing_text(f->description)));
}

static void properties(struct sarif *s, const struct scan_finding *f)
{
	char score[32];

	score_text(f, score, sizeof(score));
	jsonw_key(&s->j, "properties");
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "precision", "very-high");
	jsonw_kstring(&s->j, "security-severity", score);
	texts(s, "tags", (const char *const[]){ kind_tag(f), "security", writing_severity(f->severity), NULL });
	jsonw_object_end(&s->j);
}

static void rule(struct sarif *s, const struct first *first)
{
	const struct scan_finding *f = first->finding;
	const char *title = *writing_text(f->title) ? f->title : f->id;
	const char *description = *writing_text(f->description) ? f->description : title;

	arena_reset(&s->w->scratch);
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "id", f->id);
	jsonw_kstring(&s->j, "name", rule_name(first));
	key_text(s, "shortDescription", title);
	key_text(s, "fullDescription", description);
	jsonw_key(&s->j, "defaultConfiguration");
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "level", level(f->severity));
	jsonw_object_end(&s->j);
	if (*writing_text(f->url))
		jsonw_kstring(&s->j, "helpUri", f->url);
	key_text(s, "help", help_text(s, f));
	properties(s, f);
	jsonw_object_end(&s->j);
	str_pass(s->w->out);
}

/* ---- results ---- */

/* An image's name without its registry, tag and digest: what a place in it is relative to. */
static const char *image_path(struct sarif *s, const char *target)
{
	const char *slash = strchr(target, '/');
	size_t host = slash ? (size_t)(slash - target) : 0, length;

	if (host && *target != '.' && (memchr(target, '.', host) || memchr(target, ':', host)))
		target = slash + 1;
	slash = strrchr(target, '/');
	length = strcspn(target, " @");
	if (!slash || slash < target + length)
		length = (size_t)((slash ? slash : target) - target) + strcspn(slash ? slash : target, ": @");
	return made(s, arena_strndup(&s->w->scratch, target, length));
}

/* RFC 3986: what may not stand in a path as it is becomes %XX. */
static const char *uri_of(struct sarif *s, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@";
	char *out = arena_text(&s->w->scratch, strlen(path) * 3 + 1), *to = out;

	for (; out && *path; path++)
		if (strchr(plain, *path))
			*to++ = *path;
		else
			to += snprintf(to, 4, "%%%02X", (unsigned)(unsigned char)*path);
	if (out)
		*to = '\0';
	return made(s, out);
}

static const char *path_of(struct sarif *s, const struct scan_result *r, const struct scan_finding *f)
{
	if (f->package && *writing_text(f->package->path))
		return f->package->path;
	if (*writing_text(f->path))
		return f->path;
	return !strcmp(r->class, "os-pkgs") ? image_path(s, r->target) : r->target;
}

static const char *message(struct sarif *s, const struct scan_result *r, const struct scan_finding *f)
{
	const char *severity = writing_severity(f->severity);
	struct arena *a = &s->w->scratch;

	if (f->kind == FINDING_VULNERABILITY)
		return made(s,
			    arena_printf(a,
					 "Package: %s\nInstalled Version: %s\nVulnerability %s\nSeverity: %s\nFixed Version: %s\n"
					 "Link: [%s](%s)",
					 f->package ? f->package->name : "", f->package ? f->package->version : "", f->id,
					 severity, writing_text(f->fixed), f->id, writing_text(f->url)));
	if (f->kind == FINDING_SECRET)
		return made(s, arena_printf(a, "Artifact: %s\nType: %s\nSecret %s\nSeverity: %s\nMatch: %s", r->target,
					    writing_text(r->type), writing_text(f->title), severity, writing_text(f->match)));
	return made(s, arena_printf(a, "Artifact: %s\nType: %s\nVulnerability %s\nSeverity: %s\nMessage: %s\nLink: [%s](%s)",
				    r->target, writing_text(r->type), f->id, severity, writing_text(f->title), f->id,
				    writing_text(f->url)));
}

static void region(struct sarif *s, const struct scan_finding *f)
{
	uint32_t from = f->line_from, to = f->line_to;

	if (f->package) {
		from = f->package->line_from;
		to = f->package->line_to;
	}
	from = from ? from : 1;
	to = to > from ? to : from;
	jsonw_key(&s->j, "region");
	jsonw_object(&s->j);
	jsonw_kint(&s->j, "startLine", from);
	jsonw_kint(&s->j, "startColumn", 1);
	jsonw_kint(&s->j, "endLine", to);
	jsonw_kint(&s->j, "endColumn", 1);
	jsonw_object_end(&s->j);
}

static void place(struct sarif *s, const struct scan_result *r, const struct scan_finding *f)
{
	const char *path = path_of(s, r, f), *text = path;

	if (f->package)
		text = made(s, arena_printf(&s->w->scratch, "%s: %s@%s", path, f->package->name, f->package->version));
	jsonw_key(&s->j, "locations");
	jsonw_array(&s->j);
	jsonw_object(&s->j);
	jsonw_key(&s->j, "physicalLocation");
	jsonw_object(&s->j);
	jsonw_key(&s->j, "artifactLocation");
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "uri", uri_of(s, path));
	jsonw_kstring(&s->j, "uriBaseId", "ROOTPATH");
	jsonw_object_end(&s->j);
	region(s, f);
	jsonw_object_end(&s->j);
	key_text(s, "message", text);
	jsonw_object_end(&s->j);
	jsonw_array_end(&s->j);
}

static void suppressions(struct sarif *s, const struct scan_finding *f)
{
	if (!s->rules.suppressed)
		return;
	jsonw_key(&s->j, "suppressions");
	jsonw_array(&s->j);
	if (f->suppressed) {
		jsonw_object(&s->j);
		jsonw_kstring(&s->j, "kind", "external");
		jsonw_kstring(&s->j, "status", "accepted");
		jsonw_kstring(&s->j, "justification", f->suppressed);
		jsonw_object_end(&s->j);
	}
	jsonw_array_end(&s->j);
}

static void on_result(struct sarif *s, const struct scan_result *r, const struct scan_finding *f)
{
	const struct rule *of = map_get(&s->rules.index, f->id, strlen(f->id));

	arena_reset(&s->w->scratch);
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "ruleId", f->id);
	jsonw_kint(&s->j, "ruleIndex", of ? (int64_t)of->index : 0);
	jsonw_kstring(&s->j, "level", level(f->severity));
	key_text(s, "message", message(s, r, f));
	place(s, r, f);
	suppressions(s, f);
	jsonw_object_end(&s->j);
	str_pass(s->w->out);
}

/* ---- the run ---- */

static void driver(struct sarif *s)
{
	jsonw_key(&s->j, "tool");
	jsonw_object(&s->j);
	jsonw_key(&s->j, "driver");
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "name", "pipe");
	jsonw_kstring(&s->j, "fullName", "pipe's built-in scanner");
	jsonw_kstring(&s->j, "version", PIPE_VERSION);
	jsonw_key(&s->j, "rules");
	jsonw_array(&s->j);
	for (uint32_t i = 0; i < s->rules.firsts.count && !s->w->out->failed; i++)
		rule(s, &s->rules.firsts.items[i]);
	jsonw_array_end(&s->j);
	jsonw_object_end(&s->j);
	jsonw_object_end(&s->j);
}

static void notification(struct sarif *s, const char *kind, const char *text)
{
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "level", kind);
	key_text(s, "message", text);
	jsonw_object_end(&s->j);
}

static void invocation(struct sarif *s)
{
	const struct scan_report *r = s->w->report;

	jsonw_key(&s->j, "invocations");
	jsonw_array(&s->j);
	jsonw_object(&s->j);
	jsonw_kbool(&s->j, "executionSuccessful", true);
	jsonw_key(&s->j, "toolExecutionNotifications");
	jsonw_array(&s->j);
	if (*writing_text(r->database))
		notification(s, "note", r->database);
	for (uint32_t i = 0; i < r->notes.count; i++)
		notification(s, "note", r->notes.items[i]);
	for (uint32_t i = 0; i < r->warnings.count; i++)
		notification(s, "warning", r->warnings.items[i]);
	jsonw_array_end(&s->j);
	jsonw_object_end(&s->j);
	jsonw_array_end(&s->j);
}

static void image(struct sarif *s)
{
	const struct scan_report *r = s->w->report;

	if (strcmp(writing_text(r->artifact_type), "container_image") != 0)
		return;
	jsonw_key(&s->j, "properties");
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "imageID", writing_text(r->image_id));
	jsonw_kstring(&s->j, "imageName", writing_text(r->artifact));
	texts(s, "repoDigests", r->repo_digests);
	texts(s, "repoTags", r->repo_tags);
	jsonw_object_end(&s->j);
}

static void run(struct sarif *s)
{
	jsonw_object(&s->j);
	driver(s);
	invocation(s);
	jsonw_key(&s->j, "results");
	jsonw_array(&s->j);
	each_finding(s, on_result);
	jsonw_array_end(&s->j);
	jsonw_kstring(&s->j, "columnKind", "utf16CodeUnits");
	jsonw_key(&s->j, "originalUriBaseIds");
	jsonw_object(&s->j);
	jsonw_key(&s->j, "ROOTPATH");
	jsonw_object(&s->j);
	jsonw_kstring(&s->j, "uri", "file:///");
	jsonw_object_end(&s->j);
	jsonw_object_end(&s->j);
	image(s);
	jsonw_object_end(&s->j);
}

void writing_sarif(struct writing *w)
{
	struct sarif s = { .w = w };

	each_finding(&s, on_collect);
	jsonw_init(&s.j, w->out, true);
	jsonw_object(&s.j);
	jsonw_kstring(&s.j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	jsonw_kstring(&s.j, "version", "2.1.0");
	jsonw_key(&s.j, "runs");
	jsonw_array(&s.j);
	run(&s);
	jsonw_array_end(&s.j);
	jsonw_object_end(&s.j);
	str_addc(w->out, '\n');
	str_pass(w->out);
	arena_clear(&s.arena);
}
