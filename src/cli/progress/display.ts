// Shows a stream of progress messages: bars that are redrawn in a terminal, plain lines elsewhere.
import { humanSize } from '../../base/units.ts';
import { lines } from '../../client/index.ts';
import type { ProgressMessage } from '../../spec/docker/image.ts';
import { Failure } from '../grammar/index.ts';
import { printable } from '../../base/printable.ts';

export interface Display {
  readonly write: (text: string) => void;
  readonly terminal: boolean;
  /** columns */
  readonly width: number;
  /** gets `aux` of messages that have it; such messages are not shown */
  readonly onAux?: (aux: unknown) => void;
}

/** Reads to the end. Throws Failure with what the daemon said went wrong. */
export async function showProgress(body: AsyncIterable<Buffer>, display: Display): Promise<void> {
  const ids = new Map<string, number>();
  for await (const line of lines(body)) {
    const message = JSON.parse(line) as ProgressMessage;
    if (message.aux !== undefined && message.aux !== null) {
      display.onAux?.(message.aux);
      continue;
    }
    const { id } = message;
    const moves =
      id !== undefined && id !== '' && (message.progressDetail !== undefined || message.progress !== undefined);
    let up = 0;
    if (moves) {
      let row = ids.get(id);
      if (row === undefined) {
        row = ids.size;
        ids.set(id, row);
        if (display.terminal) display.write('\n');
      }
      up = ids.size - row;
      if (display.terminal && up > 0) display.write(`\x1b[${up}A`);
    } else ids.clear();
    const failed = message.errorDetail?.message ?? message.error;
    if (failed !== undefined) throw new Failure(failed, message.errorDetail?.code ?? 1);
    display.write(formatMessage(message, display));
    if (moves && display.terminal && up > 0) display.write(`\x1b[${up}B`);
  }
}

/** One message as text; '' when there is nothing to show outside a terminal. */
export function formatMessage(
  message: ProgressMessage,
  { terminal, width }: Pick<Display, 'terminal' | 'width'>,
): string {
  const detail = message.progressDetail;
  const bar = detail === undefined ? '' : formatBar(detail, width);
  let end = '';
  let out = '';
  if (terminal && !message.stream && detail !== undefined) {
    out += '\x1b[2K\r';
    end = '\r';
  } else if (bar !== '') return '';
  // what a program wrote may go back to the beginning of its line
  const safe = (text = '', returns = false): string => (terminal ? printable(text, { returns }) : text);
  if (message.id) out += `${safe(message.id)}: `;
  if (detail !== undefined && terminal) return `${out}${safe(message.status)} ${safe(bar)}${end}`;
  if (message.progress) return `${out}${safe(message.status)} ${safe(message.progress)}${end}`;
  if (message.stream) return `${out}${safe(message.stream, true)}${end}`;
  return `${out}${safe(message.status)}${end}\n`;
}

/** A bar with sizes; '' where nothing is known yet. */
export function formatBar(detail: NonNullable<ProgressMessage['progressDetail']>, width: number): string {
  const { current = 0, total = 0, units = '', hidecounts = false } = detail;
  if (current <= 0 && total <= 0) return '';
  const size = (bytes: number): string => humanSize(bytes, 4);
  if (total <= 0) return units === '' ? size(current).padStart(8) : `${current} ${units}`;
  const part = Math.min(50, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const box = width > 110 ? `[${'='.repeat(part)}>${' '.repeat(50 - part)}] ` : '';
  if (hidecounts) return box;
  if (units !== '') return `${box}${current}/${total} ${units}`;
  return `${box}${size(current).padStart(8)}${current > total ? '' : `/${size(total)}`}`;
}
