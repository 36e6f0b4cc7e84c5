// Which accept rules a daemon needs in other programs' forward chains: only where their policy drops, only for its own bridges. Pure.
import type { Family } from '../../base/address.ts';

/** A chain of somebody else's at the kernel's forward hook. */
export interface ForwardChain {
  /** The program that the chain belongs to, and that changes it. */
  readonly via: 'iptables' | 'ip6tables' | 'nft';
  /** As nft names it: `ip`, `ip6`, `inet`. */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Its policy drops what no rule accepts. */
  readonly drops: boolean;
  /** Rules that carry the daemon's mark. */
  readonly own: readonly { readonly text: string; readonly handle: string }[];
}

export interface AcceptBridge {
  readonly bridge: string;
  readonly families: readonly Family[];
  readonly internal: boolean;
}

export interface AcceptStep {
  readonly chain: ForwardChain;
  /** Rules in the words of the chain's program. */
  readonly add: readonly string[];
  readonly remove: readonly { readonly text: string; readonly handle: string }[];
}

/**
 * What is accepted: what comes from a bridge, what answers, and what a published port led there. The daemon's own table has
 * already dropped the rest. Rules go to the chain's end: whatever its owner says there is said first, only the policy is answered.
 */
export function planAccepts(
  chains: readonly ForwardChain[],
  bridges: readonly AcceptBridge[],
  mark: string,
): AcceptStep[] {
  return chains.flatMap((chain) => {
    const wanted = chain.drops ? bridges.flatMap((bridge) => rulesFor(chain, bridge, mark)) : [];
    const there = new Set(chain.own.map(({ text }) => keyOf(text)));
    const keys = new Set(wanted.map(keyOf));
    const seen = new Set<string>();
    const remove = chain.own.filter(({ text }) => {
      const key = keyOf(text);
      const stays = keys.has(key) && !seen.has(key);
      seen.add(key);
      return !stays;
    });
    const add = wanted.filter((rule) => !there.has(keyOf(rule)));
    return add.length === 0 && remove.length === 0 ? [] : [{ chain, add, remove }];
  });
}

function rulesFor({ via, family }: ForwardChain, { bridge, families, internal }: AcceptBridge, mark: string): string[] {
  const fits = family === 'inet' || families.some((one) => family === (one === 4 ? 'ip' : 'ip6'));
  if (!fits) return [];
  if (via === 'nft') {
    const end = `accept comment "${mark}"`;
    return internal
      ? [`iifname "${bridge}" oifname "${bridge}" ${end}`]
      : [
          `iifname "${bridge}" ${end}`,
          `oifname "${bridge}" ct state established,related ${end}`,
          `oifname "${bridge}" ct status dnat ${end}`,
        ];
  }
  const end = `-m comment --comment ${mark} -j ACCEPT`;
  return internal
    ? [`-i ${bridge} -o ${bridge} ${end}`]
    : [`-i ${bridge} ${end}`, `-o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED,DNAT ${end}`];
}

/** What a rule is about, however its program prints it. */
function keyOf(text: string): string {
  const link = (direction: 'i' | 'o'): string =>
    new RegExp(`(?:-${direction} |${direction}ifname )"?([^\\s"]+)`).exec(text)?.[1] ?? '';
  return [link('i'), link('o'), /dnat/i.test(text), /established/i.test(text)].join(' ');
}

/** One line a step, for the log and for tests. */
export function acceptText(steps: readonly AcceptStep[]): string {
  return steps
    .flatMap(({ chain: { via, family, table, name }, add, remove }) => [
      ...add.map((rule) => `${via} ${family} ${table} ${name} + ${rule}`),
      ...remove.map(({ text }) => `${via} ${family} ${table} ${name} - ${text}`),
    ])
    .join('\n');
}
