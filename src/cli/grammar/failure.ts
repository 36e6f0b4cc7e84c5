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

/** The name that error texts carry. Tools match on Docker's wording, so it stays Docker's. */
export const NAME_IN_ERRORS = 'docker';

/** The name of this program, where it speaks of itself: in its help, and of a command that it does not have. */
export const PROGRAM_NAME = 'berth';

/** A path such as `docker container run` in the words of a help page. */
export function inHelp(path: string): string {
  return path.replace(/\bdocker (?=[a-z[]|$)/g, `${PROGRAM_NAME} `).replace(/^docker$/, PROGRAM_NAME);
}
