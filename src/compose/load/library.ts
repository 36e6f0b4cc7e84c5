// YAML in all its forms -> values, by the library: aliases, merge keys, tags, several documents, text over several lines.
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Parser,
} from 'yaml';
import type { ComposeError, Path } from '../value/error.ts';
import { type Dict, dict, isDict, sprint, type Value } from '../value/value.ts';
import { resolvePlain } from './scalar.ts';

/** One document; offsets are into the whole text. */
export interface LibraryDocument {
  readonly value: Value;
  readonly resets: readonly Path[];
  readonly offsetOf: (path: Path) => number | undefined;
}

/** Bounds that a file written by a person does not meet; see docs/limits.md. */
const MAX_BYTES = 512 << 10;
const MAX_DEPTH = 200;
const MAX_FLOW_DEPTH = 1_000;
/** Nodes that aliases may add, beside a share of what is written out. */
const FREE_ALIAS_NODES = 20_000;
const MAX_DOCUMENTS = 100;

export interface TextFaults {
  /** an error with the line at an offset */
  readonly at: (message: string, offset: number) => ComposeError;
  readonly lineAt: (offset: number) => number;
}

/** All documents of a text that hold something. */
export function readWithLibrary(text: string, faults: TextFaults): LibraryDocument[] {
  if (text.length > MAX_BYTES) throw faults.at(`yaml: larger than ${MAX_BYTES} bytes`, 0);
  refuseDepth(text, faults);
  return documentsOf(text, faults)
    .filter((document) => document.contents !== null || document.errors.length > 0)
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined)
        throw faults.at(
          `yaml: line ${faults.lineAt(error.pos[0])}: ${wording(error.code, error.message)}`,
          error.pos[0],
        );
      const reader = new Reader(document, text.length, faults.at, faults.lineAt);
      return { value: reader.read(), resets: reader.resets, offsetOf: (path) => offsetOf(document, path) };
    });
}

/** The documents of a text, up to the first thing in it that is out of place. */
function documentsOf(text: string, faults: TextFaults): Document.Parsed[] {
  const composer = new Composer({
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
  });
  const documents: Document.Parsed[] = [];
  for (const token of new Parser().parse(text)) {
    if (token.type === 'error')
      throw faults.at(`yaml: line ${faults.lineAt(token.offset)}: ${wording('UNEXPECTED_TOKEN', '')}`, token.offset);
    for (const document of composer.next(token)) documents.push(document);
    if (documents.length > MAX_DOCUMENTS) throw faults.at(`yaml: more than ${MAX_DOCUMENTS} documents`, token.offset);
  }
  documents.push(...composer.end(false, text.length));
  return documents;
}

/** Refuses what is nested deeper than any reader should go, before one does. */
function refuseDepth(text: string, faults: TextFaults): void {
  let flow = 0;
  let marks = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) flow += 1;
    else if ((code === 0x5d || code === 0x7d) && flow > 0) flow -= 1;
    // Dashes and question marks one after the other on a line are a level each.
    if (code === 0x2d || code === 0x3f) marks += text.charCodeAt(at + 1) === 0x20 ? 1 : 0;
    else if (code !== 0x20) marks = 0;
    if (flow > MAX_FLOW_DEPTH || marks > MAX_DEPTH)
      throw faults.at(`yaml: exceeded max depth of ${flow > MAX_FLOW_DEPTH ? MAX_FLOW_DEPTH : MAX_DEPTH}`, at);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MISSING_CHAR: "could not find expected ':'",
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_ALIAS: 'unknown anchor',
  BAD_INDENT: 'did not find expected key',
  UNEXPECTED_TOKEN: 'did not find expected key',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
  BAD_SCALAR_START: 'found character that cannot start any token',
};

/** The words that Go's reader has for the same fault; the library's own where it has none. */
function wording(code: string, message: string): string {
  return WORDS[code] ?? message.split(' at line ', 1)[0] ?? message;
}

class Reader {
  readonly resets: Path[] = [];
  readonly #document: Document;
  readonly #fault: (message: string, offset: number) => ComposeError;
  readonly #lineAt: (offset: number) => number;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #budget: number;

  constructor(
    document: Document,
    size: number,
    fault: (message: string, offset: number) => ComposeError,
    lineAt: (offset: number) => number,
  ) {
    this.#document = document;
    this.#fault = fault;
    this.#lineAt = lineAt;
    this.#budget = FREE_ALIAS_NODES + size;
  }

  read(): Value {
    const contents = this.#document.contents;
    return contents === null ? null : (this.#node(contents, []) ?? null);
  }

  /** undefined for what `!reset` takes away. */
  #node(node: Node, path: Path): Value | undefined {
    this.#budget -= 1;
    if (this.#budget < 0) throw this.#fault('yaml: document contains excessive aliasing', offset(node));
    if (path.length > MAX_DEPTH) throw this.#fault(`yaml: exceeded max depth of ${MAX_DEPTH}`, offset(node));
    if (isAlias(node)) return this.#alias(node, path);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (node.tag === '!reset') {
      this.resets.push(path);
      return undefined;
    }
    if (node.tag === '!override') this.resets.push(path);
    if (isMap(node)) return this.#nested(node, () => this.#mapping(node.items as Pair<Node, Node | null>[], path));
    if (isSeq(node)) return this.#nested(node, () => this.#sequence(node.items as (Node | Pair)[], path));
    return isScalar(node) ? scalar(node) : null;
  }

  #nested(node: Node, read: () => Value): Value {
    this.#open.add(node);
    const value = read();
    this.#open.delete(node);
    return value;
  }

  #alias(node: Alias, path: Path): Value | undefined {
    const target = this.#anchors.get(node.source);
    if (target === undefined) throw this.#fault(`yaml: unknown anchor '${node.source}' referenced`, offset(node));
    if (this.#open.has(target))
      throw this.#fault(`cycle detected: node at path ${path.join('.')} references one that holds it`, offset(node));
    return this.#node(target, path);
  }

  #sequence(items: readonly (Node | Pair | null)[], path: Path): Value[] {
    const list: Value[] = [];
    items.forEach((item, index) => {
      const value =
        item === null
          ? null
          : 'range' in item
            ? this.#node(item, [...path, index])
            : this.#mapping([item as Pair<Node, Node | null>], [...path, index]);
      if (value !== undefined) list.push(value);
    });
    return list;
  }

  #mapping(pairs: readonly Pair<Node, Node | null>[], path: Path): Dict {
    const mapping = dict();
    const merged: Dict[] = [];
    const lines = new Map<string, number>();
    for (const { key, value } of pairs) {
      const name = this.#key(key, path);
      const line = lines.get(name);
      if (line !== undefined)
        throw this.#fault(
          `line ${this.#lineAt(offset(key))}: mapping key ${JSON.stringify(name)} already defined at line ${this.#lineAt(line)}`,
          offset(key),
        );
      lines.set(name, offset(key));
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        merged.push(...this.#merged(value, path));
        continue;
      }
      const read = value === null ? null : this.#node(value, [...path, name]);
      if (read !== undefined) mapping[name] = read;
    }
    for (const other of merged)
      for (const name in other) if (mapping[name] === undefined) mapping[name] = other[name] as Value;
    return mapping;
  }

  #key(key: Node, path: Path): string {
    const node = isAlias(key) ? this.#anchors.get(key.source) : key;
    if (isScalar(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
      const value = scalar(node);
      if (typeof value === 'string') return value;
      throw this.#fault(`non-string key ${placeOf(path)}: ${sprint(value)}`, offset(key));
    }
    throw this.#fault('yaml: invalid map key', offset(key));
  }

  /** What `<<` brings: one mapping, or several of which the first wins. */
  #merged(value: Node | null, path: Path): Dict[] {
    const read = value === null ? null : this.#node(value, path);
    const all = Array.isArray(read) ? read : [read ?? null];
    if (!all.every((item) => isDict(item)))
      throw this.#fault(
        'yaml: map merge requires map or sequence of maps as the value',
        value === null ? 0 : offset(value),
      );
    return all;
  }
}

/** A scalar's value, by its tag or by how it is written. */
function scalar(node: {
  readonly value: unknown;
  readonly type?: string | undefined;
  readonly tag?: string | undefined;
}): Value {
  const text = typeof node.value === 'string' ? node.value : '';
  if (node.tag === '!!str' || node.tag === 'tag:yaml.org,2002:str') return text;
  if (node.type !== 'PLAIN' && node.tag === undefined && !(node.type === undefined && text === '')) return text;
  return resolvePlain(text) === '' ? null : text === '' ? null : resolvePlain(text);
}

function offset(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Where the deepest part of a path that is in the document begins: its key for an entry of a mapping. */
function offsetOf(document: Document, path: Path): number | undefined {
  let node: Node | null = document.contents;
  let found = node === null ? undefined : offset(node);
  for (const step of path) {
    while (isAlias(node)) node = node.resolve(document) as Node | null;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step)) as
        | Pair<Node, Node | null>
        | undefined;
      if (pair === undefined) return found;
      found = offset(pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (item === undefined) return found;
      found = offset(item);
      node = item;
    } else return found;
  }
  return found;
}

/** As messages about keys name a place: `in services.a[0]`. */
function placeOf(path: Path): string {
  if (path.length === 0) return 'at top level';
  const steps = path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`));
  return `in ${steps.join('')}`;
}
