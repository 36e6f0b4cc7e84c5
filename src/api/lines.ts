// A progress stream as the answer to a request.
import { errorMessage, type Say } from '../images/index.ts';
import type { ProgressMessage } from '../spec/docker/index.ts';
import type { ApiResponse, StreamBody } from './handler.ts';

/** Progress lines; the stream begins with the first of them, so that earlier failures keep their status. */
export class Lines {
  readonly #response: ApiResponse;
  #stream: StreamBody | undefined;

  constructor(response: ApiResponse) {
    this.#response = response;
  }

  readonly say: Say = async (message: ProgressMessage): Promise<void> => {
    this.#stream ??= this.#response.stream('application/json');
    await this.#stream.write(`${JSON.stringify(message)}\r\n`);
  };

  async finish(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#stream) throw error;
      await this.say(errorMessage(error));
    }
    this.#stream ??= this.#response.stream('application/json');
    this.#stream.end();
  }
}
