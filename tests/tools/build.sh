#!/bin/sh
# Builds the real tools that the tests here drive, each from its own pinned module (NAME/go.mod, go.sum), into a cache outside the source
# tree: ${PIPE_TOOLS:-${XDG_CACHE_HOME:-~/.cache}/pipe-tools}/NAME-VERSION/NAME.  What is there is not built again.
#
#     build.sh [NAME...]         all of them (but the optional ones, see below), or those; one line each: path, seconds, megabytes
#     build.sh --print [NAME...] only says where they are, or will be
# Checkov comes from PyPI, pinned in checkov/requirements.txt, as a virtual environment; NAME-VERSION/NAME is a link into it.
#
# Ends with 3 where Go is missing, 1 where a tool could not be built.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${PIPE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/pipe-tools}

# name, module, package of the command below it ("." for the module itself), folder of its go.mod where that has another name
tools='
trivy       github.com/aquasecurity/trivy           cmd/trivy
helm        helm.sh/helm/v3                         cmd/helm
cosign      github.com/sigstore/cosign/v2           cmd/cosign
kubeconform github.com/yannh/kubeconform            cmd/kubeconform
crane       github.com/google/go-containerregistry  cmd/crane
kustomize   sigs.k8s.io/kustomize/kustomize/v5      .
checkov     -                                       -
kyverno     github.com/kyverno/kyverno              cmd/cli/kubectl-kyverno
buildctl    github.com/moby/buildkit                cmd/buildctl              buildkit
buildkitd   github.com/moby/buildkit                cmd/buildkitd             buildkit
docker-buildx github.com/docker/buildx              cmd/buildx                buildx
dockerd     github.com/moby/moby/v2                 cmd/dockerd
kaniko      github.com/GoogleContainerTools/kaniko  cmd/executor
'
# Not built unless they are named: each takes minutes, and together they take as long as all the others.
optional="kyverno buildctl buildkitd docker-buildx dockerd kaniko"

# What the linker is told: tools that know their version only from there, and Helm's idea of the Kubernetes that it renders for.
linker_flags() {
	case $1 in
	trivy) echo "-X github.com/aquasecurity/trivy/pkg/version/app.ver=${2#v}" ;;
	helm)
		h=helm.sh/helm/v3
		echo "-X $h/internal/version.version=$2"
		for package in pkg/chartutil pkg/lint/rules; do
			echo "-X $h/$package.k8sVersionMajor=1 -X $h/$package.k8sVersionMinor=34"
		done
		;;
	cosign) echo "-X sigs.k8s.io/release-utils/version.gitVersion=$2" ;;
	kubeconform) echo "-X main.version=$2" ;;
	crane) echo "-X github.com/google/go-containerregistry/cmd/crane/cmd.Version=${2#v}" ;;
	kyverno) echo "-X github.com/kyverno/kyverno/pkg/version.BuildVersion=$2" ;;
	buildctl | buildkitd) echo "-X github.com/moby/buildkit/version.Version=$2" ;;
	docker-buildx) echo "-X github.com/docker/buildx/version.Version=$2" ;;
	dockerd) echo "-X github.com/moby/moby/v2/dockerversion.Version=${2#v} -X github.com/moby/moby/v2/dockerversion.GitCommit=module" ;;
	kaniko) echo "-X github.com/GoogleContainerTools/kaniko/pkg/version.version=$2" ;;
	kustomize) echo "-X sigs.k8s.io/kustomize/api/provenance.version=$2" ;;
	esac
}

build() { # name module package version directory folder
	target=$2
	[ "$3" = . ] || target=$2/$3
	mkdir -p "$5"
	new=$5/.$1.$$
	trap 'rm -f "$new"' EXIT
	started=$(date +%s)
	# shellcheck disable=SC2046 # the flags are words
	(cd "$here/$6" && CGO_ENABLED=0 GOEXPERIMENT=$([ "$1" = trivy ] && echo jsonv2 || true) GOWORK=off nice -n 10 \
		go build -p 2 -mod=readonly -trimpath -ldflags "-s -w $(echo $(linker_flags "$1" "$4"))" -o "$new" "$target") || return 1
	mv "$new" "$5/$1"
	echo "$5/$1: built in $(($(date +%s) - started)) s, $(($(wc -c <"$5/$1") / 1000000)) MB"
}

install_checkov() { # version directory
	started=$(date +%s)
	rm -rf "$2/new"
	python3 -m venv "$2/new" && "$2/new/bin/pip" install -q --no-deps -r "$here/checkov/requirements.txt" || return 1
	rm -rf "$2/venv"
	mv "$2/new" "$2/venv"
	# its scripts name the directory that they were made in
	printf '#!/bin/sh\nexec "%s/bin/python" "%s/bin/checkov" "$@"\n' "$2/venv" "$2/venv" >"$2/.checkov" && chmod +x "$2/.checkov"
	mv "$2/.checkov" "$2/checkov"
	echo "$2/checkov: installed in $(($(date +%s) - started)) s"
}

version_of() { # name module folder
	if [ "$1" = checkov ]; then
		sed -n 's/^checkov==//p' "$here/checkov/requirements.txt"
	else
		awk -v m="$2" '$1 == m { print $2; exit } $1 == "require" && $2 == m { print $3; exit }' "$here/$3/go.mod"
	fi
}

print=no
if [ "${1:-}" = --print ]; then
	print=yes
	shift
fi
failed=0
wanted=" $* "
echo "$tools" | while read -r name module package folder; do
	[ -n "$name" ] || continue
	if [ "$wanted" != "  " ]; then
		case $wanted in *" $name "*) ;; *) continue ;; esac
	else
		case " $optional " in *" $name "*) continue ;; esac
	fi
	folder=${folder:-$name}
	version=$(version_of "$name" "$module" "$folder")
	directory=$cache/$name-${version#v}
	if [ $print = yes ]; then
		echo "$directory/$name"
	elif [ -x "$directory/$name" ]; then
		echo "$directory/$name: there"
	elif [ "$name" = checkov ]; then
		mkdir -p "$directory"
		install_checkov "$version" "$directory" || { echo "checkov $version could not be installed" >&2; failed=1; }
	elif ! command -v go >/dev/null; then
		echo "$name: Go is missing, which builds it (Debian: golang-go of bookworm-backports, or the toolchain of the Go project)"
		exit 3
	elif ! build "$name" "$module" "$package" "$version" "$directory" "$folder"; then
		echo "$name $version could not be built" >&2
		failed=1
	fi
	[ $failed = 0 ] || exit 1
done
