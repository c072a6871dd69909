#!/bin/sh
# Seeds for the fuzz targets layer and oci_layout: layer_seeds.sh DIRECTORY fills DIRECTORY/layer and DIRECTORY/oci_layout.
set -eu
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
mkdir -p "$1/layer" "$1/oci_layout"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir -p one/etc one/d/e two/d three
echo root >one/etc/passwd
echo b >one/d/e/b
ln one/etc/passwd one/d/link
ln -s ../etc one/d/soft
truncate -s 9000 one/sparse
echo end >>one/sparse
mkfifo one/fifo
echo x >two/d/.wh.e
echo x >two/d/.wh..wh..opq
echo new >two/etc
echo again >"three/$(printf 'n%.0s' $(seq 150))"
for format in gnu pax ustar v7; do
	tar --format=$format -C one -cf one.$format . 2>/dev/null || true
	cp one.$format "$out/layer/$format"
done
tar -C one --sparse -cf "$out/layer/sparse" .
tar -C two -cf two.tar .
tar -C three -cf three.tar .
{ cat one.gnu; printf '\001CUT\001'; cat two.tar; printf '\001CUT\001'; cat three.tar; } >"$out/layer/three"
{ gzip -n <one.pax; printf '\001CUT\001'; zstd -q <two.tar; } >"$out/layer/packed"

sum() { sha256sum "$1" | cut -c1-64; }
printf '{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:%s","sha256:%s"]}}' "$(sum one.gnu)" "$(sum two.tar)" >config
mkdir docker
cp config "docker/$(sum config).json"
cp one.gnu docker/1.tar
cp two.tar docker/2.tar
printf '[{"Config":"%s.json","RepoTags":["a:1"],"Layers":["1.tar","2.tar"]}]' "$(sum config)" >docker/manifest.json
tar -C docker -cf docker.tar .
mkdir -p oci/blobs/sha256
gzip -n <one.gnu >one.gz
for f in config one.gz two.tar; do cp $f "oci/blobs/sha256/$(sum $f)"; done
size() { stat -c %s "$1"; }
printf '{"config":{"digest":"sha256:%s","size":%s},"layers":[{"digest":"sha256:%s","size":%s},{"digest":"sha256:%s","size":%s}]}' \
	"$(sum config)" "$(size config)" "$(sum one.gz)" "$(size one.gz)" "$(sum two.tar)" "$(size two.tar)" >manifest
cp manifest "oci/blobs/sha256/$(sum manifest)"
printf '{"manifests":[{"digest":"sha256:%s","size":%s,"platform":{"os":"linux","architecture":"amd64"}}]}' "$(sum manifest)" \
	"$(size manifest)" >oci/index.json
echo '{"imageLayoutVersion":"1.0.0"}' >oci/oci-layout
tar -C oci -cf oci.tar .
{ printf '\000'; cat docker.tar; } >"$out/oci_layout/docker"
{ printf '\000'; cat oci.tar; } >"$out/oci_layout/oci"
{ printf '\000'; gzip -n <oci.tar; } >"$out/oci_layout/packed"
{ printf '\003'; cat oci/index.json; } >"$out/oci_layout/index"
