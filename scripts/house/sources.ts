// The sources of Berth as what they import: one reading that the architecture test and `npm run house` share.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Import {
  /** As it is written. */
  readonly name: string;
  /** Below src/; undefined for packages and modules of Node. */
  readonly to: string | undefined;
  /** Nothing is loaded: types alone. */
  readonly typesOnly: boolean;
}

export interface Source {
  /** Below src/, for example `engine/verbs/start.ts`. */
  readonly file: string;
  /** Its first part, for example `engine`. */
  readonly folder: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
  readonly isTest: boolean;
}

/** `… from 'x'` of an import or export, `import 'x'`, and `import('x')`. */
const IMPORT = /^(?:import|export)\b([^;'"]*?)\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;

export function readSources(): readonly Source[] {
  return globSync('src/**/*.ts', { cwd: root })
    .sort()
    .map((path) => sourceOf(relative('src', path), readFileSync(join(root, path), 'utf8')));
}

export function sourceOf(file: string, text: string): Source {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const imports = [...code.matchAll(IMPORT)].map((match): Import => {
    const name = match[2] ?? match[3] ?? match[4] ?? '';
    const to = name.startsWith('.') ? join(dirname(file), name) : undefined;
    return { name, to, typesOnly: match[1] !== undefined && onlyTypes(match[1]) };
  });
  const isTest = /\.test\.ts$|(^|\/)testing\.ts$/.test(file);
  return { file, folder: file.split('/')[0] ?? '', text, code, imports, isTest };
}

/** Of what stands between `import` and `from`. */
function onlyTypes(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  return (
    names !== undefined &&
    names
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .every((one) => one.startsWith('type '))
  );
}

/** The comment that a file begins with, as one line. */
export function headline({ text }: Source): string {
  return (/^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '')
    .replace(/^\/\/ ?/gm, '')
    .replaceAll('\n', ' ')
    .trim();
}

/** `engine/verbs` of `engine/verbs/start.ts`. */
export function folderOf(file: string): string {
  return dirname(file);
}
