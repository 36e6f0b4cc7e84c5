// `stats`: what running containers use, once or again and again.
import { lines } from '../../../client/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { type Context, command } from '../../session/context.ts';
import { parse, renderRows, type Row } from '../../format/index.ts';
import { any, Failure, FORMAT_HELP, flag } from '../../grammar/index.ts';
import { type Sample, statsRow } from './usage.ts';

const KIND = {
  typeName: '*container.statsContext',
  titles: {
    Container: 'CONTAINER',
    Name: 'NAME',
    ID: 'CONTAINER ID',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
};
const TABLE =
  'table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}';

/** The table without a row. */
export function statsHead(format: string): string {
  return renderRows(format === '' || format === 'table' ? TABLE : format, [], KIND);
}

export const stats = command({
  use: '[OPTIONS] [CONTAINER...]',
  description: 'Display a live stream of container(s) resource usage statistics',
  aliases: 'docker container stats, docker stats',
  args: any,
  flags: {
    all: flag.bool('a', 'Show all containers (default shows just running)'),
    format: flag.string('', FORMAT_HELP),
    'no-stream': flag.bool('', 'Disable streaming stats and only pull the first result'),
    'no-trunc': flag.bool('', 'Do not truncate output'),
  },
  async run(context, { flags, args }) {
    const { statsFormat } = context.config();
    const own = flags.format || (typeof statsFormat === 'string' ? statsFormat : 'table');
    const format = own === 'table' ? TABLE : own;
    if (own !== 'table') parse(own);
    const shown = new Map<string, Row>();
    const trunc = !flags['no-trunc'];
    const names = async (): Promise<readonly string[]> =>
      args.length > 0
        ? args
        : (await context.client.call('ContainerList', { query: flags.all ? { all: true } : {} })).map((one) => one.Id);
    const draw = (): void => {
      const rows = [...shown.values()];
      if (!flags['no-stream']) context.draw(1, '\x1b[H\x1b[J');
      context.out(renderRows(format, rows, KIND));
    };
    if (flags['no-stream']) {
      const errors: string[] = [];
      const wanted = await names();
      for (const name of wanted) shown.set(name, statsRow(name, undefined, trunc));
      await Promise.all(
        wanted.map(async (name) => {
          try {
            const text = await context.client.text('ContainerStats', {
              params: { id: name },
              query: { stream: false },
            });
            shown.set(name, statsRow(name, JSON.parse(text) as Sample, trunc));
          } catch (error) {
            shown.delete(name);
            errors.push(messageOf(error));
          }
        }),
      );
      if (errors.length > 0) throw new Failure(errors.join(', '));
      draw();
      return 0;
    }
    return follow(context, { names, shown, draw, trunc, fixed: args.length > 0 });
  },
});

interface Following {
  readonly names: () => Promise<readonly string[]>;
  readonly shown: Map<string, Row>;
  readonly draw: () => void;
  readonly trunc: boolean;
  /** the containers were named; without them there is nothing more to show */
  readonly fixed: boolean;
}

async function follow(context: Context, { names, shown, draw, trunc, fixed }: Following): Promise<number> {
  const reading = new Set<string>();
  const read = async (name: string): Promise<void> => {
    reading.add(name);
    shown.set(name, statsRow(name, undefined, trunc));
    try {
      const answer = await context.client.stream('ContainerStats', { params: { id: name }, query: { stream: true } });
      for await (const line of lines(answer.body)) shown.set(name, statsRow(name, JSON.parse(line) as Sample, trunc));
    } catch (error) {
      if (fixed) context.err(`${messageOf(error)}\n`);
    }
    reading.delete(name);
    shown.delete(name);
  };
  for (;;) {
    if (!fixed || reading.size === 0) {
      for (const name of await names()) if (!reading.has(name)) void read(name);
    }
    await new Promise((done) => setTimeout(done, 500));
    if (fixed && reading.size === 0) return 0;
    draw();
  }
}
