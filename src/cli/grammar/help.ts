// The help page of a command or a group, derived from the tree and the flag tables, in cobra's layout.
import type { AnyCommand, Node } from './command.ts';
import type { AnyFlag, Flags } from './flag.ts';
import { inHelp } from './failure.ts';

/** The whole Usage line of a command: path, then its arguments. Further lines of `use` begin with their own path. */
export function useLine(path: string, use: string): string {
  return `${path}${use === '' ? '' : ' '}${use}`;
}

/** `width` is that of the terminal, 80 when there is none. */
export function commandHelp<Context>(path: string, command: AnyCommand<Context>, width: number): string {
  let page = `Usage:  ${inHelp(useLine(path, command.use))}\n\n${command.description}\n`;
  if (command.aliases !== undefined) page += `\nAliases:\n  ${inHelp(command.aliases)}\n`;
  if (command.examples !== undefined) page += `\nExamples:\n${inHelp(command.examples)}\n`;
  const usages = flagUsages(command.flags, width);
  if (usages !== '') page += `\nOptions:\n${usages}\n`;
  return page;
}

const section = (title: string, nodes: readonly { name: string; short: string }[], pad: number): string =>
  nodes.length === 0
    ? ''
    : `\n${title}:\n${nodes.map((node) => `  ${node.name.padEnd(pad)} ${node.short}\n`).join('')}`;

/** The page of a group, or of the root when `globals` are given. */
export function groupHelp<Context>(path: string, group: Node<Context>, width: number, globals?: Flags): string {
  const shown = (group.children ?? []).filter((child) => !child.hidden).sort((a, b) => (a.name < b.name ? -1 : 1));
  const pad = Math.max(11, ...shown.map((child) => child.name.length));
  const top = globals
    ? shown.filter((child) => child.top !== undefined).sort((a, b) => (a.top ?? 0) - (b.top ?? 0))
    : [];
  const groups = shown.filter((child) => child.children !== undefined);
  let page = `Usage:  ${inHelp(path)}${globals ? ' [OPTIONS]' : ''} COMMAND\n\n${group.short}\n`;
  page += section('Common Commands', top, pad);
  page += section(
    'Management Commands',
    groups.filter((child) => !child.swarm),
    pad,
  );
  page += section(
    'Swarm Commands',
    groups.filter((child) => child.swarm),
    pad,
  );
  page += section(
    'Commands',
    shown.filter((child) => child.children === undefined && !top.includes(child)),
    pad,
  );
  if (globals) page += `\nGlobal Options:\n${flagUsages(globals, width)}\n`;
  return `${page}\nRun '${inHelp(path)} COMMAND --help' for more information on a command.\n`;
}

/** The lines of all flags that are not hidden, by name, wrapped; no newline at the end. */
export function flagUsages(flags: Flags, width: number): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => !flag.hidden && flag.deprecated === undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => [head(name, flag), tail(flag)] as const);
  // pflag measures the head with one invisible character behind it.
  const longest = Math.max(0, ...rows.map(([left]) => left.length + 1));
  return rows
    .map(([left, right]) =>
      `${left} ${' '.repeat(longest - left.length)} ${wrap(longest + 2, width - 1, right)}`.trimEnd(),
    )
    .join('\n');
}

const head = (name: string, flag: AnyFlag): string =>
  `${flag.short === '' ? '     ' : `  -${flag.short},`} --${name}${flag.word === '' ? '' : ` ${flag.word}`}`;

const tail = (flag: AnyFlag): string => `${flag.usage}${flag.shown === undefined ? '' : ` (default ${flag.shown})`}`;

/** pflag's wrap: `text` into lines of `width` less `indent`, five columns of grace for the last word. */
export function wrap(indent: number, width: number, text: string): string {
  let left = indent;
  let room = width - left;
  let out = '';
  if (room < 24) {
    left = 16;
    room = width - left;
    out = `\n${' '.repeat(left)}`;
  }
  if (room < 24) return text.replaceAll('\n', out);
  const slop = 5;
  room -= slop;
  const pad = `\n${' '.repeat(left)}`;
  let [line, rest] = wrapOnce(room, slop, text);
  out += line.replaceAll('\n', pad);
  while (rest !== '') {
    [line, rest] = wrapOnce(room, slop, rest);
    out += pad + line.replaceAll('\n', pad);
  }
  return out;
}

function wrapOnce(room: number, slop: number, text: string): [string, string] {
  if (room + slop > text.length) return [text, ''];
  const before = text.slice(0, room);
  const space = Math.max(before.lastIndexOf(' '), before.lastIndexOf('\t'), before.lastIndexOf('\n'));
  if (space <= 0) return [text, ''];
  const newline = before.lastIndexOf('\n');
  const at = newline > 0 && newline < space ? newline : space;
  return [text.slice(0, at), text.slice(at + 1)];
}
