// The field names we know against the published schemas, where those are at hand.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { containerConfig, endpointSettings, hostConfig, type Kind } from './index.ts';

const FILE = join(import.meta.dirname, '../../../../../shared/inventory/engine-api.schemas.v1.55.json');
/** Documented or older names that a create body of ours leaves out, and names of ours that are no longer documented. */
const ACCEPTED: Record<string, { missing?: string[]; more?: string[] }> = {
  ContainerConfig: { more: ['MacAddress'] },
  HostConfig: { more: ['KernelMemory', 'KernelMemoryTCP'] },
};

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
}

test('fields are those of the published API', {
  skip: existsSync(FILE) ? false : 'no inventory beside the repository',
}, () => {
  const bundle = JSON.parse(readFileSync(FILE, 'utf8')) as {
    definitions?: Record<string, Schema>;
    $defs?: Record<string, Schema>;
  };
  const definitions = bundle.definitions ?? bundle.$defs ?? {};
  const namesOf = (schema: Schema | undefined): string[] => {
    if (!schema) return [];
    if (schema.$ref) return namesOf(definitions[schema.$ref.split('/').pop() ?? '']);
    return [...Object.keys(schema.properties ?? {}), ...(schema.allOf ?? []).flatMap(namesOf)];
  };
  const check = (name: string, kind: Kind<unknown>): void => {
    const documented = new Set(namesOf(definitions[name]));
    assert.ok(documented.size > 0, `${name} is not in the inventory`);
    const known = Object.keys(kind.fields ?? {});
    const { missing = [], more = [] } = ACCEPTED[name] ?? {};
    assert.deepEqual(
      [...documented].filter((one) => !known.includes(one) && !missing.includes(one)),
      [],
      `${name} lacks`,
    );
    assert.deepEqual(
      known.filter((one) => !documented.has(one) && !more.includes(one)),
      [],
      `${name} has more`,
    );
  };
  check('ContainerConfig', containerConfig);
  check('HostConfig', hostConfig);
  check('EndpointSettings', endpointSettings);
});
