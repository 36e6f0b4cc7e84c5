// `events`: what happens on the daemon, as it happens.
import { lines } from '../../../client/index.ts';
import { command } from '../../session/context.ts';
import { parse, parseJson, type Template, TemplateError } from '../../format/index.ts';
import { Failure, flag, INSPECT_FORMAT_HELP, none } from '../../grammar/index.ts';
import { eventFields } from '../shared/object-types.ts';
import { timestamp } from '../shared/time.ts';

interface Message {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> | null };
  readonly time?: number;
  readonly timeNano?: bigint | number;
}

export const events = command({
  use: '[OPTIONS]',
  description: 'Get real time events from the server',
  aliases: 'docker system events, docker events',
  args: none,
  flags: {
    filter: flag.filter('f', 'Filter output based on conditions provided'),
    format: flag.string('', INSPECT_FORMAT_HELP),
    since: flag.string('', 'Show all events created since timestamp'),
    until: flag.string('', 'Stream events until this timestamp'),
  },
  async run(context, { flags }) {
    const template = flags.format === '' || flags.format === 'json' ? undefined : checkedTemplate(flags.format);
    const when = (name: 'since' | 'until'): Record<string, string> => {
      if (flags[name] === '') return {};
      try {
        return { [name]: timestamp(flags[name]) };
      } catch (error) {
        throw new Failure((error as Error).message);
      }
    };
    const answer = await context.client.stream('SystemEvents', {
      query: { ...when('since'), ...when('until'), filters: flags.filter },
    });
    for await (const line of lines(answer.body)) {
      if (flags.format === 'json') context.out(`${line}\n`);
      else if (!template) context.out(`${eventLine(parseJson(line) as Message)}\n`);
      else {
        try {
          context.out(`${template.run(eventFields(parseJson(line) as Record<string, unknown>), AS_EVENT)}\n`);
        } catch (error) {
          if (error instanceof TemplateError) throw new Failure(error.message);
          throw error;
        }
      }
    }
    return 0;
  },
});

const AS_EVENT = { typeName: '*events.Message' };

/** Tried on an event without content, so that a bad one is refused before the first comes. Throws Failure. */
function checkedTemplate(format: string): Template {
  const template = parse(format, '', 64, 'Error parsing format');
  try {
    template.run(eventFields({}), AS_EVENT);
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`Error parsing format: ${error.message}`, 64);
    throw error;
  }
  return template;
}

/** `2024-01-02T03:04:05.000000006Z container create ID (key=value, …)`. */
export function eventLine(event: Message): string {
  const nanos = event.timeNano === undefined ? BigInt(event.time ?? 0) * 1_000_000_000n : BigInt(event.timeNano);
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  const tail = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`;
  return `${localTime(nanos)} ${event.Type} ${event.Action} ${event.Actor.ID}${tail}`;
}

function localTime(nanos: bigint): string {
  const date = new Date(Number(nanos / 1_000_000n));
  const offset = -date.getTimezoneOffset();
  const two = (value: number): string => String(value).padStart(2, '0');
  const shifted = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const zone =
    offset === 0
      ? 'Z'
      : `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${shifted}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}${zone}`;
}
