// Words of our own that the field has a term for: where they still stand in names. Pure.
import type { Source } from './sources.ts';

export interface RetiredWord {
  readonly word: string;
  /** Of whole identifiers. */
  readonly pattern: RegExp;
  /** The field's term, as docs/glossary.md explains it. */
  readonly use: string;
  /** So many names have it today; the number only goes down. */
  readonly left: number;
}

export const RETIRED: readonly RetiredWord[] = [
  { word: 'wish', pattern: /^wish(es|ed)?$|Wish(es)?$|^wish[A-Z]/, use: '…Request, …Options or …Spec', left: 0 },
  { word: 'teller', pattern: /Teller|^teller/, use: 'RulesetApplier', left: 0 },
  { word: 'tell, told', pattern: /^(tell|tells|told)([A-Z]|$)/, use: 'notify, apply, set; notified', left: 2 },
  { word: 'parties', pattern: /^part(y|ies)([A-Z]|$)/i, use: 'endpoints, peers', left: 0 },
  { word: 'lender, borrower', pattern: /lender|borrower/i, use: 'namespace owner, config-from network', left: 0 },
  {
    word: 'plug',
    pattern: /^(plug|replug|pullOut|unplug)([A-Z]|$)/,
    use: 'attachEndpoint, recreateVeth, detachEndpoint',
    left: 0,
  },
  { word: 'inhabited', pattern: /inhabited/i, use: 'processStarted', left: 0 },
  { word: 'port book', pattern: /PortBook|portBook/, use: 'PortAllocator', left: 0 },
  { word: 'claim', pattern: /^claim(s|ed)?([A-Z]|$)|Claim$/, use: 'allocate', left: 0 },
  { word: 'seams', pattern: /^seams?([A-Z]|$)|Seams?$/, use: 'tar-split metadata', left: 2 },
  { word: 'gate', pattern: /^(gate|openGate)([A-Z]|$)|Gate$/, use: 'exec fifo, start', left: 0 },
  { word: 'kit', pattern: /^kit([A-Z]|$)|^Kit([A-Z]|$)/, use: 'buildkit', left: 0 },
  { word: 'confined', pattern: /^confined([A-Z]|$)|Confined/, use: 'sandbox, sandboxed', left: 0 },
  { word: 'unharmed', pattern: /unharmed/i, use: 'assertNoSideEffects', left: 0 },
];

/** So many files have such a name today. */
export const RETIRED_FILES_LEFT = 0;

/** Names of files that say nothing to a reader who does not know them. */
export const RETIRED_FILES =
  /(^|\/)(teller|marked|plug|replug|claim|parties|words|seams?|gate|wish|told|unharmed|world)\.ts$|(^|\/)(seams|confined|kit)\//;

const IDENTIFIER = /[A-Za-z_$][\w$]*/g;
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;

/** How many identifiers of the sources, each file's counted once, have each retired word. */
export function retiredNames(sources: readonly Source[]): ReadonlyMap<string, number> {
  const found = new Map(RETIRED.map(({ word }) => [word, 0]));
  for (const { code } of sources) {
    const names = new Set(code.replace(STRING, "''").match(IDENTIFIER) ?? []);
    for (const name of names)
      for (const { word, pattern } of RETIRED) if (pattern.test(name)) found.set(word, (found.get(word) ?? 0) + 1);
  }
  return found;
}
