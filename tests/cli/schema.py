# SPDX-License-Identifier: MIT
"""The JSON schema: every scenario fits it, and misspelt ones do not."""

import json
import re
import sys

import cli

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f'1..0 # SKIP {missing.name} is missing '
          '(python3-jsonschema, python3-yaml)')
    sys.exit(0)

tap = cli.Tap()
run = cli.Run('schema')
tap.check('schema', run.problems(0))
schema = json.loads(run.out)
validator = jsonschema.Draft7Validator(schema)


def typed(node):
    """Scalars as YAML 1.2 has them: "on" is a word, 0x10 is a number."""
    if isinstance(node, dict):
        return {key: typed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [typed(value) for value in node]
    if node in ('true', 'false'):
        return node == 'true'
    if node in ('', '~', 'null'):
        return None
    if re.fullmatch(r'-?\d+|0x[0-9a-fA-F]+', node):
        return int(node, 0 if node.startswith('0x') else 10)
    if re.fullmatch(r'\d+\.\d+', node):
        return float(node)
    return node


def problems(text):
    scenario = typed(yaml.load(text, Loader=yaml.BaseLoader))
    return [f'{"/".join(str(p) for p in error.absolute_path)}: '
            f'{error.message[:200]}'
            for error in validator.iter_errors(scenario)]


try:
    jsonschema.Draft7Validator.check_schema(schema)
    tap.check('it_is_a_schema', [])
except jsonschema.SchemaError as error:
    tap.check('it_is_a_schema', [error.message])

wrong = {}
for path in sys.argv[2:]:
    with open(path, encoding='utf-8') as f:
        found = problems(f.read())
    if found:
        wrong[path] = found
tap.check('every_scenario_fits',
          [f'{path}: {found[0]}' for path, found in wrong.items()][:20])

# What an editor underlines.
for name, old, new in (
        ('key', 'host:', 'hosst:'),
        ('required_key', 'about: ', 'why: '),
        ('argument', 'gpa: 2MiB, size', 'gpa: 2MiB, sise'),
        ('verb', 'prefault', 'prefalt'),
        ('two_verbs', '- prefault:', '- run:\n    prefault:'),
        ('field', 'ret: 0', 'rett: 0'),
        ('vendor', 'intel', 'via'),
        ('backing', 'thp', 'thq'),
        ('profile', 'v6.12', 'v6.99'),
        ('range', 'maxphyaddr: 46', 'maxphyaddr: 99'),
        ('behaviour', 'profile: v6.12', 'profile: v6.12, prefault.sm: base'),
        ('event', 'level: 2M', 'events: [ root_lode ]')):
    assert old in cli.GOOD, old
    tap.check(f'misspelt_{name}',
              [] if problems(cli.GOOD.replace(old, new)) else ['it fits'])
tap.check('good', problems(cli.GOOD))
tap.end()
