// `develop.watch`: which changed files concern which service, and what is to be done. Pure.
import { invalid } from '../base/errors.ts';
import { type IgnoreMatcher, ignoreMatcher } from '../spec/ignore/index.ts';
import type { Project, WatchRule } from './model/project.ts';

export interface Watched {
  readonly service: string;
  readonly rule: WatchRule;
  readonly ignored: IgnoreMatcher;
  /** only these, where the rule names some */
  readonly included: IgnoreMatcher | undefined;
}

/** What editors write beside what people write, and the memory of git. */
const PASSING = ['**/.git', '**/*~', '**/.*.swp', '**/.*.swx', '**/.#*', '**/4913', '**/#*#', '**/*___jb_*___'];

/** The rules of the services; throws when there are none. */
export function watchRules(project: Project): Watched[] {
  const rules = Object.entries(project.services).flatMap(([service, { develop }]) =>
    (develop?.watch ?? []).map((rule): Watched => {
      if (rule.action.startsWith('sync') && (rule.target ?? '') === '')
        throw invalid(
          `services.${service}.develop.watch: target is required for action ${JSON.stringify(rule.action)}`,
        );
      return {
        service,
        rule,
        ignored: ignoreMatcher([...PASSING, ...(rule.ignore ?? [])]),
        included: rule.include === undefined ? undefined : ignoreMatcher(rule.include),
      };
    }),
  );
  if (rules.length === 0)
    throw invalid("none of the selected services is configured for watch, consider setting a 'develop' section");
  return rules;
}

/** The path of a file below the rule's; '' is the rule's path itself, undefined is elsewhere or ignored. */
export function below({ rule, ignored, included }: Watched, path: string): string | undefined {
  if (path === rule.path) return '';
  const prefix = rule.path.endsWith('/') ? rule.path : `${rule.path}/`;
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  if (ignored.ignores(rest)) return undefined;
  return included === undefined || included.ignores(rest) ? rest : undefined;
}

/** One file and where it belongs in the containers. */
export interface SyncedPath {
  readonly host: string;
  readonly container: string;
}

/** What one service needs after some files changed. */
export interface WatchWork {
  readonly service: string;
  /** the image is built and the containers are made anew: all else is in that */
  readonly rebuild: boolean;
  readonly paths: readonly SyncedPath[];
  readonly restart: boolean;
  /** rules whose command runs when the files are there */
  readonly execs: readonly WatchRule[];
}

/** Work by service, in the order of the rules. */
export function watchWork(rules: readonly Watched[], changed: readonly string[]): WatchWork[] {
  return [...new Set(rules.map(({ service }) => service))].flatMap((service): WatchWork[] => {
    const hits = rules
      .filter((one) => one.service === service)
      .flatMap((one) =>
        changed.flatMap((host) => {
          const rest = below(one, host);
          return rest === undefined ? [] : [{ rule: one.rule, host, rest }];
        }),
      );
    if (hits.length === 0) return [];
    const paths = new Map<string, SyncedPath>();
    for (const { rule, host, rest } of hits)
      if (rule.action.startsWith('sync')) {
        const container = rest === '' ? (rule.target ?? '') : `${(rule.target ?? '').replace(/\/$/, '')}/${rest}`;
        paths.set(`${host}\0${container}`, { host, container });
      }
    const is = (action: string): boolean => hits.some(({ rule }) => rule.action === action);
    return [
      {
        service,
        rebuild: is('rebuild'),
        paths: [...paths.values()],
        restart: is('restart') || is('sync+restart'),
        execs: [...new Set(hits.flatMap(({ rule }) => (rule.action === 'sync+exec' ? [rule] : [])))],
      },
    ];
  });
}
