// Other programs' chains at the forward hook: what their policy is, which of their rules carry a mark, and rules put there and taken away.
import { readFileSync } from 'node:fs';
import { internal } from '../base/errors.ts';
import { applyNft, askProgram } from './nft.ts';

export interface ForeignChain {
  readonly via: 'iptables' | 'ip6tables' | 'nft';
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly drops: boolean;
  readonly own: readonly { readonly text: string; readonly handle: string }[];
}

/** All but those in tables named `without`. iptables' own chain is read by iptables, which owns it. */
export async function foreignChains(mark: string, without: string): Promise<ForeignChain[]> {
  const seen = forwardChains((await askProgram('nft', ['list', 'chains'])) ?? '').filter(
    ({ family, table }) => ['ip', 'ip6', 'inet'].includes(family) && table !== without && !table.startsWith('berth_'),
  );
  const found: ForeignChain[] = [];
  for (const family of ['ip', 'ip6'] as const) {
    const isThere =
      seen.some((one) => one.family === family && one.table === 'filter' && one.name === 'FORWARD') ||
      hasLegacy(family);
    if (!isThere) continue;
    const via = family === 'ip' ? 'iptables' : 'ip6tables';
    const rules = await askProgram(via, ['-w', '-S', 'FORWARD']);
    if (rules === undefined) continue;
    found.push({ via, family, table: 'filter', name: 'FORWARD', ...readRules(rules, mark) });
  }
  for (const { family, table, name, drops } of seen) {
    if (found.some((one) => one.family === family && one.table === table && one.name === name)) continue;
    const text = (await askProgram('nft', ['-a', 'list', 'chain', family, table, name])) ?? '';
    found.push({ via: 'nft', family, table, name, drops, own: markedLines(text, mark) });
  }
  return found;
}

/** The legacy back end keeps its tables where nft does not see them. */
function hasLegacy(family: 'ip' | 'ip6'): boolean {
  try {
    return readFileSync(`/proc/net/${family}_tables_names`, 'latin1').split('\n').includes('filter');
  } catch {
    return false;
  }
}

/** Pure: the chains of `nft list chains` that hang on the forward hook. */
export function forwardChains(text: string): { family: string; table: string; name: string; drops: boolean }[] {
  let [family, table, name] = ['', '', ''];
  return text.split('\n').flatMap((line) => {
    [, family = family, table = table] = /^table (\S+) (\S+) \{/.exec(line) ?? [];
    name = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? name;
    return /\bhook forward\b/.test(line) ? [{ family, table, name, drops: /policy drop/.test(line) }] : [];
  });
}

/** Pure: `iptables -S FORWARD`. */
export function readRules(text: string, mark: string): Pick<ForeignChain, 'drops' | 'own'> {
  const lines = text.split('\n');
  return {
    drops: lines.some((line) => line.startsWith('-P FORWARD DROP')),
    own: lines
      .filter((line) => new RegExp(`--comment "?${mark}"?( |$)`).test(line))
      .map((line) => ({ text: line.replace(/^-A FORWARD /, ''), handle: '' })),
  };
}

/** Pure: the rules of `nft -a list chain` that carry the mark. */
export function markedLines(text: string, mark: string): { text: string; handle: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, rule, handle] = new RegExp(`^\\s*(.*comment "${mark}") # handle (\\d+)$`).exec(line) ?? [];
    return rule === undefined || handle === undefined ? [] : [{ text: rule, handle }];
  });
}

/** Puts rules at the chain's end and takes others out, in one transaction. */
export async function changeForeignChain(
  chain: ForeignChain,
  add: readonly string[],
  remove: readonly { readonly text: string; readonly handle: string }[],
): Promise<void> {
  const { via, family, table, name } = chain;
  if (via === 'nft') {
    await applyNft(
      [
        ...add.map((rule) => `add rule ${family} ${table} ${name} ${rule}\n`),
        ...remove.map(({ handle }) => `delete rule ${family} ${table} ${name} handle ${handle}\n`),
      ].join(''),
    );
    return;
  }
  const lines = [...add.map((rule) => `-A ${name} ${rule}`), ...remove.map(({ text }) => `-D ${name} ${text}`)];
  const text = `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
  if ((await askProgram(`${via}-restore`, ['-n', '-w'], text)) === undefined) throw internal(`${via} refused: ${text}`);
}
