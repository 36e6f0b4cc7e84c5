// What `up`, `create`, `scale` and `run` share: the project with its scales, and what bringing it up needs.
import type { ImageOptions, Loaded, Report, Service, UpWork } from '../../../compose/index.ts';
import { Failure, flag } from '../../grammar/index.ts';
import { confirm } from '../shared/prompt.ts';
import type { ComposeContext } from './command/command.ts';
import { sha256 } from './command/project.ts';
import { type BuildChoice, sourcesOf } from './sources.ts';

export const array = (short: string, usage: string) => ({ ...flag.list(short, usage), word: 'stringArray' }) as const;

/** `yes`: what is asked is agreed to without asking. */
export function upWork(
  context: ComposeContext,
  loaded: Loaded,
  report: Report,
  { yes, ...build }: BuildChoice & { readonly yes?: boolean } = {},
): UpWork {
  return {
    client: context.cli.client,
    loaded,
    sum: sha256,
    sources: sourcesOf(context, report, build),
    report,
    warn: context.warn,
    parallel: context.settings.parallel,
    dryRun: context.settings.dryRun,
    confirm: (question) => yes === true || isAgreed(context, question),
  };
}

/** Asks on a terminal; without one nobody is there to agree. */
function isAgreed(context: ComposeContext, question: string): boolean {
  if (context.cli.terminal(0)) return confirm(context.cli, question);
  context.out(question);
  return false;
}

const POLICIES = ['always', 'missing', 'never', 'build', 'policy'] as const;

export function imageOptions(pull: string, builds: boolean, noBuild: boolean): ImageOptions {
  const policy = POLICIES.find((one) => one === (pull === 'if_not_present' ? 'missing' : pull));
  if (policy === undefined) throw new Failure(`invalid --pull option ${JSON.stringify(pull)}`);
  if (builds && noBuild) throw new Failure('--build and --no-build are incompatible');
  return { pull: policy, build: builds ? 'always' : noBuild ? 'never' : 'missing' };
}

/** `web=3`; throws for what is no number, or no service. */
export function withScale(loaded: Loaded, words: readonly string[]): Loaded {
  const services = { ...loaded.project.services };
  for (const text of words) {
    const [name = '', count] = text.split(/=(.*)/s);
    if (count === undefined || count === '')
      throw new Failure(`invalid --scale option ${JSON.stringify(text)}. Should be SERVICE=NUM`);
    if (!/^[-+]?\d+$/.test(count)) throw new Failure(`strconv.Atoi: parsing ${JSON.stringify(count)}: invalid syntax`);
    services[name] = { ...serviceOf(loaded, name), scale: Number(count) };
  }
  return { ...loaded, project: { ...loaded.project, services } };
}

/** A service that is to be there. Throws docker compose's words. */
export function serviceOf({ project, disabled }: Loaded, name: string): Service {
  const service = project.services[name];
  if (service !== undefined) return service;
  throw new Failure(`no such service: ${name}: ${disabled[name] === undefined ? 'not found' : 'disabled'}`);
}

/** Only the services that were named: what they depend on is left as it is. */
export function withoutDependencies(loaded: Loaded, names: readonly string[]): Loaded {
  if (names.length === 0) return loaded;
  const services: Record<string, Loaded['project']['services'][string]> = {};
  const disabled = { ...loaded.disabled };
  for (const [name, service] of Object.entries(loaded.project.services)) {
    const { depends_on: on, ...rest } = service;
    if (!names.includes(name)) disabled[name] = service;
    else {
      const kept = Object.entries(on ?? {}).filter(([other]) => names.includes(other));
      services[name] = kept.length === 0 ? rest : { ...rest, depends_on: Object.fromEntries(kept) };
    }
  }
  return { ...loaded, project: { ...loaded.project, services }, disabled };
}
