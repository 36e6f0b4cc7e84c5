// Checks that follow variables through a stage: they need what is known of its base image and of the build.
import { guess } from '../dockerfile/syntax/failure.ts';
import {
  type Dockerfile,
  expand,
  type Budget,
  expandInstruction,
  type Instruction,
  type Platform,
  platformText,
  PROXY_ARGS,
  type Stage,
  stageArg,
} from '../dockerfile/index.ts';
import { cleanPath } from '../../spec/ignore/clean.ts';
import type { IgnoreMatcher } from '../../spec/ignore/index.ts';
import type { Findings, Note } from './finding.ts';

/** What is known of an image that a stage begins with. */
export interface BaseFacts {
  readonly env: ReadonlyMap<string, string>;
  readonly platform?: Platform;
  /** It has a SHELL of its own. */
  readonly hasShell?: boolean;
}

export interface StageFacts {
  readonly dockerfile: Dockerfile;
  /** What FROM sees. */
  readonly global: ReadonlyMap<string, string>;
  readonly given: ReadonlyMap<string, string>;
  readonly target: Platform;
  /** Of all words of the Dockerfile. */
  readonly budget: Budget;
  readonly ignore?: IgnoreMatcher;
  /** undefined when nothing is known of it: then variables count as set. */
  readonly base: (reference: string, platform: string) => BaseFacts | undefined;
}

/** What a stage leaves to those that begin with it. */
interface Left {
  readonly env: Map<string, string>;
  readonly envKnown: boolean;
  readonly workdirSet: boolean;
  readonly hasShell: boolean;
}

export function checkStages(facts: StageFacts, wanted: ReadonlySet<number>, findings: Findings): void {
  const left: Left[] = [];
  for (const stage of facts.dockerfile.stages) {
    const note = findings.above(stage.comments);
    const reference = checkFrom(stage, facts, note);
    const earlier = facts.dockerfile.stages.findLast(
      ({ index, name }) => index < stage.index && name === reference.base.toLowerCase() && name !== '',
    );
    const before = (earlier && left[earlier.index]) ?? startOf(stage, reference, facts, note);
    // Stages that are not built are walked too, since others may begin with them; what is found there does not count.
    left.push(checkInstructions(stage, before, facts, wanted.has(stage.index) ? findings : undefined));
  }
}

interface Base {
  readonly base: string;
  readonly platform: string;
}

function checkFrom(stage: Stage, facts: StageFacts, note: Note): Base {
  const { dockerfile, global } = facts;
  const { escape, metaArgs } = dockerfile;
  const { budget } = facts;
  const declared = new Set([
    ...global.keys(),
    ...metaArgs.flatMap(({ definitions }) => definitions.map(({ key }) => key)),
  ]);
  const undeclared = (missing: ReadonlySet<string>): void => {
    for (const name of missing) {
      if (declared.has(name)) continue;
      budget.spend(name.length * declared.size);
      note('UndefinedArgInFrom', stage.range, name, guess(name, [...declared]) ?? '');
    }
  };
  const base = expand(stage.base, global, escape, { budget });
  undeclared(base.missing);
  if (stage.platform === '') return { base: base.text, platform: '' };
  const platform = expand(stage.platform, global, escape, { budget });
  undeclared(platform.missing);
  if (platform.used.size === 1 && platform.missing.size === 0 && platform.used.has('TARGETPLATFORM')) {
    if (platform.text === global.get('TARGETPLATFORM')) note('RedundantTargetPlatform', stage.range, stage.platform);
  }
  if (platform.used.size === 0 && platform.missing.size === 0) {
    const [os = '', architecture = ''] = platform.text.split('/');
    const named = [os, architecture].some((part) => part !== '' && stage.name.includes(part));
    if (!named) note('FromPlatformFlagConstDisallowed', stage.range, platform.text);
  }
  return { base: base.text, platform: platform.text };
}

function startOf(stage: Stage, { base, platform }: Base, facts: StageFacts, note: Note): Left {
  if (base === 'scratch') return { env: new Map(), envKnown: true, workdirSet: false, hasShell: false };
  const known = facts.base(base, platform);
  const wanted = platform || platformText(facts.target);
  const actual = known?.platform;
  const [os, architecture] = wanted.split('/');
  if (actual && (actual.os !== os || (architecture !== undefined && actual.architecture !== architecture))) {
    note('InvalidBaseImagePlatform', stage.range, base, wanted, platformText(actual));
  }
  const env = new Map(known?.env);
  return { env, envKnown: known !== undefined, workdirSet: false, hasShell: known?.hasShell ?? false };
}

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

function checkInstructions(stage: Stage, before: Left, facts: StageFacts, findings: Findings | undefined): Left {
  const { escape } = facts.dockerfile;
  const env = new Map(before.env);
  /** Environment and arguments, as words see them: ENV wins. */
  const scope = new Map(before.env);
  const declared = new Set<string>();
  const last = new Map<string, Instruction>();
  let { workdirSet, hasShell } = before;
  for (const instruction of stage.instructions) {
    const note: Note = findings ? findings.above(instruction.comments) : () => {};
    const undefinedVars = (missing: ReadonlySet<string>): void => {
      if (!before.envKnown) return;
      for (const name of missing) {
        if (declared.has(name) || PROXY_ARGS.includes(name)) continue;
        facts.budget.spend(name.length * scope.size);
        note('UndefinedVar', instruction.range, name, guess(name, [...scope.keys()]) ?? '');
      }
    };
    const { instruction: one, missing } = expandInstruction(instruction, scope, escape, facts.budget);
    undefinedVars(missing);
    switch (one.kind) {
      case 'env':
        for (const { key, value, legacy } of one.pairs) {
          if (legacy) note('LegacyKeyValueFormat', one.range, one.keyword);
          if (SECRET.test(key) && !HARMLESS.test(key)) note('SecretsUsedInArgOrEnv', one.range, 'ENV', key);
          env.set(key, value);
          scope.set(key, value);
        }
        break;
      case 'label':
        for (const { legacy } of one.pairs) if (legacy) note('LegacyKeyValueFormat', one.range, one.keyword);
        break;
      case 'arg':
        for (const definition of one.definitions) {
          const { key } = definition;
          if (SECRET.test(key) && !HARMLESS.test(key)) note('SecretsUsedInArgOrEnv', one.range, 'ARG', key);
          const arg = stageArg(definition, scope, facts.given, facts.global, escape, facts.budget);
          undefinedVars(arg.missing);
          declared.add(key);
          if (arg.value !== undefined && !env.has(key)) scope.set(key, arg.value);
        }
        break;
      case 'shell':
        hasShell = true;
        break;
      case 'cmd':
      case 'entrypoint':
      case 'healthcheck': {
        const earlier = last.get(one.kind);
        if (earlier) note('MultipleInstructionsDisallowed', earlier.range, one.keyword);
        last.set(one.kind, one);
        if (one.kind !== 'healthcheck' && one.shell && !hasShell) note('JSONArgsRecommended', one.range, one.keyword);
        break;
      }
      case 'workdir':
        if (!workdirSet && !one.path.startsWith('/')) note('WorkdirRelativePath', one.range, one.path);
        workdirSet = true;
        break;
      case 'expose':
        for (const port of one.ports) checkPort(port, one, note);
        break;
      case 'add':
      case 'copy':
        checkSources(one, facts.ignore, note);
        break;
      case 'maintainer':
      case 'onbuild':
      case 'run':
      case 'stopsignal':
      case 'user':
      case 'volume':
        break;
      default:
        one satisfies never;
    }
  }
  return { env, envKnown: before.envKnown, workdirSet, hasShell };
}

function checkPort(port: string, { range }: Instruction, note: Note): void {
  const container = port.slice(port.lastIndexOf(':') + 1);
  const protocol = container.split('/')[1] ?? '';
  if (protocol !== protocol.toLowerCase()) note('ExposeProtoCasing', range, port);
  if (port.includes(':')) note('ExposeInvalidFormat', range, port);
}

function checkSources(one: Instruction<'add' | 'copy'>, ignore: IgnoreMatcher | undefined, note: Note): void {
  // With exceptions a directory may be ignored and still hold files that are not.
  if (!ignore || ignore.empty || ignore.hasExceptions || (one.kind === 'copy' && one.from !== '')) return;
  for (const source of one.sources) {
    if (one.kind === 'add' && /^(?:https?:\/\/|git@|git:\/\/|ssh:\/\/)/.test(source)) continue;
    const path = cleanPath(source);
    const isRoot = path === '.' || path === '/';
    if (isRoot && !ignore.patterns.some((pattern) => ['*', '**', '**/*'].includes(pattern))) continue;
    if (isRoot || ignore.ignores(path)) note('CopyIgnoredFile', one.range, one.kind === 'add' ? 'Add' : 'Copy', path);
  }
}
