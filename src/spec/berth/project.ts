// Revisions of Compose projects, as the API has them.

/** An image that a service had, by the name in its file and by what that name stood for. */
export interface RevisionImage {
  readonly name: string;
  readonly id: string;
  /** `name@sha256:…`, where a registry has it */
  readonly digest?: string;
}

export interface NewRevision {
  /** the project whole, as `config --format json` prints it: a Compose file that needs no other and no environment */
  readonly model: string;
  readonly directory: string;
  readonly files: readonly string[];
  /** by service */
  readonly images: Readonly<Record<string, RevisionImage>>;
  /** sha256 of secrets and configs, by `secret NAME` and `config NAME`; what is in them is not kept */
  readonly contents: Readonly<Record<string, string>>;
  /** `up`, `rollback to 3` */
  readonly cause: string;
}

export interface Revision extends NewRevision {
  readonly number: number;
  /** RFC 3339 */
  readonly created: string;
}
