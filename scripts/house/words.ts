// Words of our own that the field has a term for: where they still stand in names. Pure.
import type { Source } from './sources.ts';

export interface RetiredWord {
  readonly word: string;
  /** Of whole identifiers. */
  readonly pattern: RegExp;
  /** The field's term, as docs/glossary.md explains it. */
  readonly use: string;
}

export const RETIRED: readonly RetiredWord[] = [
  { word: 'wish', pattern: /^wish(es|ed)?$|Wish(es)?$|^wish[A-Z]/, use: '…Request, …Options or …Spec' },
  { word: 'teller', pattern: /Teller|^teller/, use: 'RulesetApplier' },
  { word: 'tell, told', pattern: /^(tell|tells|told)([A-Z]|$)/, use: 'notify, apply, set; notified' },
  { word: 'parties', pattern: /^part(y|ies)([A-Z]|$)/i, use: 'endpoints, peers' },
  { word: 'lender, borrower', pattern: /lender|borrower/i, use: 'namespace owner, config-from network' },
  {
    word: 'plug',
    pattern: /^(plug|replug|pullOut|unplug)([A-Z]|$)/,
    use: 'attachEndpoint, recreateVeth, detachEndpoint',
  },
  { word: 'inhabited', pattern: /inhabited/i, use: 'processStarted' },
  { word: 'port book', pattern: /PortBook|portBook/, use: 'PortAllocator' },
  { word: 'claim', pattern: /^claim(s|ed)?([A-Z]|$)|Claim$/, use: 'allocate' },
  { word: 'seams', pattern: /^seams?([A-Z]|$)|Seams?$/, use: 'tar-split metadata' },
  { word: 'gate', pattern: /^(gate|openGate)([A-Z]|$)|Gate$/, use: 'exec fifo, start' },
  { word: 'kit', pattern: /^kit([A-Z]|$)|^Kit([A-Z]|$)/, use: 'buildkit' },
  { word: 'confined', pattern: /^confined([A-Z]|$)|Confined/, use: 'sandbox, sandboxed' },
  { word: 'unharmed', pattern: /unharmed/i, use: 'assertNoSideEffects' },
];

/** Names of files that say nothing to a reader who does not know them. */
export const RETIRED_FILES =
  /(^|\/)(teller|marked|plug|replug|claim|parties|words|seams?|gate|wish|told|unharmed|world)\.ts$|(^|\/)(seams|confined|kit)\//;

const IDENTIFIER = /[A-Za-z_$][\w$]*/g;
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;
/** On one line: a backtick in an expression would swallow half a file otherwise. */
const TEMPLATE = /`(?:[^`\\\n$]|\\.|\$\{[^}`\n]*\}|\$(?!\{))*`/g;

/** Without what is said to people; what is put into a text is code. */
function withoutTexts(code: string): string {
  return code
    .replace(TEMPLATE, (text) => `\`${[...text.matchAll(/\$\{([^}]*)\}/g)].map(([, inside]) => inside).join(' ')}\``)
    .replace(STRING, "''");
}

/** How many identifiers of the sources, each file's counted once, have each retired word. */
export function retiredNames(sources: readonly Source[]): ReadonlyMap<string, number> {
  const found = new Map(RETIRED.map(({ word }) => [word, 0]));
  for (const { code } of sources) {
    const names = new Set(withoutTexts(code).match(IDENTIFIER) ?? []);
    for (const name of names)
      for (const { word, pattern } of RETIRED) if (pattern.test(name)) found.set(word, (found.get(word) ?? 0) + 1);
  }
  return found;
}
