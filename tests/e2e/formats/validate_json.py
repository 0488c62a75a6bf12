# SPDX-License-Identifier: Apache-2.0
"""validate_json.py SCHEMA FILE: status 0 when FILE is valid; else what is wrong with it, and where."""
import json
import sys

import jsonschema

with open(sys.argv[1]) as schema, open(sys.argv[2]) as file:
    validator = jsonschema.Draft4Validator(json.load(schema))
    errors = list(validator.iter_errors(json.load(file)))
for error in errors:
    print("/".join(map(str, error.absolute_path)), error.message[:500])
sys.exit(1 if errors else 0)
