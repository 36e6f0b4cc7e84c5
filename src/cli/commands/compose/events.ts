// `compose events`: what happens to a project's containers.
import { lines } from '../../../client/index.ts';
import { LABEL } from '../../../compose/index.ts';
import { any, flag } from '../../grammar/index.ts';
import { timestamp } from '../shared/time.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { projectOrName } from './command/project.ts';

export interface ContainerEvent {
  readonly action: string;
  readonly id: string;
  readonly service: string;
  readonly timeNs: bigint;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Message {
  readonly Action: string;
  readonly time: number;
  readonly timeNano?: number;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** Events of a project's containers until the signal comes; `ready` is called when none will be missed any more. */
export async function* containerEvents(
  context: ComposeContext,
  project: string,
  options: {
    readonly since?: string;
    readonly until?: string;
    readonly signal?: AbortSignal;
    readonly ready?: () => void;
  } = {},
): AsyncGenerator<ContainerEvent, void, undefined> {
  const { since, until, signal } = options;
  const answer = await context.cli.client.stream('SystemEvents', {
    query: {
      filters: new Map([
        ['type', ['container']],
        ['label', [`${LABEL.project}=${project}`]],
      ]),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  options.ready?.();
  try {
    for await (const text of lines(answer.body)) {
      const { Action: action, Actor, time } = JSON.parse(text) as Message;
      const nano = /"timeNano":(\d+)/.exec(text)?.[1];
      const attributes = Actor.Attributes;
      yield {
        action,
        id: Actor.ID,
        service: attributes[LABEL.service] ?? '',
        timeNs: nano === undefined ? BigInt(time) * 1_000_000_000n : BigInt(nano),
        attributes,
      };
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

export const events = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Receive real time events from containers',
  flags: {
    ...dryRun,
    json: flag.bool('', 'Output events as a stream of json objects'),
    since: flag.string('', 'Show all events created since timestamp'),
    until: flag.string('', 'Stream events until this timestamp'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const { name } = projectOrName(context);
    const when = {
      ...(flags.since === '' ? {} : { since: timestamp(flags.since) }),
      ...(flags.until === '' ? {} : { until: timestamp(flags.until) }),
    };
    for await (const event of containerEvents(context, name, when)) {
      if (args.length > 0 && !args.includes(event.service)) continue;
      if (event.attributes[LABEL.oneOff] === 'True') continue;
      // Health checks are execs; people do not want to see them.
      if (event.action.startsWith('exec_')) continue;
      context.out(flags.json ? jsonText(event) : plainText(event));
    }
    return 0;
  },
});

const shownAttributes = ({ attributes }: ContainerEvent): [string, string][] =>
  Object.entries(attributes)
    .filter(([key]) => !key.startsWith('com.docker.compose.'))
    .sort(([a], [b]) => (a < b ? -1 : 1));

const fraction = (ns: bigint): string => String(ns % 1_000_000_000n).padStart(9, '0');

function plainText(event: ContainerEvent): string {
  const seconds = Number(event.timeNs / 1_000_000_000n);
  const date = new Date((seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) * 1000).toISOString();
  const shown = shownAttributes(event)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  return `${date.slice(0, 10)} ${date.slice(11, 19)}.${fraction(event.timeNs).slice(0, 6)} container ${event.action} ${event.id} (${shown})\n\n`;
}

function jsonText(event: ContainerEvent): string {
  const iso = new Date(Number(event.timeNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${JSON.stringify({
    action: event.action,
    attributes: Object.fromEntries(shownAttributes(event)),
    id: event.id,
    service: event.service,
    time: `${iso}.${fraction(event.timeNs)}Z`,
    type: 'container',
  })}\n`;
}
