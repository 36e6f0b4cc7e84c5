// Which files say that they are pure, and where one of them is not. Pure.
import { headline, type Source } from './sources.ts';

/** Modules of Node without a state or a side effect; sockets of `net` and randomness of `crypto` are caught below. */
const HARMLESS = new Set(['path', 'path/posix', 'util', 'net', 'assert', 'url', 'crypto']);
const AMBIENT: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now|\bprocess\.hrtime/, 'the time comes in as a value'],
  [/\bMath\.random\(|\brandom(UUID|Bytes|Int)\(/, 'randomness comes in as a value'],
  [/\bprocess\.(env|cwd|getuid|geteuid|platform)\b/, 'the environment comes in as a value'],
  [/\b(setTimeout|setInterval|setImmediate)\(/, 'nothing is put off'],
  [/\b(createConnection|createServer)\(/, 'no sockets'],
];
/** What a pure file is told comes as data; a function among it would be a way to look at the world. */
const FUNCTION_MEMBER = /^\s*(?:readonly\s+)?\w+\??\s*(?::\s*\([^)]*\)\s*=>|\([^)]*\)\s*:)/m;
const TOLD = /\binterface\s+(\w*(?:Facts|Input))\b[^{]*\{([^}]*)\}/g;

/** Places in which every file is pure. */
const PURE_PLACES: readonly RegExp[] = [
  /(^|\/)plan\.ts$/,
  /^builder\/(dockerfile|lint)\//,
  /^builder\/outline\.ts$/,
  /^builder\/buildkit\/protocol\//,
  /^cli\/(grammar|format)\//,
  /^daemon\/options\.ts$/,
  /^doctor\/(findings|report)\.ts$/,
  /^engine\/create\//,
  /^engine\/(lifecycle|files)\.ts$/,
  /^images\/reference\//,
  /^runtime\/logs\/lines\.ts$/,
  /^runtime\/spec\//,
  /^spec\//,
  /^base\/(errors|units)\.ts$/,
];

/** By its place, or because its first comment says so. */
export function saysPure(source: Source): boolean {
  if (source.isTest) return false;
  return PURE_PLACES.some((place) => place.test(source.file)) || /\bPure\b/.test(headline(source));
}

export interface PurityProblem {
  readonly file: string;
  /** Where it is broken: the file itself, or one whose code it runs. */
  readonly at: string;
  /** The module, word or member that breaks it. */
  readonly what: string;
  readonly why: string;
}

export function purityProblems(sources: readonly Source[]): readonly PurityProblem[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  return sources.filter(saysPure).flatMap((source) => [
    ...own(source, source.file),
    ...told(source),
    // what a pure file calls is pure, too, whatever it says of itself
    ...reached(source, byFile).flatMap((other) => (saysPure(other) ? [] : own(other, source.file))),
  ]);
}

function own({ code, imports, file: at }: Source, file: string): PurityProblem[] {
  return [
    ...imports
      .filter(({ name, typesOnly }) => !typesOnly && name.startsWith('node:') && !HARMLESS.has(name.slice(5)))
      .map(({ name }) => ({ file, at, what: name, why: 'what it needs to know comes in as a value' })),
    ...AMBIENT.flatMap(([pattern, why]) => {
      const found = pattern.exec(code)?.[0];
      return found === undefined ? [] : [{ file, at, what: found, why }];
    }),
  ];
}

function told({ code, file }: Source): PurityProblem[] {
  return [...code.matchAll(TOLD)]
    .filter(([, , members = '']) => FUNCTION_MEMBER.test(members))
    .map(([, name = '']) => ({
      file,
      at: file,
      what: `interface ${name}`,
      why: 'its members are data, not functions',
    }));
}

/** Every file whose code runs when that of `source` does. */
function reached(source: Source, byFile: ReadonlyMap<string, Source>): readonly Source[] {
  const found = new Set<Source>();
  const visit = ({ imports }: Source): void => {
    for (const { to, typesOnly } of imports) {
      const next = to === undefined || typesOnly ? undefined : byFile.get(to);
      if (next === undefined || next === source || found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(source);
  return [...found];
}
