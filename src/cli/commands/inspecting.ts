// Prints objects as `inspect` does: indented JSON in a list, compact JSON, or a template for each.
import { messageOf } from '../../base/errors.ts';
import type { Context } from '../context.ts';
import { indentJson, NilMap, NilSlice, parse, parseJson, type Template, TemplateError } from '../format/index.ts';
import { Failure } from '../grammar/index.ts';

/** Fields that Go's structs have though the JSON leaves them out when they are empty, with their zero values. */
const ABSENT: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '': {
    SizeRw: null,
    SizeRootFs: null,
    Name: '',
    Platform: '',
    Comment: '',
    Author: '',
    Variant: '',
    OsVersion: '',
    VirtualSize: 0,
    Descriptor: null,
    Manifests: null,
    Status: {},
    UsageData: null,
  },
  State: { Health: null },
  Config: {
    Healthcheck: null,
    ExposedPorts: {},
    StopSignal: '',
    StopTimeout: null,
    Shell: [],
    MacAddress: '',
    NetworkDisabled: false,
    ArgsEscaped: false,
  },
  HostConfig: {
    Annotations: {},
    StorageOpt: {},
    Tmpfs: {},
    Sysctls: {},
    Mounts: [],
    Init: null,
    KernelMemory: 0,
    KernelMemoryTCP: 0,
  },
};

/** Fields that are null in JSON where Go has an empty slice or map. */
const NIL_SLICES =
  'ExecIDs RepoTags RepoDigests Mounts Env Cmd Entrypoint OnBuild Shell Binds VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps Devices DeviceCgroupRules DeviceRequests Ulimits MaskedPaths ReadonlyPaths'.split(
    ' ',
  );
const NIL_MAPS = ['Volumes', 'Labels', 'PortBindings', 'Options'];

/** Gets the raw JSON of each reference. Errors are said after all output, exit code 1. */
export async function inspect(
  context: Context,
  references: readonly string[],
  format: string,
  get: (reference: string) => Promise<string>,
): Promise<number> {
  const template = format === '' || format === 'json' ? undefined : parse(format, '', 64);
  const errors: string[] = [];
  const raws: string[] = [];
  let text = '';
  for (const reference of references) {
    try {
      const raw = (await get(reference)).trim();
      raws.push(raw);
      if (template) text += `${apply(template, raw)}\n`;
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  if (template) context.out(text === '' ? '\n' : text);
  else if (format === 'json') context.out(`[${raws.join(',')}]\n`);
  else context.out(`${indentJson(`[${raws.join(',')}]`)}\n`);
  if (errors.length > 0) throw new Failure(errors.join('\n'));
  return 0;
}

/** Fields of an image's Config in the order of Go's struct, whose JSON has only those that say something. */
const IMAGE_CONFIG =
  'User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal ArgsEscaped Healthcheck OnBuild Shell'.split(
    ' ',
  );

function orderImageConfig(image: Record<string, unknown>): void {
  const config = image['Config'];
  if (!('RootFS' in image) || typeof config !== 'object' || config === null) return;
  const before = config as Record<string, unknown>;
  const after: Record<string, unknown> = {};
  for (const name of IMAGE_CONFIG) {
    const value = before[name];
    const enumerable = Boolean(value) && (typeof value !== 'object' || Object.keys(value as object).length > 0);
    if (name in before) Object.defineProperty(after, name, { value, enumerable, writable: true });
  }
  image['Config'] = after;
}

function apply(template: Template, raw: string): string {
  const value = parseJson(raw);
  if (typeof value === 'object' && value !== null) orderImageConfig(value as Record<string, unknown>);
  for (const [path, fields] of Object.entries(ABSENT)) {
    const target = path === '' ? value : (value as Record<string, unknown>)[path];
    if (typeof target !== 'object' || target === null) continue;
    const record = target as Record<string, unknown>;
    for (const name of NIL_SLICES) if (record[name] === null) record[name] = new NilSlice();
    for (const name of NIL_MAPS) if (record[name] === null) record[name] = new NilMap();
    for (const [name, zero] of Object.entries(fields)) {
      if (!(name in target)) Object.defineProperty(target, name, { value: zero, enumerable: false });
    }
  }
  try {
    return template.run(value, { ignoreCase: true });
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: ${error.message}`);
    throw error;
  }
}
