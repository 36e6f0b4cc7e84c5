// Reads --cpus and --restart.
import { cut } from '../../../base/go-text.ts';
import type { RestartPolicy, RestartPolicyName } from '../container.ts';

/** Nano CPUs of `1.5` or `3/2`. */
export function parseCpus(text: string): number {
  const match = /^([+-]?)(?:(\d+)\/(\d+)|(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?)$/.exec(text);
  if (
    !match ||
    text === '' ||
    (match[2] === undefined && (match[4] ?? '') + (match[5] ?? '') === '') ||
    match[3] === '0'
  ) {
    throw new Error(`failed to parse ${text} as a rational number`);
  }
  let top: bigint;
  let bottom: bigint;
  if (match[2] !== undefined) [top, bottom] = [BigInt(match[2]), BigInt(match[3] ?? '1')];
  else {
    const fraction = match[5] ?? '';
    const exponent = Number(match[6] ?? '0');
    top = BigInt(`${match[4] ?? ''}${fraction}` || '0') * (exponent > 0 ? 10n ** BigInt(exponent) : 1n);
    bottom = 10n ** BigInt(fraction.length) * (exponent < 0 ? 10n ** BigInt(-exponent) : 1n);
  }
  const nano = top * 1_000_000_000n;
  if (nano % bottom !== 0n) throw new Error('value is too precise');
  return Number(nano / bottom) * (match[1] === '-' ? -1 : 1);
}

/** `no`, `always`, `unless-stopped`, `on-failure[:count]`; names are the daemon's to judge. */
export function parseRestart(text: string): RestartPolicy {
  if (text === '') return { Name: '', MaximumRetryCount: 0 };
  const [name, count] = cut(text, ':');
  if (name === '' && text.includes(':'))
    throw new Error('invalid restart policy format: no policy provided before colon');
  if (count !== '' && !/^[+-]?\d+$/.test(count)) {
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  }
  return { Name: name as RestartPolicyName, MaximumRetryCount: Number(count || '0') };
}
