# bash completion for pipe; made by `pipe completion bash`
_pipe()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local command= options= words= jobs=0 i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-C|--directory|--state-dir|--color) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $before in
	-C|--directory|--state-dir|--extract|-x) COMPREPLY=($(compgen -d -- "$word")); return ;;
	-f|--file|--variables-file) [ "$command" = logs ] || { COMPREPLY=($(compgen -f -- "$word")); return; } ;;
	-m|--manual) jobs=1 ;;
	esac
	if [ -z "$command" ]; then
		COMPREPLY=($(compgen -W "run lint plan graph explain schema history show logs tests findings coverage compare artifacts scan retry cancel advisories lua gc version help" -- "$word"))
		return
	fi
	case $command in
	run)
		options="--dry-run --from-failed --format --jobs --keep-going --fail-fast --isolate --durable --stage --manual --needs --no-needs --only-needs --file --variable --secret --unset-variable --variables-file --input --as --assume-changed --offline --limit --strict --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	lint)
		options="--format --file --variable --secret --unset-variable --variables-file --input --as --assume-changed --offline --limit --strict --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	plan)
		options="--format --stage --manual --needs --no-needs --only-needs --file --variable --secret --unset-variable --variables-file --input --as --assume-changed --offline --limit --strict --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	graph)
		options="--format --stage --manual --needs --no-needs --only-needs --file --variable --secret --unset-variable --variables-file --input --as --assume-changed --offline --limit --strict --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	explain)
		options="--job --all --predefined --stages --file --variable --secret --unset-variable --variables-file --input --as --assume-changed --offline --limit --strict --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	schema)
		options="--directory --state-dir --color --quiet --help "
		jobs=0
		;;
	history)
		options="--limit --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	show)
		options="--definition --variables --events --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	logs)
		options="--follow --from-line --times --format --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	tests)
		options="--failed --all --job --limit --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	findings)
		options="--severity --kind --new --job --suppressed --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	coverage)
		options="--below --job --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	compare)
		options="--all --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	artifacts)
		options="--extract --format --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	scan)
		options="--scanner --type --db --max-age --severity --fail-on --ignore-unfixed --ignorefile --vex --skip --dev --only-vulnerabilities --only-secrets --platform --verify --ca-file --insecure --plain-http --suppressed --format --output --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	retry)
		options="--format --jobs --keep-going --fail-fast --isolate --durable --secret --strict --offline --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	cancel)
		options="--format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	advisories)
		options="--from --ca-file --insecure --plain-http --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	lua)
		options="--filter --verbose --coverage --coverage-file --run --job --variable --allow-http --allow-exec --allow-read --file --format --directory --state-dir --color --quiet --help "
		jobs=1
		;;
	gc)
		options="--max-age --max-runs --max-size --dry-run --format --directory --state-dir --color --quiet --help "
		jobs=0
		;;
	version)
		options="--directory --state-dir --color --quiet --help "
		jobs=0
		;;
	help)
		options="--directory --state-dir --color --quiet --help "
		jobs=0
		;;
	esac
	case $command:$before in
	run:--format) words="tty plain json " ;;
	run:--color) words="auto always never " ;;
	lint:--format) words="text json sarif " ;;
	lint:--color) words="auto always never " ;;
	plan:--format) words="text json " ;;
	plan:--color) words="auto always never " ;;
	graph:--format) words="ascii dot mermaid svg " ;;
	graph:--color) words="auto always never " ;;
	explain:--color) words="auto always never " ;;
	schema:--color) words="auto always never " ;;
	history:--format) words="text json " ;;
	history:--color) words="auto always never " ;;
	show:--format) words="text json " ;;
	show:--color) words="auto always never " ;;
	logs:--format) words="text json " ;;
	logs:--color) words="auto always never " ;;
	tests:--format) words="text json " ;;
	tests:--color) words="auto always never " ;;
	findings:--severity) words="critical high medium low info unknown " ;;
	findings:--kind) words="issue warning vulnerability secret misconfiguration license " ;;
	findings:--format) words="text json " ;;
	findings:--color) words="auto always never " ;;
	coverage:--format) words="text json " ;;
	coverage:--color) words="auto always never " ;;
	compare:--format) words="text json " ;;
	compare:--color) words="auto always never " ;;
	artifacts:--format) words="text json " ;;
	artifacts:--color) words="auto always never " ;;
	scan:--scanner) words="builtin trivy auto " ;;
	scan:--type) words="image rootfs filesystem repository sbom " ;;
	scan:--fail-on) words="none unknown low medium high critical " ;;
	scan:--format) words="table json sarif " ;;
	scan:--color) words="auto always never " ;;
	retry:--format) words="tty plain json " ;;
	retry:--color) words="auto always never " ;;
	cancel:--format) words="text json " ;;
	cancel:--color) words="auto always never " ;;
	advisories:--format) words="text json " ;;
	advisories:--color) words="auto always never " ;;
	lua:--format) words="text tap junit json sarif " ;;
	lua:--color) words="auto always never " ;;
	gc:--format) words="text json " ;;
	gc:--color) words="auto always never " ;;
	version:--color) words="auto always never " ;;
	help:--color) words="auto always never " ;;
	esac
	if [ -n "$words" ]; then
		COMPREPLY=($(compgen -W "$words" -- "$word"))
	elif [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$word"))
	elif [ "$command" = help ]; then
		COMPREPLY=($(compgen -W "run lint plan graph explain schema history show logs tests findings coverage compare artifacts scan retry cancel advisories lua gc version help" -- "$word"))
	elif [ "$jobs" = 1 ]; then
		COMPREPLY=($(compgen -W "$(pipe completion jobs 2>/dev/null | grep -E '^[A-Za-z0-9_./:@%+=,-]+$')" -- "$word"))
	fi
}
complete -F _pipe pipe
