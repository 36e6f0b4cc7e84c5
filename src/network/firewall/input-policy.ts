// Rules by which published ports obey what the host says of its own ports: the host's input rules, in tables of ours, asked
// before a packet is led to a container. Pure.
import type { PublishRule } from './firewall.ts';
import type { Chain, Table } from './ruleset.ts';

/** Between the tracking of connections (-200) and the translation of addresses (-100). */
const PRIORITY = -150;

const FAMILY: Readonly<Record<string, readonly number[]>> = { ip: [4], ip6: [6], inet: [4, 6] };

/**
 * One text for each table of the host that has input rules: its chains and sets as they are, asked for the published ports
 * only. nft is the judge of whether such a copy can be; where it cannot, `closedText` is what is left.
 */
export function inputTables(
  prefix: string,
  host: readonly Table[],
  published: readonly PublishRule[],
): { readonly name: string; readonly family: string; readonly text: string }[] {
  return host
    .filter(({ chains }) => chains.some(isInput))
    .flatMap((table, index) => {
      const name = `${prefix}_input${index}`;
      const guards = (FAMILY[table.family] ?? []).flatMap((family) =>
        conditions(family as 4 | 6, published, table.family === 'inet'),
      );
      if (guards.length === 0) return [];
      const chains = table.chains.filter((chain) => chain.hook === undefined || isInput(chain));
      const lines = [
        ...table.sets.map(({ text }) => text),
        ...chains.map(plain),
        ...table.chains.filter(isInput).map((chain, order) => guard(chain, order, guards)),
      ];
      return [{ name, family: table.family, text: `table ${table.family} ${name} {\n${lines.join('\n')}\n}\n` }];
    });
}

/** Nobody but this host reaches what is published: for rules that could not be copied. */
export function closedText(name: string, published: readonly PublishRule[]): string {
  const guards = ([4, 6] as const).flatMap((family) => conditions(family, published, true));
  const rules = guards.map((condition) => `\t\tiifname != "lo" ${condition} drop`);
  return `table inet ${name} {\n\tchain closed {\n\t\ttype filter hook prerouting priority ${PRIORITY}; policy accept;\n${rules.join('\n')}\n\t}\n}\n`;
}

const isInput = ({ hook, type }: Chain): boolean => hook === 'input' && type === 'filter';

/** Without its hook; a policy becomes its last rule. */
function plain(chain: Chain): string {
  const rules = [...chain.rules, ...(chain.policy === 'drop' ? ['drop'] : [])];
  return [`\tchain ${chain.name} {`, ...rules.map((rule) => `\t\t${rule}`), '\t}'].join('\n');
}

/** A chain of ours that asks one of the host's; to accept there is to go on to the next. */
function guard(chain: Chain, order: number, conditions: readonly string[]): string {
  return [
    `\tchain berth_guard${order} {`,
    `\t\ttype filter hook prerouting priority ${PRIORITY + order}; policy accept;`,
    '\t\tct state established,related accept',
    ...conditions.map((condition) => `\t\t${condition} jump ${chain.name}`),
    '\t}',
  ].join('\n');
}

/** Packets to what is published, by protocol; for an address of the host, or any. `both`: the table has both families. */
function conditions(family: 4 | 6, published: readonly PublishRule[], both: boolean): string[] {
  const own = published.filter((rule) => rule.family === family && !rule.hostAddress?.startsWith('127.'));
  return (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => {
    const ports = [...new Set(own.filter((rule) => rule.protocol === protocol).map(({ hostPort }) => hostPort))];
    if (ports.length === 0) return [];
    const list = ports.toSorted((a, b) => a - b).join(', ');
    return [`${both ? `meta nfproto ipv${family} ` : ''}fib daddr type local ${protocol} dport { ${list} }`];
  });
}
