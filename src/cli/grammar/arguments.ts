// Checks the number of positional arguments and words the refusal as the docker CLI does.
import type { ArgsRule } from './command.ts';
import { NAME_IN_ERRORS } from './failure.ts';

/** The text of the refusal; undefined when the number is right. `useLine` is the whole Usage line. */
export function checkArgs(rule: ArgsRule, args: readonly string[], path: string, useLine: string): string | undefined {
  const said = need(rule, args.length);
  if (said === undefined) return undefined;
  // The last one is a slip of docker's that scripts may match by now.
  const see = rule.kind === 'atLeast' ? 'See' : rule.kind === 'atMost' ? 'SRun' : 'Run';
  return `${NAME_IN_ERRORS}: '${path}' ${said}\n\nUsage:  ${useLine}\n\n${see} '${path} --help' for more information`;
}

function need(rule: ArgsRule, count: number): string | undefined {
  const plural = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  switch (rule.kind) {
    case 'any':
      return undefined;
    case 'none':
      return count === 0 ? undefined : 'accepts no arguments';
    case 'exactly':
      return count === rule.count ? undefined : `requires ${plural(rule.count)}`;
    case 'atLeast':
      return count >= rule.count ? undefined : `requires at least ${plural(rule.count)}`;
    case 'atMost':
      return count <= rule.count ? undefined : `requires at most ${plural(rule.count)}`;
    case 'range':
    default:
      return count >= rule.min && count <= rule.max
        ? undefined
        : `requires at least ${rule.min} and at most ${rule.max} argument${rule.max === 1 ? '' : 's'}`;
  }
}
