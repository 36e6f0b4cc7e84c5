// What the host's rules do to a connection to a published port on its whole way, hook by hook. Pure.
import { isCopied } from '../firewall/firewall.ts';
import type { Published } from '../publish/publish.ts';
import { type Hook, type Packet, type Table, type Verdict, verdictAt } from '../firewall/ruleset.ts';

/** Where the kernel translates the destination. */
const DSTNAT = -100;

export interface Links {
  /** The link it comes in by. */
  readonly from: string | undefined;
  /** The bridge that it goes to. */
  readonly to: string | undefined;
}

/** The first hook that refuses it, or the last one that had a say. */
export function passage(tables: readonly Table[], one: Published, { from, to }: Links): Verdict {
  const { family, protocol } = one;
  const before: Packet = { family, protocol, port: one.hostPort, ...(from === undefined ? {} : { from }) };
  const led: Packet = { ...before, port: one.port, translated: true };
  const out: Packet = to === undefined ? led : { ...led, to };
  const early = (priority: number): boolean => priority <= DSTNAT;
  const late = (priority: number): boolean => priority > DSTNAT;
  const hooks: readonly (readonly [Hook, Packet, ((priority: number) => boolean)?])[] = isCopied(one)
    ? [
        ['ingress', before],
        ['prerouting', before],
        ['input', before],
      ]
    : [
        ['ingress', before],
        ['prerouting', before, early],
        ['prerouting', led, late],
        ['forward', out],
        ['postrouting', out],
      ];
  const except: string[] = [];
  let by: string | undefined;
  for (const [hook, packet, counts] of hooks) {
    const verdict = verdictAt(tables, hook, packet, counts);
    except.push(...verdict.except);
    // the daemon's own accept rule in somebody else's chain, in words that are not read here
    const own = verdict.except.some((rule) => rule.includes('berth_'));
    if (!verdict.accepted && !own) return { ...verdict, except };
    by = verdict.accepted ? (verdict.by ?? by) : by;
  }
  return { accepted: true, ...(by === undefined ? {} : { by }), except };
}
