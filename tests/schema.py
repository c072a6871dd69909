"""Do these files satisfy the JSON Schema that `pipe schema` printed?  schema.py SCHEMA FILE..."""
import json
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """An editor sees the list of a !reference."""


Loader.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node, deep=True))


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    bad = 0
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as f:
            document = list(yaml.load_all(f, Loader))[-1]
        for error in validator(schema).iter_errors(document):
            print(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
