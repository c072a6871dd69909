#!/usr/bin/env python3
"""Seeds for the fuzz targets of advisories: bolt_seeds.py DIRECTORY [osv]"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import trivydb  # noqa: E402

ADVISORIES = {
    "debian 12": {"openssl": {"CVE-1": {"FixedVersion": "1-1", "VendorIDs": ["DSA-1"], "Severity": 2}, "CVE-2": {"Status": 5}}},
    "npm::GitHub": {"lodash": {"CVE-3": {"PatchedVersions": ["4.17.12"], "VulnerableVersions": ["<4.17.12", ">=5, <6"], "UnaffectedVersions": ["1"]}}},
    "rocky 8": {"bash": {"CVE-4": {"Entries": [{"FixedVersion": "2", "Arches": ["x86_64"]}]}}},
    "Red Hat": {"curl": {"RHSA-1": {"Entries": [{"FixedVersion": "7", "Affected": [1], "Cves": [{"ID": "CVE-5", "Severity": 3}]}]}}},
    "vulnerability": {"CVE-1": {"Title": "t", "Severity": "HIGH", "VendorSeverity": {"nvd": 3}, "CVSS": {"nvd": {"V3Score": 7.5}}, "CweIDs": ["CWE-1"]}},
    "data-source": {"debian 12": {"ID": "debian", "Name": "D", "URL": "u"}},
}
RECORD = {
    "id": "GHSA-1", "modified": "2024-01-01T00:00:00Z", "published": "2024-01-01T00:00:00Z", "aliases": ["CVE-1"], "upstream": ["CVE-2"],
    "summary": "s", "details": "d", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"}],
    "affected": [{"package": {"ecosystem": "PyPI", "name": "A.b"}, "versions": ["1"], "ranges": [{"type": "ECOSYSTEM", "events": [
        {"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2"}, {"last_affected": "3"}, {"limit": "4"}]}]}],
    "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-1"]}, "references": [{"type": "WEB", "url": "https://a"}],
}


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    if sys.argv[2:] == ["osv"]:
        (out / "record.json").write_text(json.dumps(RECORD))
        (out / "withdrawn.json").write_text(json.dumps({**RECORD, "withdrawn": "2024-01-01T00:00:00Z"}))
        return
    trivydb.PAGE = 1024
    (out / "small.db").write_bytes(trivydb.bolt(ADVISORIES))
    many = {f"p{i:03}": {f"CVE-{k}": {"FixedVersion": str(k)} for k in range(3)} for i in range(40)}
    (out / "levels.db").write_bytes(trivydb.bolt({**ADVISORIES, "alpine 3.18": many}))


if __name__ == "__main__":
    main()
