#!/bin/sh
# Runs the host program of examples/embed, built with ThreadSanitizer, on two projects that use most of what a job can use.
# Usage: threads.sh EMBED
set -eu
embed=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in one two; do
	mkdir "$scratch/$name"
	cat > "$scratch/$name/child.yml" <<'YAML'
inner:
  script: [echo "$CI_PIPELINE_SOURCE"]
  rules:
    - if: $CI_PIPELINE_SOURCE =~ /parent/
YAML
	cat > "$scratch/$name/pipe.yml" <<'YAML'
stages: [build, deploy]
build:
  stage: build
  parallel: 40
  script: ["echo $CI_NODE_INDEX; touch out-$CI_NODE_INDEX"]
  artifacts: {paths: [out-*]}
  cache: {key: shared, paths: [out-1]}
fails:
  stage: build
  allow_failure: true
  retry: 1
  script: ["false"]
packed:
  stage: deploy
  script: ["test -f out-40"]
child:
  stage: deploy
  trigger: {include: child.yml, strategy: depend}
YAML
	git -C "$scratch/$name" init -q
	git -C "$scratch/$name" add -A
	git -C "$scratch/$name" -c user.name=Dev -c user.email=dev@example.com commit -q -m first
done
# The sanitizer's fixed places in memory do not stand the kernel's randomness everywhere.
fixed=""
setarch -R true 2>/dev/null && fixed="setarch -R"
for round in 1 2 3; do
	TSAN_OPTIONS="suppressions=$here/tsan.txt log_path=$scratch/report" $fixed "$embed" "$scratch/one" "$scratch/two" > "$scratch/out" 2>&1 || { cat "$scratch/out" "$scratch"/report* 2>/dev/null; exit 1; }
done
echo "check-threads: $(grep -c success "$scratch/out") jobs in two threads, three times, no race"
