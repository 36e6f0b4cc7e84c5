// Placement constraints as Swarm parses them, and whether a node meets them. Pure.
import { BlockList, isIP } from 'node:net';
import { archOf } from './platform.ts';
import type { Node } from './types.ts';

export interface Constraint {
  readonly key: string;
  readonly equal: boolean;
  readonly value: string;
}

const KEY = /^[a-z_][a-z0-9\-_.]+$/i;
const VALUE = /^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i;
const OPERATORS = ['==', '!='] as const;

/** The constraints, or Swarm's message about the first that is none. */
export function parseConstraints(
  texts: readonly string[],
): { readonly constraints: readonly Constraint[] } | { readonly error: string } {
  const constraints: Constraint[] = [];
  for (const text of texts) {
    // `==` is looked for first, wherever `!=` stands
    const operator = OPERATORS.find((one) => text.includes(one));
    if (operator === undefined) return { error: `constraint expected one operator from ${OPERATORS.join(', ')}` };
    const at = text.indexOf(operator);
    const key = text.slice(0, at).trim();
    const value = text.slice(at + operator.length).trim();
    if (!KEY.test(key)) return { error: `key '${key}' is invalid` };
    if (!VALUE.test(value)) return { error: `value '${value}' is invalid` };
    constraints.push({ key, equal: operator === '==', value });
  }
  return { constraints };
}

export function meets(node: Node, constraints: readonly Constraint[]): boolean {
  return constraints.every((constraint) => meetsOne(node, constraint));
}

/** The first that the node does not meet, as it was written. */
export function unmet(node: Node, constraints: readonly Constraint[]): string | undefined {
  const found = constraints.find((constraint) => !meetsOne(node, constraint));
  return found && `${found.key}${found.equal ? '==' : '!='}${found.value}`;
}

function meetsOne(node: Node, constraint: Constraint): boolean {
  if (constraint.key.toLowerCase() === 'node.ip') {
    const same = sameAddress(node.address ?? '', constraint.value);
    return same !== undefined && same === constraint.equal;
  }
  const actual = valueOf(node, constraint.key);
  // a key that nobody knows never matches, not even `!=`
  if (actual === undefined) return false;
  const [a, b] = [actual, constraint.value].map((value) => value.toLowerCase());
  const isArch = constraint.key.toLowerCase() === 'node.platform.arch';
  return (a === b || (isArch && archOf(a ?? '') === archOf(b ?? ''))) === constraint.equal;
}

/** What the node has under a key; a label that is not there is empty. */
export function valueOf(node: Node, key: string): string | undefined {
  const name = key.toLowerCase();
  if (name === 'node.id') return node.id;
  if (name === 'node.hostname') return node.hostname;
  if (name === 'node.role') return node.role ?? '';
  if (name === 'node.platform.os') return node.platform?.os ?? '';
  if (name === 'node.platform.arch') return node.platform?.arch ?? '';
  if (name.startsWith('node.labels.') && key.length > 12) return node.labels?.[key.slice(12)] ?? '';
  if (name.startsWith('engine.labels.') && key.length > 14) return node.engineLabels?.[key.slice(14)] ?? '';
  return undefined;
}

/** Whether an address is the one, or in the subnet, of a constraint; undefined when that is neither. */
function sameAddress(address: string, value: string): boolean | undefined {
  const [network = '', bits, ...rest] = value.split('/');
  const family = isIP(network);
  if (family === 0 || rest.length > 0) return undefined;
  const width = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > width) return undefined;
  if (isIP(address) !== family) return false;
  const name = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, prefix, name);
  return list.check(address, name);
}
