// Manual pages from the grammar: berth(1), one for each command, berthd(8). Text in, roff out.
import { tree } from '../../src/cli/commands/tree.ts';
import { globalFlags } from '../../src/cli/globals.ts';
import { type Flags, useLine } from '../../src/cli/grammar/index.ts';
import { inHelp } from '../../src/cli/grammar/failure.ts';
import type { CliNode } from '../../src/cli/session/context.ts';
import { daemonFlags } from '../../src/daemon/options.ts';

export interface Page {
  /** `berth-run.1` */
  readonly file: string;
  readonly text: string;
}

/** `date`: `2026-11-30`, as the pages show it. */
export async function manualPages(version: string, date: string): Promise<readonly Page[]> {
  const foot = { version, date };
  const pages: Page[] = [];
  const visit = async (node: CliNode, path: string): Promise<void> => {
    pages.push(await commandPage(node, path, foot));
    for (const child of node.children ?? []) if (!child.hidden) await visit(child, `${path} ${child.name}`);
  };
  await visit(tree, 'berth');
  return [...pages, daemonPage(foot)];
}

interface Foot {
  readonly version: string;
  readonly date: string;
}

async function commandPage(node: CliNode, path: string, foot: Foot): Promise<Page> {
  const command = await node.load?.();
  const isRoot = path === 'berth';
  const flags: Flags = isRoot ? globalFlags('~/.docker', '~/.docker') : (command?.flags ?? {});
  const use = command
    ? (command.use.split('\n')[0] ?? '')
    : `${isRoot ? '[OPTIONS] ' : ''}${node.program ? 'ARG...' : 'COMMAND'}`;
  return {
    file: `${path.replaceAll(' ', '-')}.1`,
    text: page(path.replaceAll(' ', '-'), '1', node.short, foot, [
      ['SYNOPSIS', `.B ${escape(path)}\n${line(useLine('', use).trim())}`],
      ['DESCRIPTION', paragraphs(inHelp(command?.description ?? node.short))],
      [
        'COMMANDS',
        (node.children ?? [])
          .filter(({ hidden }) => !hidden)
          .map((child) => item(`${escape(`${path}-${child.name}`.replaceAll(' ', '-'))}(1)`, child.short))
          .join(''),
      ],
      ['OPTIONS', options(flags)],
      ['EXAMPLES', command?.examples === undefined ? '' : `.nf\n${line(inHelp(command.examples))}.fi\n`],
      ['ENVIRONMENT', isRoot ? ENVIRONMENT : ''],
      ['SEE ALSO', seeAlso(path)],
    ]),
  };
}

function daemonPage(foot: Foot): Page {
  return {
    file: 'berthd.8',
    text: page('berthd', '8', 'the daemon that runs containers', foot, [
      ['SYNOPSIS', '.B berthd\n[OPTIONS]\n'],
      [
        'DESCRIPTION',
        paragraphs(
          'Serves the Engine API on the sockets that --host names; fd:// stands for those that systemd has passed. Containers go on when it ends or dies, and its next start takes them back. SIGHUP reads the settings again; SIGTERM ends it.',
        ),
      ],
      ['OPTIONS', options(daemonFlags)],
      [
        'FILES',
        [
          ['/etc/berth/daemon.json', "settings, with the keys of dockerd's daemon.json"],
          ['/var/lib/berth', 'images, volumes, records'],
          ['/run/berth/berth.sock', 'the socket'],
        ]
          .map(([file = '', about = '']) => item(escape(file), about))
          .join(''),
      ],
      ['SEE ALSO', '.BR berth (1)\n'],
    ]),
  };
}

const ENVIRONMENT = [
  ['BERTH_HOST, DOCKER_HOST', 'the daemon to talk to; the first one counts'],
  ['BERTH_AUTOSTART', "0: root's commands do not start a daemon"],
  ['DOCKER_CONFIG', 'the folder of config.json and contexts'],
]
  .map(([name = '', about = '']) => item(escape(name), about))
  .join('');

function page(
  name: string,
  section: string,
  short: string,
  { version, date }: Foot,
  sections: readonly (readonly [string, string])[],
): string {
  const head = `.TH ${quoted(name.toUpperCase())} ${section} ${quoted(date)} ${quoted(`Berth ${version}`)} ${quoted('Berth manual')}\n`;
  const body = sections.filter(([, text]) => text !== '').map(([title, text]) => `.SH ${title}\n${text}`);
  return `${head}.SH NAME\n${escape(name)} \\- ${escape(inHelp(short))}\n${body.join('')}`;
}

function options(flags: Flags): string {
  return Object.entries(flags)
    .filter(([, flag]) => !flag.hidden && flag.deprecated === undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { short, word, usage, shown }]) => {
      const names = `${short === '' ? '' : `\\fB${escape(`-${short}`)}\\fR, `}\\fB${escape(`--${name}`)}\\fR`;
      return item(
        `${names}${word === '' ? '' : ` \\fI${escape(word)}\\fR`}`,
        `${usage}${shown === undefined ? '' : ` (default ${shown})`}`,
      );
    })
    .join('');
}

function seeAlso(path: string): string {
  const words = path.split(' ');
  const above = words.slice(0, -1).join('-');
  return above === '' ? '.BR berthd (8)\n' : `.BR ${escape(above)} (1)\n`;
}

/** `head` is roff already. */
function item(head: string, text: string): string {
  return `.TP\n${head}\n${line(text).replaceAll(/\n(?=.)/g, '\n.br\n')}`;
}

function paragraphs(text: string): string {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((part) => line(part))
    .join('.PP\n');
}

/** Whole lines of text. */
function line(text: string): string {
  return `${escape(text)}\n`;
}

/** A hyphen is what is typed, and no line is a request. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

function quoted(text: string): string {
  return `"${escape(text).replaceAll('"', '""')}"`;
}
