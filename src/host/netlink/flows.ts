// The messages of conntrack that Berth sends and reads: connections that are led to an address, and to forget them. Pure.
import { attribute, attributes, type Message, nested, NLM, type Request } from './codec.ts';

const SUBSYSTEM = 1;
const [GET, DELETE] = [(SUBSYSTEM << 8) | 1, (SUBSYSTEM << 8) | 2];
const CTA = { ORIGINAL: 1, REPLY: 2, STATUS: 3, ZONE: 18, FILTER: 25 } as const;
const TUPLE_IP = 1;
const SOURCE = { 4: 1, 6: 3 } as const;
const [IPV4, IPV6] = [2, 10];
const FILTER_REPLY = 2;
const BY_SOURCE = 1;
const SEEN_REPLY = 2;
const head = (isFour: boolean): Buffer => Buffer.from([isFour ? IPV4 : IPV6, 0, 0, 0]);
const HEAD_LENGTH = 4;

export interface Flow {
  /** What comes back is from this one, 4 or 16 bytes. */
  readonly from: Buffer;
  readonly answered: boolean;
  /** Its attributes as they came, which name it. */
  readonly name: readonly Buffer[];
}

/** The kernel picks them out; one before 5.8 gives all, so that the answer is to be looked at. */
export function flowsRequest(from: Uint8Array): Request {
  const body = [
    head(true),
    nested(CTA.REPLY, [nested(TUPLE_IP, [attribute(SOURCE[4], from)])]),
    nested(CTA.FILTER, [attribute(FILTER_REPLY, BY_SOURCE)]),
  ];
  return { type: GET, flags: NLM.REQUEST | NLM.DUMP, body };
}

/** All of IPv6: asked for one address, kernels as late as 6.18 give all but those of that address. */
export function allFlowsRequest(): Request {
  return { type: GET, flags: NLM.REQUEST | NLM.DUMP, body: [head(false)] };
}

export function readFlow({ payload }: Message): Flow | undefined {
  const found = attributes(payload.subarray(HEAD_LENGTH));
  const [original, reply, zone] = [found.get(CTA.ORIGINAL), found.get(CTA.REPLY), found.get(CTA.ZONE)];
  const addresses = reply && attributes(attributes(reply).get(TUPLE_IP) ?? Buffer.alloc(0));
  const from = addresses?.get(SOURCE[4]) ?? addresses?.get(SOURCE[6]);
  if (!original || !from) return undefined;
  return {
    from,
    answered: ((found.get(CTA.STATUS)?.readUInt32BE(0) ?? 0) & SEEN_REPLY) !== 0,
    name: [nested(CTA.ORIGINAL, [original]), ...(zone ? [attribute(CTA.ZONE, zone)] : [])],
  };
}

export function forgetRequest({ name, from }: Flow): Request {
  return { type: DELETE, flags: NLM.REQUEST | NLM.ACK, body: [head(from.length === 4), ...name] };
}
