// The messages of nf_tables that Berth sends by itself: a batch is one transaction of the kernel. Pure.
// What is large or rare goes through the nft program (host/nft.ts); what every start needs is built here, without a process.
import { attribute, encode, nested, NLM } from './codec.ts';

const SUBSYSTEM = 10;
const BATCH_BEGIN = 16;
const BATCH_END = 17;
const message = (type: number): number => (SUBSYSTEM << 8) | type;
const NFT = {
  NEWTABLE: message(0),
  DELTABLE: message(2),
  NEWCHAIN: message(3),
  NEWRULE: message(6),
  NEWELEMENT: message(12),
  DELELEMENT: message(14),
} as const;
const FAMILY = { inet: 1, ip: 2 } as const;
const IPV4 = FAMILY.ip;
const TABLE = { NAME: 1 } as const;
const CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 } as const;
const HOOK = { NUMBER: 1, PRIORITY: 2 } as const;
const RULE = { TABLE: 1, CHAIN: 2, EXPRESSIONS: 4 } as const;
const ELEMENT = 1;
const EXPRESSION = { NAME: 1, DATA: 2 } as const;
const VALUE = 1;
/** Registers of 16 bytes. */
const [FIRST, SECOND] = [1, 2];
const OUTPUT = 3;
const ACCEPT = 1;

/** Numbers inside nf_tables are in network order. */
function number(type: number, value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeInt32BE(value, 0);
  return attribute(type, four);
}

const expression = (name: string, parts: readonly Buffer[]): Buffer =>
  nested(ELEMENT, [attribute(EXPRESSION.NAME, name), nested(EXPRESSION.DATA, parts)]);

/** Goes on only when `length` bytes at `offset` of the header (1 network, 2 transport) are `value`. */
const matches = (base: 1 | 2, offset: number, value: Uint8Array): Buffer[] => [
  expression('payload', [number(1, FIRST), number(2, base), number(3, offset), number(4, value.length)]),
  expression('cmp', [number(1, FIRST), number(2, 0), nested(3, [attribute(VALUE, value)])]),
];

/** Goes on only for this protocol: meta l4proto. */
const isProtocol = (protocol: number): Buffer[] => [
  expression('meta', [number(1, FIRST), number(2, 16)]),
  expression('cmp', [number(1, FIRST), number(2, 0), nested(3, [attribute(VALUE, Uint8Array.of(protocol))])]),
];

const load = (register: number, value: Uint8Array): Buffer =>
  expression('immediate', [number(1, register), nested(2, [attribute(VALUE, value)])]);

const translate = (): Buffer => expression('nat', [number(1, 1), number(2, IPV4), number(3, FIRST), number(5, SECOND)]);

const portBytes = (port: number): Buffer => Buffer.from([port >> 8, port & 0xff]);

export interface Redirect {
  readonly table: string;
  /** Four bytes; both what is asked for and where the ports are. */
  readonly address: Uint8Array;
  /** Where the namespace's own programs knock. */
  readonly port: number;
  readonly udpPort: number;
  readonly tcpPort: number;
}

/**
 * A table: what the namespace's programs send to `port` of `address` goes to the two others. It is refused with EEXIST where
 * there is one, unless `anew`, which costs some ten milliseconds: the kernel waits until nobody looks at the old one.
 */
export function redirectBatch(request: Redirect, anew: boolean): { readonly bytes: Buffer; readonly last: number } {
  const { table, address } = request;
  const rule = (protocol: number, to: number) => ({
    type: NFT.NEWRULE,
    flags: NLM.REQUEST | NLM.CREATE | APPEND,
    body: [
      attribute(RULE.TABLE, table),
      attribute(RULE.CHAIN, 'output'),
      nested(RULE.EXPRESSIONS, [
        ...matches(1, 16, address),
        ...isProtocol(protocol),
        ...matches(2, 2, portBytes(request.port)),
        load(FIRST, address),
        load(SECOND, portBytes(to)),
        translate(),
      ]),
    ],
  });
  const named = [attribute(TABLE.NAME, table)];
  return batch('ip', [
    ...(anew ? [{ type: NFT.DELTABLE, flags: NLM.REQUEST, body: named }] : []),
    { type: NFT.NEWTABLE, flags: NLM.REQUEST | NLM.CREATE | NLM.EXCL, body: named },
    {
      type: NFT.NEWCHAIN,
      flags: NLM.REQUEST | NLM.CREATE,
      body: [
        attribute(CHAIN.TABLE, table),
        attribute(CHAIN.NAME, 'output'),
        nested(CHAIN.HOOK, [number(HOOK.NUMBER, OUTPUT), number(HOOK.PRIORITY, -100)]),
        number(CHAIN.POLICY, ACCEPT),
        attribute(CHAIN.TYPE, 'nat'),
      ],
    },
    rule(17, request.udpPort),
    rule(6, request.tcpPort),
  ]);
}

const APPEND = 0x800;

/** One field of an element's key or value, as nft writes it and as the kernel has it; a block has a last address. */
export interface Value {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly last?: Uint8Array;
}

export type Verdict = { readonly verdict: 'accept' | 'drop' } | { readonly verdict: 'jump'; readonly chain: string };

export interface SetElement {
  readonly set: string;
  readonly key: readonly Value[];
  /** What a map leads to. */
  readonly to?: readonly Value[] | Verdict;
}

const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const ITEM = { KEY: 1, DATA: 2, FLAGS: 3, KEY_END: 10 } as const;
const VERDICT = { VALUE: 2, CODE: 1, CHAIN: 2 } as const;
const CODE = { drop: 0, accept: 1, jump: -3 } as const;
/** This element is the first after an interval. */
const END = 1;
/** More of them would not go into one attribute. */
const AT_ONCE = 256;

/** Elements of one `inet` table's sets are taken away and others put there, in one transaction. */
export function elementBatch(
  table: string,
  remove: readonly SetElement[],
  add: readonly SetElement[],
): { readonly bytes: Buffer; readonly last: number } {
  const steps = (type: number, flags: number, elements: readonly SetElement[]): Step[] =>
    [...Map.groupBy(elements, ({ set }) => set)].flatMap(([set, all]) =>
      pieces(all).map((some) => ({
        type,
        flags,
        body: [attribute(LIST.TABLE, table), attribute(LIST.SET, set), nested(LIST.ELEMENTS, some.flatMap(itemsOf))],
      })),
    );
  return batch('inet', [
    ...steps(NFT.DELELEMENT, NLM.REQUEST, remove),
    ...steps(NFT.NEWELEMENT, NLM.REQUEST | NLM.CREATE, add),
  ]);
}

function pieces(elements: readonly SetElement[]): SetElement[][] {
  return Array.from({ length: Math.ceil(elements.length / AT_ONCE) }, (_, at) =>
    elements.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
  );
}

/** An interval of one field alone is two elements for the kernel, its first value and the one behind its last; of several fields it is one. */
function itemsOf({ key, to }: SetElement): Buffer[] {
  const data = to === undefined ? [] : [dataOf(to)];
  const [only] = key;
  if (key.length === 1 && only?.last) {
    const behind = next(only.last);
    return [
      nested(ELEMENT, [nested(ITEM.KEY, [attribute(VALUE, only.bytes)]), ...data]),
      ...(behind ? [nested(ELEMENT, [nested(ITEM.KEY, [attribute(VALUE, behind)]), number(ITEM.FLAGS, END)])] : []),
    ];
  }
  const last = key.some((one) => one.last)
    ? [
        keyOf(
          ITEM.KEY_END,
          key.map((one) => one.last ?? one.bytes),
        ),
      ]
    : [];
  return [
    nested(ELEMENT, [
      keyOf(
        ITEM.KEY,
        key.map(({ bytes }) => bytes),
      ),
      ...last,
      ...data,
    ]),
  ];
}

const keyOf = (type: number, fields: readonly Uint8Array[]): Buffer => nested(type, [attribute(VALUE, joined(fields))]);

/** Several fields are each filled up to four bytes. */
function joined(fields: readonly Uint8Array[]): Uint8Array {
  const [only] = fields;
  if (fields.length === 1 && only) return only;
  return Buffer.concat(fields.flatMap((one) => [one, Buffer.alloc((4 - (one.length % 4)) % 4)]));
}

function dataOf(to: readonly Value[] | Verdict): Buffer {
  if (!('verdict' in to))
    return keyOf(
      ITEM.DATA,
      to.map(({ bytes }) => bytes),
    );
  const chain = to.verdict === 'jump' ? [attribute(VERDICT.CHAIN, to.chain)] : [];
  return nested(ITEM.DATA, [nested(VERDICT.VALUE, [number(VERDICT.CODE, CODE[to.verdict]), ...chain])]);
}

/** The number behind this one; undefined behind the last. */
function next(bytes: Uint8Array): Uint8Array | undefined {
  const out = Uint8Array.from(bytes);
  for (let at = out.length - 1; at >= 0; at -= 1) {
    out[at] = ((out[at] ?? 0) + 1) & 0xff;
    if (out[at] !== 0) return out;
  }
  return undefined;
}

interface Step {
  readonly type: number;
  readonly flags: number;
  readonly body: readonly Buffer[];
}

/** The steps between begin and end; `last` is the sequence number whose acknowledgement says how all went. */
function batch(family: keyof typeof FAMILY, steps: readonly Step[]): { bytes: Buffer; last: number } {
  const edge = Buffer.from([0, 0, 0, SUBSYSTEM]);
  const head = Buffer.from([FAMILY[family], 0, 0, 0]);
  const last = steps.length;
  const parts = steps.map(({ type, flags, body }, index) =>
    encode({ type, flags: index + 1 === last ? flags | NLM.ACK : flags, body: [head, ...body] }, index + 1),
  );
  return {
    bytes: Buffer.concat([
      encode({ type: BATCH_BEGIN, flags: NLM.REQUEST, body: [edge] }, 0),
      ...parts,
      encode({ type: BATCH_END, flags: NLM.REQUEST, body: [edge] }, last + 1),
    ]),
    last,
  };
}
