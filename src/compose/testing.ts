// A machine in memory, for tests of what is loaded from files.
import { dirname } from 'node:path';
import { type Host, type Loaded, type LoadOptions, loadProject, projectYaml } from './index.ts';

type Texts = Readonly<Record<string, string>>;

/** Files by absolute path; their directories are there as well. */
export function memoryHost(texts: Texts, env: Readonly<Record<string, string>> = {}, cwd = '/p'): Host {
  const directories = new Set<string>([cwd]);
  for (const path of Object.keys(texts))
    for (let folder = dirname(path); !directories.has(folder); folder = dirname(folder)) directories.add(folder);
  const refuse = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    cwd,
    env,
    stdin: () => texts['-'] ?? '',
    files: {
      read: (path) => texts[path] ?? refuse(directories.has(path) ? 'EISDIR' : 'ENOENT'),
      kind: (path) => (texts[path] !== undefined ? 'file' : directories.has(path) ? 'directory' : undefined),
      real: (path) => path,
    },
  };
}

/** Loads `/p/compose.yaml` and the files beside it. */
export function load(texts: Texts | string, options: LoadOptions = {}, env: Texts = {}): Loaded {
  const files = typeof texts === 'string' ? { '/p/compose.yaml': texts } : texts;
  return loadProject(options, memoryHost(files, env));
}

/** What `config` prints, with the dollars as they are. */
export function loadedYaml(texts: Texts | string, options: LoadOptions = {}, env: Texts = {}): string {
  return projectYaml(load(texts, options, env).project);
}

/** The message of a failing load, and the place that stands below it. */
export function refusal(texts: Texts | string, options: LoadOptions = {}, env: Texts = {}): string {
  try {
    load(texts, options, env);
  } catch (error) {
    const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? `\n${error.hint}` : '';
    return `${error instanceof Error ? error.message : String(error)}${hint}`;
  }
  throw new Error('the project was loaded');
}
