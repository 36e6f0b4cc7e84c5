// Keeps the copies of the host's input rules (input-policy.ts) as the host has them now, for `publish-policy: respect-firewall`.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { applyNft, askProgram, listRuleset } from '../../host/nft.ts';
import { parseRuleset, type Table } from './ruleset.ts';
import type { PublishRule } from './firewall.ts';
import { closedText, inputTables } from './input-policy.ts';

export interface InputGuardInput {
  /** What the names of this daemon's tables begin with. */
  readonly prefix: string;
  readonly log: Log;
  readonly published: () => readonly PublishRule[];
}

export class InputGuard {
  readonly #input: InputGuardInput;
  #notified = '';
  #tail: Promise<void> = Promise.resolve();

  constructor(input: InputGuardInput) {
    this.#input = input;
  }

  /** To be awaited before a port is opened; one after the other. Throws when the ports cannot be closed either. */
  bring(): Promise<void> {
    this.#tail = this.#tail.catch(() => undefined).then(() => this.#bring());
    return this.#tail;
  }

  async #bring(): Promise<void> {
    const { prefix, published, log } = this.#input;
    const tables = parseRuleset((await listRuleset()) ?? '');
    const mine = tables.filter(({ name }) => name.startsWith(`${prefix}_input`));
    const wanted = inputTables(
      prefix,
      tables.filter(({ name }) => !name.startsWith(prefix)),
      published(),
    );
    const text = wanted.map((one) => one.text).join('');
    // a table of ours that somebody took away has to be told again
    const whole = mine
      .map(({ name }) => name)
      .toSorted()
      .join(' ');
    if (this.#notified === `${whole}\n${text}`) return;
    const gone = mine.map(remove).join('');
    try {
      await applyNft(gone + text);
      this.#notified = `${wanted
        .map(({ name }) => name)
        .toSorted()
        .join(' ')}\n${text}`;
    } catch (error) {
      log.warn(
        `the host's input rules cannot be asked for published ports, which are closed to all but this host: ${messageOf(error)}`,
      );
      await applyNft(gone + closedText(`${prefix}_input`, published()));
      this.#notified = '';
    }
  }
}

const remove = ({ family, name }: Pick<Table, 'family' | 'name'>): string => `delete table ${family} ${name}\n`;

/** For a daemon that ends. */
export async function removeInputTables(prefix: string): Promise<void> {
  const mine = await inputTablesOf(prefix);
  if (mine.length > 0) await applyNft(mine.map(remove).join(''));
}

export async function inputTablesOf(prefix: string): Promise<{ family: string; name: string }[]> {
  const text = (await askProgram('nft', ['list', 'tables'])) ?? '';
  return [...text.matchAll(/^table (\S+) (\S+)$/gm)]
    .map(([, family = '', name = '']) => ({ family, name }))
    .filter(({ name }) => name.startsWith(`${prefix}_input`));
}
