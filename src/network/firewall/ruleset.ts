// The host's own rules as `nft -s list ruleset` prints them, and what they do to a packet. Pure.
// The text is read, not the JSON: it also says in nft's words what iptables wrote.

export interface Chain {
  readonly name: string;
  /** Of a base chain: `filter`, `nat`. */
  readonly type?: string;
  readonly hook?: string;
  readonly priority?: string;
  /** The links that an ingress chain hangs on. */
  readonly devices?: readonly string[];
  readonly policy?: string;
  readonly rules: readonly string[];
}

export interface Table {
  /** `ip`, `ip6`, `inet`, … */
  readonly family: string;
  readonly name: string;
  readonly chains: readonly Chain[];
  /** Sets and maps, whole, as printed. */
  readonly sets: readonly { readonly name: string; readonly text: string }[];
}

export function parseRuleset(text: string): Table[] {
  return blocks(text.split('\n'), '').flatMap(({ head, body }) => {
    const [, family = '', name = ''] = /^table (\S+) (\S+)$/.exec(head) ?? [];
    if (name === '') return [];
    const inner = blocks(body, '\t');
    return [
      {
        family,
        name,
        chains: inner.filter((one) => one.head.startsWith('chain ')).map((one) => chainOf(one.head.slice(6), one.body)),
        sets: inner
          .filter((one) => /^(set|map) /.test(one.head))
          .map((one) => ({
            name: one.head.split(' ')[1] ?? '',
            text: [`\t${one.head} {`, ...one.body, '\t}'].join('\n'),
          })),
      },
    ];
  });
}

interface Block {
  readonly head: string;
  readonly body: readonly string[];
}

/** `HEAD {` … `}` at one depth of tabs. */
function blocks(lines: readonly string[], indent: string): Block[] {
  const found: Block[] = [];
  let open: { head: string; body: string[] } | undefined;
  for (const line of lines) {
    if (open && line === `${indent}}`) {
      found.push(open);
      open = undefined;
    } else if (open) open.body.push(line);
    else if (line.startsWith(indent) && !line.startsWith(`${indent}\t`) && line.endsWith(' {'))
      open = { head: line.slice(indent.length, -2), body: [] };
  }
  return found;
}

function chainOf(name: string, body: readonly string[]): Chain {
  const lines = body.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const [first = ''] = lines;
  const base =
    /^type (\S+) hook (\S+)(?: devices? (?:= \{ )?([^}]*?)(?: \})?)? priority ([^;]+);(?: policy (\S+);)?/.exec(first);
  if (!base) return { name, rules: lines };
  const [, type = '', hook = '', links, priority = '', policy = 'accept'] = base;
  const devices = links === undefined ? {} : { devices: links.replaceAll('"', '').split(/,\s*/) };
  return { name, type, hook, priority, policy, ...devices, rules: lines.slice(1) };
}

export interface Packet {
  readonly family: 4 | 6;
  readonly protocol: string;
  readonly port: number;
  /** The link it comes in by; undefined for one that is not known by name. */
  readonly from?: string;
  /** The link it goes out by, for what is forwarded. */
  readonly to?: string;
  /** Its destination was another one before. */
  readonly translated?: boolean;
}

export interface Verdict {
  readonly accepted: boolean;
  /** `table inet filter, chain input: policy drop`; undefined where no rule had a say. */
  readonly by?: string;
  /** Rules that decide for some packets only: by source, by rate, by what else this reading does not know. */
  readonly except: readonly string[];
}

const FAMILY: Readonly<Record<string, readonly number[]>> = { ip: [4], ip6: [6], inet: [4, 6], netdev: [4, 6] };
const MAX_DEPTH = 16;

export type Hook = 'ingress' | 'prerouting' | 'input' | 'forward' | 'postrouting';

const PRIORITY: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

/** `raw`, `dstnat + 5`, `-300` */
function priorityOf({ priority = '' }: Chain): number {
  const [, name = '', sign = '', number = '0'] = /^([a-z]*) ?([+-]?) ?(\d*)$/.exec(priority) ?? [];
  return (PRIORITY[name] ?? 0) + (sign === '-' ? -1 : 1) * Number(number);
}

/**
 * What becomes of a new connection's first packet at `hook`: every base chain must let it pass. `counts` says which
 * priorities are asked.
 */
export function verdictAt(
  tables: readonly Table[],
  hook: Hook,
  packet: Packet,
  counts: (priority: number) => boolean = () => true,
): Verdict {
  const except: string[] = [];
  let by: string | undefined;
  for (const table of tables) {
    if (!(FAMILY[table.family] ?? []).includes(packet.family)) continue;
    for (const chain of table.chains) {
      if (chain.hook !== hook || chain.type !== 'filter' || !counts(priorityOf(chain))) continue;
      if (chain.devices && !chain.devices.includes(packet.from ?? '')) continue;
      const end = walk(table, chain, packet, except, 0);
      const where = `table ${table.family} ${table.name}, chain`;
      if (end?.accepted === false) return { accepted: false, by: `${where} ${end.rule}`, except };
      if (!end && chain.policy === 'drop')
        return { accepted: false, by: `${where} ${chain.name}: policy drop`, except };
      if (end) by ??= `${where} ${end.rule}`;
    }
  }
  return { accepted: true, ...(by === undefined ? {} : { by }), except };
}

type End = { readonly accepted: boolean; readonly rule: string } | 'return';

function walk(
  table: Table,
  chain: Chain,
  packet: Packet,
  except: string[],
  depth: number,
): Exclude<End, 'return'> | undefined {
  for (const rule of chain.rules) {
    const end = step(table, chain, rule, packet, except, depth);
    if (end === 'return') return undefined;
    if (end) return end;
  }
  return undefined;
}

function step(
  table: Table,
  chain: Chain,
  rule: string,
  packet: Packet,
  except: string[],
  depth: number,
): End | undefined {
  const { hit, rest } = matchAll(table, rule, packet);
  if (hit === 'no') return undefined;
  const verdict = /\b(accept|drop|reject|return|(?:jump|goto) \S+)/.exec(rest)?.[1];
  if (verdict === undefined) return undefined;
  const said = `${chain.name}: ${rule}`;
  if (hit === 'maybe') {
    if (verdict !== 'return') except.push(said);
    return undefined;
  }
  if (verdict === 'return') return 'return';
  if (verdict === 'accept') return { accepted: true, rule: said };
  if (verdict === 'drop' || verdict === 'reject') return { accepted: false, rule: said };
  const target = table.chains.find(({ name }) => name === verdict.split(' ')[1]);
  if (!target || depth >= MAX_DEPTH) return undefined;
  return walk(table, target, packet, except, depth + 1) ?? (verdict.startsWith('goto') ? 'return' : undefined);
}

type Hit = 'yes' | 'no' | 'maybe';

/** `KEY [!=] VALUE`: the keys that a first packet of a connection answers. */
const MATCH =
  /^(iifname|iif|oifname|oif|ip6? [sd]addr|ether [sd]addr|ct state|ct status|meta l4proto|meta nfproto|ip protocol|ip6 nexthdr|(?:tcp|udp|sctp|th) dport|fib daddr type)( !=)? (\{[^}]*\}|@\S+|"[^"]*"|\S+) ?/;
/** What changes nothing about a packet. */
const SILENT =
  /^(?:counter(?: packets \d+ bytes \d+)?|log(?: (?:prefix|level|flags|group) (?:"[^"]*"|\S+))*|comment "[^"]*") ?/;
const VERDICT = /^(?:accept|drop|reject|return|jump|goto|queue)\b/;

/** Whether the rule's conditions hold, and what stands after them. */
function matchAll(table: Table, rule: string, packet: Packet): { hit: Hit; rest: string } {
  let rest = rule.replaceAll(/\s+/g, ' ');
  let hit: Hit = 'yes';
  for (;;) {
    const silent = SILENT.exec(rest);
    if (silent) {
      rest = rest.slice(silent[0].length);
      continue;
    }
    if (rest === '' || VERDICT.test(rest)) return { hit, rest };
    const found = MATCH.exec(rest);
    if (!found) {
      // a condition that this reading does not know; a packet of another kind is known not to be meant
      if (rest.startsWith('icmp')) return { hit: 'no', rest };
      const verdict = /\b(?:accept|drop|reject|return|jump|goto)\b.*$/.exec(rest);
      return { hit: 'maybe', rest: verdict?.[0] ?? '' };
    }
    const [whole, key = '', not, value = ''] = found;
    const holds = matchOne(table, key, value, packet);
    if (holds === (not === undefined ? 'no' : 'yes')) return { hit: 'no', rest };
    if (holds === 'maybe') hit = 'maybe';
    rest = rest.slice(whole.length);
  }
}

function matchOne(table: Table, key: string, value: string, packet: Packet): Hit {
  const own = ownValue(key, packet);
  if (own === undefined) return 'maybe';
  if (own === '') return 'no';
  if (value.startsWith('@')) {
    const set = table.sets.find(({ name }) => name === value.slice(1));
    const elements = /elements = \{([^}]*)\}/.exec(set?.text ?? '')?.[1];
    return elements === undefined ? 'maybe' : oneOf(elements, own);
  }
  return oneOf(value.replaceAll(/[{}]/g, ''), own);
}

/** What the packet has; '' when it cannot have it, undefined when it is not known. */
function ownValue(key: string, { family, protocol, port, from, to, translated }: Packet): string | undefined {
  const [subject = ''] = key.split(' ');
  if (/ [sd]addr$/.test(key)) return undefined;
  if (key === 'ct state') return 'new';
  if (key === 'ct status') return translated === true ? 'dnat' : '';
  if (key === 'fib daddr type') return 'local';
  if (key === 'meta nfproto') return `ipv${family}`;
  if (key === 'iifname' || key === 'iif') return from;
  if (key === 'oifname' || key === 'oif') return to;
  if (key === 'meta l4proto') return protocol;
  if (key === 'ip protocol') return family === 4 ? protocol : '';
  if (key === 'ip6 nexthdr') return family === 6 ? protocol : '';
  return subject === 'th' || subject === protocol ? String(port) : '';
}

function oneOf(list: string, own: string): Hit {
  const hit = list.split(',').some((text) => {
    const one = text.trim().replaceAll('"', '');
    const range = /^(\d+)-(\d+)$/.exec(one);
    if (range) return Number(own) >= Number(range[1]) && Number(own) <= Number(range[2]);
    return one.endsWith('*') ? own.startsWith(one.slice(0, -1)) : one === own;
  });
  return hit ? 'yes' : 'no';
}
