// Which names and driver options a local volume may have.
import { type BerthError, invalid } from '../base/errors.ts';
import { parseBytes } from '../base/units.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Throws invalid in dockerd's words. */
export function checkName(name: string): void {
  if (name.length === 1) {
    throw refused(name, 'volume name is too short, names should be at least two alphanumeric characters');
  }
  if (NAME.test(name) && Buffer.byteLength(name) <= 255) return;
  throw refused(
    name,
    `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

/** `type`, `device` and `o` belong together; a size needs project quotas, which Berth does not set. Throws invalid. */
export function checkOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const option of Object.keys(options)) {
    if (!['type', 'o', 'device', 'size'].includes(option))
      throw refused(name, `invalid option: ${JSON.stringify(option)}`);
  }
  const { size } = options;
  if (size !== undefined) {
    const bytes = parseBytes(size);
    if (bytes === undefined) throw refused(name, `invalid size: '${size}'`);
    if (bytes > 0) throw refused(name, 'quota size requested but no quota support');
  }
  const needs = { device: ['type'], type: ['device'], o: ['device', 'type'] } as const;
  for (const [option, others] of Object.entries(needs)) {
    const missing = others.find((other) => options[option] !== undefined && options[other] === undefined);
    if (missing) throw refused(name, `missing required option: "${missing}"`);
  }
}

function refused(name: string, why: string): BerthError {
  return invalid(`create ${name}: ${why}`);
}
