// How a command ends badly: the text for stderr and the exit code.

export class Failure extends Error {
  readonly code: number;

  /** An empty message prints nothing. */
  constructor(message: string, code = 1) {
    super(message);
    this.name = 'Failure';
    this.code = code;
  }
}

/** The name of this program, in its errors and its help. All other words are Docker's, since tools match on them. */
export const PROGRAM_NAME = 'berth';

/** A path such as `docker container run` in the words of a help page. */
export function inHelp(path: string): string {
  return path.replace(/\bdocker (?=[a-z[]|$)/g, `${PROGRAM_NAME} `).replace(/^docker$/, PROGRAM_NAME);
}
