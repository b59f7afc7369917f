#!/usr/bin/env python3
"""Checks the JSON Schema of documents by an independent validator, and documents against it.

Usage: validate-schema.py SCHEMA.json [DOCUMENT.yaml ...]

Needs the packages jsonschema and PyYAML. Every document that Weft takes must be valid by the schema; the schema itself
must be one of draft 2020-12. The exit status is 1 if anything is not.
"""

import json
import sys

import jsonschema
import yaml


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        for error in validator.iter_errors(document):
            failures += 1
            print(f"{path}: {error.json_path}: {error.message[:200]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
