/* What stage types that call Helm share: values, what a chart says of itself, and how a registry is reached. */
#ifndef STAGES_HELM_HELM_H
#define STAGES_HELM_HELM_H

#include "pipeline/keyword/keyword_fields.h"
#include "stages/argv.h"
#include "stages/stage.h"

/* Rows of their tables, sorted by name among the others. */
#define HELM_KUBERNETES_VERSION                                                                                                  \
	KEYWORD_ROW("kubernetes_version", IN_NESTED, TAKES_SCALAR, "what is rendered or judged for this version of Kubernetes",  \
		    .example = "kubernetes_version: \"1.34.0\"")
#define HELM_SET                                                                                                                 \
	KEYWORD_ROW("set", IN_NESTED, TAKES_NAMED,                                                                               \
		    "values of the chart by their paths, as they are written: numbers, true and false keep their type",          \
		    .items = TAKES_SCALAR, .example = "set: {image.digest: $IMAGE_DIGEST, replicas: 2}")
#define HELM_SET_STRING                                                                                                          \
	KEYWORD_ROW("set_string", IN_NESTED, TAKES_NAMED, "the same, as text whatever they look like", .items = TAKES_SCALAR,    \
		    .example = "set_string: {build: \"0012\"}")
#define HELM_VALUES                                                                                                              \
	KEYWORD_ROW("values", IN_NESTED, TAKES_TEXT | TAKES_LIST, "files with values of the chart, the later ones win",          \
		    .items = TAKES_TEXT, .example = "values: [deploy/values.yaml, deploy/staging.yaml]")

extern const struct stage_tool helm_tool;

/* What Chart.yaml says; "" what it does not. */
struct helm_chart {
	const char *path;      /* as it was written: a directory, an archive, a reference */
	const char *directory; /* relative to the workspace; NULL: it is none */
	const char *name, *version;
	bool known; /* Chart.yaml was there and was read */
};

/* The parameter `chart`.  A directory of the workspace is looked into: a Chart.yaml without a name or a version is an error with its place.
 * *out is zeroed where the parameter is not written. */
int helm_chart(struct stage_job *job, struct helm_chart *out, pipe_error *err);
/* --values, --set and --set-string. */
int helm_values(struct stage_job *job, struct argv *v, pipe_error *err);
/* A version as SemVer 2 (https://semver.org): without it, or without the `v` of a tag; what is wrong with it is an error at the node. */
int helm_version(struct stage_job *job, const struct node *at, const char *text, const char **out, pipe_error *err);
/* Renders the chart into files below `directory`; quiet but for what Helm itself says.  NULL: an error. */
struct step *helm_render(struct stage_job *job, const struct helm_chart *chart, const char *directory, pipe_error *err);

#endif
