// What Compose projects were: each `up` that went well is one revision, numbered from 1 within its project.
import { invalid, notFound } from '../base/errors.ts';
import type { NewRevision, Revision } from '../spec/berth/project.ts';

/** Where revisions are kept; the key is the project's name. */
export interface RevisionStore {
  load(): Map<string, { readonly revisions: readonly Revision[] }>;
  put(key: string, value: { readonly revisions: readonly Revision[] }): void;
  delete(key: string): void;
}

/** So many are kept of each project. */
export const KEPT_REVISIONS = 20;
const MAX_BYTES = 4 * 1024 * 1024;

export class Projects {
  readonly #store: RevisionStore;
  readonly #clock: () => number;
  readonly #projects: Map<string, { readonly revisions: readonly Revision[] }>;

  constructor(store: RevisionStore, clock: () => number = Date.now) {
    this.#store = store;
    this.#clock = clock;
    this.#projects = store.load();
  }

  /** Oldest first. */
  list(project: string): readonly Revision[] {
    return this.#projects.get(project)?.revisions ?? [];
  }

  /** Adds one, unless it is what the last one was. Throws invalid for a bad name or shape. */
  add(project: string, body: unknown): Revision {
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(project)) throw invalid(`invalid project name ${JSON.stringify(project)}`);
    const wanted = checked(body);
    const before = this.list(project);
    const last = before.at(-1);
    if (last !== undefined && sameContent(last, wanted)) return last;
    const revision: Revision = {
      ...wanted,
      number: (last?.number ?? 0) + 1,
      created: new Date(this.#clock()).toISOString(),
    };
    const value = { revisions: [...before, revision].slice(-KEPT_REVISIONS) };
    this.#store.put(project, value);
    this.#projects.set(project, value);
    return revision;
  }

  /** Forgets a project. Throws notFound when nothing is known of it. */
  remove(project: string): void {
    if (!this.#projects.delete(project)) throw notFound(`no revisions of project ${JSON.stringify(project)}`);
    this.#store.delete(project);
  }
}

function checked(body: unknown): NewRevision {
  if (JSON.stringify(body).length > MAX_BYTES) throw invalid(`a revision has at most ${MAX_BYTES} bytes`);
  const { model, directory, files, images, contents, cause } = body as Partial<NewRevision>;
  const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (typeof model !== 'string' || typeof directory !== 'string' || typeof cause !== 'string' || !Array.isArray(files))
    throw invalid('a revision needs model, directory, files and cause');
  if (!isMap(images) || !isMap(contents)) throw invalid('a revision needs images and contents');
  return { model, directory, files, images, contents, cause };
}

/** The same project from the same images; why it was made is no part of it. */
function sameContent(a: NewRevision, b: NewRevision): boolean {
  const content = ({ model, directory, images, contents }: NewRevision): string =>
    JSON.stringify([model, directory, sorted(images), sorted(contents)]);
  return content(a) === content(b);
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
