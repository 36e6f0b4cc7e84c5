// `build --check`: all that can be said against a Dockerfile, from its text and what is known of the build.
import { Failure } from '../dockerfile/syntax/failure.ts';
import {
  Budget,
  type Dockerfile,
  expand,
  globalScope,
  type Platform,
  automaticArgs,
  type Stage,
} from '../dockerfile/index.ts';
import type { IgnoreMatcher } from '../../spec/ignore/index.ts';
import { type CheckOptions, readCheckOptions } from './config.ts';
import { type Finding, Findings } from './finding.ts';
import { type BaseFacts, checkStages } from './stage-checks.ts';
import { checkText } from './text-checks.ts';

export interface CheckFacts {
  readonly given: ReadonlyMap<string, string>;
  readonly build: Platform;
  readonly target: Platform;
  /** The stage that is asked for; '' for the last. */
  readonly targetStage: string;
  /** As `--check` has it: all stages, not only those that are built. */
  readonly allStages: boolean;
  readonly ignore?: IgnoreMatcher;
  readonly base: (reference: string, platform: string) => BaseFacts | undefined;
  /** In place of what the Dockerfile asks for: the build argument BUILDKIT_DOCKERFILE_CHECK. */
  readonly options?: CheckOptions;
}

export interface Checked {
  /** In the order of lines. */
  readonly findings: readonly Finding[];
  /** Set when findings fail the build. */
  readonly failure: string | undefined;
}

/** Throws a Failure for options that can't be read. A fault that a build would meet ends the checks quietly: the build tells it. */
export function checkDockerfile(dockerfile: Dockerfile, facts: CheckFacts): Checked {
  const options = facts.options ?? readCheckOptions(dockerfile.check ?? '');
  const findings = new Findings(options);
  checkText(dockerfile, findings);
  try {
    const { escape, metaArgs, stages } = dockerfile;
    const budget = new Budget();
    const targetName = facts.targetStage || (stages.at(-1)?.name ?? '');
    const automatic = automaticArgs(facts.build, facts.target, targetName);
    checkDefaults(dockerfile, globalScope(automatic, metaArgs, new Map(), escape, budget), findings, budget);
    const global = globalScope(automatic, metaArgs, facts.given, escape, budget);
    const wanted = facts.allStages ? new Set(stages.keys()) : reachable(dockerfile, facts.targetStage, global, budget);
    checkStages({ ...facts, dockerfile, global, budget }, wanted, findings);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  const sorted = findings.all.toSorted((a, b) => a.range.start.line - b.range.start.line);
  const rules = [...new Set(sorted.map(({ rule }) => rule))];
  const fails = options.error && rules.length > 0;
  return { findings: sorted, failure: fails ? `lint violation found for rules: ${rules.join(', ')}` : undefined };
}

const REFERENCE =
  /^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** Base images have to make sense with nothing given from outside. */
function checkDefaults(
  { stages, escape }: Dockerfile,
  scope: ReadonlyMap<string, string>,
  findings: Findings,
  budget: Budget,
): void {
  for (const { base, range } of stages) {
    if (!REFERENCE.test(expand(base, scope, escape, { budget }).text))
      findings.above([])('InvalidDefaultArgInFrom', range, base);
  }
}

/** The target and the stages that it needs. */
function reachable(
  { stages, escape }: Dockerfile,
  target: string,
  global: ReadonlyMap<string, string>,
  budget: Budget,
): Set<number> {
  const byName = (name: string, before: number): Stage | undefined =>
    stages.findLast((stage) => stage.index < before && stage.name !== '' && stage.name === name.toLowerCase()) ??
    (/^\d+$/.test(name) && Number(name) < before ? stages[Number(name)] : undefined);
  const found = new Set<number>();
  const visit = (stage: Stage | undefined): void => {
    if (!stage || found.has(stage.index)) return;
    found.add(stage.index);
    visit(byName(expand(stage.base, global, escape, { budget }).text, stage.index));
    for (const one of stage.instructions) {
      if (one.kind === 'copy') visit(byName(expand(one.from, global, escape, { budget }).text, stage.index));
      if (one.kind !== 'run') continue;
      for (const mount of one.mounts) visit(byName(/(?:^|,)from=([^,]*)/.exec(mount)?.[1] ?? '', stage.index));
    }
  };
  visit(target === '' ? stages.at(-1) : byName(target, stages.length));
  return found;
}
