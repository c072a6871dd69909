"""Writes Trivy databases (bbolt files, format version 2) for tests: nested dicts are buckets, everything else is stored as JSON."""
import io
import json
import struct

PAGE = 4096


def fnv(data):
    h = 14695981039346656037
    for b in data:
        h = ((h ^ b) * 1099511628211) % (1 << 64)
    return h


class Writer:
    """Into a file that can be sought; its first two pages are written last."""

    def __init__(self, file):
        self.file, self.count = file, 2
        self.page(16, 0, b"")  # what is free: nothing

    def page(self, flags, count, body):
        """Adds a page, with those over which it goes on; returns its number."""
        number = self.count
        more = (16 + len(body) - 1) // PAGE
        data = struct.pack("<QHHI", number, flags, count, more) + body
        self.file.seek(number * PAGE)
        self.file.write(data + bytes((more + 1) * PAGE - len(data)))
        self.count += more + 1
        return number

    @staticmethod
    def leaf(items):
        at, heads, rest = 16 * len(items), b"", b""
        for i, (key, value, bucket) in enumerate(items):
            heads += struct.pack("<IIII", bucket, at - 16 * i, len(key), len(value))
            rest += key + value
            at += len(key) + len(value)
        return heads + rest

    @staticmethod
    def branch(items):
        at, heads, rest = 16 * len(items), b"", b""
        for i, (key, page) in enumerate(items):
            heads += struct.pack("<IIQ", at - 16 * i, len(key), page)
            rest += key
            at += len(key)
        return heads + rest

    def tree(self, items, size=30):
        """Leaves of at most `size` items, and branches above them up to one page."""
        level = []
        for i in range(0, max(len(items), 1), size):
            part = items[i:i + size]
            level.append((part[0][0] if part else b"", self.page(2, len(part), self.leaf(part))))
        while len(level) > 1:
            level = [(level[i][0], self.page(1, len(level[i:i + size]), self.branch(level[i:i + size]))) for i in range(0, len(level), size)]
        return level[0][1]

    def items(self, tree, depth):
        out = []
        for key, value in sorted((k.encode(), v) for k, v in tree.items()):
            if isinstance(value, dict) and depth > 1:
                inner = self.items(value, depth - 1)
                out.append((key, struct.pack("<QQ", self.tree(inner), 0), 1))
            else:
                out.append((key, json.dumps(value).encode(), 0))
        return out


    def finish(self, buckets):
        """buckets: {NAME: the page of its tree}."""
        top = self.tree([(k.encode(), struct.pack("<QQ", page, 0), 1) for k, page in sorted(buckets.items())])
        self.file.seek(0)
        for i in range(2):
            meta = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, top, 0, 2, self.count, 10 + i)
            meta += struct.pack("<Q", fnv(meta))
            page = struct.pack("<QHHI", i, 4, 0, 0) + meta
            self.file.write(page + bytes(PAGE - len(page)))


def bolt(tree):
    """tree: {SOURCE: {PACKAGE: {ID: advisory}}}; of `vulnerability` and `data-source` {KEY: value}."""
    file = io.BytesIO()
    w = Writer(file)
    flat = ("vulnerability", "data-source")
    w.finish({k: w.tree(w.items(v, 1 if k in flat else 2)) for k, v in sorted(tree.items())})
    return file.getvalue()


def metadata(updated="2026-01-01T00:00:00Z", version=2):
    return json.dumps({"Version": version, "NextUpdate": "2099-01-01T00:00:00Z", "UpdatedAt": updated, "DownloadedAt": updated})


def write(directory, tree, **more):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "trivy.db").write_bytes(bolt(tree))
    (directory / "metadata.json").write_text(metadata(**more))
