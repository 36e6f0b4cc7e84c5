// Why a build failed, with what a client wants to say in its own words.
import { BerthError } from '../../base/errors.ts';

/** What a COPY or ADD names is not in the tree. */
export class MissingSource extends BerthError {
  readonly source: string;
  constructor(source: string) {
    const shown = source.replace(/(.)\/$/, '$1');
    super('invalid', `${JSON.stringify(shown)}: not found`);
    this.source = shown;
  }
}

/** A program of a RUN step ended badly. */
export class StepFailure extends BerthError {
  readonly command: string;
  readonly code: number;
  constructor(command: string, code: number) {
    super('invalid', `process ${JSON.stringify(command)} did not complete successfully: exit code: ${code}`);
    this.command = command;
    this.code = code;
  }
}
