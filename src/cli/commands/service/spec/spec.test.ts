// Flags of `service create` and `service update` against what Docker's client 28.5 sent for the same words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { messageOf } from '../../../../base/errors.ts';
import { type Flags, parseFlags, type Values } from '../../../grammar/index.ts';
import { createSpec } from './create.ts';
import { checkRollback, createFlags, updateFlags } from './flags.ts';
import type { ServiceSpec } from './model.ts';
import { updateSpec } from './update.ts';

type Changes = Record<string, unknown>;

interface Case {
  readonly args: string[];
  readonly base?: string;
  /** By its path, null where it is gone. */
  readonly change?: Changes;
  readonly error?: string;
}

const CREATED = read('create') as Case[];
const UPDATED = read('update') as { bases: Record<string, ServiceSpec>; cases: Case[] };

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), 'utf8'));
}

/** Every name is known, by an id made of it. */
const references = {
  networks: named('net', ['one', 'two', 'zwei', 'alpha', 'host']),
  secrets: named('secret', ['key', 'cert', 'a', 'b']),
  configs: named('config', ['conf', 'c2', 'a', 'b']),
};

function named(kind: string, names: readonly string[]): Map<string, string> {
  return new Map(names.map((name) => [name, `${kind}-${name}`]));
}

function parsed<F extends Flags>(flags: F, words: readonly string[], flagsFirst: boolean) {
  const { values, changed, args, error } = parseFlags(flags, words, { flagsFirst });
  if (error !== undefined) throw new Error(error.replace(/^invalid argument .* flag: /, ''));
  return {
    flags: Object.fromEntries(values) as Values<F>,
    changed: (name: string): boolean => changed.has(name),
    args,
  };
}

function create(words: readonly string[]): ServiceSpec {
  const { args, ...given } = parsed(createFlags, words, true);
  const [image = '', ...rest] = args;
  const environment = given.flags['env-file'].length > 0 ? ['B=1', 'C=2', 'FROMENV=here'] : [];
  return createSpec({ ...given, image, args: rest, environment }, references);
}

function update(base: string, words: readonly string[]): ServiceSpec {
  const before = UPDATED.bases[base];
  assert.ok(before, base);
  return updateSpec(before, parsed(updateFlags, words, false), references);
}

function changes(before: unknown, after: unknown, path = ''): Changes {
  if (JSON.stringify(before) === JSON.stringify(after)) return {};
  if (!isObject(before) || !isObject(after)) return { [path]: after ?? null };
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.assign({}, ...keys.map((key) => changes(before[key], after[key], `${path}/${key}`))) as Changes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** With keys and variables in order: Docker sends variables in the order of a map, another one each time. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, key.endsWith('Env') ? (value[key] as string[] | null)?.toSorted() : ordered(value[key])]),
  );
}

const plain = (value: unknown): unknown => ordered(JSON.parse(JSON.stringify(value)));

function check({ args, change, error }: Case, before: unknown, make: () => ServiceSpec): void {
  const said = args.join(' ');
  if (error !== undefined) {
    assert.throws(make, (thrown) => messageOf(thrown) === error, said);
    return;
  }
  assert.deepEqual(changes(plain(before), plain(make())), plain(change), said);
}

process.env['FROMENV'] = 'here';

test('a service is created by the body that Docker sends', () => {
  const before = create(['--name', 'web', 'busybox']);
  assert.ok(CREATED.length > 70);
  for (const one of CREATED) check(one, before, () => create(one.args));
});

test('a service is updated by the body that Docker sends', () => {
  assert.ok(UPDATED.cases.length > 150);
  for (const one of UPDATED.cases) check(one, UPDATED.bases[one.base ?? ''], () => update(one.base ?? '', one.args));
});

test('what Docker forgets in an update is changed', () => {
  const { Healthcheck } = update('bare', ['--health-start-interval', '2s']).TaskTemplate.ContainerSpec;
  assert.deepEqual(Healthcheck, { StartInterval: 2e9 });
  assert.deepEqual(update('job', ['--max-concurrent', '3']).Mode.ReplicatedJob, {
    MaxConcurrent: 3,
    TotalCompletions: 2,
  });
  assert.throws(() => update('bare', ['--max-concurrent', '3']), /only be used with replicated-job mode/);
  assert.equal(update('bare', ['--replicas-max-per-node', '3']).TaskTemplate.Placement?.MaxReplicas, 3);
});

test('mounts that no flag names stay in their order, so that no task is replaced for it', () => {
  const before = UPDATED.bases['full'];
  assert.ok(before);
  const mounts = before.TaskTemplate.ContainerSpec.Mounts?.toReversed();
  const spec = { ...before.TaskTemplate.ContainerSpec, Mounts: mounts };
  const turned = { ...before, TaskTemplate: { ...before.TaskTemplate, ContainerSpec: spec } };
  const next = updateSpec(turned, parsed(updateFlags, ['--label-add', 'x=y'], false), references);
  assert.deepEqual(next.TaskTemplate, before.TaskTemplate && turned.TaskTemplate);
});

test('own flags are labels of the service', () => {
  const { Labels, Mode } = create(['--schedule', '@daily', '--fence', '--priority', '3', 'busybox']);
  assert.deepEqual(Labels, { 'berth.fence': 'true', 'berth.priority': '3', 'berth.schedule': '@daily' });
  assert.ok(Mode.ReplicatedJob);
  assert.equal(update('bare', ['--autoscale', 'min=1,max=3']).Labels?.['berth.autoscale'], 'min=1,max=3');
});

test('a rollback goes with no setting', () => {
  const given = (...words: string[]) => parsed(updateFlags, words, false).changed;
  checkRollback(given('--rollback', '-d'));
  assert.throws(
    () => checkRollback(given('--rollback', '--image', 'x')),
    /other flags may not be combined with --rollback/,
  );
});

test('an account of Windows is refused by name', () => {
  assert.throws(() => create(['--credential-spec', 'file://x', 'busybox']), /no managed service accounts/);
});
