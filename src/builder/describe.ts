// What clients ask of a Dockerfile besides a build: its checks, its targets, and what else may be asked.
import { notImplemented } from '../base/errors.ts';
import type { CheckResult, ShownCheck } from './checks.ts';
import { type Outline, outlineText, table } from './outline.ts';

const RPC = { version: '1.0.0', opts: [], metadata: [{ name: 'result.json' }, { name: 'result.txt' }] };
const KINDS = [
  {
    ...RPC,
    name: 'frontend.lint',
    type: 'rpc',
    description: 'Lint a Dockerfile',
    metadata: [...RPC.metadata, { name: 'result.statuscode' }],
  },
  {
    ...RPC,
    name: 'frontend.outline',
    type: 'rpc',
    description: 'List all parameters current build target supports',
  },
  { ...RPC, name: 'frontend.subrequests.describe', type: 'rpc', description: 'List available subrequest types' },
  { ...RPC, name: 'frontend.targets', type: 'rpc', description: 'List all targets current build supports' },
];

/** Throws for what is not known, before anything is read. */
export function checkSubrequest(name: string): void {
  if (!KINDS.some((kind) => kind.name === name)) throw notImplemented(`unsupported request ${name}`);
}

/** The answer to a request of this name; `check` reads the Dockerfile. */
export async function subrequestAnswer(
  name: string,
  check: () => Promise<CheckResult>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (name === 'frontend.lint') return lintAnswer(await check());
  if (name === 'frontend.targets') return targetsAnswer(await check());
  if (name === 'frontend.outline') return outlineAnswer(await check());
  const rows = KINDS.map((kind) => [kind.name.replace('frontend.', ''), kind.version, kind.description]);
  return answer(KINDS, table([['NAME', 'VERSION', 'DESCRIPTION'], ...rows]));
}

const locationOf = (ranges: ShownCheck['ranges']): object =>
  ranges.length === 0
    ? {}
    : { ranges: ranges.map(({ startLine, endLine }) => ({ start: { line: startLine }, end: { line: endLine } })) };

function lintAnswer({ file: name, source, findings, fault }: CheckResult): ReadonlyMap<string, Uint8Array> {
  const sources = [{ filename: name, data: Buffer.from(source).toString('base64'), language: 'Dockerfile' }];
  const warnings = findings.map(({ rule, short, detail, url, ranges }) => ({
    ruleName: rule,
    description: detail.join('\n'),
    ...(url === '' ? {} : { url }),
    detail: short,
    location: locationOf(ranges),
  }));
  const buildError = fault && { message: fault.message, location: locationOf(fault.ranges) };
  const text = findings.map(
    ({ rule, url, short, file, ranges }) =>
      `\nWARNING: ${rule}${url === '' ? '' : ` - ${url}`}\n${short}\n${file}:${ranges[0]?.startLine ?? 1}\n`,
  );
  const status = findings.length > 0 || fault ? '1' : '0';
  return new Map([
    ...answer({ warnings, sources, ...(buildError ? { buildError } : {}) }, text.join('')),
    ['result.statuscode', Buffer.from(status)],
  ]);
}

function targetsAnswer(result: CheckResult): ReadonlyMap<string, Uint8Array> {
  const targets = result.targets();
  const list = targets.map(({ isDefault, ...rest }) => ({
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== '')),
    ...(isDefault ? { default: true } : {}),
  }));
  const rows = targets.map(({ name, isDefault, description }) => [
    isDefault ? `${name} (default)`.trim() : name,
    description,
  ]);
  return answer({ targets: list, sources: [] }, table([['TARGET', 'DESCRIPTION'], ...rows]));
}

function outlineAnswer({ outline, source }: CheckResult): ReadonlyMap<string, Uint8Array> {
  const found = outline();
  const at = (line: number): object => ({ location: { ranges: [{ start: { line }, end: { line } }] } });
  const named = ({ name, description }: { readonly name: string; readonly description: string }): object => ({
    ...(name === '' ? {} : { name }),
    ...(description === '' ? {} : { description }),
  });
  const mounts = (rows: Outline['secrets']): object[] =>
    rows.map(({ name, required, line }) => ({ name, ...(required ? { required } : {}), ...at(line) }));
  const value = {
    ...named(found),
    ...(found.args.length > 0
      ? {
          args: found.args.map((arg) => ({
            ...named(arg),
            ...(arg.value ? { value: arg.value } : {}),
            ...at(arg.line),
          })),
        }
      : {}),
    ...(found.secrets.length > 0 ? { secrets: mounts(found.secrets) } : {}),
    ...(found.ssh.length > 0 ? { ssh: mounts(found.ssh) } : {}),
    sources: [Buffer.from(source).toString('base64')],
  };
  return answer(value, outlineText(found));
}

function answer(value: unknown, text: string): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ['result.json', Buffer.from(JSON.stringify(value, undefined, 2))],
    ['result.txt', Buffer.from(text)],
    ['version', Buffer.from('1.0.0')],
  ]);
}
